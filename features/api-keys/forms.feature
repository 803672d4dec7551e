@plugin:key-auth
Feature: Where the configuration has its keys from

  @KEY-030 @core @docs-configuration
  Scenario: a key from the environment
    Given the configuration "orders"
    When the client sends "GET /api/v1/orders" with the key that the environment has as "ORDERS_KEY"
    Then the response status is 200
    And the upstream "orders" received the header "X-Consumer-Name" with "storefront"
    When the client sends "GET /api/v1/orders" with the header "X-API-Key: ${env:ORDERS_KEY}"
    Then the response status is 401
    And the upstream was not called

  @KEY-031 @core @docs-configuration
  Scenario: of a key that is configured by its digest, the digest is no key
    Given the configuration "orders"
      | /consumers/- | {"name": "digest", "keys": ["sha256:3af203f9f2e488873369a6bb5a5307c5c5ba761d80da0528ab57f718ff7ad4e1"]} |
    When the client sends "GET /api/v1/orders" with the header "X-API-Key: open-sesame-of-the-suite"
    Then the response status is 200
    And the upstream "orders" received the header "X-Consumer-Name" with "digest"
    When the client sends "GET /api/v1/orders" with the header "X-API-Key: 3af203f9f2e488873369a6bb5a5307c5c5ba761d80da0528ab57f718ff7ad4e1"
    Then the response status is 401
    And the upstream was not called
    When the client sends "GET /api/v1/orders" with the header "X-API-Key: sha256:3af203f9f2e488873369a6bb5a5307c5c5ba761d80da0528ab57f718ff7ad4e1"
    Then the response status is 401
    And the upstream was not called

  @KEY-012 @core @docs-configuration
  Scenario: a key that ends in the future is valid until then
    Given a gateway of its own with the configuration "api-keys"
    And a consumer "dave" with the keys:
      | old | 2020-01-01T00:00:00Z |
      | new | 2999-12-31T23:59:59Z |
    When the client sends "GET /ledger" with the key "new" of "dave"
    Then the response status is 200
    When the client sends "GET /ledger" with the key "old" of "dave"
    Then the response status is 401
    And the upstream was not called
