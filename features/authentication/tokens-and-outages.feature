@plugin:oauth2-introspect
Feature: Keys, signed tokens, and what the authorization server says meanwhile

  @COMBINE-016 @strict @docs-configuration
  Scenario: where one is enough, an outage stops nobody who has another
    Given a gateway of its own with the configuration "token-combinations"
    And an opaque token "opaque" with:
      | scope | either:read |
    And a token "signed" with:
      | sub | user-ann |
    And the introspection endpoint "introspect.example" answers "status=500"
    When the client sends "GET /either" with the token "opaque"
    Then the response status is 503
    And the header "WWW-Authenticate" is absent
    And the upstream was not called
    When the client sends "GET /either" with the token "signed"
    Then the response status is 200
    And the introspection endpoint was asked about the token "signed" 0 times
    When the client sends "GET /either" with the token "opaque"
      | X-API-Key | {env BOB_KEY} |
    Then the response status is 200
    And the upstream "either" received the header "X-Consumer-Name" with "bob"

  @COMBINE-020 @strict @docs-configuration
  Scenario: where all are needed, a signed token has to be active too
    Given a gateway of its own with the configuration "token-combinations"
    And a token "t" with:
      | sub | user-ann |
    And the introspection endpoint "introspect.example" answers 'json={"active":true,"sub":"user-ann"}'
    When the client sends "GET /every" with the token "t"
    Then the response status is 401
    And the header "WWW-Authenticate" contains "ApiKey"
    And the upstream was not called
    When the client sends "GET /every" with the token "t"
      | X-API-Key | {env ANN_KEY} |
    Then the response status is 200
    And the upstream "every" received the header "X-Consumer-Name" with "ann"
    And the introspection endpoint was asked about the token "t" 1 times
