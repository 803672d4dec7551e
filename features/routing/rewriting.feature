Feature: Paths that reach the upstream changed

  Background:
    Given the configuration "rewriting"

  @ROUTE-080 @core @docs-configuration
  Scenario Outline: "<path>" reaches the upstream as "<target>"
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "<upstream>" received the target "<target>"

    Examples:
      | path                     | upstream  | target                      |
      | /strip                   | stripped  | /                           |
      | /strip/                  | stripped  | /                           |
      | /strip/a/b               | stripped  | /a/b                        |
      | /strip?x=1&x=2           | stripped  | /?x=1&x=2                   |
      | /shop/7                  | rewritten | /internal/7/items           |
      | /shop/7/tail?q=%20       | rewritten | /internal/7/items/tail?q=%20 |

  @ROUTE-081 @core @rfc3986-2.4 @double-encoding
  Scenario Outline: what was encoded stays as it was, once: <path>
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "<upstream>" received the target "<target>"

    Examples:
      | path                | upstream  | target                    |
      | /strip/a%20b        | stripped  | /a%20b                    |
      | /strip/100%25       | stripped  | /100%25                   |
      | /shop/%C3%A9        | rewritten | /internal/%C3%A9/items    |

    @encoded-question-mark
    Examples:
      | path                | upstream  | target                    |
      | /shop/a%20b%3F      | rewritten | /internal/a%20b%3F/items  |
