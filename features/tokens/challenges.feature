@plugin:jwt-validate
Feature: What clients are told whose token is not let through

  @JWT-060 @core @rfc6750-3
  Scenario Outline: no token: <header>
    Given the configuration "tokens"
    When the client sends "GET /notes" with the header "<header>"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

    Examples:
      | header                              |
      | Accept: */*                         |
      | Authorization: Basic YW5uOnNlc2FtZQ== |
      | Authorization: Digest username=ann  |
      | Authorization: Bearerabc            |

  @JWT-061 @extended @rfc6750-3.1
  Scenario: a token that is not accepted is told so, in ASCII
    Given the configuration "tokens"
    And a token "t" that is "expired"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error             | invalid_token |
      | error_description | present       |
      | realm             | present       |
      | scope             | absent        |

  @JWT-062 @extended @rfc6750-3.1
  Scenario Outline: what can be no token is a malformed request: <value>
    Given the configuration "tokens"
    When the client sends "GET /notes" with the header 'Authorization: <value>'
    Then the response status is 400
    And the challenge is "Bearer" with:
      | error             | invalid_request |
      | error_description | present         |
    And the upstream was not called

    Examples:
      | value             |
      | Bearer            |
      | Bearer a b        |
      | Bearer a,b        |
      | Bearer "a"        |
      | Bearer a%2Eb      |
      | Bearer =          |
      | Bearer token="a"  |

  @JWT-063 @extended @rfc9110-11.1
  Scenario Outline: the scheme in any case: <scheme>
    Given the configuration "tokens"
    And a token "t"
    When the client sends "GET /notes"
      | Authorization | <scheme> {token t} |
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | scheme |
      | Bearer |
      | bearer |
      | BEARER |

  @JWT-064 @core @rfc6750-3.1
  Scenario Outline: a scope that is not enough: <scope>
    Given the configuration "token-rules"
    And a token "t" with:
      | scope | <scope> |
    And a token "enough" with:
      | scope | openid orders:write orders:read |
    When the client sends "GET /scoped" with the token "t"
    Then the response status is 403
    And the challenge is "Bearer" with:
      | error | insufficient_scope        |
      | scope | orders:read orders:write  |
    And the upstream was not called
    When the client sends "GET /scoped" with the token "enough"
    Then the response status is 200
    And the upstream "scoped" received the request

    Examples:
      | scope                          |
      | orders:read                    |
      | orders:write                   |
      | orders:readonly orders:write   |
      | orders:read,orders:write       |
      | ORDERS:READ ORDERS:WRITE       |
      | removed                        |
      | 7                              |

  @JWT-065 @extended @docs-plugins
  Scenario Outline: a scope in <claim> as <value>
    Given the configuration "token-rules"
    And a token "t" with:
      | <claim> | <value> |
    When the client sends "GET /scoped" with the token "t"
    Then the response status is 200
    And the upstream "scoped" received the request

    Examples:
      | claim | value                           |
      | scope | orders:read orders:write        |
      | scope | ["orders:read", "orders:write"] |
      | scp   | orders:read orders:write        |
      | scp   | ["orders:write", "orders:read"] |

  @JWT-066 @core @rfc6750-3.1
  Scenario: a token that is wrong is not asked for its scope
    Given the configuration "token-rules"
    And a token "t" that is "expired" with:
      | scope | orders:read orders:write |
    When the client sends "GET /scoped" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
      | scope | absent        |
    And the upstream was not called

  @JWT-067 @extended @rfc9728-5.1
  Scenario: every challenge says where the resource's metadata is
    Given the configuration "token-rules"
    And a token "expired" that is "expired"
    And a token "narrow"
    When the client sends "GET /scoped"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the challenge is "Bearer" with:
      | resource_metadata | https://api.example/.well-known/oauth-protected-resource |
      | realm             | orders                                                   |
    When the client sends "GET /scoped" with the token "expired"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | resource_metadata | https://api.example/.well-known/oauth-protected-resource |
      | realm             | orders                                                   |
      | error             | invalid_token                                            |
    When the client sends "GET /scoped" with the token "narrow"
    Then the response status is 403
    And the challenge is "Bearer" with:
      | resource_metadata | https://api.example/.well-known/oauth-protected-resource |
      | realm             | orders                                                   |
      | error             | insufficient_scope                                       |
    When the client sends "GET /scoped" with the header "Authorization: Bearer"
    Then the response status is 400
    And the challenge is "Bearer" with:
      | resource_metadata | https://api.example/.well-known/oauth-protected-resource |
      | error             | invalid_request                                          |
    And the upstream was not called

  @JWT-068 @extended @rfc9728-5.1
  Scenario: where there is no metadata no challenge speaks of it
    Given the configuration "tokens"
    When the client sends "GET /notes"
    Then the challenge is "Bearer" with:
      | resource_metadata | absent |

  @JWT-069 @strict @rfc9457-3 @problem-json
  Scenario Outline: a refusal is a problem: <code>
    Given the configuration "token-rules"
    And a token "good"
    And a token "expired" that is "expired"
    When the client sends "GET /scoped"
      | Authorization | <value> |
    Then the body is a problem with the status <status>
    And the body is JSON with:
      | /code | "<code>" |

    Examples:
      | value                  | status | code                 |
      | Basic YTpi             | 401    | credential-missing   |
      | Bearer {token expired} | 401    | credential-invalid   |
      | Bearer                 | 400    | malformed-credential |
      | Bearer {token good}    | 403    | insufficient-scope   |
