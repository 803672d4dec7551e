Feature: Routing by header and query

  Background:
    Given the configuration "conditions"

  @ROUTE-060 @core @docs-configuration
  Scenario Outline: "<target>" for the tenant "<tenant>" goes to <upstream>
    When the client sends "GET <target>" with the header "X-Tenant: <tenant>"
    Then the response status is 200
    And the upstream "<upstream>" received the request
    And the upstream "<upstream>" received the target "<target>"

    Examples:
      | target                | tenant | upstream      |
      | /search               | none   | plain         |
      | /search               | ACME   | plain         |
      | /search               | acme   | tenant        |
      | /search?version=2     | none   | second        |
      | /search?version=22    | none   | plain         |
      | /search?a=1&version=2 | none   | second        |
      | /search?version=2     | acme   | tenant-second |
      | /search?version=3     | acme   | tenant        |

  @ROUTE-061 @core @docs-configuration
  Scenario Outline: a header is matched by a pattern: <build>
    When the client sends "GET /pattern" with the header "X-Build: <build>"
    Then the response status is <status>

    Examples:
      | build | status |
      | v12   | 200    |
      | v     | 404    |
      | v1b   | 404    |

  @ROUTE-062 @core @docs-configuration
  Scenario Outline: a parameter of the query has to be present: <target>
    When the client sends "GET <target>"
    Then the response status is <status>

    Examples:
      | target          | status |
      | /flag?debug     | 200    |
      | /flag?debug=no  | 200    |
      | /flag?nodebug=1 | 404    |
      | /flag           | 404    |

  @ROUTE-063 @core @rfc9110-15.5.6
  Scenario: routes of one path share the methods out, and a refusal names them all
    When the client sends "POST /search"
    Then the response status is 200
    And the upstream "written" received the request
    When the client sends "GET /search"
    Then the upstream "plain" received the request
    When the client sends "DELETE /search"
    Then the response status is 405
    And the header "Allow" lists "GET"
    And the header "Allow" lists "HEAD"
    And the header "Allow" lists "POST"
    And the upstream was not called

  @ROUTE-064 @core @docs-configuration
  Scenario Outline: a route without methods takes <method>
    When the client sends "<method> /any"
    Then the response status is 200
    And the upstream "unrestricted" received the method "<method>"

    Examples:
      | method  |
      | PATCH   |
      | OPTIONS |
      | PURGE   |
