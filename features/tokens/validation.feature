@plugin:jwt-validate
Feature: Requests are let in by a token of a trusted issuer

  Background:
    Given the configuration "tokens"

  @JWT-001 @core @rfc6750-3
  Scenario: no token
    When the client sends "GET /notes"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

  @JWT-002 @core @rfc6750-2.1
  Scenario: a good token
    Given a token "t" with:
      | sub | user-ann |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the header "X-User-Id" with "user-ann"
    And the upstream "notes" received the header "Authorization" with "Bearer {token t}"
    And the access log does not contain "{token t}"

  @JWT-003 @core @rfc7519-4.1.4
  Scenario: a token that has ended
    Given a token "t" that is "expired"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

  @JWT-004 @extended @docs-plugins
  Scenario: a token of another issuer that is trusted
    Given a token "t" with:
      | issuer | login.example |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
