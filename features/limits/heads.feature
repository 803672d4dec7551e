Feature: Request heads have limits

  Background:
    Given the configuration "small-limits"

  @LIMIT-060 @extended @rfc6585-5 @docs-configuration
  Scenario: header fields that are too large together
    When the client sends "GET /small" with the header "X-Large: {3000}"
    Then the response status is 200
    When the client sends "GET /small" with the header "X-Large: {5000}"
    Then the response status is 431
    And the upstream was not called

  @LIMIT-061 @extended @rfc6585-5 @docs-configuration
  Scenario: header fields that are too many
    When the client sends the bytes:
      """
      GET /small HTTP/1.1
      Host: {host}
      Gatecheck-Exchange: {exchange}
      A1: 1
      A2: 1
      A3: 1
      A4: 1
      A5: 1
      A6: 1
      A7: 1
      A8: 1
      A9: 1
      A10: 1
      A11: 1
      A12: 1
      A13: 1
      A14: 1
      A15: 1
      A16: 1
      A17: 1
      A18: 1

      """
    Then the response status is 200
    When the client sends the bytes:
      """
      GET /small HTTP/1.1
      Host: {host}
      Gatecheck-Exchange: {exchange}
      A1: 1
      A2: 1
      A3: 1
      A4: 1
      A5: 1
      A6: 1
      A7: 1
      A8: 1
      A9: 1
      A10: 1
      A11: 1
      A12: 1
      A13: 1
      A14: 1
      A15: 1
      A16: 1
      A17: 1
      A18: 1
      A19: 1

      """
    Then the response status is 431
    And the upstream was not called

  @LIMIT-062 @extended @rfc9110-15.5.15 @docs-configuration
  Scenario: a target that is too long
    When the client sends "GET /small?{505}"
    Then the response status is 200
    When the client sends "GET /small?{506}"
    Then the response status is 414
    And the upstream was not called
