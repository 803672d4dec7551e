@plugin:basic-auth
Feature: A password that goes on to the upstream

  @BASIC-007 @strict @docs-configuration
  Scenario: the upstream sees the password where that is asked for
    Given the configuration "basic"
      | /plugins/0/config/forward | true |
    When the client sends "GET /ledger" with the header "Authorization: Basic YWxpY2U6b3BlbjpzZXNhbWU="
    Then the response status is 200
    And the upstream "ledger" received the header "Authorization" with "Basic YWxpY2U6b3BlbjpzZXNhbWU="
