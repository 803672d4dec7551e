Feature: Slow heads are not waited for, however long idle connections stay

  @LIMIT-083 @core @rfc9112-9.5 @docs-configuration
  Scenario: a head that doesn't come to its end, however long idle connections stay
    Given the configuration "slow-clients"
      | /listeners/0/timeouts/keepAlive | "60s" |
    When the client sends the bytes:
      """
      GET /patient?tag={exchange} HTTP/1.1
      Host: {host}
      X-Unfinished: y\
      """
    Then the response took less than 5000 ms
    And the connection is closed
    And the upstream was not called
