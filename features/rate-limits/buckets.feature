@plugin:rate-limit
Feature: Rate limits with a burst

  Background:
    Given the configuration "rate-limits"

  @RATE-001 @core @rfc6585-4
  Scenario: past the burst, requests of one address are refused and those of another are not
    When the client sends "GET /slow"
    Then the response status is 200
    When the client sends 4 such requests
    Then every response status is 200
    When the client sends 1 such requests
    Then the response status is 429
    And the upstream was not called
    When another client sends "GET /slow"
    Then the response status is 200

  @RATE-002 @extended @rfc6585-4 @rfc9110-10.2.3
  Scenario: Retry-After is true
    When the client sends "GET /quick"
    And the client sends 5 such requests at once
    Then at most 2 of the responses have the status 200
    When the client sends 2 such requests
    Then the response status is 429
    And the header "Retry-After" is a whole number of seconds of at least 1
    When the client waits as long as Retry-After says
    And the client sends 1 such requests
    Then the response status is 200

  @RATE-003 @core @rfc6585-4
  Scenario: requests at once count as those in turn
    When the client sends "GET /slow"
    And the client sends 20 such requests at once
    Then 4 of the responses have the status 200
    And the upstream "slow" received 4 of the requests

  @RATE-004 @core @docs-configuration
  Scenario: each consumer has a limit of its own, wherever it calls from
    Given a consumer "alice" with a key
    And a consumer "bob" with a key
    When the client sends "GET /keyed" with the key of "alice"
    And the client sends 5 such requests
    Then 1 of the responses have the status 429
    When the client sends "GET /keyed" with the key of "bob"
    Then the response status is 200

  @RATE-005 @core @docs-configuration
  Scenario: a refused key costs its owner nothing
    Given a consumer "alice" with a key
    When the client sends "GET /keyed"
    And the client sends 10 such requests
    Then every response status is 401
    When the client sends "GET /keyed" with the key of "alice"
    Then the response status is 200

  @RATE-006 @extended @rfc6585-4 @docs-configuration
  Scenario: what is refused costs nothing, however much it is
    When the client sends "GET /quick"
    And the client sends 1 such requests
    Then every response status is 200
    When the client sends 30 such requests at once
    Then at most 5 of the responses have the status 200
    When the client sends 2 such requests
    Then the response status is 429
    When the client waits as long as Retry-After says
    And the client sends 1 such requests
    Then the response status is 200
