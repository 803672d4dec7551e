Feature: No route takes a method that its configuration does not name

  @ROUTE-090 @core @rfc9110-15.5.6
  Scenario Outline: <configuration> takes no PATCH of <path>
    Given the configuration "<configuration>"
    When the client sends "PATCH <path>"
    Then the response status is 405
    And the upstream was not called

    Examples:
      | configuration       | path             |
      | api-keys-in-query   | /feed            |
      | api-keys            | /ledger          |
      | authorization       | /orders          |
      | authorization       | /reports         |
      | balancing           | /least           |
      | balancing           | /by-header       |
      | balancing           | /by-address      |
      | balancing           | /by-path         |
      | basic               | /ledger          |
      | combination         | /vault           |
      | combination         | /ledger          |
      | combination         | /prices          |
      | conditions          | /search          |
      | conditions          | /search          |
      | cors                | /open            |
      | cors                | /closed          |
      | hosts               | /page            |
      | introspection-bound | /notes           |
      | introspection       | /notes           |
      | introspection       | /letters         |
      | key-discovery       | /notes           |
      | key-sets            | /notes           |
      | limits              | /upload          |
      | orders              | /api/v1/orders   |
      | partners            | /api/v1/partners |
      | payments-canary     | /api/v1/payments |
      | public-feed         | /api/v1/feed     |
      | rate-limit-keys     | /by-header       |
      | rate-limit-keys     | /by-route        |
      | rate-limit-keys     | /by-key          |
      | rate-limit-keys     | /by-consumer     |
      | rate-limit-kinds    | /sliding         |
      | rate-limit-kinds    | /several         |
      | rate-limit-kinds    | /one-at-a-time   |
      | rate-limit-kinds    | /rehearsed       |
      | rate-limit-kinds    | /costly          |
      | rate-limit-kinds    | /told            |
      | rate-limit-tokens   | /by-claim        |
      | rate-limit-tokens   | /by-consumer     |
      | rate-limits         | /slow            |
      | rate-limits         | /quick           |
      | rate-limits         | /keyed           |
      | rate-limits         | /window          |
      | response-limits     | /source          |
      | rewriting           | /strip           |
      | rewriting           | /shop/7          |
      | routing             | /users           |
      | routing             | /users/7/orders  |
      | routing             | /users/me/orders |
      | routing             | /health          |
      | routing             | /legacy          |
      | search-canary       | /api/v1/search   |
      | slow-clients        | /patient         |
      | small-limits        | /small           |
      | token-authorization | /orders          |
      | token-authorization | /reports         |
      | token-authorization | /notes           |
      | token-combinations  | /either          |
      | token-combinations  | /both            |
      | token-combinations  | /every           |
      | token-consumers     | /notes           |
      | token-consumers     | /slow-lane       |
      | token-consumers     | /open            |
      | token-guard         | /api/v1/articles |
      | token-keys          | /vault           |
      | token-places        | /usual           |
      | token-places        | /header          |
      | token-places        | /scheme          |
      | token-places        | /cookie          |
      | token-places        | /query           |
      | token-places        | /kept            |
      | token-rules         | /usual           |
      | token-rules         | /exact           |
      | token-rules         | /lenient         |
      | token-rules         | /brief           |
      | token-rules         | /tenants         |
      | token-rules         | /profile         |
      | token-rules         | /logout          |
      | token-rules         | /anyone          |
      | token-rules         | /either          |
      | token-rules         | /few             |
      | token-rules         | /scoped          |
      | tokens              | /notes           |
      | users               | /api/v1/users    |
      | callers             | /desk               |
      | callers             | /lobby              |
      | token-authorization | /letters            |
      | token-authorization | /files              |
      | introspection-places | /cards             |
      | rate-limit-kinds    | /daily              |

  @ROUTE-091 @core @rfc9110-15.5.6
  Scenario Outline: nor do routes of one path that differ by <what>
    Given the configuration "conditions"
    When the client sends "PATCH <target>" with the header "X-Tenant: <tenant>"
    Then the response status is 405
    And the upstream was not called

    Examples:
      | what             | target            | tenant |
      | header           | /search           | acme   |
      | query            | /search?version=2 | none   |
      | header and query | /search?version=2 | acme   |
      | value            | /flag?debug       | none   |

  @ROUTE-092 @core @rfc9110-15.5.6
  Scenario: nor does one whose header has to fit a pattern
    Given the configuration "conditions"
    When the client sends "PATCH /pattern" with the header "X-Build: v1"
    Then the response status is 405
    And the upstream was not called

  @ROUTE-093 @core @rfc9110-15.5.6
  Scenario Outline: nor do those of the host <host>
    Given the configuration "<configuration>"
    When the client sends "PATCH <path>" with the header "Host: <host>"
    Then the response status is 405
    And the upstream was not called

    Examples:
      | configuration | path   | host               |
      | hosts         | /page  | api.example.com    |
      | hosts         | /page  | shop.example.com   |
      | routing       | /users | tenant.example.com |

  @ROUTE-094 @core @rfc9110-15.5.6
  Scenario Outline: nor do those of HTTP/2: <configuration> <path>
    Given the configuration "<configuration>"
    When the client sends "PATCH <path>" over HTTP/2
    Then the response status is 405
    And the upstream was not called

    Examples:
      | configuration | path                 |
      | grpc          | /hello.Greeter/Greet |
      | grpc          | /hello.Vault/Open    |
      | h2c           | /modern              |

  @ROUTE-095 @core @rfc9110-9.1
  Scenario Outline: and each takes what it names: <configuration> <request>
    Given the configuration "<configuration>"
    When the client sends "<request>"
    Then the response status is <status>

    Examples:
      | configuration | request                 | status |
      | api-keys      | POST /ledger            | 401    |
      | basic         | POST /ledger            | 401    |
      | partners      | POST /api/v1/partners   | 401    |
      | small-limits  | POST /small             | 200    |
      | limits        | POST /upload            | 200    |

  @ROUTE-100 @core @rfc9110-9.1
  Scenario Outline: and over HTTP/2: <method>
    Given the configuration "h2c"
    When the client sends "<method> /modern" over HTTP/2
    Then the response status is 200
    And the upstream "modern" received the method "<method>"

    Examples:
      | method |
      | GET    |
      | POST   |
