Feature: A listener speaks TLS

  @TLS-001 @core @rfc6066-3
  Scenario Outline: the host that the client asks for chooses the certificate: <server name>
    Given the configuration "tls"
    And the client connects with:
      | server name | <server name> |
    When the client sends "GET /shop"
    Then the response status is 200
    And the client is connected with:
      | certificate | <certificate> |
    And the upstream "shop" received the request

    Examples:
      | server name       | certificate     |
      | gateway.example   | gateway.example |
      | localhost         | localhost       |
      | b.example         | b.example       |
      | shop.b.example    | *.b.example     |
      | another.b.example | *.b.example     |

  @TLS-002 @extended @rfc6066-3
  Scenario: names of hosts have neither upper nor lower case
    Given the configuration "tls"
    And the client connects with:
      | server name | B.Example |
    When the client sends "GET /shop"
    Then the response status is 200
    And the client is connected with:
      | certificate | b.example |

  @TLS-003 @core @docs-configuration
  Scenario: a client that asks for no host is shown the first certificate
    Given the configuration "tls"
    And the client connects with:
      | server name | none |
    When the client sends "GET /shop" with the header "Host: gateway.example"
    Then the response status is 200
    And the client is connected with:
      | certificate | gateway.example |

  @TLS-004 @extended @docs-configuration @rfc6125-6.4.3
  Scenario Outline: for a host that no certificate is for, the first is shown: <server name>
    Given the configuration "tls"
    And the client connects with:
      | server name | <server name> |
    When the client sends "GET /shop"
    Then no response came
    And the client is connected with:
      | certificate | gateway.example |
    And the upstream was not called

    Examples:
      | server name      |
      | c.example        |
      | a.shop.b.example |
      | xb.example       |
      | shop.b.example.c |

  @TLS-005 @core @rfc8446-4.4.2
  Scenario: intermediate certificates are shown too
    Given the configuration "tls"
      | /listeners/0/tls/certificates/1 | {"certificate": "b.example.intermediate.pem", "key": "b.key"} |
    And the client connects with:
      | server name | b.example |
    When the client sends "GET /shop"
    Then the response status is 200
    And the client is connected with:
      | certificate | b.example |

  @TLS-006 @core @docs-configuration
  Scenario: a certificate that was renewed is shown without a restart
    Given a gateway of its own with the configuration "tls"
    When the client sends "GET /shop"
    Then the response status is 200
    When the operator renews the file "server.pem"
    And the client sends "GET /shop" until another certificate is shown
    Then the response status is 200
    And the client is connected with:
      | certificate | gateway.example |

  @TLS-007 @core @rfc7301-3.1
  Scenario Outline: of the protocols that the client offers one is chosen: <protocols>
    Given the configuration "tls"
    And the client connects with:
      | protocols | <protocols> |
    When the client sends "GET /shop"
    Then the response status is 200
    And the client is connected with:
      | protocol | <protocol> |

    Examples:
      | protocols           | protocol |
      | http/1.1            | http/1.1 |
      | h2, http/1.1        | h2       |
      | h2                  | h2       |
      | acme/1, http/1.1    | http/1.1 |
      | none                | none     |

  @TLS-008 @extended @rfc7301-3.2
  Scenario: a client that offers no protocol that is spoken here is told
    Given the configuration "tls"
    When the client sends "GET /shop"
    Then the response status is 200
    When the client connects with:
      | protocols | acme/1 |
    And the client sends "GET /shop"
    Then the handshake fails with the alert "no_application_protocol"
    And the upstream was not called

  @TLS-009 @core @rfc9113-3.2
  Scenario: HTTP/2 over TLS carries a body and an answer
    Given the configuration "tls"
    When the client sends "POST /shop" over HTTP/2
      """
      two pounds of tea
      """
    Then the response status is 200
    And the client is connected with:
      | protocol | h2 |
    And the upstream "shop" received the body "two pounds of tea"
    And the upstream "shop" received the method "POST"

  @TLS-010 @core @rfc6455-4.1
  Scenario: a WebSocket passes over TLS
    Given the configuration "tls"
    When the client opens a WebSocket at "/shop"
      | Gatecheck-Behaviour | websocket |
    Then the response status is 101
    And the WebSocket echoes "hello"
    And the upstream "shop" received the header "X-Forwarded-Proto" with "https"

  @TLS-011 @core @rfc9325-3.1.1
  Scenario Outline: TLS 1.2 and 1.3 are spoken: <version>
    Given the configuration "tls"
    And the client connects with:
      | version | <version> |
    When the client sends "GET /shop"
    Then the response status is 200
    And the client is connected with:
      | version | <version> |

    Examples:
      | version |
      | TLSv1.2 |
      | TLSv1.3 |

  @TLS-012 @core @rfc8446-6.2
  Scenario: a version below the lowest is refused
    Given the configuration "tls"
      | /listeners/0/tls/minVersion | "1.3" |
    And the client connects with:
      | version | TLSv1.3 |
    When the client sends "GET /shop"
    Then the response status is 200
    When the client connects with:
      | version | TLSv1.2 |
    And the client sends "GET /shop"
    Then the handshake fails with the alert "protocol_version"
    And the upstream was not called

  @TLS-013 @core @rfc7239-4
  Scenario Outline: the upstream hears that the client came over TLS, whatever the client says, over <protocols>
    Given the configuration "tls"
    And the client connects with:
      | protocols | <protocols> |
    When the client sends "GET /shop"
      | X-Forwarded-Proto | http           |
      | Forwarded         | proto=http     |
    Then the response status is 200
    And the upstream "shop" received the header "X-Forwarded-Proto" with "https"
    And the upstream "shop" received the header "X-Forwarded-Host" with "gateway.example"
    And the upstream "shop" received the header "Forwarded" that contains "proto=https"

    Examples:
      | protocols |
      | http/1.1  |
      | h2        |

  @TLS-014 @extended @docs-configuration
  Scenario: each listener has its own settings
    Given the configuration "tls"
      | /listeners/- | {"address": "127.0.0.1:8080"} |
      | /listeners/- | {"address": "127.0.0.1:8444", "tls": {"minVersion": "1.3", "certificates": [{"certificate": "c.example.pem", "key": "c.key"}]}} |
    When the client sends "GET /shop"
    Then the response status is 200
    And the client is connected with:
      | certificate | gateway.example |
    When the client connects with:
      | listener | 2 |
    And the client sends "GET /shop"
    Then the response status is 200
    And the upstream "shop" received the header "X-Forwarded-Proto" with "http"
    When the client connects with:
      | listener | 3 |
    And the client sends "GET /shop"
    Then the response status is 200
    And the client is connected with:
      | certificate | c.example |
      | version     | TLSv1.3   |
    When the client connects with:
      | version | TLSv1.2 |
    And the client sends "GET /shop"
    Then the handshake fails
