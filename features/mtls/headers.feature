Feature: Upstreams are told of a client's certificate by the gateway alone

  @MTLS-040 @extended @rfc9440-2.2
  Scenario Outline: the certificate reaches the upstream where that is asked for, over <protocols>
    Given the configuration "consumer-certificates"
    And a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And the client connects with:
      | certificate | ann         |
      | protocols   | <protocols> |
    When the client sends "GET /told"
    Then the response status is 200
    And the upstream "told" received the certificate of "ann" in the header "Client-Cert"
    And the upstream "told" received the request without the header "Client-Cert-Chain"
    When the client sends "GET /ledger"
    Then the response status is 200
    And the upstream "ledger" received the request without the header "Client-Cert"
    When the client sends "GET /open"
    Then the response status is 200
    And the upstream "open" received the request without the header "Client-Cert"

    Examples:
      | protocols |
      | http/1.1  |
      | h2        |

  @MTLS-041 @extended @rfc9440-2.3
  Scenario: the certificates of intermediate authorities come along
    Given the configuration "consumer-certificates"
    And a client certificate "ann" that is "intermediate"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /told"
    Then the response status is 200
    And the upstream "told" received the certificate of "ann" in the header "Client-Cert"
    And the upstream "told" received the header "Client-Cert-Chain" that contains ":MII"

  @MTLS-042 @extended @rfc9440-2.4
  Scenario: a client's own headers are replaced
    Given the configuration "consumer-certificates"
    And a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    And the client connects with:
      | certificate | ann |
    When the client sends "GET /told"
      | Client-Cert       | :Zm9yZ2Vk: |
      | Client-Cert-Chain | :Zm9yZ2Vk: |
    Then the response status is 200
    And the upstream "told" received the certificate of "ann" in the header "Client-Cert"
    And the upstream "told" received the request without the header "Client-Cert-Chain"

  @MTLS-043 @extended @rfc9440-2.4 @client-cert-header
  Scenario Outline: a client's own headers are taken away on every route: <configuration>, <path>
    Given the configuration "<configuration>"
    When the client sends "GET <path>"
      | Client-Cert       | :Zm9yZ2Vk: |
      | client-cert-chain | :Zm9yZ2Vk: |
      | X-Client-Cert-Not | kept       |
    Then the response status is 200
    And the upstream "<upstream>" received the header "X-Client-Cert-Not" with "kept"
    And the upstream "<upstream>" received the request without the header "Client-Cert"
    And the upstream "<upstream>" received the request without the header "Client-Cert-Chain"

    Examples:
      | configuration         | path   | upstream  |
      | consumer-certificates | /open  | open      |
      | tls                   | /shop  | shop      |
      | upstreams             | /plain | plain     |
      | secure-upstreams      | /vault | vault-svc |

  @MTLS-044 @extended @rfc9440-2.4
  Scenario Outline: a client's own headers are no certificate: <path>
    Given the configuration "consumer-certificates"
    And a client certificate "ann"
    And a consumer "ann" with:
      | fingerprint | {fingerprint ann} |
    When the client sends "GET <path>"
      | Client-Cert | :Zm9yZ2Vk: |
    Then the response status is 401
    And the upstream was not called
    When the client connects with:
      | certificate | ann |
    And the client sends "GET <path>"
      | Client-Cert | :Zm9yZ2Vk: |
    Then the response status is 200

    Examples:
      | path    |
      | /ledger |
      | /told   |
      | /anyone |
