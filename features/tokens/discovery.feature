@plugin:jwt-validate
Feature: Keys are found by the issuer's metadata

  @JWT-170 @extended @rfc8414-3
  Scenario: metadata leads to the keys
    Given a gateway of its own with the configuration "key-discovery"
    And a token "t"
    And a token "bad" that is "wrong-key"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request
    When the client sends "GET /notes" with the token "bad"
    Then the response status is 401
    And the upstream was not called

  @JWT-171 @extended @docs-plugins
  Scenario: keys are followed as they change, through metadata as well
    Given a gateway of its own with the configuration "key-discovery"
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the issuer "login.example" replaces its keys
    And the token "t" is issued anew
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |
    Then the upstream "notes" received the request

  @JWT-172 @extended @rfc8414-3.3
  Scenario Outline: metadata that can't be followed, from the start: <answer>
    Given a gateway of its own with the configuration "key-discovery"
    And the metadata of the issuer "login.example" is answered with '<answer>'
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the header "WWW-Authenticate" is absent
    And the upstream was not called
    And the issuer "login.example" was asked 0 times
    When the metadata of the issuer "login.example" is answered with "good"
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |
    Then the upstream "notes" received the request

    Examples:
      | answer                                                                             |
      | status=500                                                                         |
      | status=404                                                                         |
      | not-json                                                                           |
      | empty                                                                              |
      | huge                                                                               |
      | redirect-to-http                                                                   |
      | json={"issuer":"https://login.example/tenants/7"}                                  |
      | json={"issuer":"https://login.example","jwks_uri":"https://login.example/.well-known/jwks.json"} |
      | json={"issuer":"https://login.example/tenants/7/","jwks_uri":"https://login.example/.well-known/jwks.json"} |
      | json={"issuer":"https://login.example/tenants/7","jwks_uri":"http://login.example/.well-known/jwks.json"} |
      | json={"issuer":"https://login.example/tenants/7","jwks_uri":"https://127.0.0.1/.well-known/jwks.json"} |
      | json={"issuer":"https://login.example/tenants/7","jwks_uri":"file:///.well-known/jwks.json"} |
      | json={"issuer":"https://login.example/tenants/7","jwks_uri":7}                     |

  @JWT-173 @extended @rfc8414-3
  Scenario: where there is no metadata of OpenID, that of OAuth is taken
    Given a gateway of its own with the configuration "key-discovery"
    And the OpenID metadata of the issuer "login.example" is answered with "status=404"
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request

  @JWT-174 @extended @docs-plugins
  Scenario: metadata is there, and keys are not
    Given a gateway of its own with the configuration "key-discovery"
    And the issuer "login.example" answers "status=500"
    And the metadata of the issuer "login.example" is answered with "good"
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 503
    And the upstream was not called
    When the issuer "login.example" was asked 1 times
    And the issuer "login.example" answers "good"
    And the client sends "GET /notes" until the response status is 200
      | Authorization | Bearer {token t} |

  @JWT-175 @extended @docs-plugins
  Scenario: keys stay while the metadata can't be had
    Given a gateway of its own with the configuration "key-discovery"
    And a token "t"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the metadata of the issuer "login.example" is answered with "status=500"
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the issuer "login.example" answers "good"
    And the issuer "login.example" was asked 3 times
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
