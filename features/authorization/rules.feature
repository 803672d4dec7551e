@plugin:authorize
Feature: Who may do what

  Background:
    Given the configuration "authorization"
    And a consumer "paul" in the group "partners" with a key
    And a consumer "stan" with a key

  @AUTHZ-001 @core @rfc9110-15.5.4
  Scenario Outline: <role> may <request>: <status>
    When the client sends "<request>" with the key that the environment has as "<key>"
    Then the response status is <status>
    And the upstream "orders" received the request
    And the upstream "orders" received the header "X-Consumer-Name" with "<name>"

    Examples:
      | role   | request          | key        | status | name |
      | admin  | DELETE /orders/7 | ADMIN_KEY  | 200    | ann  |
      | admin  | GET /orders      | ADMIN_KEY  | 200    | ann  |
      | editor | GET /orders/7    | EDITOR_KEY | 200    | eve  |
      | editor | POST /orders     | EDITOR_KEY | 200    | eve  |

  @AUTHZ-002 @core @rfc9110-15.5.4
  Scenario: a role that is not enough for this method
    When the client sends "DELETE /orders/7" with the key that the environment has as "EDITOR_KEY"
    Then the response status is 403
    And the upstream was not called

  @AUTHZ-003 @core @rfc9110-15.5.4
  Scenario: a caller of whom no rule speaks
    When the client sends "GET /orders" with the key of "stan"
    Then the response status is 403
    And the upstream was not called

  @AUTHZ-004 @core @rfc9110-15.5.2
  Scenario: who has not said who calls is asked for that first
    When the client sends "GET /orders"
    Then the response status is 401
    And the header "WWW-Authenticate" is present
    And the upstream was not called

  @AUTHZ-005 @core @docs-configuration
  Scenario: a group reaches as far as its paths
    When the client sends "GET /orders/7/status" with the key of "paul"
    Then the response status is 200
    And the upstream "orders" received the request
    When the client sends "GET /orders/7" with the key of "paul"
    Then the response status is 403
    And the upstream was not called
    When the client sends "POST /orders/7/status" with the key of "paul"
    Then the response status is 403
    And the upstream was not called

  @AUTHZ-006 @strict @docs-configuration
  Scenario: a path is compared once it has its normal form
    When the client sends "GET /orders/7/items/../status" with the key of "paul"
    Then the response status is 200
    When the client sends "GET /orders/7/status/../../8" with the key of "paul"
    Then the response status is 403
    And the upstream was not called

  @AUTHZ-007 @extended @rfc9110-9.3.2
  Scenario: what is for GET is for HEAD
    When the client sends "HEAD /orders/7/status" with the key of "paul"
    Then the response status is 200
    And the upstream "orders" received the method "HEAD"

  @AUTHZ-008 @core @docs-configuration
  Scenario: what is denied is denied, whatever is allowed
    When the client sends "GET /orders" with the key that the environment has as "SUSPENDED_KEY"
    Then the response status is 403
    And the upstream was not called

  @AUTHZ-009 @core @docs-configuration
  Scenario: where something is only denied, the rest passes
    When the client sends "GET /reports" with the key of "stan"
    Then the response status is 200
    And the upstream "reports" received the request
    When the client sends "GET /reports" with the key that the environment has as "SUSPENDED_KEY"
    Then the response status is 403
    And the upstream was not called

  @AUTHZ-010 @strict @rfc9457-3 @problem-json
  Scenario: a refusal is a problem, which tells no rule
    When the client sends "GET /orders" with the key of "stan"
    Then the body is a problem with the status 403
    And the body is JSON with:
      | /code | "forbidden" |
    And the body does not contain "admin"

  @AUTHZ-041 @extended @access-log @docs-configuration
  Scenario: the log tells who was refused
    When the client sends "GET /orders" with the key that the environment has as "SUSPENDED_KEY"
    Then the response status is 403
    And the access log says "sam" of "consumer"
