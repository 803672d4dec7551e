@plugin:rate-limit
Feature: Every limit is the one that its configuration says

  @RATE-090 @strict @draft-ietf-httpapi-ratelimit-headers-10 @ratelimit-headers
  Scenario Outline: <configuration> tells the limit of <path>, for each client apart
    Given the configuration "<configuration>"
    When the client sends "GET <path>"
    Then the response status is 200
    And the header "RateLimit-Policy" is '"default";<policy>'
    And the header "RateLimit" contains "r=<left>;"
    When another client sends "GET <path>"
    Then the header "RateLimit" contains "r=<left>;"

    Examples:
      | configuration    | path         | policy     | left |
      | public-feed      | /api/v1/feed | q=120;w=60 | 29   |
      | rate-limits      | /slow        | q=6;w=60   | 4    |
      | rate-limits      | /quick       | q=1;w=1    | 1    |
      | rate-limits      | /window      | q=5;w=60   | 4    |
      | rate-limit-keys  | /by-header   | q=6;w=60   | 1    |
      | rate-limit-kinds | /sliding     | q=5;w=4    | 4    |
      | rate-limit-kinds | /costly      | q=7;w=60   | 4    |
      | rate-limit-kinds | /told        | q=2;w=60   | 1    |
      | rate-limit-kinds | /daily       | q=3;w=86400 | 2   |

  @RATE-091 @strict @draft-ietf-httpapi-ratelimit-headers-10 @ratelimit-headers
  Scenario Outline: <configuration> tells the limit of <path>, for each key apart
    Given the configuration "<configuration>"
    And a consumer "alice" with a key
    And a consumer "bob" with a key
    When the client sends "GET <path>" with the key of "alice"
    Then the response status is 200
    And the header "RateLimit-Policy" is '"default";<policy>'
    And the header "RateLimit" contains "r=<left>;"
    When the client sends "GET <path>" with the key of "bob"
    Then the header "RateLimit" contains "r=<left>;"

    Examples:
      | configuration   | path             | policy     | left |
      | orders          | /api/v1/orders   | q=100;w=60 | 99   |
      | partners        | /api/v1/partners | q=200;w=60 | 199  |
      | rate-limits     | /keyed           | q=6;w=60   | 4    |
      | rate-limit-keys | /by-key          | q=6;w=60   | 1    |
      | rate-limit-keys | /by-consumer     | q=6;w=60   | 1    |

  @RATE-092 @extended @docs-configuration
  Scenario Outline: the older headers are not sent unasked: <path>
    Given the configuration "rate-limits"
    When the client sends "GET <path>"
    Then the response status is 200
    And no header begins with "X-RateLimit-"

    Examples:
      | path    |
      | /slow   |
      | /quick  |
      | /window |

  @RATE-093 @strict @draft-ietf-httpapi-ratelimit-headers-10 @ratelimit-headers
  Scenario: a route's limit is told, and goes on to the route's service
    Given a gateway of its own with the configuration "rate-limit-keys"
    When the client sends "GET /by-route"
    Then the response status is 200
    And the upstream "by-route" received the request
    And the header "RateLimit-Policy" is '"default";q=6;w=60'

  @RATE-094 @strict @draft-ietf-httpapi-ratelimit-headers-10 @ratelimit-headers
  Scenario Outline: <configuration> tells the limit of a token's consumer
    Given the configuration "<configuration>"
    And a consumer "ann" with:
      | token | sub |
    And a token "t" with:
      | sub | {consumer ann} |
    When the client sends "GET <path>" with the token "t"
    Then the response status is 200
    And the header "RateLimit-Policy" is '"default";q=6;w=60'
    And the header "RateLimit" contains "r=1;"

    Examples:
      | configuration     | path         |
      | rate-limit-tokens | /by-claim    |
      | rate-limit-tokens | /by-consumer |
      | token-consumers   | /slow-lane   |

  @RATE-095 @extended @docs-configuration
  Scenario: nor where a key is needed
    Given the configuration "rate-limits"
    And a consumer "alice" with a key
    When the client sends "GET /keyed" with the key of "alice"
    Then the response status is 200
    And no header begins with "X-RateLimit-"
