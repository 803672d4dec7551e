@plugin:jwt-validate
Feature: Where a token may stand, and how far it goes

  Background:
    Given the configuration "token-places"
    And a token "t"
    And a token "u"

  @JWT-090 @core @rfc6750-2.1
  Scenario: in the header that the configuration names, and in no other
    When the client sends "GET /header" with the header "X-Token: {token t}"
    Then the response status is 200
    And the upstream "header" received the request without the header "X-Token"
    When the client sends "GET /header" with the header "Authorization: Bearer {token t}"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

  @JWT-091 @extended @docs-plugins
  Scenario: behind the scheme that the configuration names
    When the client sends "GET /scheme" with the header "X-Access: token {token t}"
    Then the response status is 200
    And the upstream "scheme" received the header "X-Access" with "token {token t}"
    When the client sends "GET /scheme" with the header "X-Access: Bearer {token t}"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /scheme" with the header "X-Access: {token t}"
    Then the response status is 401
    And the upstream was not called

  @JWT-092 @extended @docs-plugins
  Scenario: in the cookie that the configuration names
    When the client sends "GET /cookie" with the header "Cookie: theme=dark; session={token t}; lang=en"
    Then the response status is 200
    And the upstream "cookie" received the header "Cookie" that contains "theme=dark"
    And the upstream "cookie" received the header "Cookie" that contains "lang=en"
    And the access log does not contain "{token t}"
    When the client sends "GET /cookie" with the header "Cookie: theme=dark; Session={token t}"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

  @JWT-093 @extended @docs-plugins
  Scenario: a cookie that is not to go upstream does not
    When the client sends "GET /cookie" with the header "Cookie: session={token t}"
    Then the response status is 200
    And the upstream "cookie" received the request without the header "Cookie"

  @JWT-094 @core @rfc6750-5.3
  Scenario Outline: nowhere else unless the configuration says so: <target> <header>
    When the client sends "GET <target>" with the header "<header>"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

    Examples:
      | target                                          | header                       |
      | /usual?access_token={token t}                   | Accept: */*                  |
      | /usual?token={token t}                          | Accept: */*                  |
      | /usual                                          | Cookie: session={token t}    |
      | /usual                                          | Cookie: access_token={token t} |
      | /usual                                          | X-Token: {token t}           |
      | /usual                                          | Proxy-Authorization: Bearer {token t} |
      | /usual                                          | X-Authorization: Bearer {token t} |

  @JWT-095 @extended @rfc6750-2.3 @rfc6750-5.3
  Scenario: in the query where the configuration says so, and no further
    When the client sends "GET /query?page=2&access_token={token t}&sort=name"
    Then the response status is 200
    And the upstream "query" received the target "/query?page=2&sort=name"
    And the header "Cache-Control" contains "private"
    And the access log does not contain "{token t}"

  @JWT-096 @extended @rfc6750-2.3
  Scenario: a wrong token in the query is refused, and not written down
    Given a token "bad" that is "tampered-signature"
    When the client sends "GET /query?access_token={token bad}"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    And the access log does not contain "{token bad}"

  @JWT-097 @core @rfc6750-2
  Scenario Outline: a token in two places is refused, though it is the same: <first>, <second>
    When the client sends "GET <target>"
      | <name> | <first>  |
      | <also> | <second> |
    Then the response status is 400
    And the challenge is "Bearer" with:
      | error | invalid_request |
    And the upstream was not called

    Examples:
      | target                        | name          | first             | also          | second             |
      | /usual                        | Authorization | Bearer {token t}  | Authorization | Bearer {token t}   |
      | /usual                        | Authorization | Bearer {token t}  | Authorization | Bearer {token u}   |
      | /usual                        | Authorization | Bearer {token t}  | Authorization | Basic YW5uOmE=     |
      | /usual                        | Authorization | Basic YW5uOmE=    | authorization | bearer {token t}   |
      | /header                       | X-Token       | {token t}         | x-token       | {token u}          |
      | /cookie                       | Cookie        | session={token t} | Authorization | Bearer {token t}   |
      | /cookie                       | Cookie        | session={token t} | Cookie        | session={token u}  |
      | /query?access_token={token t} | Authorization | Bearer {token t}  | Accept        | */*                |
      | /query?access_token={token t}&access_token={token u} | Accept | text/html | Accept-Language | en       |
      | /query?access_token={token t}&%61ccess_token={token u} | Accept | text/html | Accept-Language | en     |

  @JWT-098 @extended @docs-plugins
  Scenario: a token that is not to go upstream does not
    When the client sends "GET /kept" with the header "Authorization: Bearer {token t}"
    Then the response status is 200
    And the upstream "kept" received the request without the header "Authorization"
    When the client sends "GET /usual" with the header "Authorization: Bearer {token t}"
    Then the response status is 200
    And the upstream "usual" received the header "Authorization" with "Bearer {token t}"
