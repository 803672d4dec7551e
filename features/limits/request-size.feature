Feature: Request bodies have a limit

  Background:
    Given the configuration "limits"

  @LIMIT-001 @core @rfc9110-15.5.14
  Scenario: a body of the limit's size passes
    When the client sends "POST /upload" with a body of 65536 bytes
    Then the response status is 200
    And the upstream "upload" received a body of 65536 bytes

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
