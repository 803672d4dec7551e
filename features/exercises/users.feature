Feature: Users are let in by a token, from one web origin

  Background:
    Given the configuration "users"

  @EX-060 @core @exercise-users
  Scenario: a request with a good token passes
    Given a token "t"
    When the client sends "GET /api/v1/users" with the token "t"
    Then the response status is 200
    And the upstream "users" received the request

  @EX-061 @core @exercise-users
  Scenario: a request without a token is refused
    When the client sends "GET /api/v1/users"
    Then the response status is 401
    And the challenge is a bare "Bearer"
    And the upstream was not called

  @EX-062 @core @exercise-users
  Scenario Outline: a token that is <kind> is refused
    Given a token "t" that is "<kind>"
    When the client sends "GET /api/v1/users" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | kind               |
      | expired            |
      | not-yet-valid      |
      | wrong-audience     |
      | wrong-issuer       |
      | wrong-key          |
      | alg-none           |
      | hmac-public-pem    |
      | tampered-payload   |
      | not-a-token        |

  @EX-063 @core @exercise-users @fetch-3.2.2
  Scenario: the preflight of the web origin passes without a token, with credentials
    When the client asks from "https://app.example.com" whether it may send "POST /api/v1/users"
      | Authorization |
      | Content-Type  |
    Then the response status is 204 or 200
    And the response has the headers:
      | Access-Control-Allow-Origin      | https://app.example.com |
      | Access-Control-Allow-Credentials | true                    |
    And the header "Access-Control-Allow-Methods" lists "POST"
    And the header "Access-Control-Allow-Headers" lists "Authorization"
    And the upstream was not called

  @EX-064 @core @exercise-users @fetch-3.2.2
  Scenario: no other origin may call
    When the client asks from "https://evil.example.com" whether it may send "POST /api/v1/users"
    Then no header begins with "Access-Control-Allow-"
    And the upstream was not called

  @EX-065 @core @exercise-users @fetch-3.2.3
  Scenario: a page of the web origin may read answers and refusals
    Given a token "t"
    When the client sends "POST /api/v1/users" with the token "t"
      | Origin | https://app.example.com |
    Then the response status is 200
    And the response has the headers:
      | Access-Control-Allow-Origin      | https://app.example.com |
      | Access-Control-Allow-Credentials | true                    |
    And the upstream "users" received the method "POST"
    When the client sends "POST /api/v1/users" with the header "Origin: https://app.example.com"
    Then the response status is 401
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the challenge is a bare "Bearer"
    And the upstream was not called

  @EX-066 @core @exercise-users @rfc9110-15.5.6
  Scenario: users are not deleted
    Given a token "t"
    When the client sends "DELETE /api/v1/users" with the token "t"
    Then the response status is 405
    And the header "Allow" lists "POST"
    And the upstream was not called
