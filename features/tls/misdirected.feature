Feature: On a connection over TLS requests are for hosts that its certificate covers

  Background:
    Given the configuration "tls"

  @TLS-020 @extended @rfc9110-7.4 @misdirected-host
  Scenario Outline: another host than the certificate's, over <protocols>: <server name>, <host>
    Given the client connects with:
      | server name | <server name> |
      | protocols   | <protocols>   |
    When the client sends "GET /shop"
    Then the response status is 200
    And the upstream "shop" received the request
    When the client sends "GET /shop" with the header "Host: <host>"
    Then the response status is 421
    And the upstream was not called

    Examples:
      | protocols | server name     | host              |
      | http/1.1  | gateway.example | b.example         |
      | h2        | gateway.example | b.example         |
      | http/1.1  | gateway.example | c.example         |
      | h2        | gateway.example | c.example         |
      | http/1.1  | b.example       | gateway.example   |
      | h2        | b.example       | gateway.example   |
      | http/1.1  | b.example       | shop.b.example    |
      | h2        | b.example       | shop.b.example    |
      | http/1.1  | shop.b.example  | b.example         |
      | h2        | shop.b.example  | b.example         |
      | http/1.1  | shop.b.example  | a.shop.b.example  |
      | h2        | shop.b.example  | a.shop.b.example  |
      | http/1.1  | gateway.example | xgateway.example  |
      | http/1.1  | gateway.example | gateway.example.c |
      | http/1.1  | gateway.example | 127.0.0.2         |

  @TLS-021 @core @rfc9110-4.3.3
  Scenario Outline: another host that the certificate covers too, over <protocols>: <server name>, <host>
    Given the client connects with:
      | server name | <server name> |
      | protocols   | <protocols>   |
    When the client sends "GET /shop" with the header "Host: <host>"
    Then the response status is 200
    And the upstream "shop" received the request

    Examples:
      | protocols | server name     | host                 |
      | http/1.1  | gateway.example | localhost            |
      | h2        | gateway.example | localhost            |
      | http/1.1  | shop.b.example  | another.b.example    |
      | h2        | shop.b.example  | another.b.example    |
      | http/1.1  | gateway.example | GATEWAY.example:8443 |
      | h2        | gateway.example | gateway.example:8443 |
      | http/1.1  | none            | gateway.example      |
      | h2        | none            | localhost            |

  @TLS-022 @extended @rfc9110-7.4 @misdirected-host
  Scenario Outline: a client that asked for no host, over <protocols>
    Given the client connects with:
      | server name | none        |
      | protocols   | <protocols> |
    When the client sends "GET /shop" with the header "Host: b.example"
    Then the response status is 421
    And the upstream was not called

    Examples:
      | protocols |
      | http/1.1  |
      | h2        |

  @TLS-023 @extended @rfc9112-3.2.2 @misdirected-host
  Scenario: a target in absolute form is what counts
    When the client sends "GET https://localhost/shop" with the header "Host: localhost"
    Then the response status is 200
    When the client sends "GET https://c.example/shop" with the header "Host: c.example"
    Then the response status is 421
    And the upstream was not called
    When the client sends "GET https://c.example/shop" with the header "Host: gateway.example"
    Then the response status is 400 or 421
    And the upstream was not called
    When the client sends "GET http://gateway.example/shop"
    Then the response status is 421
    And the upstream was not called

  @TLS-024 @strict @rfc9457-3 @problem-json @misdirected-host
  Scenario: the answer says why
    When the client sends "GET /shop" with the header "Host: c.example"
    Then the response status is 421
    And the body is a problem with the status 421
    And the body is JSON with:
      | /code | "misdirected-request" |
    And the access log says "misdirected-request" of "cause"
