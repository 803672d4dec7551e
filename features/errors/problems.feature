Feature: What the gateway says when it refuses

  @ERR-001 @strict @rfc9457-3 @problem-json
  Scenario Outline: <method> <path> is answered with a problem
    Given the configuration "routing"
    When the client sends "<method> <path>"
    Then the response status is <status>
    And the body is a problem with the status <status>
    And the body is JSON with:
      | /type     | present |
      | /instance | present |
    And the upstream was not called

    Examples:
      | method | path     | status |
      | GET    | /unknown | 404    |
      | DELETE | /users   | 405    |

  @ERR-002 @core @rfc9110-9.3.2
  Scenario: a refusal of HEAD has no body
    Given the configuration "api-keys"
    When the client sends "HEAD /ledger"
    Then the response status is 401
    And the body is empty
    And the upstream was not called

  @ERR-003 @core @rfc9110-17.10
  Scenario: nothing tells the address of an upstream that is gone
    Given the configuration "upstreams"
    When the client sends "GET /gone"
    Then the response status is 502
    And the body does not contain "127.0.0.1"
    And the body does not contain "gone.invalid"

  @ERR-004 @strict @rfc9457-3.1 @problem-json
  Scenario Outline: every member of a problem, <code>
    Given the configuration "<configuration>"
    When the client sends "<request>" with the header "X-API-Key: wrong"
    Then the response status is <status>
    And the body is a problem with the status <status>
    And the body is JSON with:
      | /type     | "urn:gateway:problem:<code>" |
      | /title    | present                      |
      | /detail   | present                      |
      | /instance | present                      |
      | /code     | "<code>"                     |
    And the header "Cache-Control" contains "no-store"

    Examples:
      | configuration | request         | status | code               |
      | routing       | GET /unknown    | 404    | no-route           |
      | routing       | PUT /users      | 405    | method-not-allowed |
      | routing       | GET /users/%2F  | 400    | malformed-path     |
      | rate-limits   | GET /keyed      | 401    | credential-invalid |
      | api-keys      | GET /ledger     | 401    | credential-missing |
      | upstreams     | GET /gone       | 502    | upstream-refused   |

  @ERR-005 @core @rfc9110-9.3.2
  Scenario Outline: HEAD is refused without a body, whatever the reason: <status>
    Given the configuration "<configuration>"
    When the client sends "HEAD <path>"
    Then the response status is <status>
    And the body is empty

    Examples:
      | configuration   | path      | status |
      | routing         | /unknown  | 404    |
      | payments-canary | /api/v1/payments | 405 |
      | upstreams       | /gone     | 502    |

  @ERR-006 @core @rfc9110-17.10
  Scenario Outline: no answer tells with which software and which version: <path>
    Given the configuration "upstreams"
    When the client sends "GET <path>"
    Then the header "Server" does not contain "/"
    And the header "Via" does not contain "/"
    And the header "X-Powered-By" is absent
    And the body does not contain "panicked"
    And the body does not contain ".rs"
    And the body does not contain "pingora"
    And the body does not contain "nginx/"

    Examples:
      | path     |
      | /plain   |
      | /gone    |
      | /unknown |

  @ERR-007 @core @rfc9110-17.10
  Scenario: nor does the answer to what is hardly a request
    Given the configuration "upstreams"
    When the client sends the bytes:
      """
      no request at all {exchange}

      """
    Then the response status is 400
    And the header "Server" does not contain "/"
    And the header "Server" does not contain "pingora"
    And the upstream was not called
