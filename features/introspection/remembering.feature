@plugin:oauth2-introspect
Feature: Answers are remembered for a while, and no longer than they hold

  @INTRO-030 @extended @rfc7662-4
  Scenario: the server is asked once about two requests
    Given the configuration "introspection"
    And an opaque token "t"
    And an opaque token "other"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the client sends "POST /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request
    And the introspection endpoint was asked about the token "t" 1 times
    When the client sends "GET /notes" with the token "other"
    Then the response status is 200
    And the introspection endpoint was asked about the token "other" 1 times

  @INTRO-031 @extended @rfc7662-4
  Scenario: also about a token that is not active
    Given the configuration "introspection"
    And an opaque token "t" with:
      | active | false |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the upstream was not called
    And the introspection endpoint was asked about the token "t" 1 times

  @INTRO-032 @strict @docs-plugins
  Scenario: not at all where nothing is to be remembered
    Given the configuration "introspection"
      | /plugins/0/config/cache | {"maxTtl": "0s", "negativeTtl": "0s"} |
    And an opaque token "t"
    And an opaque token "wrong" with:
      | active | false |
    When the client sends "GET /notes" with the token "t"
    And the client sends 2 such requests
    Then every response status is 200
    And the introspection endpoint was asked about the token "t" 3 times
    When the client sends "GET /notes" with the token "wrong"
    And the client sends 2 such requests
    Then every response status is 401
    And the introspection endpoint was asked about the token "wrong" 3 times

  @INTRO-033 @extended @rfc7662-4
  Scenario: an answer is not believed past the token's end
    Given the configuration "introspection"
    And an opaque token "t" with:
      | exp | now+4s |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the client sends "GET /notes" until the response status is 401
      | Authorization | Bearer {token t} |
    Then the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

  @INTRO-034 @extended @rfc7009-2.2
  Scenario: a revoked token is refused once its entry has ended
    Given the configuration "introspection"
      | /plugins/0/config/cache | {"maxTtl": "1s"} |
    And an opaque token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the token "t" is revoked
    And the client sends "GET /notes" until the response status is 401
      | Authorization | Bearer {token t} |
    Then the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    And the introspection endpoint was asked about the token "t" 2 times

  @INTRO-035 @strict @docs-plugins
  Scenario: a revocation may go unnoticed for as long as the answer is remembered
    Given the configuration "introspection"
    And an opaque token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the token "t" is revoked
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the introspection endpoint was asked about the token "t" 1 times

  @INTRO-036 @strict @docs-plugins
  Scenario: what was wrong is asked about again soon
    Given a gateway of its own with the configuration "introspection"
      | /plugins/0/config/cache | {"negativeTtl": "1s"} |
    And an opaque token "t"
    And the introspection endpoint "introspect.example" answers 'json={"active":false}'
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the upstream was not called
    When the introspection endpoint "introspect.example" answers "good"
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |
    Then the introspection endpoint was asked about the token "t" 2 times

  @INTRO-037 @extended @docs-plugins
  Scenario: many requests with one token ask once between them
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "t"
    And the introspection endpoint "introspect.example" answers "status=500"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the introspection endpoint was asked about the token "t" 1 times
    When the introspection endpoint "introspect.example" answers "drip=2ms"
    And the client sends 40 such requests at once
    Then every response status is 200
    And the upstream "notes" received 40 of the requests
    And the introspection endpoint was asked about the token "t" 2 times

  @INTRO-038 @extended @docs-plugins
  Scenario: another token does not wait for them
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "known"
    And an opaque token "t"
    When the client sends "GET /notes" with the token "known"
    Then the response status is 200
    When the introspection endpoint "introspect.example" answers "stall"
    And the client sends "GET /notes" with the token "t"
    Then the response status is 503
    When the client sends "GET /notes" with the token "known"
    Then the response status is 200
    And the upstream "notes" received the request

  @INTRO-039 @strict @docs-plugins
  Scenario: what a scope refuses is no other question
    Given the configuration "introspection"
    And an opaque token "t" with:
      | scope | letters:read |
    When the client sends "GET /letters" with the token "t"
    Then the response status is 403
    When the client sends "GET /letters" with the token "t"
    Then the response status is 403
    And the introspection endpoint was asked about the token "t" 1 times
