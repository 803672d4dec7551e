@plugin:jwt-validate @plugin:oauth2-introspect
Feature: Tokens that are bound to a certificate serve its holder alone

  Background:
    Given the configuration "bound-tokens"
    And a client certificate "ann"
    And a client certificate "mallory"

  @MTLS-060 @core @rfc8705-3
  Scenario Outline: a JWT, over <protocols>
    Given a token "t" with:
      | cnf | {"x5t#S256": "{thumbprint ann}"} |
    And the client connects with:
      | certificate | ann         |
      | protocols   | <protocols> |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    And the upstream "notes" received the request
    When the client connects with:
      | certificate | none |
    And the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client connects with:
      | certificate | mallory |
    And the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

    Examples:
      | protocols |
      | http/1.1  |
      | h2        |

  @MTLS-061 @core @rfc8705-3.2
  Scenario: a token that the introspection endpoint says is bound
    Given an opaque token "t" with:
      | cnf | {"x5t#S256": "{thumbprint ann}"} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /drafts" with the token "t"
    Then the response status is 200
    And the upstream "drafts" received the request
    When the client connects with:
      | certificate | none |
    And the client sends "GET /drafts" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client connects with:
      | certificate | mallory |
    And the client sends "GET /drafts" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

  @MTLS-062 @core @rfc8705-3
  Scenario: a thief comes first
    Given a token "t" with:
      | cnf | {"x5t#S256": "{thumbprint ann}"} |
    And the client connects with:
      | certificate | mallory |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | ann |
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200

  @MTLS-063 @core @rfc6750-2.1
  Scenario: a token that is not bound serves with any certificate and with none
    Given a token "t"
    And an opaque token "o"
    When the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the client sends "GET /drafts" with the token "o"
    Then the response status is 200
    When the client connects with:
      | certificate | mallory |
    And the client sends "GET /notes" with the token "t"
    Then the response status is 200
    When the client sends "GET /drafts" with the token "o"
    Then the response status is 200

  @MTLS-064 @core @rfc8705-3
  Scenario: the headers by which upstreams are told of certificates are no proof
    Given a token "t" with:
      | cnf | {"x5t#S256": "{thumbprint ann}"} |
    When the client sends "GET /notes" with the token "t"
      | Client-Cert       | :Zm9yZ2Vk:       |
      | X-SSL-Fingerprint | {thumbprint ann} |
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called

  @MTLS-065 @extended @rfc7800-3.1
  Scenario Outline: a proof that is not understood is not ignored: <proof>
    Given a token "t" with:
      | cnf | <proof> |
    And a token "good" with:
      | cnf | {"x5t#S256": "{thumbprint ann}"} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
    When the client sends "GET /notes" with the token "good"
    Then the response status is 200

    Examples:
      | proof                                                    |
      | {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}   |
      | {"x5t#S256": ""}                                         |
      | {"x5t#S256": "{fingerprint ann}"}                        |
      | {"x5t#S256": ["{thumbprint ann}"]}                       |
      | {}                                                       |
      | "{thumbprint ann}"                                       |

  @MTLS-066 @core @rfc8705-3.1
  Scenario: a token that is bound to a certificate that nobody has
    Given a token "t" that is "bound-to-another-certificate"
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /notes" with the token "t"
    Then the response status is 401
    And the challenge is "Bearer" with:
      | error | invalid_token |
    And the upstream was not called
