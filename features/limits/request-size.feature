@plugin:request-size-limit
Feature: Request bodies have a limit

  Background:
    Given the configuration "limits"

  @LIMIT-001 @core @rfc9110-15.5.14
  Scenario: a body of the limit's size passes
    When the client sends "POST /upload" with a body of 65536 bytes
    Then the response status is 200
    And the upstream "upload" received a body of 65536 bytes
    And the upstream "upload" received the header "Host" with "upload-svc:8080"

  @LIMIT-002 @core @rfc9110-15.5.14
  Scenario: a longer one is refused before the upstream is called
    When the client sends "POST /upload" with a body of 65537 bytes
    Then the response status is 413
    And the upstream was not called

  @LIMIT-003 @core @rfc9110-15.5.14
  Scenario: a chunked body of the limit's size passes
    When the client sends "POST /upload" with a chunked body of 65536 bytes
    Then the response status is 200
    And the upstream "upload" received a body of 65536 bytes

  @LIMIT-004 @core @rfc9110-15.5.14
  Scenario: a longer chunked one is refused while it comes
    When the client sends "POST /upload" with a chunked body of 200000 bytes
    Then the response status is 413

  @LIMIT-005 @core @rfc9110-10.1.1
  Scenario: a client that asks first is refused before it sends the body
    When the client sends "POST /upload" with a body of 65537 bytes
      | Expect | 100-continue |
    Then the response status is 413
    And no interim response came
    And the upstream was not called
    When the client sends "POST /upload" with a body of 65536 bytes
      | Expect | 100-continue |
    Then the response status is 200
    And the upstream "upload" received a body of 65536 bytes

  @LIMIT-006 @core @rfc9110-15.5.14
  Scenario: an announced length is enough to refuse, no body has to come
    When the client sends the bytes:
      """
      POST /upload HTTP/1.1
      Host: {host}
      Content-Length: 999999999999
      Gatecheck-Exchange: {exchange}

      """
    Then the response status is 413
    And the response took less than 5000 ms
    And the upstream was not called
