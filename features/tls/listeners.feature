Feature: Clients are spoken to over TLS

  @TLS-001 @core @rfc6066-3
  Scenario Outline: the certificate goes by the name asked for: <name>
    Given the configuration "secure-listeners"
    And the client connects with:
      | server name | <name> |
    When the client sends "GET /plain"
    Then the response status is 200
    And the client is connected with:
      | certificate | <certificate> |
      | version     | TLSv1.3       |
    And the upstream "plain" received the header "X-Forwarded-Proto" with "https"

    Examples:
      | name            | certificate     |
      | gateway.example | gateway.example |
      | b.example       | b.example       |
      | a.c.example     | *.c.example     |
      | none            | gateway.example |

  @TLS-002 @core @rfc7301-3.2
  Scenario: HTTP/2 is agreed on
    Given the configuration "secure-listeners"
    When the client sends "GET /plain" over HTTP/2
    Then the response status is 200
    And the client is connected with:
      | protocol | h2 |

  @TLS-003 @extended @docs-configuration
  Scenario: a renewed certificate is shown without a restart
    Given a gateway of its own with the configuration "secure-listeners"
    When the client sends "GET /plain"
    Then the response status is 200
    When the operator renews the file "server.pem"
    And the client sends "GET /plain" until another certificate is shown
    Then the response status is 200
