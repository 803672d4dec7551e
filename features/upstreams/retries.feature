Feature: Failed requests are tried again, where that does no harm

  @UP-010 @core @rfc9110-9.2.2 @docs-configuration
  Scenario Outline: after <failure> a <method> is tried at another target
    Given the configuration "retries"
    And the upstream "one-svc" does "<behaviour>"
    When the client sends "<method> /two"
    And the client sends 4 such requests
    Then every response status is 200
    And the upstream "two-svc" received 4 of the requests

    Examples:
      | failure        | behaviour     | method |
      | a listed 503   | status=503    | GET    |
      | a reset        | reset=request | GET    |
      | an early close | close=request | PUT    |
      | a refusal      | refuse        | GET    |

  @UP-011 @core @rfc9110-9.2.2
  Scenario Outline: a POST that was sent is not tried again after <failure>
    Given a gateway of its own with the configuration "retries"
    And the upstream "one-svc" does "<behaviour>"
    When the client sends "POST /two"
    And the client sends 4 such requests
    Then 2 of the responses have the status <status>
    And 2 of the responses have the status 200
    And the upstream "one-svc" received 2 of the requests
    And the upstream "two-svc" received 2 of the requests

    Examples:
      | failure      | behaviour     | status |
      | a listed 503 | status=503    | 503    |
      | a reset      | reset=request | 502    |

  @UP-024 @core @rfc9110-9.2.2 @docs-configuration
  Scenario Outline: where no connection is made nobody has seen the <method>, and it goes to another target
    Given the configuration "retries"
    When the client sends "<method> /half"
    And the client sends 4 such requests
    Then every response status is 200
    And the upstream "taking-svc" received 4 of the requests

    Examples:
      | method |
      | GET    |
      | POST   |

  @UP-012 @core @docs-configuration
  Scenario Outline: a status that is not listed is the answer: <status>
    Given a gateway of its own with the configuration "retries"
    And the upstream "one-svc" does "status=<status>;body=mine"
    When the client sends "GET /two"
    And the client sends 4 such requests
    Then 2 of the responses have the status <status>
    And the upstream "one-svc" received 2 of the requests

    Examples:
      | status |
      | 500    |
      | 502    |

  @UP-028 @core @docs-configuration
  Scenario Outline: where other methods are listed, a <method> is tried again, once
    Given a gateway of its own with the configuration "retried-methods"
    When the client sends "<method> /written" with the header "Gatecheck-Behaviour: status=503"
    Then the response status is 503
    And the upstream "draft-svc" received the request 1 times
    And the upstream "copy-svc" received the request 1 times
    And the upstream "spare-svc" was not called

    Examples:
      | method |
      | GET    |
      | POST   |

  @UP-029 @core @docs-configuration
  Scenario Outline: and what is not listed is not: <method> with <status>
    Given a gateway of its own with the configuration "retried-methods"
    When the client sends "<method> /written" with the header "Gatecheck-Behaviour: status=<status>"
    Then the response status is <status>
    And the upstream "draft-svc" received the request 1 times
    And the upstream "copy-svc" was not called

    Examples:
      | method | status |
      | PUT    | 503    |
      | GET    | 502    |

  @UP-030 @core @docs-configuration
  Scenario: a status is the answer where only time counts
    Given a gateway of its own with the configuration "retries"
    When the client sends "GET /patient" with the header "Gatecheck-Behaviour: status=502"
    Then the response status is 502
    And the upstream "first-svc" received the request 1 times
    And the upstream "second-svc" was not called

  @UP-013 @core @docs-configuration
  Scenario: no target is tried twice
    Given the configuration "retries"
    When the client sends "GET /two" with the header "Gatecheck-Behaviour: status=503;body=busy"
    Then the response status is 503
    And the upstream "one-svc" received the request 1 times
    And the upstream "two-svc" received the request 1 times

  @UP-014 @core @docs-configuration
  Scenario: the total time covers all tries
    Given the configuration "retries"
    When the client sends "GET /patient" with the header "Gatecheck-Behaviour: hang"
    Then the response status is 504
    And the response took less than 2800 ms

  @UP-015 @extended @docs-configuration
  Scenario: no retries where they are switched off
    Given a gateway of its own with the configuration "retries"
    When the client sends "GET /never"
    And the client sends 2 such requests
    Then 1 of the responses have the status 502
    And 1 of the responses have the status 200

  @UP-016 @strict @docs-configuration @streamed-body
  Scenario: a body that is no longer there is not sent again
    Given a gateway of its own with the configuration "retries"
    And the upstream "one-svc" does "close=request"
    When the client sends "PUT /two" with a body of 300000 bytes
    And the client sends 2 such requests
    Then 1 of the responses have the status 502
    And 1 of the responses have the status 200
    When the client sends "PUT /two" with a body of 300 bytes
    And the client sends 2 such requests
    Then every response status is 200

  @UP-017 @strict @rfc9110-10.2.3 @docs-configuration @patient-retries
  Scenario: the wait that a target asks for is kept before the next try
    Given the configuration "retries"
    When the client sends "GET /two" with the header "Gatecheck-Behaviour: status=503;headers=Retry-After: 1"
    Then the response status is 503
    And the response took at least 1000 ms
    And the upstream "one-svc" received the request 1 times
    And the upstream "two-svc" received the request 1 times

  @UP-018 @strict @rfc9110-10.2.3 @docs-configuration @patient-retries
  Scenario: a wait that would outlast the total time is left to the client
    Given a gateway of its own with the configuration "retries"
    When the client sends "GET /two" with the header "Gatecheck-Behaviour: status=503;headers=Retry-After: 60;body=busy"
    Then the response status is 503
    And the header "Retry-After" is "60"
    And the body is "busy"
    And the upstream "two-svc" was not called

  @UP-019 @strict @docs-configuration
  Scenario: no more retries than the budget has room for
    Given a gateway of its own with the configuration "retries"
      | /apis/0/service/retries/budget | {"percent": 0, "min": 0} |
    And the upstream "one-svc" does "status=503"
    When the client sends "GET /two"
    And the client sends 4 such requests
    Then 2 of the responses have the status 503
    And 2 of the responses have the status 200
