@plugin:response-size-limit
Feature: Response bodies have a limit

  Background:
    Given the configuration "response-limits"

  @LIMIT-040 @strict @docs-configuration @rfc9110-15.6.3
  Scenario Outline: a body of the limit's size passes, <framing>
    When the client sends "GET /source" with the header "Gatecheck-Behaviour: large=65536<framing>"
    Then the response status is 200
    And the body has 65536 bytes

    Examples:
      | framing  |
      |          |
      | ;chunked |

  @LIMIT-041 @strict @docs-configuration @rfc9110-15.6.3
  Scenario: one that announces more is not let through at all
    When the client sends "GET /source" with the header "Gatecheck-Behaviour: large=65537"
    Then the response status is 502
    And the body is a problem with the status 502
    And the header "Proxy-Status" contains "error=http_response_body_size"

  @LIMIT-042 @strict @docs-configuration @rfc9112-8
  Scenario: one that turns out longer is cut, and not passed off as whole
    When the client sends "GET /source" with the header "Gatecheck-Behaviour: endless=16KiB;between=20ms"
    Then the response status is 200
    And the body broke off
