Feature: Balancing between targets

  @UP-020 @core @docs-configuration
  Scenario: weights share the requests out
    Given a gateway of its own with the configuration "upstreams"
    When the client sends "GET /weighted"
    And the client sends 40 such requests
    Then every response status is 200
    And the upstream "heavy-svc" received between 28 and 32 of the requests
    And the upstream "light-svc" received between 8 and 12 of the requests

  @UP-031 @core @docs-configuration
  Scenario: the target with the greatest weight is the first, and gets the Host that it is to get
    Given a gateway of its own with the configuration "upstreams"
    When the client sends "GET /weighted" with the header "Host: shop.example.com"
    Then the response status is 200
    And the upstream "heavy-svc" received the header "Host" with "shop.example.com"

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

  @UP-025 @core @docs-configuration
  Scenario Outline: of the targets for <path> each gets its share
    Given a gateway of its own with the configuration "<configuration>"
    When the client sends "GET <path>"
    And the client sends <n> such requests
    Then every response status is 200
    And the upstream "<one>" received between <least> and <n> of the requests
    And the upstream "<another>" received between <least> and <n> of the requests

    Examples:
      | configuration | path     | n  | one          | another     | least |
      | balancing     | /least   | 20 | least-a-svc  | least-b-svc | 1     |
      | retries       | /two     | 4  | one-svc      | two-svc     | 2     |
      | retries       | /patient | 6  | first-svc    | second-svc  | 2     |
      | retries       | /patient | 6  | first-svc    | third-svc   | 2     |
      | retried-methods | /written | 6 | draft-svc    | spare-svc   | 2     |

  @UP-026 @core @docs-configuration
  Scenario: clients of other addresses are shared out, whatever they ask for
    Given the configuration "balancing"
    When the client sends "GET /by-address"
    And the client sends 12 such requests, each with another last segment
    Then every response status is 200
    And one upstream received all of the requests
    When the client sends "GET /by-address"
    And the client sends 60 such requests, each from another address
    Then every response status is 200
    And the upstream "address-a-svc" received between 6 and 54 of the requests
    And the upstream "address-b-svc" received between 6 and 54 of the requests

  @UP-027 @core @docs-configuration
  Scenario: paths are shared out, whoever asks for them
    Given the configuration "balancing"
    When the client sends "GET /by-path/doc"
    And the client sends 12 such requests, each from another address
    Then every response status is 200
    And one upstream received all of the requests
    When the client sends "GET /by-path"
    And the client sends 60 such requests, each with another last segment
    Then every response status is 200
    And the upstream "path-a-svc" received between 6 and 54 of the requests
    And the upstream "path-b-svc" received between 6 and 54 of the requests
