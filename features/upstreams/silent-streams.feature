Feature: Streams that fall silent

  @UP-032 @core @docs-configuration
  Scenario: an upgraded connection that falls silent is not kept without end
    Given the configuration "silent-streams"
    When the client opens a WebSocket at "/quiet"
      | Gatecheck-Behaviour | websocket |
    Then the response status is 101
    And the WebSocket echoes "hello"
    And the upstream "quiet" received the request
    And the connection is closed
