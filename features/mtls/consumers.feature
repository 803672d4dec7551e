@plugin:mtls-auth
Feature: A certificate tells who calls

  Background:
    Given the configuration "consumer-certificates"

  @MTLS-020 @core @docs-configuration
  Scenario Outline: a consumer is found by an alternative name of the certificate: <row>
    Given a client certificate "ann" with:
      | <row> | <name> |
      | host  | also-<number>.example |
    And a consumer "ann" with:
      | san | <wanted> |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /ledger"
    Then the response status is 200
    And the upstream "ledger" received the caller "ann" in the header "X-Consumer-Name"
    And the access log says "{consumer ann}" of "consumer"

    Examples:
      | number | row   | name                       | wanted                     |
      | 1      | host  | m20.example                | m20.example                |
      | 2      | host  | M20-Upper.example          | m20-upper.Example          |
      | 3      | email | m20@example.com            | m20@example.com            |
      | 4      | uri   | spiffe://example.com/m20   | spiffe://example.com/m20   |

  @MTLS-021 @core @rfc4514-2
  Scenario: a consumer is found by the certificate's subject
    Given a client certificate "ann" with:
      | common name  | m21     |
      | organization | Example |
    And a client certificate "bob" with:
      | common name | m21 |
    And a client certificate "eve" with:
      | common name  | m21   |
      | organization | Other |
    And a consumer "ann" with:
      | subject | CN=m21,O=Example |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /ledger"
    Then the response status is 200
    And the upstream "ledger" received the caller "ann" in the header "X-Consumer-Name"
    When the client connects with:
      | certificate | bob |
    And the client sends "GET /ledger"
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | eve |
    And the client sends "GET /ledger"
    Then the response status is 401
    And the upstream was not called

  @MTLS-022 @core @docs-configuration
  Scenario: a consumer is found by the certificate's fingerprint
    Given a client certificate "ann" with:
      | common name | m22         |
      | host        | m22.example |
    And a client certificate "twin" with:
      | common name | m22         |
      | host        | m22.example |
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /ledger"
    Then the response status is 200
    And the upstream "ledger" received the caller "ann" in the header "X-Consumer-Name"
    When the client connects with:
      | certificate | twin |
    And the client sends "GET /ledger"
    Then the response status is 401
    And the upstream was not called

  @MTLS-023 @core @docs-configuration
  Scenario: no certificate
    When the client sends "GET /open"
    Then the response status is 200
    When the client sends "GET /ledger"
    Then the response status is 401
    And the upstream was not called

  @MTLS-024 @core @docs-configuration
  Scenario: a certificate that is nobody's
    Given a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And a client certificate "nobody"
    And the client connects with:
      | certificate | nobody |
    When the client sends "GET /ledger"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /open"
    Then the response status is 200
    When the client connects with:
      | certificate | ann |
    And the client sends "GET /ledger"
    Then the response status is 200

  @MTLS-025 @core @rfc6125-6.4
  Scenario Outline: a name that is only like the consumer's: <row> <name>
    Given a client certificate "ann" with:
      | host | m25-<number>.example |
    And a consumer "ann" with:
      | san | m25-<number>.example |
    And a client certificate "mallory" with:
      | <row> | <name> |
    And the client connects with:
      | certificate | mallory |
    When the client sends "GET /ledger"
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | ann |
    And the client sends "GET /ledger"
    Then the response status is 200

    Examples:
      | number | row          | name                    |
      | 1      | host         | x.m25-1.example         |
      | 2      | host         | xm25-2.example          |
      | 3      | host         | m25-3.example.net       |
      | 4      | host         | *.example               |
      | 5      | common name  | m25-5.example           |
      | 6      | organization | m25-6.example           |
      | 7      | email        | m25-7.example@a.example |
      | 8      | uri          | https://m25-8.example   |

  @MTLS-026 @extended @docs-configuration
  Scenario: a certificate with the names of two consumers is nobody's
    Given a client certificate "both" with:
      | host | m26-ann.example |
      | host | m26-bob.example |
    And a client certificate "one" with:
      | host | m26-ann.example |
    And a consumer "ann" with:
      | san | m26-ann.example |
    And a consumer "bob" with:
      | san | m26-bob.example |
    And the client connects with:
      | certificate | one |
    When the client sends "GET /ledger"
    Then the response status is 200
    And the upstream "ledger" received the caller "ann" in the header "X-Consumer-Name"
    When the client connects with:
      | certificate | both |
    And the client sends "GET /ledger"
    Then the response status is 401
    And the upstream was not called

  @MTLS-027 @core @docs-configuration
  Scenario: limits are the consumer's, not the address's
    Given a client certificate "ann"
    And a client certificate "bob"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And a consumer "bob" with:
      | fingerprint | {fingerprint bob} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /limited"
    Then the response status is 200
    When the client sends "GET /limited"
    Then the response status is 200
    When the client sends "GET /limited"
    Then the response status is 429
    And the upstream was not called
    When the client connects with:
      | certificate | bob |
    And the client sends "GET /limited"
    Then the response status is 200
    And the upstream "limited" received the caller "bob" in the header "X-Consumer-Name"

  @MTLS-028 @core @docs-configuration
  Scenario: groups are the consumer's
    Given a client certificate "ann"
    And a client certificate "bob"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
      | groups      | staff             |
    And a consumer "bob" with:
      | fingerprint | {fingerprint bob} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /staff"
    Then the response status is 200
    And the upstream "staff" received the request
    When the client connects with:
      | certificate | bob |
    And the client sends "GET /staff"
    Then the response status is 403
    And the upstream was not called

  @MTLS-029 @core @docs-configuration
  Scenario: a certificate and a key, where both are needed, are of one consumer
    Given a client certificate "ann"
    And a client certificate "bob"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
      | key         | never             |
    And a consumer "bob" with:
      | fingerprint | {fingerprint bob} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /both" with the key of "ann"
    Then the response status is 200
    And the upstream "both" received the caller "ann" in the header "X-Consumer-Name"
    When the client sends "GET /both"
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | bob |
    And the client sends "GET /both" with the key of "ann"
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | none |
    And the client sends "GET /both" with the key of "ann"
    Then the response status is 401
    And the upstream was not called

  @MTLS-030 @core @docs-configuration
  Scenario: a certificate or a key, where either is enough
    Given a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And a consumer "bob" with a key
    When the client sends "GET /either" with the key of "bob"
    Then the response status is 200
    And the upstream "either" received the caller "bob" in the header "X-Consumer-Name"
    When the client sends "GET /either"
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | ann |
    And the client sends "GET /either"
    Then the response status is 200
    And the upstream "either" received the caller "ann" in the header "X-Consumer-Name"

  @MTLS-031 @core @docs-configuration
  Scenario: a client can't say who calls by a header
    Given a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /ledger" with the header "X-Consumer-Name: root"
    Then the response status is 200
    And the upstream "ledger" received the caller "ann" in the header "X-Consumer-Name"
    When the client sends "GET /told" with the header "X-Caller: root"
    Then the response status is 200
    And the upstream "told" received the caller "ann" in the header "X-Caller"
    When the client sends "GET /open" with the header "X-Caller: root"
    Then the response status is 200
    And the upstream "open" received the request without the header "X-Caller"

  @MTLS-032 @extended @docs-configuration
  Scenario: where no consumer is needed, a trusted certificate is enough
    Given a client certificate "nobody"
    And a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    When the client sends "GET /anyone"
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | nobody |
    And the client sends "GET /anyone"
    Then the response status is 200
    And the upstream "anyone" received the request without the header "X-Consumer-Name"
    When the client connects with:
      | certificate | ann |
    And the client sends "GET /anyone"
    Then the response status is 200
    And the upstream "anyone" received the caller "ann" in the header "X-Consumer-Name"

  @MTLS-033 @strict @docs-errors @problem-json
  Scenario Outline: the answer says what was wrong: <certificate>
    Given a client certificate "nobody"
    And the client connects with:
      | certificate | <certificate> |
    When the client sends "GET /ledger"
    Then the response status is 401
    And the body is a problem with the status 401
    And the body is JSON with:
      | /code | "<code>" |
    And the access log says "<code>" of "cause"

    Examples:
      | certificate | code               |
      | none        | credential-missing |
      | nobody      | credential-invalid |
