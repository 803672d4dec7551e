@plugin:route-by-header @plugin:observability
Feature: Exercise: a canary of a search service
  Requests with X-Canary: true go to the new version, all others to the old one.

  @CANARY-001 @core @exercise-search-canary
  Scenario: a request without the header goes to the old version
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search?q=tea"
    Then the response status is 200
    And the upstream "search-v1" received the request
    And the upstream "search-v1" received the target "/api/v1/search?q=tea"
    And the upstream "search-v2" was not called

  @CANARY-002 @core @exercise-search-canary
  Scenario: a request with the header goes to the new version
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search?q=tea" with the header "X-Canary: true"
    Then the response status is 200
    And the upstream "search-v2" received the request
    And the upstream "search-v1" was not called

  @CANARY-003 @core @exercise-search-canary
  Scenario Outline: a request with another value goes to the old version: <value>
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search" with the header "X-Canary: <value>"
    Then the response status is 200
    And the upstream "search-v1" received the request
    And the upstream "search-v2" was not called

    Examples:
      | value |
      | false |
      | TRUE  |
      | truer |

  @CANARY-004 @core @exercise-search-canary
  Scenario: the canary is rolled back by removing the rule
    Given the configuration "search-canary"
      | /plugins/0 | removed |
    When the client sends "GET /api/v1/search" with the header "X-Canary: true"
    Then the response status is 200
    And the upstream "search-v1" received the request
    And the upstream "search-v2" was not called

  @CANARY-005 @core @exercise-search-canary
  Scenario: the canary is rolled back by pointing it at the old version
    Given the configuration "search-canary"
      | /altService/url | "http://search-v1:8080" |
    When the client sends "GET /api/v1/search" with the header "X-Canary: true"
    Then the response status is 200
    And the upstream "search-v1" received the request

  @CANARY-006 @extended @exercise-search-canary @access-log
  Scenario Outline: the access log tells a canary request by the header's value <value>
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search" with the header "X-Canary: <value>"
    Then the response status is 200
    And the access log says "<value>" of "X-Canary"

    Examples:
      | value |
      | true  |
      | false |

  @CANARY-007 @strict @exercise-search-canary @admin
  Scenario: metrics tell the canary's share
    Given a gateway of its own with the configuration "search-canary"
    When the client sends "GET /api/v1/search" with the header "X-Canary: true"
    And the client sends "GET /api/v1/search" with the header "X-Canary: false"
    And the client sends 2 such requests
    And the operator sends "GET /metrics" to the admin address
    Then the metric "gateway_observed_requests_total" is 1 where:
      | service | search-v2 |
      | value   | true      |
    And the metric "gateway_observed_requests_total" is 3 where:
      | service | search-v1 |

  @CANARY-008 @core @exercise-search-canary
  Scenario: not one canary request in a hundred goes astray
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search" with the header "X-Canary: true"
    And the client sends 299 such requests
    Then the upstream "search-v2" received 299 of the requests

  @CANARY-009 @core @exercise-search-canary
  Scenario: nor does one of the others
    Given the configuration "search-canary"
    When the client sends "GET /api/v1/search"
    And the client sends 299 such requests
    Then the upstream "search-v1" received 299 of the requests
