Feature: Clients are known by their certificates

  @MTLS-001 @core @rfc8446-4.4.2 @plugin:mtls-auth
  Scenario: a certificate that a consumer is known by
    Given the configuration "client-certificates"
    And a client certificate "c" with:
      | host | {consumer ann}.example |
    And a consumer "ann" with:
      | san | {consumer ann}.example |
    And the client connects with:
      | certificate | c |
    When the client sends "GET /ledger"
    Then the response status is 200
    And the upstream "ledger" received the caller "ann" in the header "X-Consumer-Name"
    And the upstream "ledger" received the certificate of "c" in the header "Client-Cert"

  @MTLS-002 @extended @rfc8446-4.4.2.4
  Scenario: no certificate
    Given the configuration "client-certificates"
    When the client sends "GET /ledger"
    Then the handshake fails with the alert "certificate_required"
    And the upstream was not called

  @MTLS-003 @extended @rfc8446-6.2
  Scenario Outline: a certificate that is not to be believed: <variant>
    Given the configuration "client-certificates"
    And a client certificate "c" that is "<variant>"
    And the client connects with:
      | certificate | c |
    When the client sends "GET /ledger"
    Then the handshake fails with the alert "<alert>"
    And the upstream was not called

    Examples:
      | variant         | alert               |
      | expired         | certificate_expired |
      | wrong-authority | unknown_ca          |
      | revoked         | certificate_revoked |

  @MTLS-004 @extended @docs-configuration
  Scenario: a certificate is revoked while the gateway runs
    Given a gateway of its own with the configuration "client-certificates"
    And a client certificate "c"
    And a consumer "ann" with:
      | fingerprint | {fingerprint c} |
    And the client connects with:
      | certificate | c |
    When the client sends "GET /ledger"
    Then the response status is 200
    When the client certificate "c" is revoked
    And the operator renews the file "revoked.pem"
    And the client sends "GET /ledger" until the handshake fails
