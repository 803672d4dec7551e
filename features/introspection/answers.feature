@plugin:oauth2-introspect
Feature: What the authorization server says of a token is followed

  Background:
    Given the configuration "introspection"

  @INTRO-010 @core @rfc7662-2.2
  Scenario: an active token, of which the upstream hears whose it is
    Given an opaque token "t" with:
      | sub | user-ann |
    When the client sends "GET /notes" with the token "t"
      | X-User-Id       | root |
      | X-Consumer-Name | root |
    Then the response status is 200
    And the upstream "notes" received the header "X-User-Id" with "user-ann"
    And the upstream "notes" received the header "X-Consumer-Name" with "ann"
    And the upstream "notes" received the header "Authorization" with "Bearer {token t}"

  @INTRO-011 @core @rfc7662-2.2
  Scenario Outline: <kind>
    Given an opaque token "t" with:
      | <member> | <value> |
    And an opaque token "good"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error             | invalid_token |
      | error_description | present       |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200

    Examples:
      | kind                                         | member | value                    |
      | a token that is not active                   | active | false                    |
      | an active token whose end has come           | exp    | now-1m                   |
      | an active token whose time has not come      | nbf    | now+1h                   |
      | a token for another audience                 | aud    | letters                  |
      | a token for several others                   | aud    | ["letters", "notes-old"] |
      | a token for nobody                           | aud    | []                       |
      | a token for whom the server does not say     | aud    | removed                  |
      | a token of another issuer                    | iss    | login.example            |
      | a token of whom the server does not say      | iss    | removed                  |

  @INTRO-012 @core @rfc7662-2.2
  Scenario Outline: <kind> is good
    Given an opaque token "t" with:
      | <member> | <value> |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind                         | member | value                |
      | an audience among several    | aud    | ["letters", "notes"] |
      | a token without an end       | exp    | removed              |
      | a member that nobody knows   | x_foo  | {"a": [1, 2]}        |
      | a time that has come already | nbf    | now-1m               |

  @INTRO-013 @core @rfc6750-3.1
  Scenario: a token that nobody knows
    Given an opaque token "t"
    When the client sends "GET /notes" with the header "Authorization: Bearer nobody-knows-{token t}"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200

  @INTRO-014 @strict @rfc7662-2.2
  Scenario: a refresh token is nothing to call with
    Given an opaque token "t" with:
      | token_use | refresh_token |
    And an opaque token "good" with:
      | token_use | access_token |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200

  @INTRO-015 @core @rfc6750-3.1
  Scenario: all scopes are needed
    Given an opaque token "all" with:
      | scope | letters:list mail letters:read |
    When the client sends "GET /letters" with the token "all"
    Then the response status is 200
    And the upstream "letters" received the request without the header "Authorization"

  @INTRO-016 @core @rfc6750-3.1
  Scenario Outline: a scope that does not reach so far: <scope>
    Given an opaque token "t" with:
      | scope | <scope> |
    When the client sends "GET /letters" with the token "t"
    Then the response status is 403
    And the challenge is "Bearer" with:
      | realm             | letters                                                         |
      | error             | insufficient_scope                                              |
      | scope             | letters:read letters:list                                       |
      | resource_metadata | https://letters.example/.well-known/oauth-protected-resource |
    And the upstream was not called

    Examples:
      | scope                           |
      | letters:read                    |
      | removed                         |
      | letters:read letters:list2      |
      | LETTERS:READ LETTERS:LIST       |
      | letters:read,letters:list       |

  @INTRO-017 @extended @rfc9728-5.1
  Scenario: a challenge tells where the resource's metadata is
    When the client sends "GET /letters"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the challenge is "Bearer" with:
      | realm             | letters                                                         |
      | resource_metadata | https://letters.example/.well-known/oauth-protected-resource |
    And the upstream was not called

  @INTRO-018 @strict @rfc9457-3 @problem-json
  Scenario: a refusal is a problem, which does not tell the token
    Given an opaque token "t" with:
      | active | false |
    When the client sends "GET /notes" with the token "t"
    Then the body is a problem with the status 401
    And the body does not contain "{token t}"
    And the header "Cache-Control" contains "no-store"

  @INTRO-019 @strict @rfc6750-2
  Scenario: two tokens are one too many
    Given an opaque token "t"
    When the client sends the bytes:
      """
      GET /notes HTTP/1.1
      Host: {host}
      Gatecheck-Exchange: {exchange}
      Authorization: Bearer {token t}
      Authorization: Bearer another

      """
    Then the response status is 400
    And the upstream was not called
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
