@plugin:request-id
@plugin:request-id
Feature: Every request has an id

  Background:
    Given the configuration "routing"

  @OBS-001 @core @docs-configuration
  Scenario: the id is on the response and at the upstream, and is made anew for each request
    When the client sends "GET /users"
    Then the header "X-Request-Id" is present
    And the upstream "users" received the header "X-Request-Id"
    When the client sends 3 such requests
    Then the responses have different values of the header "X-Request-Id"

  @OBS-002 @core @docs-configuration
  Scenario: an id that the client made up is not believed
    When the client sends "GET /users" with the header "X-Request-Id: forged-by-the-client"
    Then the response status is 200
    And the header "X-Request-Id" does not contain "forged"

  @OBS-003 @extended @docs-configuration
  Scenario: a refusal has an id too
    When the client sends "GET /unknown"
    Then the response status is 404
    And the header "X-Request-Id" is present
