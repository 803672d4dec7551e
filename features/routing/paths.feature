Feature: Routing by path

  Background:
    Given the configuration "routing"

  @ROUTE-001 @core @docs-configuration
  Scenario Outline: a prefix takes <path>
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "users" received the request
    And the upstream "users" received the target "<path>"

    Examples:
      | path          |
      | /users        |
      | /users/       |
      | /users/42     |
      | /users?page=2 |

  @ROUTE-002 @core @docs-configuration @rfc9110-15.5.5
  Scenario Outline: a prefix ends on the border of a segment, so <path> is unknown
    When the client sends "GET <path>"
    Then the response status is 404
    And the upstream was not called

    Examples:
      | path      |
      | /usersabc |
      | /user     |
      | /         |

  @ROUTE-003 @core @docs-configuration
  Scenario Outline: the most specific path wins for <path>
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "<upstream>" received the request

    Examples:
      | path               | upstream       |
      | /users/42/orders   | orders-of-user |
      | /users/42/orders/7 | orders-of-user |
      | /users/me/orders   | me             |
      | /users/me          | users          |

  @ROUTE-004 @core @docs-configuration
  Scenario: an exact path takes nothing below it
    When the client sends "GET /health"
    Then the response status is 200
    And the upstream "health" received the request
    When the client sends "GET /health/deep"
    Then the response status is 404
    And the upstream was not called

  @ROUTE-005 @core @docs-configuration
  Scenario Outline: a stripped prefix leaves <target>
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "legacy" received the target "<target>"

    Examples:
      | path           | target |
      | /legacy/a/b    | /a/b   |
      | /legacy/a?x=%20 | /a?x=%20 |
      | /legacy        | /      |

  @ROUTE-006 @core @docs-configuration
  Scenario: a route for a host wins over one for any
    When the client sends "GET /users" with the header "Host: tenant.example.com"
    Then the response status is 200
    And the upstream "tenant" received the request
    When the client sends "GET /users" with the header "Host: other.example.com"
    Then the response status is 200
    And the upstream "users" received the request
