Feature: Balancing between targets

  @UP-020 @core @docs-configuration
  Scenario: weights share the requests out
    Given a gateway of its own with the configuration "upstreams"
    When the client sends "GET /weighted"
    And the client sends 40 such requests
    Then every response status is 200
    And the upstream "heavy-svc" received between 28 and 32 of the requests
    And the upstream "light-svc" received between 8 and 12 of the requests

  @UP-021 @core @docs-configuration
  Scenario: a target that has requests under way gets no more while another has none
    Given a gateway of its own with the configuration "balancing"
    When the client opens the stream "GET /least"
      | Gatecheck-Behaviour | stream |
    Then the response status is 200
    When the client leaves the response open
    And the client sends "GET /least"
    And the client sends 6 such requests
    Then every response status is 200
    And one upstream received all of the requests

  @UP-022 @core @docs-configuration
  Scenario Outline: requests with one and the same <what> go to one target
    Given the configuration "balancing"
    When the client sends "GET <target>" with the header "X-User: ann"
    And the client sends 8 such requests
    Then every response status is 200
    And one upstream received all of the requests

    Examples:
      | what    | target        |
      | header  | /by-header    |
      | address | /by-address   |
      | path    | /by-path/doc  |

  @UP-023 @core @docs-configuration
  Scenario: and those with others are shared out
    Given the configuration "balancing"
    When the client sends "GET /by-header" with the header "X-User: ann"
    And the client sends 60 such requests, each with another value of the header "X-User"
    Then every response status is 200
    And the upstream "header-a-svc" received between 4 and 40 of the requests
    And the upstream "header-b-svc" received between 4 and 40 of the requests
    And the upstream "header-c-svc" received between 4 and 40 of the requests
