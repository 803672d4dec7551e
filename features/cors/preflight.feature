Feature: CORS preflights

  Background:
    Given the configuration "cors"

  @CORS-001 @core @fetch-3.2.2
  Scenario: the preflight of an allowed origin passes
    When the client asks from "https://app.example.com" whether it may send "PUT /open"
      | X-Token |
    Then the response status is 204 or 200
    And the response has the headers:
      | Access-Control-Allow-Origin      | https://app.example.com |
      | Access-Control-Allow-Credentials | true                    |
      | Access-Control-Max-Age           | 600                     |
    And the header "Access-Control-Allow-Methods" lists "PUT"
    And the header "Access-Control-Allow-Headers" lists "X-Token"
    And the upstream was not called

  @CORS-002 @core @fetch-3.2.2
  Scenario Outline: the preflight of <origin> is not allowed
    When the client asks from "<origin>" whether it may send "PUT /open"
    Then no header begins with "Access-Control-Allow-"
    And the upstream was not called

    Examples:
      | origin                          |
      | https://evil.example.net        |
      | http://app.example.com          |
      | https://app.example.com:8443    |
      | https://app.example.com.evil.io |
      | https://xpartner.example        |
      | null                            |

  @CORS-003 @core @fetch-3.2.2
  Scenario: a preflight needs no key
    When the client asks from "https://app.example.com" whether it may send "GET /closed"
      | X-API-Key |
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the upstream was not called

  @CORS-004 @extended @fetch-3.2.5 @rfc9110-12.5.5
  Scenario: caches are told what a preflight's answer depends on
    When the client asks from "https://app.example.com" whether it may send "GET /open"
    Then the header "Vary" lists "Origin"
    And the header "Vary" lists "Access-Control-Request-Method"
    And the header "Vary" lists "Access-Control-Request-Headers"
