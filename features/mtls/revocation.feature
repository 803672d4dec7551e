Feature: Certificates that were revoked

  @MTLS-003 @core @rfc5280-5
  Scenario Outline: a certificate that was revoked doesn't let the client in, whether it is <mode>
    Given a gateway of its own with the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/mode | <mode>        |
      | /listeners/0/tls/clientCertificates/crl  | "revoked.pem" |
    And a client certificate "alice"
    And a client certificate "mallory" that is "revoked"
    And the client connects with:
      | certificate | alice |
    When the client sends "GET /vault"
    Then the response status is 200
    When the client connects with:
      | certificate | mallory |
    And the client sends "GET /vault"
    Then the upstream was not called

    Examples:
      | mode       |
      | "required" |
      | "optional" |

  @MTLS-052 @core @rfc5280-5
  Scenario: nor does it where certificates are optional and nobody has to be known
    Given the configuration "consumer-certificates"
      | /listeners/0/tls/clientCertificates/crl | "revoked.pem" |
    And a client certificate "mallory" that is "revoked"
    And the client connects with:
      | certificate | mallory |
    When the client sends "GET /open"
    Then the upstream was not called

  @MTLS-012 @extended @docs-configuration @refusing-handshake
  Scenario: a list of revoked certificates is renewed without a restart
    Given a gateway of its own with the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/crl | "revoked.pem" |
    And a client certificate "alice"
    And a client certificate "bob"
    And the client connects with:
      | certificate | bob |
    When the client sends "GET /vault"
    Then the response status is 200
    When the client certificate "bob" is revoked
    And the operator renews the file "revoked.pem"
    And the client sends "GET /vault" until the handshake fails
    Then the handshake fails with the alert "certificate_revoked"
    And the upstream was not called
    When the client connects with:
      | certificate | alice |
    And the client sends "GET /vault"
    Then the response status is 200

  @MTLS-014 @extended @rfc5280-6.3
  Scenario: where there are lists of revoked certificates, but none of the intermediate authority, nobody knows
    Given the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/crl | "revoked.pem" |
    And a client certificate "alice"
    And a client certificate "bob" that is "intermediate"
    And the client connects with:
      | certificate | alice |
    When the client sends "GET /vault"
    Then the response status is 200
    When the client connects with:
      | certificate | bob |
    And the client sends "GET /vault"
    Then the upstream was not called
