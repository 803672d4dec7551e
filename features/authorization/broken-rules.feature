@plugin:authorize
Feature: Rules that cannot be carried out

  @AUTHZ-011 @strict @docs-configuration
  Scenario: rules that can't be carried out close their route, and no other
    Given the configuration "authorization"
      | /apis/0/plugins/0/config/allow/- | {"consumers": ["nobody-there"]} |
    When the client sends "GET /orders" with the key that the environment has as "ADMIN_KEY"
    Then the response status is 500
    And the body is JSON with:
      | /code | "policy-broken" |
    And the upstream was not called
    When the client sends "GET /orders"
    Then the response status is 500
    And the upstream was not called
    When the client asks from "https://app.example.com" whether it may send "DELETE /orders/7"
    Then the response status is 204 or 200
    When the client sends "GET /reports" with the key that the environment has as "ADMIN_KEY"
    Then the response status is 200
    And the upstream "reports" received the request
