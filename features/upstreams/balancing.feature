Feature: Balancing between targets

  @UP-020 @core @docs-configuration
  Scenario: weights share the requests out
    Given a gateway of its own with the configuration "upstreams"
    When the client sends "GET /weighted"
    And the client sends 40 such requests
    Then every response status is 200
    And the upstream "heavy-svc" received between 28 and 32 of the requests
    And the upstream "light-svc" received between 8 and 12 of the requests
