Feature: Limits for each of what tokens tell

  Background:
    Given the configuration "rate-limit-tokens"

  @RATE-080 @core @docs-plugins
  Scenario: by a claim, whoever of the tenant calls
    Given a consumer "acme" with a key
    And a consumer "other" with a key
    And a token "a" with:
      | sub | user-a                         |
      | org | {"tenant": "{consumer acme}"}  |
    And a token "b" with:
      | sub | user-b                         |
      | org | {"tenant": "{consumer acme}"}  |
    And a token "c" with:
      | sub | user-a                         |
      | org | {"tenant": "{consumer other}"} |
    When the client sends "GET /by-claim" with the token "a"
    Then the response status is 200
    When the client sends "GET /by-claim" with the token "b"
    Then the response status is 200
    When the client sends "GET /by-claim" with the token "a"
    Then the response status is 429
    And the header "Retry-After" is a whole number of seconds of at least 1
    And the upstream was not called
    When the client sends "GET /by-claim" with the token "c"
    Then the response status is 200
    And the upstream "by-claim" received the request

  @RATE-081 @core @docs-plugins
  Scenario: a token that is refused costs nobody anything
    Given a consumer "acme" with a key
    And a token "wrong" that is "wrong-key" with:
      | org | {"tenant": "{consumer acme}"} |
    And a token "t" with:
      | org | {"tenant": "{consumer acme}"} |
    When the client sends "GET /by-claim" with the token "wrong"
    And the client sends 4 such requests
    Then every response status is 401
    When the client sends "GET /by-claim" with the token "t"
    And the client sends 1 such requests
    Then every response status is 200
    And the upstream "by-claim" received 1 of the requests

  @RATE-082 @strict @docs-plugins
  Scenario: without the claim by the address
    Given a token "t"
    When the client sends "GET /by-claim" with the token "t"
    And the client sends 1 such requests
    Then every response status is 200
    When the client sends "GET /by-claim" with the token "t"
    Then the response status is 429
    When another client sends "GET /by-claim"
      | Authorization | Bearer {token t} |
    Then the response status is 200

  @RATE-083 @core @docs-plugins
  Scenario: by the consumer that a token is of, whichever token it is
    Given a consumer "ann" with:
      | token | sub |
    And a consumer "bob" with:
      | token | sub |
    And a token "signed" with:
      | sub | {consumer ann} |
    And an opaque token "opaque" with:
      | sub | {consumer ann} |
    And a token "another" with:
      | sub | {consumer bob} |
    When the client sends "GET /by-consumer" with the token "signed"
    Then the response status is 200
    And the upstream "by-consumer" received the caller "ann" in the header "X-Consumer-Name"
    When the client sends "GET /by-consumer" with the token "opaque"
    Then the response status is 200
    And the upstream "by-consumer" received the caller "ann" in the header "X-Consumer-Name"
    When the client sends "GET /by-consumer" with the token "signed"
    Then the response status is 429
    And the upstream was not called
    When the client sends "GET /by-consumer" with the token "another"
    Then the response status is 200
