@plugin:authorize
Feature: Who may do what, by what a token says

  Background:
    Given the configuration "token-authorization"

  @AUTHZ-020 @core @rfc9110-15.5.4
  Scenario Outline: <request> is allowed by <claim> <value>
    Given a token "t" with:
      | <claim> | <value> |
    When the client sends "<request>" with the token "t"
    Then the response status is 200
    And the upstream "<upstream>" received the request

    Examples:
      | request               | upstream | claim  | value                                   |
      | DELETE /orders/7      | orders   | roles  | ["admin"]                               |
      | DELETE /orders/7      | orders   | roles  | ["clerk", "admin"]                      |
      | POST /orders          | orders   | roles  | ["editor"]                              |
      | GET /orders/7/status  | orders   | groups | ["partners"]                            |
      | GET /orders/levels    | orders   | level  | 3                                       |
      | GET /orders/levels    | orders   | level  | "3"                                     |
      | GET /reports          | reports  | scope  | reports:list mail reports:read          |
      | GET /reports          | reports  | scp    | ["reports:list", "reports:read"]        |
      | GET /notes            | notes    | realm_access          | {"roles": ["writer"]}    |
      | GET /letters          | letters  | teams                 | ["post"]                 |
      | GET /files            | files    | permissions           | mail files:read          |
      | GET /notes            | notes    | https://example/roles | ["writer"]               |

  @AUTHZ-021 @core @rfc9110-15.5.4
  Scenario Outline: <request> is not, by <claim> <value>
    Given a token "t" with:
      | <claim> | <value> |
    When the client sends "<request>" with the token "t"
    Then the response status is 403
    And the upstream was not called

    Examples:
      | request                | claim  | value                       |
      | DELETE /orders/7       | roles  | ["editor"]                  |
      | DELETE /orders/7       | roles  | ["administrator"]           |
      | DELETE /orders/7       | roles  | ["Admin"]                   |
      | DELETE /orders/7       | roles  | []                          |
      | DELETE /orders/7       | roles  | null                        |
      | DELETE /orders/7       | groups | ["admin"]                   |
      | DELETE /orders/7       | scope  | admin                       |
      | GET /orders/7          | groups | ["partners"]                |
      | POST /orders/7/status  | groups | ["partners"]                |
      | GET /orders/7          | level  | 3                           |
      | POST /orders/levels    | level  | 3                           |
      | GET /orders/levels     | level  | 33                          |
      | GET /orders/levels     | level  | [33, {"level": 3}]          |
      | GET /notes             | roles  | ["writer"]                  |
      | GET /letters           | groups | ["post"]                    |
      | GET /files             | scope  | files:read                  |
      | GET /notes             | https://example/roles | {"writer": true} |
      | GET /notes             | realm_access.roles | ["reader"]      |

  @AUTHZ-022 @core @rfc6750-3.1
  Scenario Outline: a scope that does not reach so far: <scope>
    Given a token "t" with:
      | scope | <scope> |
    When the client sends "GET /reports" with the token "t"
    Then the response status is 403
    And the challenge is "Bearer" with:
      | error | insufficient_scope        |
      | scope | reports:read reports:list |
    And the upstream was not called

    Examples:
      | scope                     |
      | reports:read              |
      | removed                   |
      | reports:read,reports:list |

  @AUTHZ-023 @core @docs-configuration
  Scenario: several claims of one rule have to hold together
    Given a token "both" with:
      | tenant       | acme                           |
      | realm_access | {"roles": ["guest", "clerk"]} |
    And a token "auditor" with:
      | tenant       | acme                   |
      | realm_access | {"roles": ["auditor"]} |
    And a token "tenant" with:
      | tenant | acme |
    And a token "role" with:
      | tenant       | other                |
      | realm_access | {"roles": ["clerk"]} |
    When the client sends "GET /orders/7/audit" with the token "both"
    Then the response status is 200
    And the upstream "orders" received the request
    When the client sends "GET /orders/7/audit" with the token "auditor"
    Then the response status is 200
    When the client sends "POST /orders/7/audit" with the token "both"
    Then the response status is 403
    And the upstream was not called
    When the client sends "GET /orders/7" with the token "both"
    Then the response status is 403
    And the upstream was not called
    When the client sends "GET /orders/7/audit" with the token "tenant"
    Then the response status is 403
    And the upstream was not called
    When the client sends "GET /orders/7/audit" with the token "role"
    Then the response status is 403
    And the upstream was not called

  @AUTHZ-024 @core @docs-configuration
  Scenario Outline: what is denied is denied, whatever is allowed: <claim>
    Given a token "t" with:
      | roles   | ["admin"] |
      | <claim> | <value>   |
    When the client sends "GET /orders" with the token "t"
    Then the response status is <status>

    Examples:
      | claim     | value         | status |
      | groups    | ["suspended"] | 403    |
      | suspended | true          | 403    |
      | sub       | user-sam      | 403    |
      | suspended | false         | 200    |
      | groups    | ["others"]    | 200    |

  @AUTHZ-025 @core @docs-configuration
  Scenario: a consumer's roles count for its tokens
    Given a token "ann" with:
      | sub | user-ann |
    And a token "nobody" with:
      | sub | user-nobody |
    When the client sends "DELETE /orders/7" with the token "ann"
    Then the response status is 200
    And the upstream "orders" received the request
    And the upstream "orders" received the header "X-Consumer-Name" with "ann"
    When the client sends "GET /letters" with the token "ann"
    Then the response status is 200
    When the client sends "DELETE /orders/7" with the token "nobody"
    Then the response status is 403
    And the upstream was not called

  @AUTHZ-026 @core @rfc6750-3.1
  Scenario: who has no token, or a wrong one, is asked for one
    Given a token "t" that is "tampered-payload" with:
      | roles | ["admin"] |
    When the client sends "GET /orders"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called
    When the client sends "GET /orders" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

  @AUTHZ-027 @core @docs-configuration
  Scenario: what a client says of its roles itself counts for nothing
    Given a token "t" with:
      | roles | ["editor"] |
    When the client sends "DELETE /orders/7" with the token "t"
      | X-User-Roles | admin |
    Then the response status is 403
    And the upstream was not called
    When the client sends "GET /orders/7" with the token "t"
      | X-User-Roles | admin |
    Then the response status is 200
    And the upstream "orders" received the header "X-User-Roles" with "editor"

  @AUTHZ-040 @extended @access-log @docs-configuration
  Scenario: the log tells whose token was refused
    Given a token "sam" with:
      | sub | user-sam |
    When the client sends "GET /orders" with the token "sam"
    Then the response status is 403
    And the access log says "sam" of "consumer"
