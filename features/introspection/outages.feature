@plugin:oauth2-introspect
Feature: While the authorization server cannot be asked, nobody passes unless that is asked for

  @INTRO-050 @core @rfc7662-2.2
  Scenario Outline: the server answers with <answer>
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "t"
    And the introspection endpoint "introspect.example" answers '<answer>'
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the upstream was not called
    When the introspection endpoint "introspect.example" answers "good"
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request

    Examples:
      | answer                                  |
      | stall                                   |
      | close                                   |
      | status=500                              |
      | status=403                              |
      | status=204                              |
      | not-json                                |
      | empty                                   |
      | truncated                               |
      | huge                                    |
      | redirect-loop                           |
      | redirect-to-http                        |
      | json={"active":"true"}                  |
      | json={"active":1}                       |
      | json={"active":null}                    |
      | json={"sub":"user-ann"}                 |
      | json=[{"active":true}]                  |
      | json=true                               |
      | json={"active":true,"exp":"4000000000"} |
      | json={"active":true,"sub":7}            |

  @INTRO-051 @strict @docs-plugins
  Scenario: the client is told to come again, and nothing of the token
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "t"
    And the introspection endpoint "introspect.example" answers "status=500"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the header "WWW-Authenticate" is absent
    And the header "Retry-After" is a whole number of seconds of at least 1
    And the body is JSON with:
      | /code | "introspection-unavailable" |
    And the body does not contain "introspect.example"
    And the upstream was not called

  @INTRO-052 @strict @docs-plugins
  Scenario Outline: open where that is asked for, with <answer>
    Given a gateway of its own with the configuration "introspection"
      | /plugins/0/config/onOutage | "open" |
    And an opaque token "t" with:
      | sub | user-ann |
    And the introspection endpoint "introspect.example" answers "<answer>"
    When the client sends "GET /notes" with the token "t"
      | X-Consumer-Name | root |
      | X-User-Id       | root |
    Then the response status is 200
    And the upstream "notes" received the header "Authorization" with "Bearer {token t}"
    And the upstream "notes" received the request without the header "X-Consumer-Name"
    And the upstream "notes" received the request without the header "X-User-Id"
    When the introspection endpoint "introspect.example" answers "good"
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the header "X-Consumer-Name" with "ann"

    Examples:
      | answer     |
      | stall      |
      | status=500 |
      | not-json   |

  @INTRO-053 @strict @docs-plugins
  Scenario: open is for tokens that nobody could check, not for wrong ones or none
    Given a gateway of its own with the configuration "introspection"
      | /plugins/0/config/onOutage | "open" |
    And an opaque token "t" with:
      | active | false |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the upstream was not called
    When the introspection endpoint "introspect.example" answers "status=500"
    And the client sends "GET /notes"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

  @INTRO-054 @strict @docs-plugins
  Scenario: who passed unchecked has no scope
    Given a gateway of its own with the configuration "introspection"
      | /plugins/0/config/onOutage                 | "open"                                                             |
      | /apis/0/plugins                            | [{"name": "authorize", "config": {"scopes": ["notes:read"]}}] |
    And an opaque token "t" with:
      | scope | notes:read |
    And the introspection endpoint "introspect.example" answers "status=500"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 403
    And the upstream was not called
    When the introspection endpoint "introspect.example" answers "good"
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200

  @INTRO-055 @extended @docs-plugins
  Scenario: a remembered answer outlasts an outage
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the introspection endpoint "introspect.example" answers "close"
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request

  @INTRO-056 @core @rfc7662-4
  Scenario Outline: nobody is asked whose certificate is <certificate>
    Given a gateway of its own with the configuration "introspection"
      | /plugins/0/config/tls/ca | "<ca>" |
    And an opaque token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is <status>
    And the introspection endpoint was asked <times> times

    Examples:
      | certificate              | ca           | status | times |
      | from the right authority | ca.pem       | 200    | 1     |
      | from another authority   | other-ca.pem | 503    | 0     |
