@plugin:jwt-validate
Feature: Tokens are accepted by the algorithms that their issuer's keys are for

  @JWT-010 @core @rfc7518-3.1
  Scenario Outline: a token signed by <algorithm>
    Given the configuration "tokens"
    And a token "t" with:
      | algorithm | <algorithm> |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | algorithm |
      | RS256     |
      | ES256     |

  @JWT-011 @extended @rfc7518-3.1 @rfc8037-3.1
  Scenario Outline: a token signed by <algorithm>
    Given the configuration "tokens"
    And a token "t" with:
      | algorithm | <algorithm> |
    And a token "bad" that is "tampered-signature" with:
      | algorithm | <algorithm> |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request
    When the client sends "GET /notes" with the token "bad"
    Then the response status is 401
    And the upstream was not called

    Examples:
      | algorithm |
      | RS384     |
      | RS512     |
      | PS256     |
      | PS384     |
      | PS512     |
      | ES384     |
      | ES512     |
      | EdDSA     |

  @JWT-012 @extended @rfc7518-3.2
  Scenario Outline: <algorithm>, with a secret that is shared with the issuer
    Given the configuration "token-keys"
    And a token "t" with:
      | issuer    | shared.example |
      | algorithm | <algorithm>    |
    And a token "bad" that is "tampered-payload" with:
      | issuer    | shared.example |
      | algorithm | <algorithm>    |
    When the client sends "GET /vault" with the token "t"
    Then the response status is 200
    And the upstream "vault" received the request
    When the client sends "GET /vault" with the token "bad"
    Then the response status is 401
    And the upstream was not called

    Examples:
      | algorithm |
      | HS256     |
      | HS384     |
      | HS512     |

  @JWT-013 @core @rfc8725-3.1
  Scenario Outline: keys that are published check no <algorithm>
    Given the configuration "tokens"
    And a token "t" with:
      | algorithm | <algorithm> |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | algorithm |
      | HS256     |
      | HS384     |
      | HS512     |

  @JWT-014 @extended @docs-plugins
  Scenario Outline: a public key in the configuration checks <algorithm>
    Given the configuration "token-keys"
    And a token "t" with:
      | algorithm | <algorithm> |
    And a token "other" that is "wrong-key" with:
      | algorithm | <algorithm> |
    When the client sends "GET /vault" with the token "t"
    Then the response status is 200
    And the upstream "vault" received the request
    When the client sends "GET /vault" with the token "other"
    Then the response status is 401
    And the upstream was not called

    Examples:
      | algorithm |
      | ES256     |
      | EdDSA     |
      | RS256     |

  @JWT-015 @extended @rfc8725-3.1
  Scenario Outline: a public key in the configuration does not check <algorithm>
    Given the configuration "token-keys"
    And a token "t" with:
      | algorithm | <algorithm> |
    When the client sends "GET /vault" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | algorithm |
      | RS384     |
      | PS256     |
      | ES384     |
      | HS256     |

  @JWT-016 @core @rfc8725-2.1
  Scenario Outline: a public key in the configuration is no secret: <kind>
    Given the configuration "token-keys"
    And a token "t" that is "<kind>"
    When the client sends "GET /vault" with the token "t"
    Then the response status is 401
    And the upstream was not called

    Examples:
      | kind                    |
      | hmac-public-pem         |
      | hmac-public-pem-trimmed |
      | hmac-public-pkcs1       |
      | hmac-public-der         |
      | hmac-modulus            |
      | hmac-empty              |
      | alg-none                |

  @JWT-017 @extended @rfc8725-3.8
  Scenario: the secret of one issuer does not vouch for another's tokens
    Given the configuration "token-keys"
    And a token "t" with:
      | issuer    | shared.example |
      | algorithm | HS256          |
      | iss       | pinned.example |
    When the client sends "GET /vault" with the token "t"
    Then the response status is 401
    And the upstream was not called

  @JWT-018 @extended @rfc8725-3.1
  Scenario Outline: of the algorithms that the keys are for, only those that are wanted: <algorithm> <status>
    Given the configuration "token-rules"
    And a token "t" with:
      | algorithm | <algorithm> |
    When the client sends "GET /few" with the token "t"
    Then the response status is <status>
    When the client sends "GET /usual" with the token "t"
    Then the response status is 200

    Examples:
      | algorithm | status |
      | ES256     | 200    |
      | EdDSA     | 200    |
      | RS256     | 401    |
      | ES512     | 401    |

  @JWT-019 @extended @rfc7515-4.1.4
  Scenario Outline: without a kid the keys for its algorithm are tried: <algorithm>
    Given the configuration "tokens"
    And a token "t" that is "no-kid" with:
      | algorithm | <algorithm> |
    And a token "other" that is "wrong-key" with:
      | algorithm  | <algorithm> |
      | header kid | removed     |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the client sends "GET /notes" with the token "other"
    Then the response status is 401
    And the upstream was not called

    Examples:
      | algorithm |
      | RS256     |
      | PS512     |
      | ES256     |
      | EdDSA     |
