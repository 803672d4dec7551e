Feature: Paths are brought into one form before they are routed
  What was routed on is what the upstream gets, so that both read a path alike.

  @ROUTE-070 @extended @rfc3986-6.2.2
  Scenario Outline: "<path>" is routed as what it means
    Given the configuration "routing"
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "<upstream>" received the request

    Examples:
      | path                 | upstream |
      | /%75sers             | users    |
      | /users/./42          | users    |
      | /users/x/../me/orders | me      |
      | /users/%2e%2e/health | health   |

  @ROUTE-071 @extended @rfc3986-6.2.2 @normalised-target
  Scenario Outline: "<path>" reaches the upstream as "<target>"
    Given the configuration "routing"
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "users" received the target "<target>"

    Examples:
      | path                   | target             |
      | /%75sers               | /users             |
      | /users/%7Eann          | /users/~ann        |
      | /users/x/../42         | /users/42          |
      | /users/a/%2E%2e/./b/?x | /users/b/?x        |

    @case-of-escapes
    Examples:
      | path                   | target             |
      | /users/caf%c3%a9       | /users/caf%C3%A9   |

  @ROUTE-077 @extended @rfc3986-5.2.4
  Scenario: dots end at the root
    Given the configuration "routing"
    When the client sends "GET /../../health"
    Then the response status is 200
    And the upstream "health" received the request

  @ROUTE-072 @core @rfc3986-2.4
  Scenario Outline: nothing is decoded or encoded twice in "<target>"
    Given the configuration "routing"
    When the client sends "GET <target>"
    Then the response status is 200
    And the upstream "users" received the target "<target>"

    Examples:
      | target                                 |
      | /users/a%20b                           |
      | /users/100%25                          |
      | /users/%252e%252e/x                    |
      | /users/a+b;c=d,e                       |
      | /users?next=%2Fa%3Fb&empty=&&x=+&y=../ |
      | /users?                                |
      | /users//double                         |

  @ROUTE-073 @extended @rfc3986-2.2 @docs-configuration @encoded-delimiters
  Scenario Outline: a delimiter that hides behind an escape is refused: <path>
    Given the configuration "routing"
    When the client sends "GET <path>"
    Then the response status is 400
    And the upstream was not called

    Examples:
      | path             |
      | /users/a%2Fb     |
      | /users/a%2fb     |
      | /users/..%5Cb    |

  @ROUTE-078 @core @rfc3986-7.3
  Scenario: a NUL is refused, however it is written
    Given the configuration "routing"
    When the client sends "GET /users/a%00"
    Then the response status is 400
    And the upstream was not called
    When the client sends the bytes:
      """
      GET /users/a\x00?tag={exchange} HTTP/1.1
      Host: {host}

      """
    Then the response status is 400
    And the upstream was not called

  @ROUTE-074 @core @rfc3986-2.1
  Scenario Outline: an escape that is none is refused: <path>
    Given the configuration "routing"
    When the client sends "GET <path>"
    Then the response status is 400
    And the upstream was not called

    Examples:
      | path        |
      | /users/%zz  |
      | /users/a%2  |

  @ROUTE-075 @extended @docs-configuration @encoded-delimiters
  Scenario: an encoded slash is kept where the listener says so, and stays part of its segment
    Given the configuration "routing"
      | /listeners | [{"address": "127.0.0.1:0", "paths": {"encodedSlashes": "keep"}}] |
    When the client sends "GET /users/a%2Fb/orders"
    Then the response status is 200
    And the upstream "orders-of-user" received the target "/users/a%2Fb/orders"
    When the client sends "GET /users/a%00"
    Then the response status is 400
    And the upstream was not called

  @ROUTE-076 @extended @docs-configuration
  Scenario: slashes are merged where the listener says so
    Given the configuration "routing"
      | /listeners | [{"address": "127.0.0.1:0", "paths": {"mergeSlashes": true}}] |
    When the client sends "GET //users///me/orders"
    Then the response status is 200
    And the upstream "me" received the request
