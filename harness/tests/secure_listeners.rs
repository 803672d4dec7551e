//! The steps about TLS and certificates, proven on nginx, which anyone has.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use gatecheck::adapters::nginx::Nginx;
use gatecheck::report::model::{RunReport, Verdict};
use gatecheck::suite::Suite;
use gatecheck::{RunOptions, run_suite};

const LISTENER: &str = r#"{"certificates": [{"certificate": "server.pem", "key": "server.key"}, {"certificate": "b.example.pem", "key": "b.key"}]"#;

/// Runs one scenario on nginx with a listener that has further settings.
async fn run(settings: &str, steps: &str) -> RunReport {
    let text = format!(
        r#"
Feature: A
  @A-001 @core @docs-configuration
  Scenario: a
    Given a gateway of its own with the configuration "upstreams"
      | /listeners | [{{"tls": {LISTENER}{settings}}}}}] |
{steps}"#
    );
    let suite = Suite::read(&[("a/a.feature".to_owned(), &text)]).unwrap();
    let report = run_suite(suite, Arc::new(Nginx), RunOptions::new("nginx"));
    report.await.unwrap()
}

async fn passes(settings: &str, steps: &str) {
    let report = run(settings, steps).await;
    assert_eq!(report.scenarios[0].verdict, Verdict::Pass);
}

async fn fails(settings: &str, steps: &str) -> String {
    match run(settings, steps).await.scenarios.remove(0).verdict {
        Verdict::Fail { message } => message,
        other => panic!("it should fail, but: {other:?}"),
    }
}

#[tokio::test]
async fn requests_go_over_tls_where_the_listener_speaks_it() {
    passes(
        "",
        r#"
    When the client sends "GET /plain"
    Then the response status is 200
    And the client is connected with:
      | protocol              | http/1.1        |
      | version               | TLSv1.3         |
      | certificate           | gateway.example |
      | certificate asked for | no              |
    And the upstream "plain" received the header "X-Forwarded-Proto" with "https"
    When the client sends "GET /plain" over HTTP/2
    Then the response status is 200
    And the client is connected with:
      | protocol | h2 |
    When the client connects with:
      | server name | b.example |
      | version     | TLSv1.2   |
      | protocols   | none      |
    And the client sends "GET /plain"
    Then the response status is 200
    And the client is connected with:
      | protocol    | none      |
      | version     | TLSv1.2   |
      | certificate | b.example |
"#,
    )
    .await;
}

#[tokio::test]
async fn a_host_that_no_certificate_is_for_is_shown_another_and_told() {
    passes(
        "",
        r#"
    When the client connects with:
      | server name | c.example |
    And the client sends "GET /plain"
    Then no response came
    And the client is connected with:
      | certificate | gateway.example |
"#,
    )
    .await;
    let told = fails(
        "",
        r#"
    When the client sends "GET /plain"
    Then the handshake fails
"#,
    )
    .await;
    assert!(told.contains("should fail, but didn't"), "{told}");
}

/// A certificate that is asked for in vain is nginx' 400, not the handshake's end.
#[tokio::test]
async fn clients_show_certificates() {
    passes(
        r#", "clientCertificates": {"ca": "clients-ca.pem", "crl": "revoked.pem"}"#,
        r#"
    Given a client certificate "alice" with:
      | organization | Example |
    And a client certificate "mallory" that is "revoked"
    When the client sends "GET /plain"
    Then the response status is 400
    And the client is connected with:
      | certificate asked for | yes |
    When the client connects with:
      | certificate | mallory |
    And the client sends "GET /plain"
    Then the response status is 400
    And the upstream was not called
    When the client connects with:
      | certificate | alice |
    And the client sends "GET /plain"
    Then the response status is 200
    When the client certificate "alice" is revoked
    And the operator renews the file "revoked.pem"
    And the client sends "GET /plain" until the response status is 400
"#,
    )
    .await;
}

#[tokio::test]
async fn a_certificate_is_renewed() {
    passes(
        "",
        r#"
    When the client sends "GET /plain"
    Then the response status is 200
    When the operator renews the file "server.pem"
    And the client sends "GET /plain" until another certificate is shown
    Then the response status is 200
"#,
    )
    .await;
}

#[tokio::test]
async fn a_password_is_sent_and_the_consumer_told() {
    let text = r#"
Feature: A
  @A-002 @core @docs-configuration
  Scenario: a
    Given the configuration "upstreams"
      | /plugins | [{"name": "basic-auth", "config": {"realm": "tea"}}] |
    And a consumer "ann" with:
      | password | made up |
    When the client sends "GET /plain"
    Then the response status is 401
    And the challenge is "Basic" with:
      | realm | tea |
    And the upstream was not called
    When the client sends "GET /plain" with the password of "ann"
    Then the response status is 200
    And the upstream "plain" received the caller "ann" in the header "X-Consumer-Name"
    And the upstream "plain" received the request without the header "Authorization"
    And the access log does not contain "{password ann}"
    When the client sends "GET /plain" with the header "Authorization: Basic {base64 {consumer ann}:wrong}"
    Then the response status is 401
"#;
    let suite = Suite::read(&[("a/a.feature".to_owned(), text)]).unwrap();
    let report = run_suite(suite, Arc::new(Nginx), RunOptions::new("nginx"));
    let report = report.await.unwrap();
    assert_eq!(report.scenarios[0].verdict, Verdict::Pass);
    let whole = serde_json::to_string(&report).unwrap();
    assert!(whole.contains("Basic ") && whole.contains('…'), "{whole}");
}
