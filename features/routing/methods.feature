Feature: Routing by method

  Background:
    Given the configuration "routing"

  @ROUTE-020 @core @rfc9110-15.5.6
  Scenario: a known path with another method says what is allowed
    When the client sends "DELETE /users"
    Then the response status is 405
    And the header "Allow" lists "GET"
    And the header "Allow" lists "HEAD"
    And the upstream was not called

  @ROUTE-021 @core @rfc9110-9.3.2
  Scenario: HEAD follows GET
    When the client sends "HEAD /users"
    Then the response status is 200
    And the body is empty
    And the upstream "users" received the method "HEAD"
