@plugin:mtls-auth
Feature: A trusted certificate that is no consumer's is nobody's, on any route

  Background:
    Given the configuration "consumer-certificates"

  @MTLS-050 @core @docs-configuration
  Scenario Outline: <path> does not take it
    Given a client certificate "nobody"
    And a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And the client connects with:
      | certificate | nobody |
    When the client sends "GET <path>"
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | ann |
    And the client sends "GET <path>"
    Then the response status is <status>

    Examples:
      | path     | status |
      | /ledger  | 200    |
      | /told    | 200    |
      | /limited | 200    |
      | /staff   | 403    |
      | /either  | 200    |

  @MTLS-051 @core @docs-configuration
  Scenario Outline: nor does <path> with a key beside it
    Given a client certificate "nobody"
    And a consumer "ann" with a key
    And the client connects with:
      | certificate | nobody |
    When the client sends "GET <path>" with the key of "ann"
    Then the response status is <status>

    Examples:
      | path    | status |
      | /both   | 401    |

  @MTLS-053 @extended @rfc9440-2.2
  Scenario: a certificate reaches the upstream where no consumer is needed, too
    Given a client certificate "nobody"
    And the client connects with:
      | certificate | nobody |
    When the client sends "GET /anyone"
    Then the response status is 200
    And the upstream "anyone" received the certificate of "nobody" in the header "Client-Cert"

  @MTLS-055 @strict @draft-ietf-httpapi-ratelimit-headers-10 @ratelimit-headers
  Scenario: the limit of a consumer is told
    Given a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /limited"
    Then the response status is 200
    And the header "RateLimit-Policy" is '"default";q=6;w=60'
    And the header "RateLimit" contains "r=1;"
