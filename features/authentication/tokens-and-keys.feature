@plugin:jwt-validate @plugin:oauth2-introspect
Feature: Keys and tokens together

  Background:
    Given the configuration "token-combinations"

  @COMBINE-010 @core @rfc9110-11.6.1
  Scenario Outline: where one is enough, <what> will do
    Given a token "signed" with:
      | sub | user-ann |
    And an opaque token "opaque" with:
      | sub   | user-ann    |
      | scope | either:read |
    When the client sends "GET /either" with the header "<header>"
    Then the response status is 200
    And the upstream "either" received the header "X-Consumer-Name" with "ann"

    Examples:
      | what                                  | header                                 |
      | a key                                 | X-API-Key: {env ANN_KEY}               |
      | a signed token                        | Authorization: Bearer {token signed}   |
      | a token that the server is asked about | Authorization: Bearer {token opaque}   |

  @COMBINE-011 @core @rfc9110-11.6.1
  Scenario: where one is enough and none is there, the challenges tell all ways, each once
    When the client sends "GET /either"
    Then the response status is 401
    And the challenge is "ApiKey" with:
      | realm | gateway |
    And the challenge is a bare "Bearer"
    And the upstream was not called
    When the client sends "GET /either" with the key that the environment has as "ANN_KEY"
    Then the response status is 200

  @COMBINE-012 @core @rfc6750-3.1
  Scenario: where one is enough, a wrong token is refused as such, and the key is another way in
    Given an opaque token "t" with:
      | active | false |
    When the client sends "GET /either" with the token "t"
    Then the response status is 401
    And the challenge is "ApiKey" with:
      | realm | gateway |
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

  @COMBINE-013 @strict @rfc6750-3.1
  Scenario: a token that somebody knows, but whose scope does not reach so far, is not called wrong
    Given an opaque token "t" with:
      | scope | other:read |
    When the client sends "GET /either" with the token "t"
    Then the response status is 403
    And the challenge is "Bearer" with:
      | error | insufficient_scope |
      | scope | either:read        |
    And the upstream was not called

  @COMBINE-014 @strict @docs-configuration
  Scenario: where one is enough, a token that nobody looked at goes no further
    When the client sends "GET /either" with the key that the environment has as "BOB_KEY"
      | Authorization | Bearer nobody-looks-at-this |
    Then the response status is 200
    And the upstream "either" received the header "X-Consumer-Name" with "bob"
    And the upstream "either" received the request without the header "Authorization"
    And the upstream "either" received the request without the header "X-API-Key"

  @COMBINE-015 @strict @docs-configuration
  Scenario: where one is enough, a token does for a wrong key
    Given a token "t" with:
      | sub | user-ann |
    When the client sends "GET /either" with the token "t"
      | X-API-Key | no-such-key |
    Then the response status is 200
    And the upstream "either" received the header "X-Consumer-Name" with "ann"
    And the upstream "either" received the header "Authorization" with "Bearer {token t}"
    And the upstream "either" received the request without the header "X-API-Key"
    When the client sends "GET /either" with the header "X-API-Key: no-such-key"
    Then the response status is 401
    And the upstream was not called

  @COMBINE-017 @core @rfc9110-11.6.1
  Scenario: where both are needed, the challenges tell what is missing
    Given a token "t" with:
      | sub | user-ann |
    When the client sends "GET /both"
    Then the response status is 401
    And the challenge is "ApiKey" with:
      | realm | gateway |
    And the challenge is a bare "Bearer"
    And the upstream was not called
    When the client sends "GET /both" with the key that the environment has as "ANN_KEY"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the header "WWW-Authenticate" does not contain "ApiKey"
    And the upstream was not called
    When the client sends "GET /both" with the token "t"
    Then the response status is 401
    And the header "WWW-Authenticate" contains "ApiKey"
    And the upstream was not called
    When the client sends "GET /both" with the token "t"
      | X-API-Key | {env ANN_KEY} |
    Then the response status is 200
    And the upstream "both" received the header "X-Consumer-Name" with "ann"

  @COMBINE-018 @core @docs-configuration
  Scenario Outline: where both are needed, they have to be of one consumer: <subject> with <key>
    Given a token "t" with:
      | sub | <subject> |
    When the client sends "GET /both" with the token "t"
      | X-API-Key | {env <key>} |
    Then the response status is 401
    And the upstream was not called

    Examples:
      | subject  | key     |
      | user-ann | BOB_KEY |
      | user-bob | ANN_KEY |

  @COMBINE-019 @core @rfc6750-3.1
  Scenario: where both are needed, a right key makes no wrong token right
    Given a token "t" that is "expired" with:
      | sub | user-ann |
    When the client sends "GET /both" with the token "t"
      | X-API-Key | {env ANN_KEY} |
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    And the upstream "both" was not called

  @COMBINE-021 @strict @docs-configuration
  Scenario: where all are needed, a signed token that was revoked is refused
    Given a token "t" with:
      | sub | user-ann |
    When the client sends "GET /every" with the token "t"
      | X-API-Key | {env ANN_KEY} |
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

  @COMBINE-022 @strict @docs-configuration
  Scenario: where all are needed, what is wrong at first sight asks nobody
    Given a token "t" that is "expired"
    When the client sends "GET /every" with the token "t"
      | X-API-Key | {env ANN_KEY} |
    Then the response status is 401
    And the introspection endpoint was asked about the token "t" 0 times
    And the upstream was not called

  @COMBINE-040 @core @docs-configuration
  Scenario: each consumer's token goes with its own key
    Given a token "bob" with:
      | sub | user-bob |
    When the client sends "GET /both" with the key that the environment has as "BOB_KEY"
      | Authorization | Bearer {token bob} |
    Then the response status is 200
    And the upstream "both" received the header "X-Consumer-Name" with "bob"
