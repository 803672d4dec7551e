@plugin:cors
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
      | http://a.partner.example        |
      | https://partner.example         |
      | https://a.partner.example.evil.net |
      | https://a.partner.example:8443  |
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

  @CORS-005 @core @fetch-3.2.2
  Scenario Outline: any subdomain fits a pattern: <origin>
    When the client asks from "<origin>" whether it may send "GET /open"
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Origin" is "<origin>"

    Examples:
      | origin                      |
      | https://a.partner.example   |
      | https://a.b.partner.example |

  @CORS-009 @extended @docs-configuration
  Scenario: a browser keeps the answer for five seconds where nothing else is said
    When the client asks from "https://app.example.com" whether it may send "GET /closed"
    Then the header "Access-Control-Max-Age" is "5"
    And the header "Access-Control-Allow-Credentials" is absent

  @CORS-010 @strict @docs-configuration
  Scenario: a page of the internet may call a private address only where that is said
    When the client sends "OPTIONS /open"
      | Origin                                 | https://app.example.com |
      | Access-Control-Request-Method          | GET                     |
      | Access-Control-Request-Private-Network | true                    |
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the header "Access-Control-Allow-Private-Network" is absent
