@plugin:jwt-validate
Feature: What tokens have to say

  Background:
    Given the configuration "token-rules"

  @JWT-040 @core @rfc7519-4.1.4
  Scenario Outline: a token that ended at <end>, with a leeway of <leeway>: <status>
    Given a token "t" with:
      | exp | <end> |
    When the client sends "GET /<route>" with the token "t"
    Then the response status is <status>
    And the upstream "<route>" received the request <calls> times

    Examples:
      | route    | leeway | end     | status | calls |
      | usual    | 30s    | now+1m  | 200    | 1     |
      | usual    | 30s    | now-5s  | 200    | 1     |
      | usual    | 30s    | now-31s | 401    | 0     |
      | exact    | none   | now+1m  | 200    | 1     |
      | exact    | none   | now     | 401    | 0     |
      | lenient  | 2m     | now-45s | 200    | 1     |
      | lenient  | 2m     | now-90s | 200    | 1     |
      | lenient  | 2m     | now-2m  | 401    | 0     |

  @JWT-041 @core @rfc7519-4.1.5
  Scenario Outline: a token that begins at <begin>, with a leeway of <leeway>: <status>
    Given a token "t" with:
      | nbf | <begin> |
    When the client sends "GET /<route>" with the token "t"
    Then the response status is <status>
    And the upstream "<route>" received the request <calls> times

    Examples:
      | route    | leeway | begin   | status | calls |
      | usual    | 30s    | now-1h  | 200    | 1     |
      | usual    | 30s    | now+25s | 200    | 1     |
      | usual    | 30s    | now+2m  | 401    | 0     |
      | exact    | none   | now-1s  | 200    | 1     |
      | exact    | none   | now+1m  | 401    | 0     |
      | lenient  | 2m     | now+1m  | 200    | 1     |
      | lenient  | 2m     | now+4m  | 401    | 0     |

  @JWT-042 @strict @docs-plugins
  Scenario Outline: a token that was issued at <issued>, with a leeway of <leeway>: <status>
    Given a token "t" with:
      | iat | <issued> |
    When the client sends "GET /<route>" with the token "t"
    Then the response status is <status>
    And the upstream "<route>" received the request <calls> times

    Examples:
      | route    | leeway | issued  | status | calls |
      | usual    | 30s    | now+25s | 200    | 1     |
      | usual    | 30s    | now+2m  | 401    | 0     |
      | lenient  | 2m     | now+1m  | 200    | 1     |

  @JWT-043 @extended @docs-plugins
  Scenario Outline: 15 minutes at most, from <issued> to <end>: <status>
    Given a token "t" with:
      | iat | <issued> |
      | exp | <end>    |
    When the client sends "GET /brief" with the token "t"
    Then the response status is <status>
    And the upstream "brief" received the request <calls> times
    When the client sends "GET /usual" with the token "t"
    Then the response status is 200

    Examples:
      | issued  | end     | status | calls |
      | now     | now+10m | 200    | 1     |
      | now-10m | now+5m  | 200    | 1     |
      | now     | now+20m | 401    | 0     |
      | now-1h  | now+5m  | 401    | 0     |
      | removed | now+5m  | 401    | 0     |

  @JWT-044 @extended @rfc7519-4.1 @docs-plugins
  Scenario Outline: claims that are required: <claim> <value> <status>
    Given a token "t" with:
      | tenant  | acme    |
      | <claim> | <value> |
    When the client sends "GET /tenants" with the token "t"
    Then the response status is <status>
    And the upstream "tenants" received the request <calls> times

    Examples:
      | claim  | value   | status | calls |
      | tenant | acme    | 200    | 1     |
      | tenant | 7       | 200    | 1     |
      | tenant | removed | 401    | 0     |
      | tenant | null    | 401    | 0     |
      | sub    | removed | 401    | 0     |

  @JWT-045 @core @rfc7519-4.1.3
  Scenario Outline: for one of two audiences: <audience> <status>
    Given a token "t" with:
      | aud | <audience> |
    When the client sends "GET /either" with the token "t"
    Then the response status is <status>
    And the upstream "either" received the request <calls> times

    Examples:
      | audience                           | status | calls |
      | rules                              | 200    | 1     |
      | https://rules.example              | 200    | 1     |
      | ["other", "https://rules.example"] | 200    | 1     |
      | https://rules.example/             | 401    | 0     |
      | RULES                              | 401    | 0     |
      | ["other"]                          | 401    | 0     |
      | ["rules", 7]                       | 401    | 0     |
      | removed                            | 401    | 0     |

  @JWT-046 @extended @docs-plugins
  Scenario Outline: where nobody says for whom, tokens for anyone pass: <audience> <status>
    Given a token "t" with:
      | aud | <audience> |
    When the client sends "GET /anyone" with the token "t"
    Then the response status is <status>
    And the upstream "anyone" received the request <calls> times

    Examples:
      | audience | status | calls |
      | removed  | 200    | 1     |
      | other    | 200    | 1     |
      | 7        | 401    | 0     |

  @JWT-047 @extended @rfc8725-3.11
  Scenario Outline: a token that says to be <type>: <status>
    Given a token "t" with:
      | header typ | <type> |
    When the client sends "GET /usual" with the token "t"
    Then the response status is <status>
    And the upstream "usual" received the request <calls> times

    Examples:
      | type               | status | calls |
      | JWT                | 200    | 1     |
      | jwt                | 200    | 1     |
      | application/jwt    | 200    | 1     |
      | at+jwt             | 200    | 1     |
      | removed            | 200    | 1     |
      | dpop+jwt           | 401    | 0     |
      | logout+jwt         | 401    | 0     |
      | secevent+jwt       | 401    | 0     |
      | text/jwt           | 401    | 0     |

  @JWT-048 @extended @rfc8725-3.11
  Scenario Outline: where one type is wanted, <type>: <status>
    Given a token "t" with:
      | header typ | <type> |
    When the client sends "GET /logout" with the token "t"
    Then the response status is <status>
    And the upstream "logout" received the request <calls> times

    Examples:
      | type                   | status | calls |
      | logout+jwt             | 200    | 1     |
      | application/logout+jwt | 200    | 1     |
      | LOGOUT+JWT             | 200    | 1     |
      | JWT                    | 401    | 0     |
      | at+jwt                 | 401    | 0     |
      | removed                | 401    | 0     |

  @JWT-049 @strict @rfc9068-4
  Scenario Outline: an access token of RFC 9068 that says to be <type>: <status>
    Given a token "t" that is "access-token"
    And a token "other" with:
      | client_id  | client-1 |
      | header typ | <type>   |
    When the client sends "GET /profile" with the token "t"
    Then the response status is 200
    And the upstream "profile" received the request
    When the client sends "GET /profile" with the token "other"
    Then the response status is <status>
    And the upstream "profile" received the request <calls> times

    Examples:
      | type               | status | calls |
      | application/at+jwt | 200    | 1     |
      | AT+JWT             | 200    | 1     |
      | JWT                | 401    | 0     |
      | removed            | 401    | 0     |
      | id+jwt             | 401    | 0     |

  @JWT-050 @strict @rfc9068-2.2
  Scenario Outline: an access token of RFC 9068 has <claim>
    Given a token "t" that is "access-token"
    And a token "other" with:
      | client_id  | client-1 |
      | header typ | at+jwt   |
      | <claim>    | removed  |
    When the client sends "GET /profile" with the token "t"
    Then the response status is 200
    When the client sends "GET /profile" with the token "other"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | claim     |
      | sub       |
      | client_id |
      | iat       |
      | jti       |
      | aud       |
      | exp       |
      | iss       |

  @JWT-051 @extended @rfc7519-2
  Scenario Outline: no date: <claim> is <value>
    Given a token "t" with:
      | <claim> | <value> |
    When the client sends "GET /lenient" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | claim | value               |
      | exp   | "2099-01-01"        |
      | exp   | true                |
      | exp   | {}                  |
      | exp   | 4102444800000000    |
      | nbf   | "1"                 |
      | nbf   | [1]                 |
      | nbf   | -1                  |
      | iat   | "1"                 |
      | iat   | false               |

  @JWT-052 @core @rfc7519-4.1.4
  Scenario: a token that is known still ends
    Given a token "t" with:
      | exp | now+3s |
    When the client sends "GET /exact" with the token "t"
    Then the response status is 200
    When the client sends "GET /exact" until the response status is 401
      | Authorization | Bearer {token t} |
    Then the upstream was not called

  @JWT-053 @strict @docs-plugins
  Scenario: what one route has let in, another looks at by its own rules
    Given a token "t" with:
      | exp | now+20m |
    When the client sends "GET /usual" with the token "t"
    Then the response status is 200
    When the client sends "GET /brief" with the token "t"
    Then the response status is 401
    When the client sends "GET /scoped" with the token "t"
    Then the response status is 403
    When the client sends "GET /usual" with the token "t"
    Then the response status is 200
