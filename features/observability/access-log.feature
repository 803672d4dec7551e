Feature: The access log

  @OBS-020 @extended @docs-configuration @access-log
  Scenario: a line tells the route, the service, the consumer and the status, and no key
    Given the configuration "api-keys"
    And a consumer "alice" with a key
    When the client sends "GET /ledger" with the key of "alice"
    Then the response status is 200
    And the access log says "ledger" of "route"
    And the access log says "ledger" of "service"
    And the access log says "200" of "status"
    And the access log does not contain the key of "alice"

  @OBS-021 @extended @docs-configuration @access-log
  Scenario: a line tells what was asked
    Given the configuration "routing"
    When the client sends "HEAD /users/42"
    Then the response status is 200
    And the access log says "HEAD" of "method"
    And the access log says "/users/42" of "path"

  @OBS-022 @strict @docs-configuration @log-detail
  Scenario: a line tells from whom, how long and how much
    Given the configuration "routing"
    When the client sends "GET /users?page=2" with the header "User-Agent: suite/1"
    Then the response status is 200
    And the access log says "page=2" of "query"
    And the access log says "suite/1" of "user_agent"
    And the access log says "users-svc:8080" of "target"
    And the access log tells "client"
    And the access log tells "timestamp"
    And the access log tells "duration_ms"
    And the access log tells "upstream_ms"
    And the access log tells "response_bytes"

  @OBS-023 @strict @docs-configuration @log-detail
  Scenario Outline: a refusal's line tells the cause: <cause>
    Given the configuration "<configuration>"
    When the client sends "GET <path>"
    Then the access log says "<cause>" of "cause"
    And the access log says nothing of "upstream_ms"

    Examples:
      | configuration | path     | cause              |
      | routing       | /unknown | no-route           |
      | api-keys      | /ledger  | credential-missing |

  @OBS-024 @extended @docs-configuration @access-log
  Scenario: secrets are not written down
    Given the configuration "routing"
    When the client sends "GET /users?page=2&access_token=open-sesame-obs-024"
      | Authorization | Bearer open-sesame-obs-024  |
      | Cookie        | session=open-sesame-obs-024 |
    Then the response status is 200
    And the upstream "users" received the header "Authorization" with "Bearer open-sesame-obs-024"
    And the access log does not contain "open-sesame-obs-024"

  @OBS-025 @core @docs-configuration @access-log
  Scenario: a client can't write lines of its own
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search"
      | X-Canary | a","forged":"1 |
    Then the response status is 200
    And the access log says "search-v1" of "service"
    And the access log says nothing of "forged"
