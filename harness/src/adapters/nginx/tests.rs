#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::Stdio;

use super::*;
use crate::adapters::process::write_files;
use crate::fixtures::certificates::Certificates;
use crate::fixtures::{Consumer, Fixture, Key};
use crate::lab::placeholder_bindings;

/// A fixture with secrets that don't change from run to run.
fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::embedded(name).unwrap();
    for (name, secret) in &mut fixture.environment {
        *secret = format!("secret of {name}");
    }
    fixture.consumers.push(Consumer {
        alias: "ann".to_owned(),
        name: "ann.key-001.1".to_owned(),
        groups: Vec::new(),
        keys: vec![Key {
            label: String::new(),
            secret: "secret-of-ann".to_owned(),
            expires: None,
        }],
        ..Consumer::default()
    });
    fixture
}

fn render(name: &str) -> Result<String, Unsupported> {
    let fixture = fixture(name);
    let bindings = placeholder_bindings(&fixture);
    Ok(Nginx.render(&fixture, &bindings)?.files.remove(0).1)
}

#[test]
fn configurations_are_rendered_as_before() {
    for name in [
        "orders",
        "search-canary",
        "routing",
        "cors",
        "upstreams",
        "secure-upstreams",
    ] {
        insta::assert_snapshot!(name, render(name).unwrap());
    }
}

#[tokio::test]
async fn nginx_accepts_every_rendered_configuration() {
    Nginx
        .version()
        .await
        .expect("nginx is needed to prove its adapter: apt-get install nginx-light");
    let certificates = Certificates::new().unwrap();
    for name in Fixture::names() {
        let fixture = fixture(&name);
        let mut bindings = placeholder_bindings(&fixture);
        bindings.authority = certificates.servers.pem();
        for file in fixture.pem_files() {
            bindings.files.extend(file.make(&certificates).unwrap());
        }
        let Ok(rendered) = Nginx.render(&fixture, &bindings) else {
            continue;
        };
        let dir = tempfile::tempdir().unwrap();
        write_files(&rendered, dir.path()).unwrap();
        let mut command = command();
        command
            .arg("-t")
            .arg("-p")
            .arg(dir.path())
            .args(["-c", CONFIGURATION, "-e", "stderr"])
            .stdin(Stdio::null());
        let (accepted, output) = printed(command).await.unwrap();
        assert!(accepted, "scenarios/{name}: {output}");
    }
}

#[test]
fn what_nginx_cannot_say_is_unsupported() {
    let unsupported = |change: &str| {
        let text = match change {
            service if service.starts_with("service: ") => {
                format!("{service}\nroute: {{paths: [/a]}}")
            }
            rest => {
                format!("service: {{name: a, url: 'http://a:1'}}\nroute: {{paths: [/a]}}\n{rest}")
            }
        };
        let fixture = Fixture::parse("a", &text).unwrap();
        Nginx
            .render(&fixture, &placeholder_bindings(&fixture))
            .unwrap_err()
            .reason
    };
    assert!(unsupported("plugins: [{name: jwt-validate}]").contains("jwt-validate"));
    assert!(
        unsupported("plugins: [{name: rate-limit, config: {concurrent: 1}}]")
            .contains("concurrent")
    );
    assert!(unsupported("listeners: [{http2: true}]").contains("http2"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
    let some = "service: {name: a, url: 'http://a:1', retries: {methods: [GET, POST]}}";
    assert!(unsupported(some).contains("retries.methods"));
    let idle = "service: {name: a, url: 'http://a:1', timeouts: {idle: 1s}}";
    assert!(unsupported(idle).contains("timeouts.idle"));
}
