Feature: HTTP/2 without TLS

  Background:
    Given the configuration "h2c"

  @ROUTE-040 @extended @rfc9113-3.3
  Scenario: a request over HTTP/2 with prior knowledge is answered
    When the client sends "GET /modern?q=1" over HTTP/2
    Then the response status is 200
    And the upstream "modern" received the target "/modern?q=1"
    When the client sends "GET /unknown" over HTTP/2
    Then the response status is 404
    And the upstream was not called
