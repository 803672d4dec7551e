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
