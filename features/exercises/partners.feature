Feature: Exercise: an API for partners
  Two web origins may call with credentials and no other; each partner has 200 requests a minute.

  Background:
    Given the configuration "partners"
    And a consumer "one" in the group "partners" with a key
    And a consumer "two" in the group "partners" with a key

  @PARTNER-001 @core @exercise-partners @fetch-3.2.2
  Scenario Outline: the preflight of <origin> passes, with credentials
    When the client asks from "<origin>" whether it may send "POST /api/v1/partners"
      | Content-Type |
      | X-API-Key    |
    Then the response status is 204 or 200
    And the response has the headers:
      | Access-Control-Allow-Origin      | <origin> |
      | Access-Control-Allow-Credentials | true     |
    And the header "Access-Control-Allow-Methods" lists "POST"
    And the upstream was not called

    Examples:
      | origin                  |
      | https://one.example.com |
      | https://two.example.com |

  @PARTNER-002 @core @exercise-partners @fetch-3.2.2
  Scenario: no other origin may call
    When the client asks from "https://three.example.com" whether it may send "POST /api/v1/partners"
    Then no header begins with "Access-Control-Allow-"
    And the upstream was not called

  @PARTNER-003 @core @exercise-partners @rfc6585-4 @sliding-window
  Scenario: past 200 requests in a minute one partner is refused and the other is not
    When the client sends "GET /api/v1/partners" with the key of "one"
    And the client sends 199 such requests
    Then every response status is 200
    When the client sends 1 such requests
    Then the response status is 429
    And the upstream was not called
    When the client sends "GET /api/v1/partners" with the key of "two"
    Then the response status is 200

  @PARTNER-004 @core @exercise-partners
  Scenario Outline: each partner is known by its key: <name>
    When the client sends "<method> /api/v1/partners" with the key that the environment has as "<key>"
    Then the response status is 200
    And the upstream "partners" received the header "X-Consumer-Name" with "<name>"

    Examples:
      | method | key             | name |
      | GET    | PARTNER_ONE_KEY | one  |
      | POST   | PARTNER_TWO_KEY | two  |
