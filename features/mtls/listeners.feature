Feature: A listener asks clients for certificates

  @MTLS-001 @core @rfc8446-4.4.2
  Scenario Outline: with a certificate the client gets in, without it doesn't, over <version>
    Given the configuration "client-certificates"
    And a client certificate "alice"
    And the client connects with:
      | certificate | alice     |
      | version     | <version> |
    When the client sends "GET /vault"
    Then the response status is 200
    And the upstream "vault" received the request
    And the client is connected with:
      | certificate asked for | yes       |
      | version               | <version> |
    When the client connects with:
      | certificate | none |
    And the client sends "GET /vault"
    Then the upstream was not called

    Examples:
      | version |
      | TLSv1.2 |
      | TLSv1.3 |

  @MTLS-002 @core @rfc5280-6.1
  Scenario Outline: a certificate that is <variant> doesn't let the client in, whether it is required or optional
    Given the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/mode | <mode> |
    And a client certificate "alice"
    And a client certificate "mallory" that is "<variant>"
    And the client connects with:
      | certificate | alice |
    When the client sends "GET /vault"
    Then the response status is 200
    When the client connects with:
      | certificate | mallory |
    And the client sends "GET /vault"
    Then the upstream was not called

    Examples:
      | variant              | mode       |
      | expired              | "required" |
      | not-yet-valid        | "required" |
      | wrong-authority      | "required" |
      | impostor-authority   | "required" |
      | self-signed          | "required" |
      | intermediate-missing | "required" |
      | wrong-usage          | "required" |
      | expired              | "optional" |
      | not-yet-valid        | "optional" |
      | wrong-authority      | "optional" |
      | impostor-authority   | "optional" |
      | self-signed          | "optional" |
      | intermediate-missing | "optional" |
      | wrong-usage          | "optional" |

  @MTLS-004 @core @rfc5280-6.1
  Scenario: a certificate from an intermediate authority lets the client in
    Given the configuration "client-certificates"
    And a client certificate "alice" that is "intermediate"
    And the client connects with:
      | certificate | alice |
    When the client sends "GET /vault"
    Then the response status is 200
    And the upstream "vault" received the request

  @MTLS-005 @extended @rfc8446-6.2 @refusing-handshake
  Scenario Outline: the handshake fails, by TLS 1.3, for a certificate that is <variant>
    Given the configuration "client-certificates"
    And a client certificate "alice"
    And a client certificate "mallory" that is "<variant>"
    And the client connects with:
      | certificate | mallory |
      | version     | TLSv1.3 |
    When the client sends "GET /vault"
    Then the handshake fails with the alert "<alert>"
    And the upstream was not called
    When the client connects with:
      | certificate | alice |
    And the client sends "GET /vault"
    Then the response status is 200

    Examples:
      | variant            | alert                                                         |
      | not-yet-valid      | certificate_expired, bad_certificate, certificate_unknown     |
      | impostor-authority | unknown_ca, bad_certificate, decrypt_error                    |
      | self-signed        | unknown_ca, bad_certificate                                   |
      | wrong-usage        | unsupported_certificate, bad_certificate, certificate_unknown |

    @precise-alert
    Examples:
      | variant              | alert               |
      | expired              | certificate_expired |
      | wrong-authority      | unknown_ca          |
      | intermediate-missing | unknown_ca          |

  @MTLS-006 @extended @rfc8446-6.2 @refusing-handshake
  Scenario Outline: the handshake fails without a certificate, over <version>
    Given the configuration "client-certificates"
    And the client connects with:
      | version   | <version>   |
      | protocols | <protocols> |
    When the client sends "GET /vault"
    Then the handshake fails with the alert "<alert>"
    And the upstream was not called

    Examples:
      | version | protocols | alert                                   |
      | TLSv1.2 | http/1.1  | handshake_failure, certificate_required |
      | TLSv1.3 | http/1.1  | certificate_required                    |

    @over-http2
    Examples:
      | version | protocols | alert                |
      | TLSv1.3 | h2        | certificate_required |

  @MTLS-007 @core @docs-configuration
  Scenario: where certificates are optional, a client without one gets in
    Given the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/mode | "optional" |
    When the client sends "GET /vault"
    Then the response status is 200
    And the client is connected with:
      | certificate asked for | yes |
    And the upstream "vault" received the request

  @MTLS-008 @core @docs-configuration
  Scenario: where certificates are off, none is asked for
    Given the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/mode | "off" |
    And a client certificate "mallory" that is "expired"
    And the client connects with:
      | certificate | mallory |
    When the client sends "GET /vault"
    Then the response status is 200
    And the client is connected with:
      | certificate asked for | no |

  @MTLS-009 @core @docs-configuration
  Scenario: where nothing is said of the mode, a certificate is required
    Given the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/mode | removed |
    And a client certificate "alice"
    When the client sends "GET /vault"
    Then the upstream was not called
    When the client connects with:
      | certificate | alice |
    And the client sends "GET /vault"
    Then the response status is 200

  @MTLS-010 @core @docs-configuration
  Scenario: an authority that vouches for nobody lets nobody in
    Given the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/ca | "other-ca.pem" |
    And a client certificate "alice"
    And the client connects with:
      | certificate | alice |
    When the client sends "GET /vault"
    Then the upstream was not called

  @MTLS-011 @extended @docs-configuration
  Scenario: several authorities are trusted
    Given the configuration "client-certificates"
      | /listeners/0/tls/clientCertificates/ca | ["other-ca.pem", "clients-ca.pem"] |
    And a client certificate "alice"
    And a client certificate "mallory" that is "wrong-authority"
    And the client connects with:
      | certificate | alice |
    When the client sends "GET /vault"
    Then the response status is 200
    When the client connects with:
      | certificate | mallory |
    And the client sends "GET /vault"
    Then the upstream was not called

  @MTLS-013 @core @rfc9113-3.2
  Scenario: with a certificate over HTTP/2
    Given the configuration "client-certificates"
    And a client certificate "alice"
    And the client connects with:
      | certificate | alice |
      | protocols   | h2    |
    When the client sends "GET /vault"
    Then the response status is 200
    And the client is connected with:
      | protocol              | h2  |
      | certificate asked for | yes |
