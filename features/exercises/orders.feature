Feature: Exercise: an orders API for a web front end
  One service under /api/v1/orders: a key in X-API-Key, 100 requests a minute for each key, and CORS for the one origin
  of the front end.

  Background:
    Given the configuration "orders"
    And a consumer "alice" with a key

  @ORDERS-001 @core @exercise-orders @rfc9110-15.5.2
  Scenario: a request without a key is refused
    When the client sends "GET /api/v1/orders"
    Then the response status is 401
    And the header "WWW-Authenticate" is present
    And the upstream was not called

  @ORDERS-002 @core @exercise-orders @rfc9110-15.5.2
  Scenario: a request with a wrong key is refused
    When the client sends "GET /api/v1/orders" with the header "X-API-Key: no-such-key"
    Then the response status is 401
    And the header "WWW-Authenticate" is present
    And the upstream was not called

  @ORDERS-003 @core @exercise-orders
  Scenario: a request with a right key is answered
    When the client sends "GET /api/v1/orders" with the key of "alice"
    Then the response status is 200
    And the upstream "orders" received the request
    And the upstream "orders" received the target "/api/v1/orders"
    And the upstream "orders" received the request without the header "X-API-Key"

  @ORDERS-004 @core @exercise-orders
  Scenario: an order is placed with POST
    When the client sends "POST /api/v1/orders" with the key of "alice"
      """
      {"item": "book"}
      """
      | Content-Type | application/json |
    Then the response status is 200
    And the upstream "orders" received the method "POST"
    And the upstream "orders" received a body of 16 bytes

  @ORDERS-005 @core @exercise-orders @rfc6585-4 @sliding-window
  Scenario: past 100 requests in a minute the same key is refused
    When the client sends "GET /api/v1/orders" with the key of "alice"
    And the client sends 99 such requests
    Then every response status is 200
    When the client sends 1 such requests
    Then the response status is 429
    And the header "Retry-After" is a whole number of seconds of at least 1
    And the upstream was not called

  @ORDERS-006 @core @exercise-orders @rfc6585-4 @sliding-window
  Scenario: one key's limit is not another's
    Given a consumer "bob" with a key
    When the client sends "GET /api/v1/orders" with the key of "alice"
    And the client sends 100 such requests at once
    Then 1 of the responses have the status 429
    When the client sends "GET /api/v1/orders" with the key of "bob"
    Then the response status is 200

  @ORDERS-007 @core @exercise-orders @fetch-3.2.2
  Scenario Outline: the preflight of the front end passes for <method>
    When the client asks from "https://app.example.com" whether it may send "<method> /api/v1/orders"
      | X-API-Key |
    Then the response status is 204 or 200
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the header "Access-Control-Allow-Methods" lists "<method>"
    And the header "Access-Control-Allow-Headers" lists "X-API-Key"
    And the upstream was not called

    Examples:
      | method |
      | GET    |
      | POST   |

  @ORDERS-008 @core @exercise-orders @fetch-3.2.2
  Scenario: the preflight of another origin is not allowed
    When the client asks from "https://evil.example.net" whether it may send "GET /api/v1/orders"
    Then no header begins with "Access-Control-Allow-"
    And the upstream was not called
