Feature: Upstreams that fail

  Background:
    Given the configuration "upstreams"

  @UP-001 @core @rfc9110-15.6.3
  Scenario: nobody listens at the upstream
    When the client sends "GET /gone"
    Then the response status is 502
    When the client sends "GET /plain"
    Then the response status is 200
    And the upstream "plain" received the request

  @UP-002 @core @rfc9110-15.6.5
  Scenario: the upstream doesn't answer in time
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: hang"
    Then the response status is 504
    And the response took less than 2800 ms
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: slow=200ms"
    Then the response status is 200

  @UP-003 @core @rfc9110-15.6.3
  Scenario Outline: the upstream ends the connection instead of answering: <behaviour>
    When the client sends "POST /plain" with the header "Gatecheck-Behaviour: <behaviour>"
    Then the response status is 502
    And the upstream "plain" received the request 1 times

    Examples:
      | behaviour     |
      | close=request |
      | reset=request |

  @UP-007 @core @rfc9110-15.6.3
  Scenario Outline: the upstream's answer has no status line but "<line>"
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: raw=<line>%0D%0A%0D%0A"
    Then the response status is 502

    Examples:
      | line              |
      | nonsense          |
      | HTTP/1.1 nonsense |

  @UP-004 @core @docs-configuration
  Scenario: a request for which one target can't be reached is tried at another
    When the client sends "GET /pair" with the header "Host: shop.example.com"
    Then the response status is 200
    And the upstream "alive-svc" received the request
    And the upstream "alive-svc" received the header "Host" with "shop.example.com"
    When the client sends 4 such requests
    Then every response status is 200

  @UP-005 @core @rfc9110-9.2.2
  Scenario: a request that isn't idempotent is not tried again once it was sent
    When the client sends "POST /plain" with the header "Gatecheck-Behaviour: close=request"
    Then the response status is 502
    And the upstream "plain" received the request 1 times

  @UP-006 @core @rfc9110-15
  Scenario Outline: the upstream's own <status> is passed on
    When the client sends "GET /plain" with the header "Gatecheck-Behaviour: status=<status>;headers=X-Reason: mine;body=said"
    Then the response status is <status>
    And the header "X-Reason" is "mine"
    And the body is "said"

    Examples:
      | status |
      | 201    |
      | 404    |
      | 500    |
      | 503    |

  @UP-008 @core @rfc9110-15.6.5
  Scenario: the upstream doesn't take the connection in time
    Given the upstream "plain-svc" does "blackhole"
    When the client sends "GET /plain"
    Then the response status is 504
    And the response took less than 2800 ms

  @UP-009 @strict @rfc9209-2.3 @proxy-status
  Scenario Outline: Proxy-Status and the log tell what went wrong: <error>
    When the client sends "GET <path>" with the header "Gatecheck-Behaviour: <behaviour>"
    Then the response status is <status>
    And the header "Proxy-Status" contains "error=<error>"
    And the body is a problem with the status <status>
    And the access log says "<cause>" of "cause"
    And the access log says "<status>" of "status"

    Examples:
      | path   | behaviour                  | status | error                  | cause             |
      | /gone  | echo                       | 502    | connection_refused     | upstream-refused  |
      | /plain | close=request              | 502    | connection_terminated  | upstream-reset    |
      | /plain | raw=nonsense%0D%0A%0D%0A   | 502    | http_protocol_error    | upstream-invalid  |
      | /plain | hang                       | 504    | http_response_timeout  | upstream-timeout  |
