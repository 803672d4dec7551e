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

  @UP-042 @core @rfc9112-7.1
  Scenario: a body of unknown length comes whole
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: large=300000;chunked"
    Then the response status is 200
    And the body has 300000 bytes

  @UP-043 @core @rfc9112-8
  Scenario Outline: a body that breaks off upstream is not passed off as whole: <behaviour>
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: <behaviour>"
    Then the response status is 200
    And the body broke off

    Examples:
      | behaviour  |
      | close=body |
      | reset=body |

  @UP-044 @core @rfc9110-10.1.1
  Scenario: a client that waits for leave to send its body gets it
    When the client sends "PUT /plain" with a body of 300000 bytes
      | Expect | 100-continue |
    Then the response status is 200
    And the upstream "plain" received a body of 300000 bytes

  @UP-045 @core @rfc6455-4.2.2
  Scenario: an upstream may refuse a WebSocket
    When the client opens a WebSocket at "/plain"
      | Gatecheck-Behaviour | status=403;body=no |
    Then the response status is 403

  @UP-046 @core @rfc9112-6.3
  Scenario Outline: an answer without a body stays without one: <status>
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: status=<status>;headers=X-Reason: mine"
    Then the response status is <status>
    And the header "X-Reason" is "mine"
    And the body is empty

    Examples:
      | status |
      | 204    |
      | 304    |
