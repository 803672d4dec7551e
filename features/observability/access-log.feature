Feature: The access log

  @OBS-020 @extended @docs-configuration @access-log
  Scenario: a line tells the route, the service, the consumer and the status, and no key
    Given the configuration "api-keys"
    And a consumer "alice" with a key
    When the client sends "GET /ledger" with the key of "alice"
    Then the response status is 200
    And the access log says "ledger" of "route"
    And the access log says "ledger" of "service"
    And the access log says "200" of "status"
    And the access log does not contain the key of "alice"
