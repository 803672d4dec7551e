Feature: A service is spoken to over TLS

  @TLS-040 @core @rfc9110-4.3.4
  Scenario Outline: an upstream whose certificate is good, from <variant> authority
    Given the configuration "secure-upstreams"
    And the server "vault-svc" speaks TLS with:
      | certificate | <variant> |
    When the client sends "GET /vault"
    Then the response status is 200
    And the upstream "vault" received the header "Host" with "vault-svc:8443"
    And the upstream "vault-svc" is connected with:
      | server name | vault-svc |

    Examples:
      | variant      |
      | good         |
      | intermediate |

  @TLS-041 @core @rfc9110-4.3.4
  Scenario Outline: an upstream whose certificate is <variant>
    Given the configuration "secure-upstreams"
    And the server "vault-svc" speaks TLS with:
      | certificate | <variant> |
    When the client sends "GET /renamed"
    Then the response status is 200
    When the client sends "GET /vault"
    Then the response status is 502
    And the upstream was not called

    Examples:
      | variant              |
      | expired              |
      | not-yet-valid        |
      | wrong-authority      |
      | impostor-authority   |
      | self-signed          |
      | intermediate-missing |
      | wrong-name           |
      | wrong-usage          |

  @TLS-042 @extended @rfc9209-2.3.14 @proxy-status
  Scenario Outline: Proxy-Status tells that the upstream's certificate is <variant>
    Given the configuration "secure-upstreams"
    And the server "vault-svc" speaks TLS with:
      | certificate | <variant> |
    When the client sends "GET /vault"
    Then the response status is 502
    And the header "Proxy-Status" contains "error=tls_certificate_error"

    Examples:
      | variant              |
      | expired              |
      | not-yet-valid        |
      | wrong-authority      |
      | impostor-authority   |
      | self-signed          |
      | intermediate-missing |
      | wrong-name           |
      | wrong-usage          |

  @TLS-043 @core @docs-configuration
  Scenario: a good certificate of an authority that the service doesn't trust
    Given the configuration "secure-upstreams"
      | /apis/0/service/tls/ca | "other-ca.pem" |
    When the client sends "GET /vault"
    Then the response status is 502
    And the upstream was not called
    When the client sends "GET /renamed"
    Then the response status is 200

  @TLS-044 @core @docs-configuration
  Scenario: an upstream that is asked for by another name
    Given the configuration "secure-upstreams"
    And the server "renamed-svc" speaks TLS with:
      | hosts | vault.internal |
    When the client sends "GET /renamed"
    Then the response status is 200
    And the upstream "renamed" received the header "Host" with "renamed-svc:8443"
    And the upstream "renamed-svc" is connected with:
      | server name | vault.internal |

  @TLS-045 @core @docs-configuration
  Scenario: an upstream that is asked for by another name and shows its own
    Given the configuration "secure-upstreams"
    And the server "renamed-svc" speaks TLS with:
      | hosts | renamed-svc |
    When the client sends "GET /renamed"
    Then the response status is 502
    And the upstream was not called

  @TLS-046 @core @rfc6125-6.4.3
  Scenario Outline: an upstream with a certificate for a wildcard: <server name>
    Given the configuration "secure-upstreams"
      | /apis/1/service/tls/serverName | "<server name>" |
    And the server "renamed-svc" speaks TLS with:
      | hosts | *.vault.internal |
    When the client sends "GET /renamed"
    Then the response status is <status>

    Examples:
      | server name          | status |
      | a.vault.internal     | 200    |
      | vault.internal       | 502    |
      | b.a.vault.internal   | 502    |

  @TLS-047 @core @rfc8446-4.4.2
  Scenario Outline: an upstream that wants a certificate gets that of the service, over <version>
    Given the configuration "secure-upstreams"
    And the server "strict-svc" speaks TLS with:
      | client certificate | required  |
      | version            | <version> |
    And the server "vault-svc" speaks TLS with:
      | client certificate | required  |
      | version            | <version> |
    When the client sends "GET /strict"
    Then the response status is 200
    And the upstream "strict-svc" is connected with:
      | certificate | gateway.example |
      | version     | <version>       |
      | server name | strict-svc      |
    When the client sends "GET /vault"
    Then the response status is 502
    And the upstream was not called

    @broken-off-in-handshake
    Examples:
      | version |
      | TLSv1.2 |

    Examples:
      | version |
      | TLSv1.3 |

  @TLS-048 @extended @rfc9209-2.3.15 @proxy-status
  Scenario: Proxy-Status tells that the upstream broke the handshake off
    Given the configuration "secure-upstreams"
    And the server "vault-svc" speaks TLS with:
      | client certificate | required |
      | version            | TLSv1.2  |
    When the client sends "GET /vault"
    Then the response status is 502
    And the header "Proxy-Status" contains "error=tls_alert_received"
    And the upstream was not called

  @TLS-049 @extended @docs-configuration
  Scenario Outline: an upstream that doesn't take the service's certificate, which is <variant>
    Given the configuration "secure-upstreams"
      | /apis/2/service/tls/certificate | "gateway.<variant>.pem" |
    When the client sends "GET /strict"
    Then the response status is 502
    And the upstream was not called
    When the client sends "GET /vault"
    Then the response status is 200

    Examples:
      | variant         |
      | expired         |
      | wrong-authority |

  @TLS-050 @core @docs-configuration
  Scenario: the certificate of one service is not shown to another
    Given the configuration "secure-upstreams"
    And the server "strict-svc" speaks TLS with:
      | client certificate | not asked for |
    And the server "public-svc" speaks TLS with:
      | client certificate | required |
    When the client sends "GET /strict"
    Then the response status is 200
    And the upstream "strict-svc" is connected with:
      | certificate | none |
    When the client sends "GET /public"
    Then the response status is 502
    And the upstream was not called

  @TLS-051 @core @rfc9325-3.1.1
  Scenario Outline: an upstream that speaks <version> alone
    Given the configuration "secure-upstreams"
    And the server "vault-svc" speaks TLS with:
      | version | <version> |
    When the client sends "GET /vault"
    Then the response status is 200
    And the upstream "vault-svc" is connected with:
      | version | <version> |

    Examples:
      | version |
      | TLSv1.2 |
      | TLSv1.3 |

  @TLS-052 @extended @docs-configuration
  Scenario: HTTP/2 is agreed on where the service wants it
    Given the configuration "secure-upstreams"
      | /apis/0/service/http2 | true |
    When the client sends "GET /vault"
    Then the response status is 200
    And the upstream "vault-svc" is connected with:
      | protocol | h2 |
    When the client sends "GET /renamed"
    Then the response status is 200
    And the upstream "renamed-svc" is connected with:
      | protocol | http/1.1 |

  @TLS-053 @strict @docs-configuration
  Scenario Outline: an upstream that doesn't agree to HTTP/2 is not spoken to in HTTP/1.1: <protocols>
    Given the configuration "secure-upstreams"
      | /apis/0/service/http2 | true |
    And the server "vault-svc" speaks TLS with:
      | protocols | <protocols> |
    When the client sends "GET /vault"
    Then the response status is 502
    And the header "Proxy-Status" contains "error=<error>"
    And the upstream was not called

    Examples:
      | protocols | error               |
      | http/1.1  | tls_alert_received  |
      | none      | http_protocol_error |

  @TLS-054 @strict @docs-configuration @problem-json
  Scenario: the answer tells the cause and nothing of the upstream
    Given the configuration "secure-upstreams"
    And the server "vault-svc" speaks TLS with:
      | certificate | wrong-name |
    When the client sends "GET /vault"
    Then the response status is 502
    And the body is a problem with the status 502
    And the body is JSON with:
      | /code | "upstream-certificate" |
    And the body does not contain "other.invalid"
    And the body does not contain "vault-svc"
    And the access log says "upstream-certificate" of "cause"

  @TLS-055 @core @docs-configuration
  Scenario: what the client was told of TLS doesn't matter to the upstream's: the client speaks none
    Given the configuration "secure-upstreams"
    When the client sends "POST /vault" with a body of 300000 bytes
    Then the response status is 200
    And the upstream "vault" received a body of 300000 bytes
    And the upstream "vault" received the header "X-Forwarded-Proto" with "http"
