@plugin:basic-auth
Feature: A user name and a password in UTF-8, and a hash by Argon2id

  @BASIC-004 @extended @rfc7617-2.1
  Scenario: names and passwords are in UTF-8
    Given the configuration "basic"
      | /consumers/- | {"name": "zoe", "basic": {"username": "zoë", "password": "$argon2id$v=19$m=19456,t=2,p=1$EoqxQaR5RxhwK1rQ5J1mKQ$4YuIh2yh/iw3WJ6INnB9vXDmi4O38WtQrPRWavORFZc"}} |
    When the client sends "GET /ledger" with the header "Authorization: Basic em/Dqzpww6Rzc3dvcmQ="
    Then the response status is 200
    And the upstream "ledger" received the header "X-Consumer-Name" with "zoe"
    When the client sends "GET /ledger" with the header "Authorization: Basic em/rOnDkc3N3b3Jk"
    Then the response status is 401
    And the upstream was not called
