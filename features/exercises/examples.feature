Feature: The documented examples run as they stand

  @EXAMPLE-001 @core @docs-configuration
  Scenario: the public feed serves up to its burst and then asks for patience
    Given the configuration "public-feed"
    When the client sends "GET /api/v1/feed"
    Then the response status is 200
    And the upstream "public-feed" received the request
    When the client sends 40 such requests at once
    Then at most 30 of the responses have the status 200
    When another client sends "GET /api/v1/feed"
    Then the response status is 200

  @EXAMPLE-002 @core @docs-configuration
  Scenario Outline: payments go to the canary only where <canary> is true
    Given the configuration "payments-canary"
    When the client sends "POST /api/v1/payments" with the header "X-Canary: <canary>"
    Then the response status is 200
    And the upstream "<called>" received the request
    And the upstream "<idle>" was not called

    Examples:
      | canary | called      | idle        |
      | true   | payments-v2 | payments-v1 |
      | false  | payments-v1 | payments-v2 |

  @EXAMPLE-004 @strict @docs-configuration @access-log
  Scenario: the log tells who asked for the canary
    Given the configuration "payments-canary"
    When the client sends "POST /api/v1/payments" with the header "X-Canary: true"
    Then the response status is 200
    And the access log says "true" of "X-Canary"

  @EXAMPLE-003 @core @docs-configuration @rfc9110-15.5.6
  Scenario: payments are not read
    Given the configuration "payments-canary"
    When the client sends "GET /api/v1/payments"
    Then the response status is 405
    And the header "Allow" lists "POST"
    And the upstream was not called
