Feature: Streaming and upgraded connections

  Background:
    Given the configuration "upstreams"

  @UP-040 @core @html-9.2
  Scenario: server-sent events pass one by one
    When the client opens the stream "GET /plain"
      | Gatecheck-Behaviour | stream |
    Then the response status is 200
    And the header "Content-Type" contains "text/event-stream"
    When the upstream "plain" sends the event "one"
    Then the client reads the event "one"
    When the upstream "plain" sends the event "two"
    Then the client reads the event "two"

  @UP-041 @core @rfc6455-4
  Scenario: a WebSocket passes
    When the client opens a WebSocket at "/plain"
      | Gatecheck-Behaviour | websocket |
    Then the response status is 101
    And the WebSocket echoes "hello"
    And the WebSocket echoes "again"
