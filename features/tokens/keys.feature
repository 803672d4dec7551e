@plugin:jwt-validate
Feature: Keys of issuers are fetched, kept and followed as they change

  @JWT-080 @extended @docs-plugins
  Scenario: the issuer replaces its keys
    Given a gateway of its own with the configuration "tokens"
    And a token "t" with:
      | sub | user-ann |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the issuer "auth.example" was asked 1 times
    When the issuer "auth.example" replaces its keys
    And the token "t" is issued anew
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |
    Then the issuer "auth.example" was asked at most 3 times

  @JWT-081 @extended @docs-plugins
  Scenario: keys that were never fetched are nobody's fault but ours
    Given a gateway of its own with the configuration "tokens"
    And the issuer "auth.example" answers "status=500"
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the upstream was not called
    When the issuer "auth.example" answers "good"
    And the issuer "auth.example" was asked 2 times
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |

  @JWT-130 @extended @docs-plugins
  Scenario: keys are fetched once, for all tokens
    Given a gateway of its own with the configuration "tokens"
    And a token "t"
    And a token "u" with:
      | algorithm | RS256 |
    And a token "bad" that is "wrong-key"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the client sends 20 such requests at once
    Then every response status is 200
    When the client sends "GET /notes" with the token "u"
    Then the response status is 200
    When the client sends "GET /notes" with the token "bad"
    Then the response status is 401
    And the issuer "auth.example" was asked 1 times

  @JWT-131 @extended @docs-plugins
  Scenario: the first token under a new key passes, and those under the former one still do
    Given a gateway of its own with the configuration "tokens"
    And a token "old"
    And a token "new"
    When the client sends "GET /notes" with the token "old"
    Then the response status is 200
    When the issuer "auth.example" adds keys
    And the token "new" is issued anew
    And the client sends "GET /notes" with the token "new"
    Then the response status is 200
    And the issuer "auth.example" was asked 2 times
    When the client sends "GET /notes" with the token "old"
    Then the response status is 200
    And the issuer "auth.example" was asked 2 times

  @JWT-132 @extended @docs-plugins
  Scenario: many tokens under a new key cause one fetch, and none of them is refused
    Given a gateway of its own with the configuration "tokens"
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the issuer "auth.example" adds keys
    And the token "t" is issued anew
    And the client sends "GET /notes" with the token "t", 40 times at once
    Then every response status is 200
    And the issuer "auth.example" was asked 2 times

  @JWT-133 @extended @docs-plugins
  Scenario: keys that were added are there before anybody shows a token
    Given a gateway of its own with the configuration "key-sets"
    And a token "t"
    When the issuer "auth.example" adds keys
    And the token "t" is issued anew
    And the issuer "auth.example" was asked 3 times
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200

  @JWT-134 @core @docs-plugins
  Scenario: the tokens of a key that the issuer withdraws end with it, known or not
    Given a gateway of its own with the configuration "key-sets"
    And a token "old"
    And a token "new"
    When the client sends "GET /notes" with the token "old"
    Then the response status is 200
    When the issuer "auth.example" adds keys
    And the token "new" is issued anew
    And the client sends "GET /notes" with the token "new"
    Then the response status is 200
    When the client sends "GET /notes" with the token "old"
    Then the response status is 200
    When the issuer "auth.example" withdraws its former keys
    And the client sends "GET /notes" until the response status is 401
      | Authorization | Bearer {token old} |
    Then the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "new"
    Then the response status is 200

  @JWT-135 @strict @docs-plugins
  Scenario: whoever makes up names of keys does not make the gateway ask
    Given a gateway of its own with the configuration "tokens"
      | /plugins/0/config/issuers/0/keySet/cooldown | "1h" |
    And a token "good"
    And a token "a" that is "random-kid"
    And a token "b" that is "random-kid"
    And a token "c" that is "random-kid"
    And a token "d" that is "unknown-kid"
    When the client sends "GET /notes" with the token "a"
    Then the response status is 401
    And the issuer "auth.example" was asked 2 times
    When the client sends 20 such requests at once
    Then every response status is 401
    When the client sends "GET /notes" with the token "b"
    Then the response status is 401
    When the client sends 20 such requests at once
    Then every response status is 401
    When the client sends "GET /notes" with the token "c"
    Then the response status is 401
    When the client sends "GET /notes" with the token "d"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200
    And the issuer "auth.example" was asked 2 times

  @JWT-136 @strict @docs-plugins
  Scenario: made-up names do not keep a new key away for longer than the cool-down
    Given a gateway of its own with the configuration "tokens"
    And a token "made up" that is "random-kid"
    And a token "t"
    When the client sends "GET /notes" with the token "made up"
    Then the response status is 401
    When the issuer "auth.example" adds keys
    And the token "t" is issued anew
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |
    Then the issuer "auth.example" was asked at most 3 times

  @JWT-137 @extended @rfc9111-5.2.2.1
  Scenario: keys live as long as the issuer says, within bounds
    Given a gateway of its own with the configuration "tokens"
      | /plugins/0/config/issuers/0/keySet | {"minTtl": "1s", "maxTtl": "1h"} |
      | /plugins/0/config/issuers/1/keySet | {"minTtl": "1h", "maxTtl": "2h"} |
    And a token "ours" that is "random-kid"
    And a token "theirs" that is "random-kid" with:
      | issuer | login.example |
    When the issuer "auth.example" sends the header "Cache-Control: public, max-age=1"
    And the issuer "login.example" sends the header "Cache-Control: no-store"
    And the client sends "GET /notes" with the token "ours"
    And the client sends "GET /notes" with the token "theirs"
    Then the response status is 401
    When the issuer "auth.example" was asked 4 times
    Then the issuer "login.example" was asked 2 times

  @JWT-138 @extended @docs-plugins
  Scenario: no longer than the configuration says, whatever the issuer does
    Given a gateway of its own with the configuration "tokens"
      | /plugins/0/config/issuers/0/keySet | {"minTtl": "1s", "maxTtl": "1s"} |
    And a token "t" that is "random-kid"
    When the issuer "auth.example" sends the header "Cache-Control: max-age=86400"
    And the client sends "GET /notes" with the token "t"
    Then the response status is 401
    When the issuer "auth.example" was asked 4 times
    Then the issuer "login.example" was asked 1 times

  @JWT-139 @strict @docs-plugins
  Scenario: a key set holds keys that are passed over, and the others count
    Given a gateway of its own with the configuration "tokens"
    And a token "weak" that is "weak-key"
    And a token "encryption" that is "encryption-key"
    And a token "t" with:
      | algorithm | EdDSA |
    When the client sends "GET /notes" with the token "weak"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /notes" with the token "encryption"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200

  @JWT-140 @strict @docs-configuration @admin
  Scenario: metrics tell fetches, keys and made-up names
    Given a gateway of its own with the configuration "tokens"
      | /plugins/0/config/issuers/0/keySet/cooldown | "1h" |
    And a token "good"
    And a token "a" that is "random-kid"
    And a token "b" that is "random-kid"
    When the client sends "GET /notes" with the token "good"
    And the client sends "GET /notes" with the token "a"
    And the client sends "GET /notes" with the token "b"
    Then the response status is 401
    When the operator sends "GET /metrics" to the admin address
    Then the metric "gateway_jwks_unknown_kids_total" is 2 where:
      | issuer | auth.example |
    And the metric "gateway_jwks_unknown_kids_total" is 0 where:
      | issuer | https://login.example |
    And the metric "gateway_jwks_fetches_total" is 2 where:
      | issuer | auth.example |
      | result | success      |
    And the metric "gateway_jwks_keys" is 10 where:
      | issuer | auth.example |
    And the body contains "gateway_jwks_key_age_seconds"
    And the body contains "gateway_jwks_last_attempt_seconds"
    And the metric "gateway_authentications_total" is 2 where:
      | plugin | jwt-validate |
      | result | invalid      |
