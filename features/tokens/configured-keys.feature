@plugin:jwt-validate
Feature: Tokens are checked with public keys that stand in the configuration, each for one algorithm

  Background:
    Given the configuration "token-keys"
      | /plugins/0/config/issuers | [{"issuer": "pinned.example", "audience": "vault", "keys": [{"pem": "es256.pem", "algorithm": "ES256"}, {"pem": "rs256.pem", "algorithm": "RS256"}]}] |

  @JWT-180 @core @rfc6750-3
  Scenario: no token
    When the client sends "GET /vault"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

  @JWT-181 @core @rfc7518-3.1
  Scenario Outline: a token signed by the key for <algorithm>, and one signed by another
    Given a token "t" with:
      | algorithm | <algorithm> |
    And a token "other" that is "wrong-key" with:
      | algorithm | <algorithm> |
    When the client sends "GET /vault" with the token "t"
    Then the response status is 200
    And the upstream "vault" received the header "Authorization" with "Bearer {token t}"
    When the client sends "GET /vault" with the token "other"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | algorithm |
      | ES256     |
      | RS256     |

  @JWT-182 @core @rfc8725-3.1
  Scenario Outline: a token of an algorithm that no key is for: <algorithm>
    Given a token "t" with:
      | algorithm | <algorithm> |
    When the client sends "GET /vault" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | algorithm |
      | EdDSA     |
      | RS512     |
      | ES384     |
      | HS256     |

  @JWT-183 @core @rfc7519-4.1
  Scenario Outline: a token that is <kind>
    Given a token "t" that is "<kind>"
    And a token "good" with:
      | algorithm | ES256 |
    When the client sends "GET /vault" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /vault" with the token "good"
    Then the response status is 200

    Examples:
      | kind               |
      | expired            |
      | not-yet-valid      |
      | wrong-audience     |
      | wrong-issuer       |
      | tampered-payload   |
      | tampered-signature |
      | alg-none           |
      | hmac-public-pem    |

  @JWT-184 @core @rfc7519-4.1.3
  Scenario: a token for several audiences has to name this one
    Given a token "t" with:
      | aud | ["other", "vault"] |
    And a token "elsewhere" with:
      | aud | ["other", "vaults"] |
    When the client sends "GET /vault" with the token "t"
    Then the response status is 200
    When the client sends "GET /vault" with the token "elsewhere"
    Then the response status is 401
    And the upstream was not called
