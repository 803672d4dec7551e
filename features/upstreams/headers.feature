Feature: What upstreams are told of a request besides what the client sent

  @UP-060 @core @rfc7239-4
  Scenario: where a request came from is told by the gateway, not by the client
    Given the configuration "upstreams"
    When the client sends "GET /plain"
      | Host              | shop.example.com                |
      | X-Forwarded-For   | 203.0.113.66                    |
      | X-Forwarded-Host  | evil.example.net                |
      | X-Forwarded-Proto | https                           |
      | Forwarded         | for=203.0.113.66;proto=https    |
    Then the response status is 200
    And the upstream "plain" received the header "X-Forwarded-For" with "{client}"
    And the upstream "plain" received the header "Host" with "plain-svc:8080"
    And the upstream "plain" received the header "X-Forwarded-Host" with "shop.example.com"
    And the upstream "plain" received the header "X-Forwarded-Proto" with "http"
    And the upstream "plain" received the header "Forwarded" that contains "for={client};"
    And the upstream "plain" received the header "Forwarded" that contains "proto=http"

  @UP-061 @extended @rfc7239-5 @docs-configuration
  Scenario: a proxy that is trusted is believed, and the chain goes on
    Given the configuration "upstreams"
      | /listeners | [{"address": "127.0.0.1:0", "trustedProxies": ["127.0.0.0/8"]}] |
    When the client sends "GET /plain"
      | X-Forwarded-For   | 198.51.100.7         |
      | X-Forwarded-Host  | shop.example.com     |
      | X-Forwarded-Proto | https                |
    Then the response status is 200
    And the upstream "plain" received the header "X-Forwarded-For" with "198.51.100.7, {client}"
    And the upstream "plain" received the header "X-Forwarded-Host" with "shop.example.com"
    And the upstream "plain" received the header "X-Forwarded-Proto" with "https"

  @UP-062 @core @rfc9110-7.2 @docs-configuration
  Scenario Outline: Host is <host> where the service says so
    Given the configuration "upstreams"
      | /apis/0/service/host | <setting> |
    When the client sends "GET /plain" with the header "Host: shop.example.com"
    Then the response status is 200
    And the upstream "plain" received the header "Host" with "<host>"

    Examples:
      | setting                    | host                 |
      | "upstream"                 | plain-svc:8080       |
      | "preserve"                 | shop.example.com     |
      | {"set": "inner.example"}   | inner.example        |

  @UP-063 @core @rfc9110-7.6.1
  Scenario: headers for one hop end at the gateway
    Given the configuration "upstreams"
    When the client sends "GET /plain"
      | Connection       | keep-alive   |
      | Keep-Alive       | timeout=5    |
      | Proxy-Connection | keep-alive   |
      | X-End-To-End     | for the upstream |
    Then the response status is 200
    And the upstream "plain" received the header "X-End-To-End" with "for the upstream"
    And the upstream "plain" received the request without the header "Keep-Alive"
    And the upstream "plain" received the request without the header "Proxy-Connection"

  @UP-064 @extended @rfc9110-7.6.1 @hop-by-hop
  Scenario: so do those that Connection names
    Given the configuration "upstreams"
    When the client sends "GET /plain"
      | Connection | keep-alive, X-Private |
      | X-Private  | for the gateway       |
    Then the response status is 200
    And the upstream "plain" received the request without the header "X-Private"

  @UP-065 @core @rfc9110-7.6.1 @hop-by-hop
  Scenario: the same holds for responses
    Given the configuration "upstreams"
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: hop-by-hop"
    Then the response status is 200
    And the header "X-End-To-End" is "for the client"
    And the header "Proxy-Connection" is absent
    And the header "Upgrade" is absent

  @UP-066 @extended @rfc9110-7.6.1 @hop-by-hop
  Scenario: and for those of a response that Connection names
    Given the configuration "upstreams"
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: hop-by-hop"
    Then the response status is 200
    And the header "X-Hop-Nominated" is absent

  @UP-067 @core @rfc9110-5.3
  Scenario: fields that come several times stay several, in their order
    Given the configuration "upstreams"
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: raw=HTTP/1.1 200 OK%0D%0ASet-Cookie: a=1%0D%0ASet-Cookie: b=2%0D%0AContent-Length: 0%0D%0A%0D%0A"
    Then the response status is 200
    And the header "Set-Cookie" contains "a=1, b=2"
    And the header "Set-Cookie" comes 2 times

  @UP-068 @core @rfc9110-5.3
  Scenario: what comes once stays one
    Given the configuration "upstreams"
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: status=200;headers=Content-Type: text/plain;body=said"
    Then the response status is 200
    And the header "Content-Type" is "text/plain"
    And the header "Content-Length" is "4"
    And the body is "said"
