@plugin:rate-limit
Feature: Rate limits without a burst slide

  Background:
    Given the configuration "rate-limits"

  @RATE-020 @core @rfc6585-4 @sliding-window
  Scenario: never more than the limit
    When the client sends "GET /window"
    And the client sends 4 such requests
    Then every response status is 200
    When the client sends 1 such requests
    Then the response status is 429
    And the header "Retry-After" is a whole number of seconds of at least 1
    And the upstream was not called

  @RATE-021 @strict @draft-ietf-httpapi-ratelimit-headers-10 @ratelimit-headers
  Scenario: every response tells the quota and what is left of it
    When the client sends "GET /window"
    Then the response status is 200
    And the header "RateLimit-Policy" contains "q=5"
    And the header "RateLimit" contains "r=4"

  @RATE-022 @strict @draft-ietf-httpapi-ratelimit-headers-10 @ratelimit-headers
  Scenario: their form is that of the draft, and a refusal has them too
    When the client sends "GET /window"
    And the client sends 4 such requests
    Then the response has the headers:
      | RateLimit-Policy | "default";q=5;w=60 |
    And the header "RateLimit" contains "r=0;t="
    When the client sends 1 such requests
    Then the response status is 429
    And the response has the headers:
      | RateLimit-Policy | "default";q=5;w=60 |
    And the header "RateLimit" contains "r=0;t="

  @RATE-023 @core @rfc6585-4 @sliding-window
  Scenario: requests at once count as those in turn
    When the client sends "GET /window"
    And the client sends 20 such requests at once
    Then 4 of the responses have the status 200
    And the upstream "window" received 4 of the requests
