Feature: Every route leads to its own service

  @ROUTE-096 @core @docs-configuration
  Scenario Outline: <configuration> sends <path> to <upstream>
    Given the configuration "<configuration>"
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "<upstream>" received the request

    Examples:
      | configuration    | path             | upstream       |
      | cors             | /open            | open           |
      | rate-limit-keys  | /by-header       | by-header      |
      | rate-limit-kinds | /sliding         | sliding        |
      | rate-limit-kinds | /several         | several        |
      | rate-limit-kinds | /one-at-a-time   | one-at-a-time  |
      | rate-limit-kinds | /rehearsed       | rehearsed      |
      | rate-limit-kinds | /costly          | costly         |
      | rate-limit-kinds | /told            | told           |
      | rate-limit-kinds | /daily           | daily          |
      | rate-limits      | /slow            | slow           |
      | rate-limits      | /quick           | quick          |
      | rate-limits      | /window          | window         |
      | routing          | /users           | users          |
      | routing          | /users/7/orders  | orders-of-user |
      | routing          | /users/me/orders | me             |
      | routing          | /health          | health         |
      | routing          | /legacy          | legacy         |
      | conditions       | /flag?debug      | flagged        |
      | conditions       | /any             | unrestricted   |
      | upstreams        | /plain           | plain          |

  @ROUTE-097 @core @docs-configuration
  Scenario Outline: <configuration> sends <path> to <upstream>, with a key
    Given the configuration "<configuration>"
    And a consumer "alice" with a key
    When the client sends "GET <path>" with the key of "alice"
    Then the response status is 200
    And the upstream "<upstream>" received the request
    And the upstream "<upstream>" received the caller "alice" in the header "X-Consumer-Name"

    Examples:
      | configuration   | path         | upstream    |
      | cors            | /closed      | closed      |
      | rate-limit-keys | /by-key      | by-key      |
      | rate-limit-keys | /by-consumer | by-consumer |
      | rate-limits     | /keyed       | keyed       |

  @ROUTE-098 @core @docs-configuration
  Scenario: a header that fits a pattern leads to its service
    Given the configuration "conditions"
    When the client sends "GET /pattern" with the header "X-Build: v1"
    Then the response status is 200
    And the upstream "patterned" received the request

  @ROUTE-099 @extended @docs-configuration
  Scenario Outline: so do paths over HTTP/2: <path>
    Given the configuration "grpc"
    And a consumer "alice" with a key
    When the client sends "POST <path>" over HTTP/2
      | Content-Type        | application/grpc |
      | TE                  | trailers         |
      | X-API-Key           | {key alice}      |
      | Gatecheck-Behaviour | grpc=0           |
    Then the response status is 200
    And the upstream "<upstream>" received the request
    And the trailer "grpc-status" is "0"

    Examples:
      | path                 | upstream |
      | /hello.Greeter/Greet | greeter  |
      | /hello.Vault/Open    | vault    |
