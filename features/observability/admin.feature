Feature: The admin interface

  @OBS-040 @strict @docs-configuration @admin
  Scenario: the gateway says that it lives and is ready
    Given the configuration "routing"
    When the operator sends "GET /livez" to the admin address
    Then the response status is 200
    When the operator sends "GET /readyz" to the admin address
    Then the response status is 200

  @OBS-041 @strict @docs-configuration @admin
  Scenario: metrics count requests by route and status
    Given a gateway of its own with the configuration "routing"
    When the client sends "GET /users"
    And the client sends 2 such requests
    And the client sends "DELETE /users"
    And the operator sends "GET /metrics" to the admin address
    Then the response status is 200
    And the metric "http_server_request_duration_seconds_count" is 3 where:
      | http_route                | users |
      | http_response_status_code | 200   |

  @OBS-042 @strict @docs-configuration
  Scenario: the admin interface is not among the routes
    Given the configuration "routing"
    When the client sends "GET /metrics"
    Then the response status is 404
