@plugin:key-auth
Feature: An API key in the query

  @KEY-020 @core @docs-configuration
  Scenario: the query is not looked at unless that is switched on
    Given the configuration "api-keys"
    And a consumer "alice" with a key
    When the client sends "GET /ledger" with the key of "alice" in the query as "X-Ledger-Key"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /ledger" with the key of "alice" in the query as "api_key"
    Then the response status is 401
    And the upstream was not called

  @KEY-021 @extended @docs-configuration
  Scenario: where it is, the key is taken there, and the upstream gets all but the key
    Given the configuration "api-keys-in-query"
    And a consumer "alice" with a key
    When the client sends "GET /feed?page=2" with the key of "alice" in the query as "feed_key"
    Then the response status is 200
    And the upstream "feed" received the target "/feed?page=2"
    And the upstream "feed" received the caller "alice" in the header "X-Consumer-Name"
    And the access log does not contain the key of "alice"

  @KEY-022 @extended @docs-configuration
  Scenario: the header is still a place for it
    Given the configuration "api-keys-in-query"
    And a consumer "alice" with a key
    When the client sends "GET /feed" with the key of "alice"
    Then the response status is 200
    When the client sends "GET /feed?feed_key=wrong"
    Then the response status is 401
    And the upstream was not called

  @KEY-023 @extended @docs-configuration
  Scenario: a key in both places is one too many
    Given the configuration "api-keys-in-query"
    And a consumer "alice" with a key
    When the client sends "GET /feed?feed_key=other" with the key of "alice"
    Then the response status is 401
    And the upstream was not called
