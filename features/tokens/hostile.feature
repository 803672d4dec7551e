@plugin:jwt-validate
Feature: Tokens that must not pass
  Every kind of token that `gatecheck fixtures --list` calls wrong is in one of these tables. Each is sent beside a good
  one, to the same place.

  Background:
    Given the configuration "tokens"
    And a token "good"

  @JWT-020 @core @rfc6750-3.1 @rfc8725-3
  Scenario Outline: what is wrong with any issuer: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind                 |
      | expired              |
      | not-yet-valid        |
      | wrong-audience       |
      | wrong-audience-list  |
      | no-audience          |
      | wrong-issuer         |
      | no-issuer            |
      | alg-none             |
      | alg-none-capital     |
      | alg-none-upper       |
      | alg-none-mixed       |
      | wrong-key            |
      | unknown-kid          |
      | hmac-public-pem      |
      | tampered-payload     |
      | tampered-header      |
      | tampered-signature   |
      | no-signature         |
      | truncated            |
      | signature-of-another |
      | embedded-jwk         |
      | jku                  |
      | two-parts            |
      | not-a-token          |

  @JWT-021 @extended @rfc7519-7.2 @rfc8725-3.9
  Scenario Outline: claims that no issuer should write: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind                         |
      | empty-audience-list          |
      | audience-not-text            |
      | audience-prefix              |
      | issuer-not-text              |
      | no-exp                       |
      | exp-text                     |
      | exp-negative                 |
      | exp-null                     |
      | exp-list                     |
      | exp-infinite                 |
      | exp-nan                      |
      | nbf-text                     |
      | bound-to-another-certificate |
      | claims-list                  |
      | claims-text                  |
      | claims-null                  |
      | claims-empty                 |
      | claims-not-json              |
      | claims-not-utf8              |
      | claims-trailing              |

  @JWT-022 @extended @rfc7515-5.2 @rfc8725-3.1
  Scenario Outline: a header that asks for what is not offered: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind             |
      | alg-none-space   |
      | alg-none-signed  |
      | alg-empty        |
      | alg-missing      |
      | alg-null         |
      | alg-list         |
      | alg-lower-case   |
      | alg-unknown      |
      | alg-not-of-key   |
      | wrong-alg        |
      | typ-not-text     |
      | crit-unknown     |
      | crit-b64-encoded |
      | crit-absent      |
      | crit-empty       |
      | crit-standard    |
      | crit-not-list    |
      | duplicate-header |
      | header-list      |
      | header-not-json  |
      | header-empty     |

  @JWT-023 @extended @rfc8725-3.10 @rfc7515-4.1.4
  Scenario Outline: a name of a key that leads nowhere, or to another key: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind           |
      | random-kid     |
      | other-kid      |
      | kid-traversal  |
      | kid-sql        |
      | kid-nul        |
      | kid-line-break |
      | kid-url        |
      | kid-empty      |
      | kid-number     |

  @JWT-024 @extended @rfc8725-2.1 @rfc8725-3.10
  Scenario Outline: a key that is not the issuer's, or not for this: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind                     |
      | hmac-public-pem-trimmed  |
      | hmac-public-pkcs1        |
      | hmac-public-der          |
      | hmac-modulus             |
      | hmac-modulus-text        |
      | hmac-jwk                 |
      | hmac-empty               |
      | embedded-jwk-without-kid |
      | jku-confused             |
      | x5u                      |
      | x5c                      |
      | weak-key                 |
      | encryption-key           |

  @JWT-025 @extended @rfc7515-5.2 @rfc7518-3.4
  Scenario Outline: a signature that is none: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind                |
      | signature-too-short |
      | signature-too-long  |
      | signature-zero      |
      | es256-der           |
      | es256-zero          |
      | es256-order         |
      | eddsa-malleable     |

  @JWT-026 @extended @rfc7515-7.1 @rfc7515-2
  Scenario Outline: a form that is not the compact one: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind              |
      | one-part          |
      | four-parts        |
      | dot-at-end        |
      | dot-at-start      |
      | double-dot        |
      | no-dots           |
      | dots-alone        |
      | jwe               |
      | padded            |
      | standard-alphabet |
      | not-canonical     |

  @JWT-027 @extended @rfc6750-2.1 @rfc6750-3.1
  Scenario Outline: what no token is written with: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 400 or 401
    And the header "WWW-Authenticate" contains "Bearer"
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind               |
      | json-serialization |
      | space-inside       |
      | tab-inside         |
      | space-after-dot    |
      | percent-encoded    |
      | quoted             |
      | two-tokens         |
      | padded-payload     |
      | crit-b64           |

  @JWT-028 @extended @rfc6585-5
  Scenario Outline: longer than a head may be: <kind>
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 431 or 401
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind     |
      | kid-huge |
      | huge     |

  @JWT-029 @strict @docs-plugins
  Scenario Outline: where standards leave the choice, <kind> is refused
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | kind                 |
      | issued-in-the-future |
      | exp-huge             |
      | exp-overflow         |
      | duplicate-claims     |
      | claims-deep          |
      | wrong-typ            |

  @JWT-030 @strict @docs-plugins
  Scenario Outline: where standards leave the choice, <kind> passes
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind           |
      | just-expired   |
      | missing-claim  |
      | exp-float      |
      | too-long-lived |
      | no-iat         |
      | no-kid         |
      | no-typ         |

  @JWT-031 @core @rfc7519-4.1.3 @rfc9068-2.1
  Scenario Outline: a token that is "<kind>" is good
    Given a token "t" that is "<kind>"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | kind          |
      | good          |
      | access-token  |
      | audience-list |

  @JWT-032 @strict @docs-plugins
  Scenario: a wrong token that is shown again is as wrong as before
    Given a token "t" that is "tampered-payload"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    When the client sends 5 such requests
    Then every response status is 401
    And the upstream was not called

  @JWT-033 @extended @rfc8725-3.8
  Scenario: the key of one issuer does not vouch for another's tokens
    Given a token "t" with:
      | issuer | login.example |
      | iss    | auth.example  |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

  @JWT-034 @strict @docs-plugins
  Scenario: what a refusal says is nothing of the token, the keys or what would be accepted
    Given a token "t" that is "wrong-audience"
    When the client sends "GET /notes" with the token "t"
    Then the body is a problem with the status 401
    And the body is JSON with:
      | /code | "credential-invalid" |
    And the body does not contain "{token t}"
    And the body does not contain "notes-svc"
    And the header "WWW-Authenticate" does not contain "auth.example"
    And the access log says "credential-invalid" of "cause"
    And the access log does not contain "{token t}"
