Feature: Exercise: a guard of tokens and roles
  Tokens are checked with an issuer's keys, which are fetched once, kept, and followed when the issuer changes them; what
  a caller may do depends on the roles in the token.

  @GUARD-001 @core @exercise-token-guard @rfc6750-3
  Scenario: a request without a token is refused
    Given the configuration "token-guard"
    When the client sends "GET /api/v1/articles"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

  @GUARD-002 @core @exercise-token-guard
  Scenario Outline: <role> may <request>
    Given the configuration "token-guard"
    And a token "t" with:
      | roles | ["<role>"] |
    When the client sends "<request>" with the token "t"
    Then the response status is 200
    And the upstream "articles" received the header "X-User-Roles" with "<role>"
    And the upstream "articles" received the header "X-User-Id" with "user-7"

    Examples:
      | role   | request                   |
      | reader | GET /api/v1/articles      |
      | reader | GET /api/v1/articles/7    |
      | editor | GET /api/v1/articles/7    |
      | editor | POST /api/v1/articles     |
      | editor | PUT /api/v1/articles/7    |
      | admin  | DELETE /api/v1/articles/7 |
      | admin  | GET /api/v1/admin         |
      | admin  | POST /api/v1/admin/users  |

  @GUARD-003 @core @exercise-token-guard @rfc9110-15.5.4
  Scenario Outline: <role> may not <request>
    Given the configuration "token-guard"
    And a token "t" with:
      | roles | ["<role>"] |
    When the client sends "<request>" with the token "t"
      | X-User-Roles | admin |
    Then the response status is 403
    And the upstream was not called

    Examples:
      | role   | request                   |
      | reader | POST /api/v1/articles     |
      | reader | DELETE /api/v1/articles/7 |
      | reader | GET /api/v1/admin         |
      | editor | DELETE /api/v1/articles/7 |
      | editor | GET /api/v1/admin/users   |
      | Admin  | GET /api/v1/admin         |
      | nobody | GET /api/v1/articles      |

  @GUARD-004 @core @exercise-token-guard @rfc9110-15.5.4
  Scenario Outline: no role, or what is none: <roles>
    Given the configuration "token-guard"
    And a token "t" with:
      | roles | <roles> |
    When the client sends "GET /api/v1/articles" with the token "t"
    Then the response status is 403
    And the upstream was not called

    Examples:
      | roles           |
      | removed         |
      | []              |
      | null            |

  @GUARD-005 @core @exercise-token-guard
  Scenario: who is suspended is refused, whatever the role
    Given the configuration "token-guard"
    And a token "t" with:
      | roles     | ["admin"] |
      | suspended | true      |
    And a token "u" with:
      | roles     | ["admin"] |
      | suspended | false     |
    When the client sends "GET /api/v1/articles" with the token "t"
    Then the response status is 403
    And the upstream was not called
    When the client sends "GET /api/v1/articles" with the token "u"
    Then the response status is 200

  @GUARD-006 @core @exercise-token-guard
  Scenario Outline: a role in a token that is <kind> is worth nothing
    Given the configuration "token-guard"
    And a token "t" that is "<kind>" with:
      | roles | ["admin"] |
    When the client sends "GET /api/v1/articles" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | kind             |
      | expired          |
      | wrong-audience   |
      | wrong-issuer     |
      | wrong-key        |
      | alg-none         |
      | hmac-public-pem  |
      | tampered-payload |
      | too-long-lived   |
      | missing-claim    |

  @GUARD-007 @core @exercise-token-guard
  Scenario: keys are fetched once for many requests
    Given a gateway of its own with the configuration "token-guard"
    And a token "t" with:
      | roles | ["reader"] |
    And a token "u" with:
      | roles     | ["editor"] |
      | algorithm | RS256      |
    When the client sends "GET /api/v1/articles" with the token "t"
    Then the response status is 200
    When the client sends 50 such requests at once
    Then every response status is 200
    When the client sends "POST /api/v1/articles" with the token "u"
    Then the response status is 200
    And the issuer "auth.example" was asked 1 times

  @GUARD-008 @core @exercise-token-guard
  Scenario: keys are rotated without one refusal
    Given a gateway of its own with the configuration "token-guard"
    And a token "old" with:
      | roles | ["reader"] |
    And a token "new" with:
      | roles | ["reader"] |
    When the client sends "GET /api/v1/articles" with the token "old"
    Then the response status is 200
    When the issuer "auth.example" adds keys
    And the token "new" is issued anew
    And the client sends "GET /api/v1/articles" with the token "new", 20 times at once
    Then every response status is 200
    When the client sends "GET /api/v1/articles" with the token "old"
    Then the response status is 200
    And the issuer "auth.example" was asked 2 times

  @GUARD-009 @core @exercise-token-guard
  Scenario: a key that the issuer takes back ends with the next fetch
    Given a gateway of its own with the configuration "token-guard"
    And a token "old" with:
      | roles | ["reader"] |
    And a token "new" with:
      | roles | ["reader"] |
    When the issuer "auth.example" sends the header "Cache-Control: max-age=1"
    And the client sends "GET /api/v1/articles" with the token "old"
    Then the response status is 200
    When the issuer "auth.example" replaces its keys
    And the token "new" is issued anew
    And the client sends "GET /api/v1/articles" with the token "new"
    Then the response status is 200
    When the client sends "GET /api/v1/articles" until the response status is 401
      | Authorization | Bearer {token old} |
    Then the upstream was not called
    When the client sends "GET /api/v1/articles" with the token "new"
    Then the response status is 200

  @GUARD-010 @core @exercise-token-guard
  Scenario: an outage of the issuer is not noticed
    Given a gateway of its own with the configuration "token-guard"
    And a token "t" with:
      | roles | ["reader"] |
    And a token "u" with:
      | roles | ["editor"] |
    When the client sends "GET /api/v1/articles" with the token "t"
    Then the response status is 200
    When the issuer "auth.example" answers "close"
    And the client sends "GET /api/v1/articles" with the token "t"
    Then the response status is 200
    When the client sends "PUT /api/v1/articles/7" with the token "u"
    Then the response status is 200

  @GUARD-011 @core @exercise-token-guard
  Scenario: without any keys nobody passes, and nobody is called wrong
    Given a gateway of its own with the configuration "token-guard"
    And the issuer "auth.example" answers "status=503"
    And a token "t" with:
      | roles | ["admin"] |
    When the client sends "GET /api/v1/articles" with the token "t"
    Then the response status is 503
    And the header "WWW-Authenticate" is absent
    And the upstream was not called

  @GUARD-040 @core @exercise-token-guard
  Scenario Outline: tokens last an hour at most: <end>
    Given the configuration "token-guard"
    And a token "t" with:
      | roles | ["reader"] |
      | iat   | now        |
      | exp   | <end>      |
    When the client sends "GET /api/v1/articles" with the token "t"
    Then the response status is <status>

    Examples:
      | end     | status |
      | now+58m | 200    |
      | now+62m | 401    |
