@plugin:jwt-validate
Feature: Whom a token is about, and what the upstream hears of it

  Background:
    Given the configuration "token-consumers"

  @JWT-100 @core @docs-configuration
  Scenario: a token names a consumer
    Given a token "t" with:
      | sub | user-ann |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the header "X-Consumer-Name" with "ann"
    And the access log says "ann" of "consumer"

  @JWT-101 @core @docs-configuration
  Scenario: a token that names no consumer passes, as nobody's
    Given a token "t" with:
      | sub | user-unknown |
    When the client sends "GET /notes" with the token "t"
      | X-Consumer-Name | ann |
    Then the response status is 200
    And the upstream "notes" received the request without the header "X-Consumer-Name"
    And the access log says nothing of "consumer"
    And the access log says "user-unknown" of "subject"

  @JWT-102 @core @docs-configuration
  Scenario: what one issuer calls a consumer is not what another does
    Given a token "t" with:
      | issuer | login.example |
      | sub    | user-ann      |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the header "X-User-Id" with "user-ann"
    And the upstream "notes" received the request without the header "X-Consumer-Name"

  @JWT-103 @extended @docs-configuration
  Scenario Outline: another claim names the consumer, at any issuer: <issuer>
    Given a token "t" with:
      | issuer | <issuer>     |
      | azp    | client-robot |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the header "X-Consumer-Name" with "robot"

    Examples:
      | issuer        |
      | auth.example  |
      | login.example |

  @JWT-104 @extended @docs-configuration
  Scenario: of several claims the first that names somebody counts
    Given a token "t" with:
      | sub | user-ann     |
      | azp | client-robot |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the header "X-Consumer-Name" with "ann"

  @JWT-105 @extended @docs-configuration
  Scenario: a claim that is like a consumer's names nobody
    Given a token "t" with:
      | sub | ["user-ann"] |
    When the client sends "GET /slow-lane" with the token "t"
    Then the response status is 200
    And the upstream "slow-lane" received the request without the header "X-Consumer-Name"

  @JWT-106 @core @docs-configuration
  Scenario: a consumer's limit holds for all of its tokens, and for no other's
    Given a consumer "one" with:
      | token of auth.example | sub |
    And a consumer "two" with:
      | token of auth.example | sub |
    And a token "first" with:
      | sub | {consumer one} |
    And a token "second" with:
      | sub | {consumer one} |
    And a token "other" with:
      | sub | {consumer two} |
    When the client sends "GET /slow-lane" with the token "first"
    Then the response status is 200
    And the upstream "slow-lane" received the caller "one" in the header "X-Consumer-Name"
    When the client sends "GET /slow-lane" with the token "second"
    Then the response status is 200
    When the client sends "GET /slow-lane" with the token "first"
    Then the response status is 429
    And the upstream was not called
    When the client sends "GET /slow-lane" with the token "second"
    Then the response status is 429
    When the client sends "GET /slow-lane" with the token "other"
    Then the response status is 200
    And the upstream "slow-lane" received the caller "two" in the header "X-Consumer-Name"

  @JWT-107 @core @docs-plugins
  Scenario Outline: clients can't say themselves what claims say: <name>
    Given a token "t" with:
      | sub | user-ann |
    When the client sends "GET /notes" with the token "t"
      | <name> | <forged> |
    Then the response status is 200
    And the upstream "notes" received the header "X-User-Id" with "user-ann"
    And the upstream "notes" received the header "X-Consumer-Name" with "ann"

    Examples:
      | name            | forged                      |
      | X-User-Id       | root                        |
      | x-user-id       | root                        |
      | X-Consumer-Name | root                        |
      | x-CONSUMER-name | root                        |
      | Connection      | X-User-Id                   |
      | Connection      | close, x-consumer-name      |

  @JWT-108 @core @docs-plugins
  Scenario Outline: what a token does not say, the upstream does not hear: <header>
    Given a token "t"
    When the client sends "GET /notes" with the token "t"
      | <header> | forged |
    Then the response status is 200
    And the upstream "notes" received the request without the header "<header>"

    Examples:
      | header           |
      | X-User-Name      |
      | X-User-Roles     |
      | X-Realm-Roles    |
      | X-Email-Verified |
      | X-User-Level     |

  @JWT-109 @strict @docs-plugins
  Scenario Outline: on routes without tokens, too, nobody forges them: <header>
    When the client sends "GET /open"
      | <header> | forged |
      | X-Other  | kept   |
    Then the response status is 200
    And the upstream "open" received the request without the header "<header>"
    And the upstream "open" received the header "X-Other" with "kept"

    Examples:
      | header          |
      | X-User-Id       |
      | x-realm-roles   |
      | X-Consumer-Name |

  @JWT-110 @extended @docs-plugins
  Scenario Outline: a claim as a header: <claim> <value>
    Given a token "t" with:
      | <claim> | <value> |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the header "<header>" with "<received>"

    Examples:
      | claim          | value                       | header           | received           |
      | roles          | ["editor", "admin"]         | X-User-Roles     | editor,admin       |
      | roles          | editor                      | X-User-Roles     | editor             |
      | roles          | ["a,b", "c"]                | X-User-Roles     | a%2Cb,c            |
      | realm_access   | {"roles": ["x", "y"]}       | X-Realm-Roles    | x,y                |
      | email_verified | true                        | X-Email-Verified | true               |
      | level          | 7                           | X-User-Level     | 7                  |
      | name           | Zoë                         | X-User-Name      | Zo%C3%AB           |
      | name           | Ann Lee                     | X-User-Name      | Ann Lee            |
      | name           | "100%"                      | X-User-Name      | 100%25             |
      | name           | "a\\r\\nX-Consumer-Name: root" | X-User-Name     | a%0D%0AX-Consumer-Name: root |
      | name           | "\\u0000"                    | X-User-Name      | %00                |

  @JWT-111 @core @docs-plugins
  Scenario: a line break in a claim brings no header of its own
    Given a token "t" with:
      | name | "a\\r\\nX-Admin: true" |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request without the header "X-Admin"

  @JWT-112 @strict @docs-plugins
  Scenario Outline: what no header can carry is refused, not left out: <value>
    Given a token "t" with:
      | roles | <value> |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | value            |
      | {"admin": true}  |
      | [["admin"]]      |
      | [{"role": "x"}]  |

  @JWT-113 @extended @docs-plugins
  Scenario Outline: a claim that is empty leaves the header away: <value>
    Given a token "t" with:
      | roles | <value> |
    When the client sends "GET /notes" with the token "t"
      | X-User-Roles | admin |
    Then the response status is 200
    And the upstream "notes" received the request without the header "X-User-Roles"

    Examples:
      | value |
      | []    |
      | null  |
