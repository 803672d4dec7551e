//! What the tests of every adapter hold: each fixture is rendered as it was when somebody last looked, and accepted by the
//! gateway's own checker.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::process::write_files;
use super::{Adapter, Rendered, Unsupported};
use crate::fixtures::certificates::Certificates;
use crate::fixtures::{Consumer, Fixture, Key, Password};
use crate::lab::placeholder_bindings;

/// A fixture with secrets that don't change from run to run.
pub(super) fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::embedded(name).unwrap();
    for (name, secret) in &mut fixture.environment {
        *secret = format!("secret of {name}");
    }
    fixture.consumers.push(Consumer {
        alias: "ann".to_owned(),
        name: "ann.key-001.1".to_owned(),
        groups: vec!["partners".to_owned()],
        keys: vec![Key {
            label: String::new(),
            secret: "secret-of-ann".to_owned(),
            expires: None,
        }],
        password: Some(Password {
            variable: "ANN_PASSWORD".to_owned(),
            secret: "password-of-ann".to_owned(),
        }),
        ..Consumer::default()
    });
    fixture
}

/// The same, with keys in the gateway's form.
fn formed(adapter: &dyn Adapter, name: &str) -> Fixture {
    let mut fixture = fixture(name);
    fixture.form_keys(|key| adapter.key(key));
    let consumers = fixture.consumers.iter_mut();
    for key in consumers.flat_map(|consumer| &mut consumer.keys) {
        key.secret = adapter.key(std::mem::take(&mut key.secret));
    }
    fixture
}

/// Renders a fixture for addresses that never change.
pub(super) fn render(adapter: &dyn Adapter, fixture: &Fixture) -> Result<Rendered, Unsupported> {
    adapter.render(fixture, &placeholder_bindings(fixture))
}

/// Compares what every fixture is rendered to with `snapshots/` beside the adapter.
pub(super) fn rendered_as_before(adapter: &dyn Adapter) {
    for name in Fixture::names() {
        let fixture = formed(adapter, &name);
        let pem: Vec<String> = fixture
            .pem_files()
            .into_iter()
            .map(|file| file.name)
            .collect();
        let text = match render(adapter, &fixture) {
            Ok(rendered) => told(&rendered, &pem),
            Err(Unsupported { reason }) => format!("unsupported: {reason}\n"),
        };
        insta::with_settings!({
            // A folder is a module, and a name may have hyphens.
            snapshot_path => format!("{}/snapshots", adapter.name().replace('-', "_")),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

/// Has the gateway's own checker read every fixture that can be rendered.
pub(super) async fn accepted_by_its_own_checker(adapter: &dyn Adapter) {
    adapter.version().await.unwrap_or_else(|error| {
        panic!("{error}; {}", error.help.as_deref().unwrap_or_default());
    });
    let certificates = Certificates::new().unwrap();
    for name in Fixture::names() {
        let fixture = formed(adapter, &name);
        let mut bindings = placeholder_bindings(&fixture);
        bindings.authority = certificates.servers.pem();
        for file in fixture.pem_files() {
            bindings.files.extend(file.make(&certificates).unwrap());
        }
        let Ok(rendered) = adapter.render(&fixture, &bindings) else {
            continue;
        };
        let dir = tempfile::tempdir().unwrap();
        write_files(&rendered, dir.path()).unwrap();
        if let Err(error) = adapter.check(&rendered, dir.path()).await {
            panic!("scenarios/{name}: {error}");
        }
    }
}

/// Why a small configuration can't be rendered as a whole: a bare route `/a`, and `rest` after it.
pub(super) fn unsupported(adapter: &dyn Adapter, rest: &str) -> String {
    of_document(
        adapter,
        &format!("service: {{name: a, url: 'http://a:1'}}\n{rest}"),
    )
}

/// Why a route `/a` can't be rendered whose service has these settings.
pub(super) fn unsupported_service(adapter: &dyn Adapter, settings: &str) -> String {
    of_document(
        adapter,
        &format!("service: {{name: a, url: 'http://a:1', {settings}}}"),
    )
}

fn of_document(adapter: &dyn Adapter, text: &str) -> String {
    let fixture = Fixture::parse("a", &format!("{text}\nroute: {{paths: [/a]}}")).unwrap();
    render(adapter, &fixture).unwrap_err().reason
}

fn told(rendered: &Rendered, pem: &[String]) -> String {
    let mut text = String::new();
    for route in &rendered.left_out {
        text += &format!("left out: {}: {}\n", route.route, route.reason);
    }
    for (name, content) in &rendered.files {
        let content = if pem.contains(name) || name.ends_with(".pem") {
            "…\n"
        } else {
            content
        };
        text += &format!("--- {name}\n{content}");
    }
    text
}
