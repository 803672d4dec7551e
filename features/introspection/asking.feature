@plugin:oauth2-introspect
Feature: The authorization server is asked about a token

  @INTRO-001 @core @rfc7662-2.1
  Scenario Outline: the gateway says who asks: <way>
    Given a gateway of its own with the configuration "introspection"
      | /plugins/0/config/clientAuth    | "<way>"        |
      | /plugins/0/config/tls           | <tls>          |
      | /plugins/0/config/clientSecret  | <secret>       |
      | /plugins/0/config/tokenTypeHint | "access_token" |
    And an opaque token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request
    And the introspection endpoint was sent:
      | method          | POST                              |
      | content type    | application/x-www-form-urlencoded |
      | accept          | application/json                  |
      | authentication  | <way>                             |
      | token           | {token t}                         |
      | token_type_hint | access_token                      |
      | client_id       | <client>                          |

    Examples:
      | way   | tls                                                                         | secret                        | client  |
      | basic | {"ca": "ca.pem"}                                                            | "${env:INTROSPECTION_SECRET}" | absent  |
      | post  | {"ca": "ca.pem"}                                                            | "${env:INTROSPECTION_SECRET}" | gateway |
      | tls   | {"ca": "ca.pem", "certificate": "gateway.pem", "key": "gateway.key"} | removed                       | gateway |

  @INTRO-002 @strict @rfc7662-2.3
  Scenario: a server that does not believe the gateway is nobody's fault but ours
    Given a gateway of its own with the configuration "introspection"
      | /plugins/0/config/onOutage     | "open"                  |
    And the introspection endpoint "introspect.example" answers "status=401"
    And an opaque token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the body is JSON with:
      | /code | "introspection-unavailable" |
    And the upstream was not called
    When the introspection endpoint "introspect.example" answers "good"
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200

  @INTRO-003 @core @rfc7662-2.1
  Scenario: without a token nobody is asked
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "t"
    When the client sends "GET /notes"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called
    And the introspection endpoint was asked 0 times
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the introspection endpoint was asked 1 times

  @INTRO-004 @strict @rfc6750-2.1
  Scenario Outline: what no token can be is not asked about: <kind>
    Given a gateway of its own with the configuration "introspection"
    And an opaque token "t"
    When the client sends "GET /notes" with the header 'Authorization: <value>'
    Then the response status is <status>
    And the upstream was not called
    And the introspection endpoint was asked 0 times
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200

    Examples:
      | kind             | value                   | status |
      | a scheme alone   | Bearer                  | 400    |
      | two words        | Bearer one two          | 400    |
      | no token's signs | Bearer {"active": true} | 400    |
      | another scheme   | Basic YTpi              | 401    |

  @INTRO-005 @core @rfc7662-2.1
  Scenario: characters that mean something in a form are escaped
    Given a gateway of its own with the configuration "introspection"
    When the client sends "GET /notes" with the header "Authorization: Bearer a+b/c~d._-="
    Then the response status is 401
    And the introspection endpoint was sent:
      | token     | a+b/c~d._-= |
      | client_id | absent      |

  @INTRO-006 @extended @access-log @docs-plugins
  Scenario: the access log names the consumer and not the token
    Given the configuration "introspection"
    And an opaque token "t" with:
      | sub | user-ann |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the access log says "ann" of "consumer"
    And the access log does not contain "{token t}"
