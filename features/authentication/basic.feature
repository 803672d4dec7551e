@plugin:basic-auth
Feature: A user name and a password

  Background:
    Given the configuration "basic"

  @BASIC-001 @core @rfc7617-2
  Scenario: without them there is a challenge
    When the client sends "GET /ledger"
    Then the response status is 401
    And the header "WWW-Authenticate" contains 'Basic realm="ledger"'
    And the upstream was not called

  @BASIC-013 @strict @rfc7617-2.1
  Scenario: the challenge says in which charset passwords are
    When the client sends "GET /ledger"
    Then the response status is 401
    And the header "WWW-Authenticate" contains 'charset="UTF-8"'
    And the upstream was not called

  @BASIC-002 @core @rfc7617-2
  Scenario: the right ones, of which the upstream sees nothing but whose they are
    When the client sends "GET /ledger" with the header "Authorization: Basic YWxpY2U6b3BlbjpzZXNhbWU="
      | X-Consumer-Name | root |
    Then the response status is 200
    And the upstream "ledger" received the request without the header "Authorization"
    And the upstream "ledger" received the header "X-Consumer-Name" with "alice"

  @BASIC-003 @core @rfc7617-2
  Scenario Outline: <kind>
    When the client sends "GET /ledger" with the header "Authorization: <value>"
    Then the response status is 401
    And the header "WWW-Authenticate" is present
    And the upstream was not called

    Examples:
      | kind                                | value                          |
      | a wrong password                    | Basic YWxpY2U6d3Jvbmc=         |
      | a user whom nobody knows            | Basic bm9ib2R5Om9wZW46c2VzYW1l |
      | a name without a colon behind it    | Basic YWxpY2U=                 |
      | a control character                 | Basic YWwAaWNlOm9wZW46c2VzYW1l |
      | what is not base64                  | Basic ????                     |
      | a scheme alone                      | Basic                          |
      | another scheme                      | Bearer YWxpY2U6b3BlbjpzZXNhbWU= |

  @BASIC-005 @extended @rfc9110-11.1
  Scenario: the scheme's name may be in any case
    When the client sends "GET /ledger" with the header "Authorization: bAsIC YWxpY2U6b3BlbjpzZXNhbWU="
    Then the response status is 200
    And the upstream "ledger" received the request

  @BASIC-006 @strict @rfc9110-5.3
  Scenario: two Authorization fields are one too many
    When the client sends the bytes:
      """
      GET /ledger HTTP/1.1
      Host: {host}
      Gatecheck-Exchange: {exchange}
      Authorization: Basic YWxpY2U6b3BlbjpzZXNhbWU=
      Authorization: Basic YWxpY2U6d3Jvbmc=

      """
    Then the response status is 400
    And the upstream was not called

  @BASIC-008 @extended @access-log @docs-configuration
  Scenario: the access log names the consumer and not the password
    When the client sends "GET /ledger" with the header "Authorization: Basic YWxpY2U6b3BlbjpzZXNhbWU="
    Then the response status is 200
    And the access log says "alice" of "consumer"
    And the access log does not contain "YWxpY2U6b3BlbjpzZXNhbWU="

  @BASIC-011 @core @rfc7617-2
  Scenario: a password that the environment has
    When the client sends "GET /ledger" with the header "Authorization: Basic {base64 service:{env LEDGER_PASSWORD}}"
    Then the response status is 200
    And the upstream "ledger" received the header "X-Consumer-Name" with "service"
    When the client sends "GET /ledger" with the header "Authorization: Basic {base64 service:wrong}"
    Then the response status is 401
    And the upstream was not called
