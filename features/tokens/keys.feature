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
