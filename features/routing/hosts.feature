Feature: Routing by host

  Background:
    Given the configuration "hosts"

  @ROUTE-050 @core @rfc9110-7.2 @docs-configuration
  Scenario Outline: the most specific host wins for <host>
    When the client sends "GET /page" with the header "Host: <host>"
    Then the response status is 200
    And the upstream "<upstream>" received the request

    Examples:
      | host                  | upstream  |
      | api.example.com       | api       |
      | api.example.com:8080  | api       |
      | API.Example.COM       | api       |
      | shop.example.com      | subdomain |
      | example.com           | anyone    |
      | api.example.com.evil.net | anyone |
      | badexample.com        | anyone    |

  @ROUTE-052 @core @rfc9112-3.2.2
  Scenario: a target in absolute form is taken apart
    When the client sends "GET http://api.example.com/page?x=1" with the header "Host: api.example.com"
    Then the response status is 200
    And the upstream "api" received the request
    And the upstream "api" received the target "/page?x=1"

  @ROUTE-054 @core @rfc9112-3.2.2
  Scenario: Host can't lead a target in absolute form elsewhere
    When the client sends "GET http://api.example.com/page" with the header "Host: shop.example.com"
    Then the upstream "subdomain" was not called

  @ROUTE-053 @extended @rfc9110-7.4 @misdirected
  Scenario: a target of https on a connection without TLS was sent to the wrong place
    When the client sends "GET https://api.example.com/page" with the header "Host: api.example.com"
    Then the response status is 421
    And the upstream was not called
