@plugin:oauth2-introspect
Feature: A token that is bound to a certificate is good with that certificate alone

  Background:
    Given the configuration "introspection-bound"
    And a client certificate "mine"
    And a client certificate "another"
    And an opaque token "bound" with:
      | cnf | {"x5t#S256": "{thumbprint mine}"} |
    And an opaque token "free"

  @INTRO-060 @extended @rfc8705-3.2
  Scenario: with its certificate
    Given the client connects with:
      | certificate | mine |
    When the client sends "GET /notes" with the token "bound"
    Then the response status is 200
    And the upstream "notes" received the request

  @INTRO-061 @extended @rfc8705-3.2
  Scenario Outline: with <certificate> certificate
    Given the client connects with:
      | certificate | <certificate> |
    When the client sends "GET /notes" with the token "bound"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "free"
    Then the response status is 200

    Examples:
      | certificate |
      | another     |
      | none        |

  @INTRO-062 @strict @rfc8705-3
  Scenario: what was remembered with the certificate helps nobody without it
    Given the client connects with:
      | certificate | mine |
    When the client sends "GET /notes" with the token "bound"
    Then the response status is 200
    When the client connects with:
      | certificate | another |
    And the client sends "GET /notes" with the token "bound"
    Then the response status is 401
    And the upstream was not called
    And the introspection endpoint was asked about the token "bound" 1 times
