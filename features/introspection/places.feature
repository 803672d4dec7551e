@plugin:oauth2-introspect
Feature: Where an opaque token stands, and whose it is

  Background:
    Given the configuration "introspection-places"

  @INTRO-063 @extended @docs-plugins
  Scenario: in the header that the configuration names, of the consumer that its own member names
    Given a consumer "ann" with:
      | token | account |
    And an opaque token "t" with:
      | account | {consumer ann} |
    When the client sends "GET /cards" with the header "X-Token: {token t}"
    Then the response status is 200
    And the upstream "cards" received the caller "ann" in the header "X-Consumer-Name"
    When the client sends "GET /cards" with the header "Authorization: Bearer {token t}"
    Then the response status is 401
    And the upstream was not called
