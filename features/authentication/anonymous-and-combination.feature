@plugin:anonymous @plugin:basic-auth
Feature: Several ways to say who calls, and none

  Background:
    Given the configuration "combination"

  @COMBINE-001 @core @docs-configuration
  Scenario: where all are needed, one is not enough
    When the client sends "GET /vault" with the key that the environment has as "ALICE_KEY"
    Then the response status is 401
    And the header "WWW-Authenticate" contains "Basic"
    And the upstream was not called
    When the client sends "GET /vault" with the header "Authorization: Basic YWxpY2U6b3BlbjpzZXNhbWU="
    Then the response status is 401
    And the header "WWW-Authenticate" contains "ApiKey"
    And the upstream was not called

  @COMBINE-002 @core @docs-configuration
  Scenario: where all are needed and given, the upstream hears who calls
    When the client sends "GET /vault" with the key that the environment has as "ALICE_KEY"
      | Authorization | Basic YWxpY2U6b3BlbjpzZXNhbWU= |
    Then the response status is 200
    And the upstream "vault" received the header "X-Consumer-Name" with "alice"
    And the upstream "vault" received the request without the header "X-API-Key"
    And the upstream "vault" received the request without the header "Authorization"

  @COMBINE-003 @core @docs-configuration
  Scenario: where all are needed, they have to be of one consumer
    When the client sends "GET /vault" with the key that the environment has as "BOB_KEY"
      | Authorization | Basic YWxpY2U6b3BlbjpzZXNhbWU= |
    Then the response status is 401
    And the upstream was not called

  @COMBINE-004 @core @docs-configuration
  Scenario: where one is enough, either will do
    When the client sends "GET /ledger" with the key that the environment has as "BOB_KEY"
    Then the response status is 200
    And the upstream "ledger" received the header "X-Consumer-Name" with "bob"
    When the client sends "GET /ledger" with the header "Authorization: Basic YWxpY2U6b3BlbjpzZXNhbWU="
    Then the response status is 200
    And the upstream "ledger" received the header "X-Consumer-Name" with "alice"
    When the client sends "GET /ledger"
    Then the response status is 401
    And the upstream was not called

  @COMBINE-005 @strict @docs-configuration
  Scenario: where one is enough, credentials that nobody looked at go no further
    When the client sends "GET /ledger" with the key that the environment has as "BOB_KEY"
      | Authorization | Basic YWxpY2U6d3Jvbmc= |
    Then the response status is 200
    And the upstream "ledger" received the request without the header "Authorization"
    And the upstream "ledger" received the request without the header "X-API-Key"

  @COMBINE-006 @core @docs-configuration
  Scenario: without a credential a guest passes
    When the client sends "GET /prices" with the header "X-Consumer-Name: root"
    Then the response status is 200
    And the upstream "prices" received the header "X-Consumer-Name" with "guest"

  @COMBINE-007 @core @docs-configuration
  Scenario: with one it is looked at, and a wrong one makes no guest
    When the client sends "GET /prices" with the key that the environment has as "BOB_KEY"
    Then the response status is 200
    And the upstream "prices" received the header "X-Consumer-Name" with "bob"
    When the client sends "GET /prices" with the header "X-API-Key: no-such-key"
    Then the response status is 401
    And the upstream was not called
