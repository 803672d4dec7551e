Feature: Slow clients are not waited for without end

  Background:
    Given the configuration "slow-clients"

  @LIMIT-080 @core @rfc9112-9.5 @docs-configuration
  Scenario: a head that doesn't come to its end
    When the client sends the bytes:
      """
      GET /patient?tag={exchange} HTTP/1.1
      Host: {host}
      X-Unfinished: y\
      """
    Then the response took less than 5000 ms
    And the connection is closed
    And the upstream was not called

  @LIMIT-081 @core @rfc9110-15.5.9 @docs-configuration
  Scenario: a body that doesn't come to its end
    When the client sends the bytes:
      """
      POST /patient?tag={exchange} HTTP/1.1
      Host: {host}
      Gatecheck-Exchange: {exchange}
      Content-Length: 10

      abc\
      """
    Then the response status is 408
    And the response took less than 5000 ms
    And the connection is closed

  @LIMIT-082 @core @rfc9112-9.5 @docs-configuration
  Scenario: a connection that is idle between requests
    When the client sends "GET /patient"
    Then the response status is 200
    And the connection is closed
