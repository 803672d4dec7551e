@plugin:request-size-limit
Feature: Limits that nobody has to write

  @LIMIT-007 @strict @docs-configuration
  Scenario: a request body has 10 MiB at most
    Given the configuration "limits"
      | /plugins | [] |
    When the client sends "POST /upload" with a body of 10485760 bytes
    Then the response status is 200
    When the client sends "POST /upload" with a body of 10485761 bytes
    Then the response status is 413
    And the upstream was not called

  @LIMIT-008 @strict @docs-configuration
  Scenario: unless it is said that there is no limit
    Given the configuration "limits"
      | /plugins/0/config/maxBytes | "unlimited" |
    When the client sends "POST /upload" with a body of 10485761 bytes
    Then the response status is 200
    And the upstream "upload" received a body of 10485761 bytes
