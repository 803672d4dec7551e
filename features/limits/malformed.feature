Feature: Malformed requests end at the gateway

  Background:
    Given the configuration "limits"

  @LIMIT-020 @core @rfc9112-3.2
  Scenario: no Host
    When the client sends the bytes:
      """
      GET /upload?tag={exchange} HTTP/1.1

      """
    Then the response status is 400
    And the upstream was not called

  @LIMIT-021 @core @rfc9112-6.3
  Scenario: two lengths that differ
    When the client sends the bytes:
      """
      POST /upload?tag={exchange} HTTP/1.1
      Host: {host}
      Content-Length: 3
      Content-Length: 5

      abcde
      """
    Then the response status is 400
    And the upstream was not called
    And the connection is closed

  @LIMIT-022 @core @rfc9112-3
  Scenario: a request as it should be, byte by byte
    When the client sends the bytes:
      """
      GET /upload?tag={exchange} HTTP/1.1
      Host: {host}
      Gatecheck-Exchange: {exchange}

      """
    Then the response status is 200
    And the upstream "upload" received the request
