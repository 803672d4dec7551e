@plugin:authorize
Feature: Rules about tokens that cannot be carried out

  @AUTHZ-028 @strict @docs-configuration
  Scenario Outline: rules that can't be carried out close their route, and no other: <mistake>
    Given the configuration "token-authorization"
      | /apis/0/plugins/0/config/<list>/- | <rule> |
    And a token "t" with:
      | sub   | user-ann                  |
      | scope | reports:read reports:list |
    When the client sends "GET /orders" with the token "t"
    Then the response status is 500
    And the body is JSON with:
      | /code | "policy-broken" |
    And the upstream was not called
    When the client sends "GET /reports" with the token "t"
    Then the response status is 200
    And the upstream "reports" received the request
    When the client sends "GET /reports"
    Then the response status is 401

    Examples:
      | mistake               | list  | rule                              |
      | a rule without fields | allow | {}                                |
      | an empty list         | deny  | {"roles": []}                     |
      | an unknown consumer   | deny  | {"consumers": ["nobody-there"]}   |
      | no claim              | allow | {"claims": {}}                    |
      | no path               | allow | {"roles": ["admin"], "paths": []} |
