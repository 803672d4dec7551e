@plugin:cors
Feature: A page may read what the gateway itself answers

  @CORS-040 @core @fetch-3.2.3
  Scenario Outline: <status>, because of <behaviour>
    Given the configuration "cors"
      | /apis/0/service/timeouts | {"connect": "1s", "try": "1s", "total": "2s"} |
    When the client sends "PUT /open"
      | Origin              | https://app.example.com |
      | Gatecheck-Behaviour | <behaviour>             |
    Then the response status is <status>
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the header "Vary" lists "Origin"

    Examples:
      | status | behaviour     |
      | 502    | reset=request |
      | 504    | hang          |

  @CORS-041 @core @fetch-3.2.3 @rfc6585-4
  Scenario: 429
    Given the configuration "cors"
      | /apis/0/plugins/- | {"name": "rate-limit", "config": {"key": "ip", "limitPerMinute": 6, "burst": 1}} |
    When the client sends "GET /open" with the header "Origin: https://app.example.com"
    Then the response status is 200
    When the client sends 1 such requests
    Then the response status is 429
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the header "Vary" lists "Origin"
    And the upstream was not called

  @CORS-042 @core @fetch-3.2.3 @rfc9110-15.5.14
  Scenario: 413
    Given the configuration "cors"
      | /apis/0/plugins/- | {"name": "request-size-limit", "config": {"maxBytes": "1KiB"}} |
    When the client sends "PUT /open" with a body of 1024 bytes
      | Origin | https://app.example.com |
    Then the response status is 200
    When the client sends "PUT /open" with a body of 1025 bytes
      | Origin | https://app.example.com |
    Then the response status is 413
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the upstream was not called

  @CORS-043 @strict @draft-ietf-httpapi-ratelimit-headers-10 @ratelimit-headers
  Scenario: a page's limit is told, and is that of its own address
    Given the configuration "cors"
      | /apis/0/plugins/- | {"name": "rate-limit", "config": {"key": "ip", "limitPerMinute": 6, "burst": 1}} |
    When the client sends "GET /open" with the header "Origin: https://app.example.com"
    Then the response status is 200
    And the header "RateLimit-Policy" is '"default";q=6;w=60'
    When another client sends "GET /open"
    Then the response status is 200
