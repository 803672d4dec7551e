@plugin:observability
Feature: Metrics for Prometheus

  @OBS-060 @strict @docs-configuration @admin
  Scenario: how long clients waited, and how long upstreams took
    Given a gateway of its own with the configuration "routing"
    When the client sends "GET /users"
    And the client sends "GET /unknown"
    And the operator sends "GET /metrics" to the admin address
    Then the header "Content-Type" contains "text/plain"
    And the metric "http_server_request_duration_seconds_count" is 2 where:
      | http_request_method | GET |
    And the metric "http_client_request_duration_seconds_count" is 1 where:
      | http_route                | users |
      | service                   | users |
      | http_response_status_code | 200   |
    And the metric "http_server_request_duration_seconds_bucket" is 1 where:
      | http_route | users |
      | le         | +Inf  |

  @OBS-061 @strict @docs-configuration @admin
  Scenario: clients can't make labels
    Given a gateway of its own with the configuration "routing"
    When the client sends "PURGE /made/up/path-obs-061" with the header "Host: host-obs-061"
    And the operator sends "GET /metrics" to the admin address
    Then the metric "http_server_request_duration_seconds_count" is 1 where:
      | http_request_method | _OTHER |
    And the body does not contain "obs-061"
    And the body does not contain "PURGE"

  @OBS-062 @strict @docs-configuration @admin
  Scenario: refusals are counted by their reason
    Given a gateway of its own with the configuration "rate-limits"
    When the client sends "GET /slow"
    And the client sends 6 such requests
    And the client sends "GET /keyed"
    And the operator sends "GET /metrics" to the admin address
    Then the metric "gateway_rejections_total" is 2 where:
      | http_route | slow         |
      | reason     | rate-limited |
    And the metric "gateway_rejections_total" is 1 where:
      | http_route | keyed              |
      | reason     | credential-missing |

  @OBS-063 @strict @docs-configuration @admin
  Scenario: requests under way are told
    Given a gateway of its own with the configuration "upstreams"
    When the client opens the stream "GET /plain"
      | Gatecheck-Behaviour | stream |
    Then the response status is 200
    When the client leaves the response open
    And the operator sends "GET /metrics" to the admin address
    Then the metric "http_server_active_requests" is 1 where:

  @OBS-064 @strict @docs-configuration @admin
  Scenario: a header's values become labels only from the set that is declared
    Given a gateway of its own with the configuration "search-canary"
      | /plugins/1/config/values | ["beta"] |
    When the client sends "GET /api/v1/search" with the header "X-Canary: beta"
    And the client sends "GET /api/v1/search" with the header "X-Canary: obs-064-made-up"
    And the client sends 2 such requests
    And the client sends "GET /api/v1/search"
    And the client sends "GET /api/v1/search" with the header "X-Canary: true"
    And the operator sends "GET /metrics" to the admin address
    Then the metric "gateway_observed_requests_total" is 1 where:
      | value | beta |
    And the metric "gateway_observed_requests_total" is 3 where:
      | value | other |
    And the metric "gateway_observed_requests_total" is 1 where:
      | value | none |
    And the metric "gateway_observed_requests_total" is 1 where:
      | value   | true      |
      | service | search-v2 |
    And the body does not contain "obs-064"

  @OBS-065 @strict @docs-configuration @admin
  Scenario: further tries are counted
    Given a gateway of its own with the configuration "retries"
    When the client sends "GET /two" with the header "Gatecheck-Behaviour: status=503"
    And the operator sends "GET /metrics" to the admin address
    Then the metric "gateway_upstream_retries_total" is 1 where:
      | service | two |

  @OBS-066 @strict @docs-configuration @admin
  Scenario: refusals that are only rehearsed are counted apart
    Given a gateway of its own with the configuration "rate-limit-kinds"
    When the client sends "GET /rehearsed"
    And the client sends 3 such requests
    And the operator sends "GET /metrics" to the admin address
    Then the metric "gateway_dry_run_rejections_total" is 3 where:
      | http_route | rehearsed    |
      | reason     | rate-limited |
    And the metric "gateway_limit_keys" is 1 where:
