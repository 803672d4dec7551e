@plugin:cors
Feature: CORS preflights in other settings

  @CORS-006 @core @fetch-3.2.2
  Scenario: an OPTIONS request that is no preflight goes on
    Given the configuration "cors"
      | /apis/0/route/methods | ["GET", "OPTIONS"] |
    When the client sends "OPTIONS /open" with the header "Origin: https://app.example.com"
    Then the response status is 200
    And the upstream "open" received the method "OPTIONS"
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    When the client sends "OPTIONS /open" with the header "Access-Control-Request-Method: GET"
    Then the response status is 200
    And the upstream "open" received the method "OPTIONS"

  @CORS-007 @extended @fetch-3.2.2
  Scenario: preflights are no requests that limits count
    Given the configuration "cors"
      | /apis/0/plugins/- | {"name": "rate-limit", "config": {"key": "ip", "limitPerMinute": 6, "burst": 1}} |
    When the client asks from "https://app.example.com" whether it may send "GET /open"
    And the client sends 5 such requests
    Then 0 of the responses have the status 429
    When the client sends "GET /open" with the header "Origin: https://app.example.com"
    Then the response status is 200

  @CORS-008 @core @fetch-3.2.2
  Scenario: every origin, where that is said, and no credentials then
    Given the configuration "cors"
      | /apis/1/plugins/0/config | {"origins": ["*"], "methods": ["GET"]} |
    When the client asks from "https://anybody.example.net" whether it may send "GET /closed"
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Origin" is "*"
    And the header "Access-Control-Allow-Methods" does not contain "PATCH"
    And the header "Access-Control-Allow-Credentials" is absent

  @CORS-011 @strict @docs-configuration
  Scenario: and where it is said, it may
    Given the configuration "cors"
      | /apis/0/plugins/0/config/allowPrivateNetwork | true |
    When the client sends "OPTIONS /open"
      | Origin                                 | https://app.example.com |
      | Access-Control-Request-Method          | GET                     |
      | Access-Control-Request-Private-Network | true                    |
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Private-Network" is "true"
    When the client asks from "https://app.example.com" whether it may send "GET /open"
    Then the header "Access-Control-Allow-Private-Network" is absent
