@plugin:request-id
Feature: Request ids in other settings

  @OBS-004 @extended @docs-configuration
  Scenario: the id of a proxy that is trusted is kept
    Given the configuration "routing"
      | /listeners | [{"address": "127.0.0.1:0", "trustedProxies": ["127.0.0.0/8"]}] |
    When the client sends "GET /users" with the header "X-Request-Id: edge-4711.a"
    Then the header "X-Request-Id" is "edge-4711.a"
    And the upstream "users" received the header "X-Request-Id" with "edge-4711.a"
    And the access log says "edge-4711.a" of "request_id"

  @OBS-005 @extended @docs-configuration
  Scenario Outline: unless its form is not sound: <id>
    Given the configuration "routing"
      | /listeners | [{"address": "127.0.0.1:0", "trustedProxies": ["127.0.0.0/8"]}] |
    When the client sends "GET /users" with the header "X-Request-Id: <id>"
    Then the response status is 200
    And the header "X-Request-Id" does not contain "<part>"
    And the header "X-Request-Id" is present

    Examples:
      | id               | part   |
      | a sentence       | a sent |
      | <script>         | script |
      | {300}            | xxxxx  |
      | half;forged      | forged |

  @OBS-006 @extended @docs-configuration
  Scenario: another header may carry it
    Given the configuration "routing"
      | /plugins | [{"name": "request-id", "config": {"header": "X-Correlation-Id"}}] |
    When the client sends "GET /users" with the header "X-Correlation-Id: forged"
    Then the header "X-Correlation-Id" is present
    And the header "X-Correlation-Id" does not contain "forged"
    And the upstream "users" received the header "X-Correlation-Id"

  @OBS-007 @extended @docs-configuration
  Scenario: ids may be switched off
    Given the configuration "routing"
      | /plugins | [{"name": "request-id", "enabled": false}] |
    When the client sends "GET /users"
    Then the response status is 200
    And the header "X-Request-Id" is absent
    And the upstream "users" received the request without the header "X-Request-Id"
