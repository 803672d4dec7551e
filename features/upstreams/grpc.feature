Feature: gRPC

  Background:
    Given the configuration "grpc"

  @UP-070 @extended @rfc9113-8.1
  Scenario: a call passes, with its body and its trailers
    When the client sends "POST /hello.Greeter/Greet" over HTTP/2
      """
      a message
      """
      | Content-Type        | application/grpc |
      | TE                  | trailers         |
      | Gatecheck-Behaviour | grpc=0           |
    Then the response status is 200
    And the body is "a message"
    And the trailer "grpc-status" is "0"

  @UP-071 @extended @rfc9113-8.1
  Scenario: so do the service's own errors
    When the client sends "POST /hello.Greeter/Greet" over HTTP/2
      | Content-Type        | application/grpc    |
      | TE                  | trailers            |
      | Gatecheck-Behaviour | grpc=5;message=gone |
    Then the response status is 200
    And the trailer "grpc-status" is "5"
    And the trailer "grpc-message" is "gone"

  @UP-072 @extended @rfc9113-8.1
  Scenario: an answer of trailers alone
    When the client sends "POST /hello.Greeter/Greet" over HTTP/2
      | Content-Type        | application/grpc       |
      | TE                  | trailers               |
      | Gatecheck-Behaviour | grpc=9;trailers-only   |
    Then the response status is 200
    And the header "grpc-status" is "9"

  @UP-073 @core @rfc9110-15.6.5
  Scenario: an upstream that is spoken to by HTTP/2 has no more time to answer than any other
    When the client sends "POST /hello.Greeter/Greet" over HTTP/2
      | Gatecheck-Behaviour | slow=3s |
    Then the response status is 504
    And the response took less than 2900 ms

  @ERR-010 @extended @docs-configuration @grpc-errors
  Scenario Outline: the gateway refuses as gRPC does: <what>
    When the client sends "POST <path>" over HTTP/2
      | Content-Type        | application/grpc |
      | TE                  | trailers         |
      | grpc-timeout        | 500m             |
      | Gatecheck-Behaviour | hang             |
    Then the response status is 200
    And the header "Content-Type" contains "application/grpc"
    And the header "grpc-status" is "<code>"
    And the header "grpc-message" is present

    Examples:
      | what               | path                  | code |
      | unknown method     | /hello.Nobody/Greet   | 12   |
      | no key             | /hello.Vault/Open     | 16   |
      | deadline exceeded  | /hello.Greeter/Greet  | 4    |
