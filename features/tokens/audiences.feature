@plugin:jwt-validate
Feature: A token for somebody else is nobody's, on any route

  @JWT-200 @core @rfc7519-4.1.3
  Scenario Outline: <configuration> does not take it on <path>
    Given the configuration "<configuration>"
    And a token "t"
    And a token "elsewhere" that is "wrong-audience"
    When the client sends "GET <path>" with the token "elsewhere"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET <path>" with the token "t"
    Then the response status is <status>

    Examples:
      | configuration       | path        | status |
      | bound-tokens        | /notes      | 200    |
      | key-discovery       | /notes      | 200    |
      | key-sets            | /notes      | 200    |
      | rate-limit-tokens   | /by-claim   | 200    |
      | token-authorization | /orders     | 403    |
      | token-combinations  | /either     | 200    |
      | token-consumers     | /notes      | 200    |
      | token-consumers     | /slow-lane  | 200    |
      | token-rules         | /usual      | 200    |
      | token-rules         | /exact      | 200    |
      | token-rules         | /lenient    | 200    |
      | token-rules         | /brief      | 200    |
      | token-rules         | /either     | 200    |
      | token-rules         | /few        | 200    |
      | users               | /api/v1/users | 200  |

  @JWT-201 @core @rfc7519-4.1.3
  Scenario Outline: nor wherever else a token may stand: <path>
    Given the configuration "token-places"
    And a token "t"
    And a token "elsewhere" that is "wrong-audience"
    When the client sends "GET <path>" with the header "<wrong>"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET <path>" with the header "<right>"
    Then the response status is 200
    And the upstream "<upstream>" received the request

    Examples:
      | path    | upstream | wrong                                   | right                           |
      | /usual  | usual    | Authorization: Bearer {token elsewhere} | Authorization: Bearer {token t} |
      | /kept   | kept     | Authorization: Bearer {token elsewhere} | Authorization: Bearer {token t} |
      | /header | header   | X-Token: {token elsewhere}              | X-Token: {token t}              |
      | /scheme | scheme   | X-Access: Token {token elsewhere}       | X-Access: Token {token t}       |
      | /cookie | cookie   | Cookie: session={token elsewhere}       | Cookie: session={token t}       |

  @JWT-202 @core @rfc7519-4.1.3
  Scenario: nor in the query
    Given the configuration "token-places"
    And a token "t"
    And a token "elsewhere" that is "wrong-audience"
    When the client sends "GET /query?access_token={token elsewhere}"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /query?access_token={token t}"
    Then the response status is 200
    And the upstream "query" received the request

  @JWT-204 @core @rfc7519-4.1.3
  Scenario Outline: nor of whichever issuer it is: <configuration> <issuer>
    Given the configuration "<configuration>"
    And a token "t" with:
      | issuer | <issuer> |
    And a token "elsewhere" that is "wrong-audience" with:
      | issuer | <issuer> |
    When the client sends "GET <path>" with the token "elsewhere"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET <path>" with the token "t"
    Then the response status is 200

    Examples:
      | configuration   | path   | issuer         |
      | token-consumers | /notes | login.example  |
      | tokens          | /notes | login.example  |
      | token-keys      | /vault | pinned.example |
      | token-keys      | /vault | shared.example |

  @JWT-205 @core @rfc7519-4.1.3
  Scenario Outline: nor where more is asked of a token: <path>
    Given the configuration "token-rules"
    And a token "t" with:
      | <name>      | <value>     |
      | <more name> | <more value> |
    And a token "elsewhere" that is "wrong-audience" with:
      | <name>      | <value>     |
      | <more name> | <more value> |
    When the client sends "GET <path>" with the token "elsewhere"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET <path>" with the token "t"
    Then the response status is 200

    Examples:
      | path     | name       | value                    | more name | more value |
      | /tenants | tenant     | acme                     | name      | Ann        |
      | /profile | header typ | at+jwt                   | client_id | client-1   |
      | /logout  | header typ | logout+jwt               | name      | Ann        |
      | /scoped  | scope      | orders:read orders:write | name      | Ann        |

  @JWT-206 @core @docs-configuration
  Scenario: a route with algorithms of its own leads to its own service
    Given the configuration "token-rules"
    And a token "t" with:
      | algorithm | ES256 |
    When the client sends "GET /few" with the token "t"
    Then the response status is 200
    And the upstream "few" received the request

  @JWT-207 @core @docs-configuration
  Scenario: a consumer is known by the issuer that it names, and no other
    Given the configuration "tokens"
    And a token "ours" with:
      | sub | user-ann |
    And a token "theirs" with:
      | issuer | login.example |
      | sub    | user-ann      |
    When the client sends "GET /notes" with the token "ours"
    Then the response status is 200
    And the upstream "notes" received the header "X-Consumer-Name" with "ann"
    When the client sends "GET /notes" with the token "theirs"
    Then the response status is 200
    And the upstream "notes" received the request without the header "X-Consumer-Name"
