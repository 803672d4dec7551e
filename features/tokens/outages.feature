@plugin:jwt-validate
Feature: Issuers that can't be asked, or answer with something else than keys

  @JWT-150 @extended @docs-plugins
  Scenario Outline: no keys from the start, since the issuer answers <answer>
    Given a gateway of its own with the configuration "key-sets"
    And the issuer "auth.example" answers '<answer>'
    And a token "t"
    And a token "bad" that is "wrong-key"
    And a token "other" that is "wrong-issuer"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the header "Retry-After" is a whole number of seconds of at least 1
    And the header "WWW-Authenticate" is absent
    And the upstream was not called
    When the client sends "GET /notes" with the token "bad"
    Then the response status is 503
    And the upstream was not called
    When the client sends "GET /notes" with the token "other"
    Then the response status is 401
    When the client sends "GET /notes"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called
    When the issuer "auth.example" answers "good"
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |
    And the client sends "GET /notes" with the token "bad"
    Then the response status is 401

    Examples:
      | answer                                        |
      | status=500                                    |
      | status=404                                    |
      | status=204                                    |
      | status=401                                    |
      | stall                                         |
      | close                                         |
      | huge                                          |
      | not-json                                      |
      | empty                                         |
      | empty-set                                     |
      | json={"keys":7}                               |
      | json=[]                                       |
      | json={"keys":[{"kty":"oct","k":"AAAA"}]}      |
      | truncated                                     |
      | drip=50ms                                     |
      | redirect-loop                                 |
      | redirect-to-http                              |
      | redirect-to=https://127.0.0.1/jwks.json       |
      | redirect-to=http://169.254.169.254/jwks.json  |
      | redirect-to=file:///etc/passwd                |
      | redirect-to=https://keys.invalid/             |

  @JWT-151 @extended @docs-plugins
  Scenario Outline: keys that are there stay while the issuer answers <answer>
    Given a gateway of its own with the configuration "key-sets"
    And a token "t"
    And a token "u" with:
      | algorithm | RS256 |
    And a token "bad" that is "tampered-payload"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the issuer "auth.example" answers '<answer>'
    And the issuer "auth.example" was asked 3 times
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the client sends "GET /notes" with the token "u"
    Then the response status is 200
    And the upstream "notes" received the request
    When the client sends "GET /notes" with the token "bad"
    Then the response status is 401
    And the upstream was not called

    Examples:
      | answer           |
      | status=500       |
      | status=404       |
      | close            |
      | huge             |
      | not-json         |
      | empty            |
      | empty-set        |
      | json={"keys":[]} |
      | truncated        |
      | redirect-loop    |
      | redirect-to-http |

  @JWT-152 @extended @docs-plugins
  Scenario: an issuer that never answers keeps no request waiting
    Given a gateway of its own with the configuration "key-sets"
      | /plugins/0/config/keySet/timeout | "30s" |
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the issuer "auth.example" answers "stall"
    And the issuer "auth.example" was asked 2 times
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the response took less than 2000 ms

  @JWT-153 @extended @docs-plugins
  Scenario: keys are not used for ever
    Given a gateway of its own with the configuration "key-sets"
      | /plugins/0/config/keySet/minTtl   | "4s"    |
      | /plugins/0/config/keySet/maxTtl   | "4s"    |
      | /plugins/0/config/keySet/stale    | "0s"    |
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the issuer "auth.example" answers "status=500"
    And the client sends "GET /notes" until the response status is 503
      | Authorization | Bearer {token t} |
    Then the header "WWW-Authenticate" is absent
    And the header "Retry-After" is a whole number of seconds of at least 1
    And the upstream was not called
    When the issuer "auth.example" answers "good"
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |
    Then the upstream "notes" received the request

  @JWT-154 @extended @docs-plugins
  Scenario Outline: keys are taken though the issuer answers <answer>
    Given a gateway of its own with the configuration "key-sets"
    And the issuer "auth.example" answers '<answer>'
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | answer             |
      | redirect-once      |
      | wrong-content-type |

  @JWT-155 @core @docs-plugins
  Scenario Outline: an issuer with a certificate that is <variant> is not believed
    Given a gateway of its own with the configuration "key-sets"
    And the server "auth.example" speaks TLS with:
      | certificate | <variant> |
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the upstream was not called

    Examples:
      | variant             |
      | expired             |
      | not-yet-valid       |
      | wrong-authority     |
      | impostor-authority  |
      | self-signed         |
      | wrong-usage         |
      | wrong-name          |

  @JWT-156 @extended @docs-plugins
  Scenario: an issuer with a certificate of an intermediate authority is believed
    Given a gateway of its own with the configuration "key-sets"
    And the server "auth.example" speaks TLS with:
      | certificate | intermediate |
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200

  @JWT-157 @extended @docs-plugins
  Scenario: a new key during an outage is refused at once, and taken when the outage ends
    Given a gateway of its own with the configuration "tokens"
    And a token "old"
    And a token "new"
    When the client sends "GET /notes" with the token "old"
    Then the response status is 200
    When the issuer "auth.example" adds keys
    And the token "new" is issued anew
    And the issuer "auth.example" answers "status=500"
    And the client sends "GET /notes" with the token "new"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /notes" with the token "old"
    Then the response status is 200
    When the issuer "auth.example" answers "good"
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token new} |
    Then the upstream "notes" received the request

  @JWT-158 @strict @rfc9457-3 @problem-json
  Scenario: a problem says that keys are missing, and not whose or where
    Given a gateway of its own with the configuration "key-sets"
    And the issuer "auth.example" answers "status=500"
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the body is a problem with the status 503
    And the body is JSON with:
      | /code | "keys-unavailable" |
    And the body does not contain "auth.example"
    And the access log says "keys-unavailable" of "cause"

  @JWT-203 @extended @docs-plugins
  Scenario: a fetch that takes too long is given up, and another is made
    Given a gateway of its own with the configuration "key-sets"
      | /plugins/0/config/keySet/timeout | "300ms" |
    And the issuer "auth.example" answers "stall"
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the upstream was not called
    When the issuer "auth.example" was asked 2 times
    Then the response status is 503
