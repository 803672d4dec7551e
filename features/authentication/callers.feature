Feature: Realms, and headers that tell who calls

  Background:
    Given the configuration "callers"

  @BASIC-012 @extended @rfc9110-11.5 @docs-plugins @plugin:basic-auth
  Scenario: a password is asked for in the name of the realm, and its user told in the header that is configured
    When the client sends "GET /desk"
    Then the response status is 401
    And the header "WWW-Authenticate" contains 'realm="desk"'
    And the upstream was not called
    When the client sends "GET /desk" with the header "Authorization: Basic {base64 alice:open:sesame}"
      | X-Caller | root |
    Then the response status is 200
    And the upstream "desk" received the header "X-Caller" with "alice"
    And the upstream "desk" received the request without the header "Authorization"
    And the upstream "desk" received the request without the header "X-Consumer-Name"

  @KEY-040 @extended @rfc9110-11.5 @docs-plugins @plugin:key-auth
  Scenario: so is a key
    Given a consumer "bob" with a key
    When the client sends "GET /lobby" with the header "X-API-Key: wrong"
    Then the response status is 401
    And the header "WWW-Authenticate" contains 'realm="lobby"'
    And the upstream was not called
    When the client sends "GET /lobby" with the key of "bob"
    Then the response status is 200
    And the upstream "lobby" received the caller "bob" in the header "X-Consumer-Name"

  @COMBINE-041 @extended @docs-plugins @plugin:anonymous
  Scenario: who says nothing is the guest, in the header that is configured
    When the client sends "GET /lobby" with the header "X-Guest: root"
    Then the response status is 200
    And the upstream "lobby" received the header "X-Guest" with "guest"
