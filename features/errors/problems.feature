Feature: What the gateway says when it refuses

  @ERR-001 @strict @rfc9457-3 @problem-json
  Scenario Outline: <method> <path> is answered with a problem
    Given the configuration "routing"
    When the client sends "<method> <path>"
    Then the response status is <status>
    And the body is a problem with the status <status>
    And the body is JSON with:
      | /type     | present |
      | /instance | present |
    And the upstream was not called

    Examples:
      | method | path     | status |
      | GET    | /unknown | 404    |
      | DELETE | /users   | 405    |

  @ERR-002 @core @rfc9110-9.3.2
  Scenario: a refusal of HEAD has no body
    Given the configuration "api-keys"
    When the client sends "HEAD /ledger"
    Then the response status is 401
    And the body is empty
    And the upstream was not called

  @ERR-003 @core @rfc9110-17.10
  Scenario: nothing tells the address of an upstream that is gone
    Given the configuration "upstreams"
    When the client sends "GET /gone"
    Then the response status is 502
    And the body does not contain "127.0.0.1"
    And the body does not contain "gone.invalid"
