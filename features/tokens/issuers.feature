@plugin:jwt-validate
Feature: Tokens of several issuers, each with its own keys

  @JWT-120 @core @rfc8725-3.8
  Scenario Outline: the tokens of <issuer>
    Given the configuration "tokens"
    And a token "t" with:
      | issuer | <issuer> |
    And a token "bad" that is "wrong-key" with:
      | issuer | <issuer> |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request
    When the client sends "GET /notes" with the token "bad"
    Then the response status is 401
    And the upstream was not called

    Examples:
      | issuer        |
      | auth.example  |
      | login.example |

  @JWT-121 @core @rfc8725-3.8
  Scenario Outline: <issuer> can't speak for <other>
    Given the configuration "tokens"
    And a token "t" with:
      | issuer | <issuer> |
      | iss    | <other>  |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | issuer        | other                  |
      | auth.example  | https://login.example  |
      | login.example | auth.example           |
      | login.example | https://login.example/ |
      | login.example | HTTPS://login.example  |
      | login.example | login.example          |
      | auth.example  | https://auth.example   |

  @JWT-122 @extended @rfc7515-4.1.4
  Scenario: keys of one name are told apart by their issuers
    Given the configuration "tokens"
    And a token "ours" with:
      | header kid | es256-1 |
    And a token "theirs" with:
      | issuer     | login.example |
      | header kid | es256-1       |
    When the client sends "GET /notes" with the token "ours"
    Then the response status is 200
    When the client sends "GET /notes" with the token "theirs"
    Then the response status is 200

  @JWT-123 @extended @docs-plugins
  Scenario: an outage of one issuer is not the other's
    Given a gateway of its own with the configuration "tokens"
    And the issuer "auth.example" answers "status=500"
    And a token "ours"
    And a token "theirs" with:
      | issuer | login.example |
    And a token "nobody's" that is "wrong-issuer"
    When the client sends "GET /notes" with the token "theirs"
    Then the response status is 200
    And the upstream "notes" received the request
    When the client sends "GET /notes" with the token "ours"
    Then the response status is 503
    And the upstream was not called
    When the client sends "GET /notes" with the token "nobody's"
    Then the response status is 401
    And the upstream was not called

  @JWT-124 @extended @docs-plugins
  Scenario: each issuer has rules of its own
    Given the configuration "tokens"
      | /plugins/0/config/issuers/0/maxLifetime | "5m" |
    And a token "ours"
    And a token "brief" with:
      | iat | now    |
      | exp | now+4m |
    And a token "theirs" with:
      | issuer | login.example |
    When the client sends "GET /notes" with the token "ours"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /notes" with the token "brief"
    Then the response status is 200
    When the client sends "GET /notes" with the token "theirs"
    Then the response status is 200
