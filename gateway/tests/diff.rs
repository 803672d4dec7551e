//! `gateway diff`: each kind of change, told by the binary.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Command, Output};

const OLD: &str = r#"
service: {name: orders, url: "http://orders-svc:8080", timeouts: {total: 60s}}
route: {paths: ["/orders"], methods: [GET, POST]}
plugins:
  - {name: key-auth}
  - {name: rate-limit, config: {limitPerMinute: 100}}
  - {name: cors, config: {origins: ["https://one.example.com", "https://two.example.com"]}}
consumers:
  - {name: alice, keys: ["hunter2"]}
"#;

#[test]
fn what_means_the_same_is_no_difference() {
    let new = r#"
apis:
  - route: {paths: ["/orders"], methods: [POST, GET]}
    service: {name: orders, url: "http://orders-svc:8080", timeouts: {total: 1m, connect: 2s}, retries: {attempts: 1}}
consumers:
  - {name: alice, keys: ["sha256:f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7"]}
plugins:
  - {name: cors, config: {origins: ["https://two.example.com", "https://one.example.com"], maxAge: 5s}}
  - {name: rate-limit, config: {limitPerMinute: 100, key: ip}}
  - {name: key-auth, config: {header: X-API-Key}}
"#;
    let output = diff(OLD, new);
    assert_eq!(text(&output), "no differences\n");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_changes_is_told() {
    let new = r#"
service: {name: orders, url: "http://orders-svc:8080", timeouts: {total: 20s}}
altService: {name: orders-v2, url: "http://orders-v2:8080"}
routes:
  - {paths: ["/orders"], methods: [GET]}
  - {name: reports, paths: ["/reports"]}
plugins:
  - {name: rate-limit, config: {limitPerMinute: 1000}}
  - {name: response-size-limit, config: {maxBytes: 1MiB}}
  - {name: cors, config: {origins: ["https://one.example.com", "https://three.example.com"]}}
consumers:
  - {name: alice, groups: [partners], keys: ["hunter3"]}
listeners: [{address: "0.0.0.0:80"}]
"#;
    let output = diff(OLD, new);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output);
    assert!(!told.contains("hunter"), "{told}");
    insta::assert_snapshot!(told, @"
    consumer alice: groups gains partners
    consumer alice: loses the key sha256:f52fbd32…
    consumer alice: gains the key sha256:fb8c2e2b…
    route orders: cors.origins loses https://two.example.com
    route orders: cors.origins gains https://three.example.com
    route orders: loses the plugin key-auth
    route orders: rate-limit.limitPerMinute 100 → 1000
    route orders: gains the plugin response-size-limit
    route orders: loses auth: anyone may call it
    route orders: services gains orders-v2
    route orders: methods loses POST
    service orders: timeouts.total 60s → 20s
    listener 0.0.0.0:80: is added
    route reports: is added
    service orders-v2: is added
    ");
}

#[test]
fn what_is_gone_is_told() {
    let new = r#"service: {name: users, url: "http://users-svc:8080"}"#;
    let told = text(&diff(OLD, new));
    for line in [
        "consumer alice: is gone",
        "route orders: is gone",
        "route users: is added",
        "service users: is added",
    ] {
        assert!(
            told.lines().any(|told| told == line),
            "{line:?} is not in\n{told}"
        );
    }
}

#[test]
fn a_wrong_configuration_is_not_compared() {
    let output = diff(OLD, "service: {name: orders}");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("error[missing-key]")
    );
}

#[test]
fn a_listener_that_loses_tls_or_the_check_of_clients_is_told() {
    let listener =
        |tls: &str| format!("{OLD_SERVICE}listeners: [{{address: '0.0.0.0:8443'{tls}}}]\n");
    let shown = "certificates: [{certificate: a.pem, key: a.key}]";
    let old = format!(", tls: {{{shown}, clientCertificates: {{ca: ca.pem, crl: [crl.pem]}}}}");
    let cases = [
        (String::new(), "loses the encryption by TLS\n".to_owned()),
        (
            format!(", tls: {{{shown}}}"),
            "tls.clientCertificates.mode required → off\n\
             listener 0.0.0.0:8443: tls.clientCertificates.ca loses ca.pem\n\
             listener 0.0.0.0:8443: tls.clientCertificates.crl loses crl.pem\n"
                .to_owned(),
        ),
        (old.replace("{ca: ca", "{mode: optional, ca: ca"), {
            "tls.clientCertificates.mode required → optional\n".to_owned()
        }),
        (old.replace("clientC", "minVersion: '1.3', clientC"), {
            "tls.minVersion 1.2 → 1.3\n".to_owned()
        }),
        (old.replace("crl.pem", "-----BEGIN hunter2"), {
            "tls.clientCertificates.crl loses crl.pem\n\
             listener 0.0.0.0:8443: tls.clientCertificates.crl gains malformed\n"
                .to_owned()
        }),
    ];
    for (new, told) in cases {
        let told = format!("listener 0.0.0.0:8443: {told}");
        assert_eq!(text(&diff(&listener(&old), &listener(&new))), told);
    }
    // What is written out changes nothing.
    let full = old.replace(
        "clientCertificates: {",
        "minVersion: '1.2', clientCertificates: {mode: required, ",
    );
    assert_eq!(
        text(&diff(&listener(&old), &listener(&full))),
        "no differences\n"
    );
}

const OLD_SERVICE: &str = "service: {name: orders, url: \"http://orders:8080\"}\n";

#[test]
fn a_change_of_trust_is_told() {
    let service = |rest: &str| format!("service: {{name: orders, url: {rest}}}\n");
    let old = service("\"https://orders:8443\", tls: {ca: a.pem}");
    let cases = [
        (
            service("\"https://orders:8443\", tls: {ca: [a.pem, b.pem], serverName: other}"),
            "service orders: tls.ca gains b.pem\nservice orders: tls.serverName the host → other\n",
        ),
        (
            service("\"https://orders:8443\""),
            "service orders: tls.ca loses a.pem\nservice orders: tls.ca gains the system's authorities\n",
        ),
        (
            service("\"http://orders:8443\""),
            "service orders: url https://orders:8443 → http://orders:8443\n\
             service orders: loses the encryption by TLS\n",
        ),
        (
            service("\"https://orders:8443\", tls: {ca: a.pem, key: \"-----BEGIN hunter2\"}"),
            "service orders: tls.key nothing → malformed\n",
        ),
    ];
    for (new, told) in cases {
        assert_eq!(text(&diff(&old, &new)), told);
    }
}

fn diff(old: &str, new: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let file = directory.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let (old, new) = (write("old.yaml", old), write("new.yaml", new));
    let mut command = Command::new(env!("CARGO_BIN_EXE_gateway"));
    command.arg("diff").arg(old).arg(new).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn what_makes_it_easier_to_get_in_is_told() {
    let old = r#"
service: {name: orders, url: "http://orders-svc:8080"}
route: {paths: ["/orders"]}
authenticate: all
plugins:
  - {name: key-auth}
  - {name: basic-auth}
  - name: authorize
    config: {allow: [{roles: [admin]}, {roles: [editor], methods: [GET]}], deny: [{groups: [suspended]}]}
consumers:
  - {name: alice, roles: [editor], basic: {password: "$2b$04$of-hunter2"}, certificates: [{san: a.example}]}
"#;
    let new = r#"
service: {name: orders, url: "http://orders-svc:8080"}
route: {paths: ["/orders"]}
authenticate: any
plugins:
  - {name: key-auth}
  - {name: basic-auth}
  - name: authorize
    config: {allow: [{roles: [editor], methods: [GET, DELETE]}, {roles: [admin]}]}
consumers:
  - {name: alice, roles: [admin], basic: {password: "$2b$04$of-hunter3"}, certificates: [{san: b.example}]}
"#;
    let told = text(&diff(old, new));
    assert!(!told.contains("hunter"), "{told}");
    insta::assert_snapshot!(told, @r#"
    consumer alice: roles loses editor
    consumer alice: roles gains admin
    consumer alice: certificates loses san a.example
    consumer alice: certificates gains san b.example
    consumer alice: basic.password sha256:7738f65f… → sha256:9f7c1ce2…
    route orders: authorize.allow loses {"roles":["editor"],"methods":["GET"]}
    route orders: authorize.allow gains {"roles":["editor"],"methods":["GET","DELETE"]}
    route orders: authorize.deny [{"groups":["suspended"]}] → nothing
    route orders: authenticate all → any (weaker: one credential is enough)
    "#);
}
