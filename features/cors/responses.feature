@plugin:cors
Feature: CORS on responses

  Background:
    Given the configuration "cors"

  @CORS-020 @core @fetch-3.2.3
  Scenario Outline: a page of <origin> may read the response
    When the client sends "GET /open" with the header "Origin: <origin>"
    Then the response status is 200
    And the header "Access-Control-Allow-Origin" is "<origin>"
    And the header "Access-Control-Expose-Headers" lists "X-Total"
    And the upstream "open" received the request

    Examples:
      | origin                    |
      | https://app.example.com   |
      | https://a.partner.example |

  @CORS-021 @core @fetch-3.2.3
  Scenario: a page of another origin may not
    When the client sends "GET /open" with the header "Origin: https://evil.example.net"
    Then the response status is 200
    And no header begins with "Access-Control-Allow-"

  @CORS-022 @core @fetch-3.2.3
  Scenario: what the upstream says of CORS is replaced
    When the client sends "GET /open"
      | Origin              | https://app.example.com                                    |
      | Gatecheck-Behaviour | status=200;headers=Access-Control-Allow-Origin: *;body=hi |
    Then the response status is 200
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"

  @CORS-023 @extended @fetch-3.2.5 @rfc9110-12.5.5
  Scenario Outline: the response varies by origin, <kind>
    When the client sends "GET /open"
      | <header>            | https://app.example.com                           |
      | Gatecheck-Behaviour | status=200;headers=Vary: Accept-Encoding;body=hi |
    Then the response status is 200
    And the header "Vary" lists "Origin"
    And the header "Vary" lists "Accept-Encoding"

    Examples:
      | kind               | header  |
      | with an Origin     | Origin  |
      | without an Origin  | X-Other |

  @CORS-024 @core @fetch-3.2.3
  Scenario: a page may read the gateway's own refusal
    When the client sends "GET /closed" with the header "Origin: https://app.example.com"
    Then the response status is 401
    And the header "Access-Control-Allow-Origin" is "https://app.example.com"
    And the upstream was not called

  @CORS-025 @core @fetch-3.2.3
  Scenario Outline: nor is "<origin>" let in by what the upstream says
    When the client sends "GET /open"
      | Origin              | <origin>                                                                                                     |
      | Gatecheck-Behaviour | status=200;headers=Access-Control-Allow-Origin: <origin>;body=hi |
    Then the response status is 200
    And no header begins with "Access-Control-Allow-"

    Examples:
      | origin                   |
      | https://evil.example.net |
      | null                     |

  @CORS-026 @core @fetch-3.2.3
  Scenario: credentials and exposed headers are told with a response, the rest with a preflight
    When the client sends "GET /open" with the header "Origin: https://app.example.com"
    Then the response has the headers:
      | Access-Control-Allow-Credentials | true    |
      | Access-Control-Expose-Headers    | X-Total |
    And the header "Access-Control-Allow-Methods" is absent
    And the header "Access-Control-Max-Age" is absent

  @CORS-027 @core @fetch-3.2.3
  Scenario: a request of no page gets no CORS headers
    When the client sends "GET /open"
    Then the response status is 200
    And no header begins with "Access-Control-Allow-"

  @CORS-028 @extended @fetch-3.2.5 @rfc9110-12.5.5
  Scenario: a refusal varies by origin too
    When the client sends "GET /closed"
    Then the response status is 401
    And the header "Vary" lists "Origin"

  @CORS-029 @core @fetch-3.2.3
  Scenario: a page of another origin may not even read a refusal
    When the client sends "GET /closed" with the header "Origin: https://evil.example.net"
    Then the response status is 401
    And no header begins with "Access-Control-Allow-"
