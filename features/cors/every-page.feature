@plugin:cors
Feature: Pages may send what the configuration lists, and nothing else

  @CORS-050 @core @fetch-3.2.2
  Scenario Outline: <configuration> lets a page send <method> with <header> to <path>
    Given the configuration "<configuration>"
    When the client asks from "<origin>" whether it may send "<method> <path>"
      | <header> |
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Origin" is "<origin>"
    And the header "Access-Control-Allow-Methods" lists "<method>"
    And the header "Access-Control-Allow-Methods" does not contain "PATCH"
    And the header "Access-Control-Allow-Headers" lists "<header>"
    And the header "Access-Control-Allow-Headers" does not contain "X-Other"
    And the upstream was not called

    Examples:
      | configuration | path             | origin                  | method | header        |
      | cors          | /open            | https://app.example.com | GET    | Content-Type  |
      | cors          | /open            | https://app.example.com | PUT    | X-Token       |
      | cors          | /closed          | https://app.example.com | GET    | X-API-Key     |
      | orders        | /api/v1/orders   | https://app.example.com | GET    | X-API-Key     |
      | orders        | /api/v1/orders   | https://app.example.com | POST   | Content-Type  |
      | partners      | /api/v1/partners | https://one.example.com | GET    | X-API-Key     |
      | partners      | /api/v1/partners | https://two.example.com | POST   | Content-Type  |
      | users         | /api/v1/users    | https://app.example.com | GET    | Authorization |
      | users         | /api/v1/users    | https://app.example.com | POST   | Content-Type  |

  @CORS-051 @core @fetch-3.2.2
  Scenario Outline: a plugin for all APIs goes for each: <method> <path>
    Given the configuration "authorization"
    When the client asks from "https://app.example.com" whether it may send "<method> <path>"
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the header "Access-Control-Allow-Methods" lists "<method>"
    And the header "Access-Control-Allow-Methods" does not contain "PATCH"
    And the header "Access-Control-Allow-Credentials" is absent
    And the upstream was not called

    Examples:
      | method | path     |
      | DELETE | /orders  |
      | GET    | /reports |

  @CORS-052 @core @fetch-3.2.2
  Scenario Outline: no page of another origin may call <configuration>
    Given the configuration "<configuration>"
    When the client asks from "https://evil.example.net" whether it may send "GET <path>"
    Then no header begins with "Access-Control-Allow-"
    And the upstream was not called

    Examples:
      | configuration | path             |
      | authorization | /orders          |
      | cors          | /closed          |
      | orders        | /api/v1/orders   |
      | partners      | /api/v1/partners |
      | users         | /api/v1/users    |

  @CORS-053 @core @fetch-3.2.3
  Scenario Outline: pages of <configuration> send no cookies
    Given the configuration "<configuration>"
    When the client asks from "https://app.example.com" whether it may send "GET <path>"
    Then the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the header "Access-Control-Allow-Credentials" is absent

    Examples:
      | configuration | path           |
      | cors          | /closed        |
      | orders        | /api/v1/orders |

  @CORS-054 @strict @docs-configuration
  Scenario: a page is shown no header and no private network that it was not promised
    Given the configuration "cors"
    When the client sends "OPTIONS /closed"
      | Origin                                 | https://app.example.com |
      | Access-Control-Request-Method          | GET                     |
      | Access-Control-Request-Private-Network | true                    |
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the header "Access-Control-Allow-Private-Network" is absent
    When the client sends "GET /closed" with the header "Origin: https://app.example.com"
    Then the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the header "Access-Control-Expose-Headers" is absent
