@plugin:rate-limit
Feature: Rate limits of every kind

  Background:
    Given the configuration "rate-limit-kinds"

  @RATE-060 @strict @docs-configuration @sliding-window
  Scenario: a window slides: what was used late is still used when the window's first request has left it
    When the client sends "GET /sliding"
    Then the response status is 200
    When the client waits 3000 ms
    And the client sends "GET /sliding"
    And the client sends 3 such requests
    Then every response status is 200
    When the client sends 1 such requests
    Then the response status is 429
    And the header "Retry-After" is a whole number of seconds of at least 1
    When the client waits as long as Retry-After says
    And the client sends 5 such requests at once
    Then 1 of the responses have the status 200
    And 4 of the responses have the status 429

  @RATE-061 @extended @docs-configuration
  Scenario: of several limits all have to be kept, and what one refuses costs the others nothing
    When the client sends "GET /several" with the header "X-Tenant: rate-061-a"
    And the client sends 4 such requests
    Then 1 of the responses have the status 200
    And 3 of the responses have the status 429
    When the client sends "GET /several" with the header "X-Tenant: rate-061-b"
    And the client sends 1 such requests
    Then every response status is 200
    When the client sends "GET /several" with the header "X-Tenant: rate-061-c"
    Then the response status is 429
    And the upstream was not called

  @RATE-062 @extended @docs-configuration
  Scenario: so many requests at a time
    When the client opens the stream "GET /one-at-a-time"
      | Gatecheck-Behaviour | stream |
    Then the response status is 200
    When the client leaves the response open
    And the client sends "GET /one-at-a-time"
    Then the response status is 429
    And the upstream was not called
    When another client sends "GET /one-at-a-time"
    Then the response status is 200

  @RATE-063 @extended @docs-configuration
  Scenario: a client that goes away makes room for the next
    When the client opens the stream "GET /one-at-a-time"
      | Gatecheck-Behaviour | endless=1KiB;between=10ms |
    Then the response status is 200
    When the client sends "GET /one-at-a-time" until the response status is 200
    Then the upstream "one-at-a-time" received the request

  @RATE-064 @extended @docs-configuration
  Scenario: a rehearsal refuses nobody, tells clients nothing and operators all
    When the client sends "GET /rehearsed"
    And the client sends 3 such requests
    Then every response status is 200
    And no header begins with "RateLimit"
    And the header "Retry-After" is absent
    And the access log says "rate-limited" of "dry_run"
    When another client sends "GET /rehearsed"
    Then the response status is 200
    And the access log says nothing of "dry_run"

  @RATE-065 @extended @docs-configuration
  Scenario: a request may cost more than one
    When the client sends "GET /costly"
    And the client sends 1 such requests
    Then every response status is 200
    When the client sends 1 such requests
    Then the response status is 429
    And the upstream was not called

  @RATE-066 @strict @draft-ietf-httpapi-ratelimit-headers-10
  Scenario: several limits are told apart by their names
    When the client sends "GET /several" with the header "X-Tenant: rate-066"
    Then the response status is 200
    And the response has the headers:
      | RateLimit-Policy | "tenant";q=2;w=60, "address";q=4;w=3600 |
    And the header "RateLimit" contains "tenant"
    And the header "RateLimit" contains "address"

  @RATE-067 @strict @docs-configuration
  Scenario: the older headers are sent on request
    When the client sends "GET /told"
    Then the response status is 200
    And the response has the headers:
      | X-RateLimit-Limit     | 2 |
      | X-RateLimit-Remaining | 1 |
    And the header "X-RateLimit-Reset" is a whole number of seconds of at least 1
    When the client sends 2 such requests
    Then the response status is 429
    And the response has the headers:
      | X-RateLimit-Limit     | 2 |
      | X-RateLimit-Remaining | 0 |
    When the client sends "GET /costly"
    Then the response status is 200
    And no header begins with "X-RateLimit-"

  @RATE-068 @core @docs-plugins @sliding-window
  Scenario: so many requests a day
    When the client sends "GET /daily"
    And the client sends 3 such requests
    Then 2 of the responses have the status 200
    And 1 of the responses have the status 429
