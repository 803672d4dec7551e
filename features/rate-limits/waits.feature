@plugin:rate-limit
Feature: The wait that a rate limit asks for

  @RATE-007 @extended @rfc6585-4 @rfc9110-10.2.3
  Scenario: Retry-After is true where the wait is longer than a second
    Given the configuration "rate-limits"
      | /apis/1/plugins/0/config | {"key": "ip", "limitPerMinute": 15, "burst": 1} |
    When the client sends "GET /quick"
    Then the response status is 200
    When the client sends 1 such requests
    Then the response status is 429
    And the header "Retry-After" is a whole number of seconds of at least 1
    And the upstream was not called
    When the client waits as long as Retry-After says
    And the client sends 1 such requests
    Then the response status is 200
