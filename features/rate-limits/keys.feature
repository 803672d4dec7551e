@plugin:rate-limit
Feature: What rate limits count by

  @RATE-040 @core @docs-configuration
  Scenario: by a header, each value has a limit of its own
    Given the configuration "rate-limit-keys"
    When the client sends "GET /by-header" with the header "X-Tenant: rate-040-a"
    And the client sends 4 such requests
    Then 1 of the responses have the status 200
    And 3 of the responses have the status 429
    When another client sends "GET /by-header"
      | X-Tenant | rate-040-a |
    Then the response status is 429
    And the upstream was not called
    When the client sends "GET /by-header" with the header "X-Tenant: rate-040-b"
    Then the response status is 200

  @RATE-041 @extended @docs-configuration
  Scenario: requests without the header are counted by address, not let through
    Given the configuration "rate-limit-keys"
    When the client sends "GET /by-header"
    And the client sends 4 such requests
    Then 1 of the responses have the status 200
    When another client sends "GET /by-header"
    Then the response status is 200

  @RATE-042 @core @docs-configuration
  Scenario: by the route, all clients together
    Given a gateway of its own with the configuration "rate-limit-keys"
    When the client sends "GET /by-route"
    And another client sends "GET /by-route"
    Then the response status is 200
    When another client sends "GET /by-route"
    Then the response status is 429
    And the upstream was not called

  @RATE-043 @core @docs-configuration
  Scenario: by the key, each of a consumer's keys has a limit of its own
    Given the configuration "rate-limit-keys"
    And a consumer "bob" with the keys:
      | first | never |
      | next  | never |
    When the client sends "GET /by-key" with the key "first" of "bob"
    And the client sends 2 such requests
    Then 1 of the responses have the status 429
    When the client sends "GET /by-key" with the key "next" of "bob"
    Then the response status is 200

  @RATE-044 @core @docs-configuration
  Scenario: by the consumer, its keys have one limit
    Given the configuration "rate-limit-keys"
    And a consumer "bob" with the keys:
      | first | never |
      | next  | never |
    When the client sends "GET /by-consumer" with the key "first" of "bob"
    And the client sends 1 such requests
    Then every response status is 200
    When the client sends "GET /by-consumer" with the key "next" of "bob"
    Then the response status is 429
    And the upstream was not called

  @RATE-045 @strict @docs-configuration
  Scenario: by address, an IPv6 network of 64 bits is one client
    Given the configuration "rate-limits"
      | /listeners | [{"address": "127.0.0.1:0", "trustedProxies": ["127.0.0.0/8"]}] |
    When the client sends "GET /window" with the header "X-Forwarded-For: 2001:db8:0:45::1"
    And the client sends 4 such requests
    Then every response status is 200
    When the client sends "GET /window" with the header "X-Forwarded-For: 2001:db8:0:45:ffff::2"
    Then the response status is 429
    And the upstream was not called
    When the client sends "GET /window" with the header "X-Forwarded-For: 2001:db8:0:46::1"
    Then the response status is 200

  @RATE-046 @core @docs-configuration
  Scenario: an address that a client makes up is not counted by
    Given the configuration "rate-limits"
    When the client sends "GET /slow" with the header "X-Forwarded-For: 198.51.100.1"
    And the client sends 4 such requests
    Then every response status is 200
    When the client sends "GET /slow" with the header "X-Forwarded-For: 198.51.100.2"
    Then the response status is 429
    And the upstream was not called
