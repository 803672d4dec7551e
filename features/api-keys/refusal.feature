@plugin:key-auth
Feature: Requests are let in by an API key

  Background:
    Given the configuration "api-keys"
    And a consumer "alice" with a key

  @KEY-001 @core @rfc9110-15.5.2
  Scenario: no key
    When the client sends "GET /ledger"
    Then the response status is 401
    And the header "WWW-Authenticate" is present
    And the upstream was not called

  @KEY-002 @core @rfc9110-15.5.2
  Scenario Outline: a key that is <kind>
    When the client sends "GET /ledger" with the header "X-Ledger-Key: <key>"
    Then the response status is 401
    And the header "WWW-Authenticate" is present
    And the upstream was not called

    Examples:
      | kind    | key         |
      | unknown | no-such-key |
      | empty   |             |

  @KEY-003 @core @docs-configuration
  Scenario: the right key
    When the client sends "GET /ledger" with the key of "alice"
    Then the response status is 200
    And the upstream "ledger" received the request
    And the upstream "ledger" received the request without the header "X-Ledger-Key"
    And the upstream "ledger" received the header "X-Caller"

  @KEY-004 @core @docs-configuration
  Scenario: a right key in another header
    When the client sends "GET /ledger" with the header "X-API-Key: any"
    Then the response status is 401
    And the upstream was not called

  @KEY-005 @core @docs-configuration
  Scenario: the client can't choose whom the upstream sees
    When the client sends "GET /ledger" with the key of "alice"
      | X-Caller | root |
    Then the response status is 200
    And the upstream "ledger" received the caller "alice" in the header "X-Caller"

  @KEY-006 @core @docs-configuration
  Scenario: two keys of one consumer overlap, and one that has expired is refused
    Given a consumer "bob" with the keys:
      | old   | 2020-01-01T00:00:00Z |
      | first | never                |
      | next  | never                |
    When the client sends "GET /ledger" with the key "first" of "bob"
    Then the response status is 200
    When the client sends "GET /ledger" with the key "next" of "bob"
    Then the response status is 200
    When the client sends "GET /ledger" with the key "old" of "bob"
    Then the response status is 401
    And the upstream was not called

  @KEY-007 @extended @docs-configuration
  Scenario: a right key that is given twice
    When the client sends "GET /ledger" with the key of "alice" twice
    Then the response status is 401
    And the header "WWW-Authenticate" is present
    And the upstream was not called

  @KEY-009 @extended @rfc9110-11.6.1
  Scenario: the challenge names a scheme and a realm
    When the client sends "GET /ledger"
    Then the response status is 401
    And the header "WWW-Authenticate" contains "realm="

  @KEY-010 @core @docs-configuration
  Scenario: without a right key there is no caller to be told, so none is
    When the client sends "GET /ledger" with the header "X-Caller: root"
    Then the response status is 401
    And the upstream was not called

  @KEY-011 @core @docs-configuration
  Scenario: an underscore is no way to forge the caller
    When the client sends "GET /ledger" with the key of "alice"
      | X_Caller | root |
    Then the response status is 200
    And the upstream "ledger" received the request without the header "X_Caller"
    And the upstream "ledger" received the caller "alice" in the header "X-Caller"

  @KEY-013 @core @rfc9111-3.5
  Scenario: what was made for one caller is given to no other
    Given a consumer "bob" with a key
    When the client sends "GET /ledger" with the key of "alice"
      | Gatecheck-Behaviour | status=200;body=for alice |
    Then the response status is 200
    And the body is "for alice"
    When the client sends "GET /ledger" with the key of "bob"
      | Gatecheck-Behaviour | status=200;body=for bob |
    Then the response status is 200
    And the body is "for bob"
    And the upstream "ledger" received the caller "bob" in the header "X-Caller"
