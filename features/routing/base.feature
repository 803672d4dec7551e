Feature: Upstreams below a path

  Background:
    Given the configuration "rewriting"
      | /apis/0/service/url | "http://stripped-svc:8080/base" |
      | /apis/1/service/url | "http://rewritten-svc:8080/v2/" |

  @ROUTE-082 @core @docs-configuration
  Scenario Outline: the path of the upstream's URL comes before the request's: <path>
    When the client sends "GET <path>"
    Then the response status is 200
    And the upstream "<upstream>" received the target "<target>"

    Examples:
      | path       | upstream  | target               |
      | /strip/x?y | stripped  | /base/x?y            |
      | /shop/7    | rewritten | /v2/internal/7/items |
