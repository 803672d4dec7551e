Feature: The order of routes in the file doesn't matter

  @ROUTE-051 @core @docs-configuration
  Scenario Outline: the order of routes doesn't matter, <host>
    Given the configuration "hosts"
      | /apis/0 | {"service": {"name": "api", "url": "http://api-svc:8080"}, "route": {"hosts": ["api.example.com"], "paths": ["/page"], "methods": ["GET"]}} |
      | /apis/2 | {"service": {"name": "anyone", "url": "http://anyone-svc:8080"}, "route": {"paths": ["/page"], "methods": ["GET"]}} |
    When the client sends "GET /page" with the header "Host: <host>"
    Then the response status is 200
    And the upstream "<upstream>" received the request

    Examples:
      | host             | upstream  |
      | api.example.com  | api       |
      | shop.example.com | subdomain |
      | example.net      | anyone    |
