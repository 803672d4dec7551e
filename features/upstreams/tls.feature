Feature: Upstreams are spoken to over TLS and have to prove who they are

  @UPTLS-001 @core @rfc9110-4.3.4
  Scenario Outline: <path>
    Given the configuration "secure-upstreams"
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "<upstream>" is connected with:
      | server name | <server name> |
      | version     | TLSv1.3       |
      | certificate | <shown>       |

    Examples:
      | path     | upstream    | server name    | shown           |
      | /vault   | vault-svc   | vault-svc      | none            |
      | /renamed | renamed-svc | vault.internal | none            |
      | /strict  | strict-svc  | strict-svc     | gateway.example |
      | /public  | public-svc  | public-svc     | none            |

  @UPTLS-002 @core @rfc9110-4.3.4
  Scenario Outline: an upstream whose certificate is not to be believed: <variant>
    Given the configuration "secure-upstreams"
    And the server "vault-svc" speaks TLS with:
      | certificate | <variant> |
    When the client sends "GET /vault"
    Then the response status is 502
    And the upstream was not called

    Examples:
      | variant         |
      | expired         |
      | wrong-authority |
      | wrong-name      |
