Feature: Opaque tokens are known by asking their authorization server

  @INTRO-001 @core @rfc7662-2.1 @plugin:oauth2-introspect
  Scenario: an active token
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "o" with:
      | sub | user-ann |
    When the client sends "GET /notes" with the token "o"
    Then the response status is 200
    And the upstream "notes" received the header "X-User-Id" with "user-ann"
    And the introspection endpoint was sent:
      | method         | POST      |
      | authentication | basic     |
      | token          | {token o} |
    When the client sends "GET /notes" with the token "o"
    Then the response status is 200
    And the introspection endpoint was asked 1 times

  @INTRO-002 @core @rfc7662-2.2
  Scenario: an inactive token
    Given the configuration "introspection"
    And an opaque token "o" with:
      | active | false |
    When the client sends "GET /notes" with the token "o"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    And the introspection endpoint was asked about the token "o" 1 times

  @INTRO-003 @core @docs-plugins
  Scenario: the authorization server fails
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "o"
    When the introspection endpoint "introspect.example" answers "status=500"
    And the client sends "GET /notes" with the token "o"
    Then the response status is 503
    And the upstream was not called
    When the introspection endpoint "introspect.example" answers "good"
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token o} |
