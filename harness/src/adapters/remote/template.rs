//! Configurations that a user has written for a product, with places for what is made up for a run:
//!
//! - `{{upstream orders-svc:8080}}`: where that upstream of the fixture is
//! - `{{env ORDERS_KEY}}`: what the fixture's `${env:ORDERS_KEY}` stands for
//! - the lines between `{{each key}}` and `{{end}}`, once for each API key, with `{{consumer}}` and `{{key}}`
//! - `{{id}}`: the name of this application of it; it is put in last, so that a rendering is the same each time

use std::fs;
use std::path::Path;

use crate::adapters::common::callers::{ApiKey, Callers};
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{Consumer, Fixture};
use crate::plan::Plan;

const EACH: &str = "{{each key}}";
const END: &str = "{{end}}";

/// Stands for the name of an application, until it is applied.
pub(super) const ID: &str = "{{id}}";

/// Whether a template says all that a scenario needs: the fixture as it is, and callers with keys.
///
/// # Errors
/// When the scenario needs more.
pub(super) fn admits(plan: &Plan) -> Result<(), Unsupported> {
    if !plan.changes.is_empty() {
        return Err(Unsupported::new(
            "the scenario changes the configuration, and templates say each as it is",
        ));
    }
    for consumer in &plan.consumers {
        let Consumer {
            alias,
            name: _,
            keys: _,
            groups,
            metadata,
            roles,
            tokens,
            certificates,
            password,
        } = consumer;
        let more = [
            ("groups", !groups.is_empty()),
            ("metadata", !metadata.is_null()),
            ("roles", !roles.is_empty()),
            ("claims of tokens", !tokens.is_empty()),
            ("certificates", !certificates.is_empty()),
            ("a password", password.is_some()),
        ];
        if let Some((what, _)) = more.into_iter().find(|(_, there)| *there) {
            return Err(Unsupported::new(format!(
                "the consumer {alias:?} has {what}, and templates tell of keys alone"
            )));
        }
    }
    Ok(())
}

/// The template of a fixture, filled in: its file's name and text.
///
/// # Errors
/// When there is no template of it, or one that can't be filled in.
pub(super) fn filled(
    directory: &Path,
    fixture: &Fixture,
    bindings: &Bindings,
) -> Result<(String, String), Unsupported> {
    let missing = || {
        Unsupported::new(format!(
            "{} has no file for the configuration {}",
            directory.display(),
            fixture.name
        ))
    };
    let entries = fs::read_dir(directory).map_err(|error| Unsupported::new(error.to_string()))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort_unstable();
    let own = |path: &&std::path::PathBuf| {
        path.file_stem()
            .is_some_and(|stem| stem == fixture.name.as_str())
    };
    let file = files.iter().find(own).ok_or_else(missing)?;
    let text = fs::read_to_string(file).map_err(|error| Unsupported::new(error.to_string()))?;
    let name = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let failed = |why: String| Unsupported::new(format!("{name}: {why}"));
    let document = fixture.typed().map_err(|error| failed(error.to_string()))?;
    let callers = Callers::of(fixture, &document);
    let text = repeated(&text, &callers).map_err(failed)?;
    let text = replaced(&text, fixture, bindings).map_err(failed)?;
    Ok((name, text))
}

/// The lines between the marks, for each key.
fn repeated(text: &str, callers: &Callers) -> Result<String, String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(EACH) {
        let (lines, after) = after
            .split_once(END)
            .ok_or_else(|| format!("{EACH} has no {END}"))?;
        done.push_str(before);
        let keys = callers.keys.as_ref().map_err(ToString::to_string)?;
        for ApiKey { consumer, secret } in keys {
            let one = lines
                .replace("{{consumer}}", consumer)
                .replace("{{key}}", secret);
            done.push_str(one.strip_prefix('\n').unwrap_or(&one).trim_end_matches(' '));
        }
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    Ok(done + rest)
}

fn replaced(text: &str, fixture: &Fixture, bindings: &Bindings) -> Result<String, String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after.split_once("}}").ok_or("{{ has no }}")?;
        done.push_str(before);
        let value = match place.trim().split_once(' ') {
            Some(("upstream", name)) => bindings.upstreams.get(name).map(ToString::to_string),
            Some(("env", name)) => fixture.environment.get(name).cloned(),
            None if place.trim() == "id" => Some(ID.to_owned()),
            _ => None,
        };
        done.push_str(&value.ok_or_else(|| format!("nothing stands for {{{{{place}}}}}"))?);
        rest = after;
    }
    Ok(done + rest)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::adapters::proof;
    use crate::lab::placeholder_bindings;
    use crate::suite::Suite;

    #[test]
    fn what_is_made_up_for_a_run_is_filled_in() {
        let fixture = proof::fixture("orders");
        let dir = tempfile::tempdir().unwrap();
        let text = "url: http://{{upstream orders-svc:8080}}\nkeys:\n{{each key}}\n- {{consumer}}: {{key}}\n{{end}}\nrest\n";
        fs::write(dir.path().join("orders.yaml"), text).unwrap();
        let (name, text) = filled(dir.path(), &fixture, &placeholder_bindings(&fixture)).unwrap();
        assert_eq!(name, "orders.yaml");
        assert!(
            text.starts_with("url: http://127.0.0.1:1\nkeys:\n- "),
            "{text}"
        );
        assert!(
            text.ends_with("- ann.key-001.1: secret-of-ann\nrest\n"),
            "{text}"
        );
    }

    #[test]
    fn what_no_template_can_say_is_not_run() {
        let suite = Suite::embedded().unwrap();
        let admitted = |id: &str| {
            let case = suite.cases.iter().find(|case| case.id == id).unwrap();
            admits(&Plan::of(case).unwrap()).map_err(|why| why.reason)
        };
        assert_eq!(admitted("ORDERS-003"), Ok(()));
        let changed = admitted("ROUTE-082").unwrap_err();
        assert!(changed.contains("changes the configuration"), "{changed}");
        let grouped = admitted("AUTHZ-001").unwrap_err();
        assert!(
            grouped.contains("templates tell of keys alone"),
            "{grouped}"
        );
    }

    #[test]
    fn a_place_that_stands_for_nothing_is_told() {
        let fixture = proof::fixture("orders");
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("orders.yaml"), "{{upstream other:1}}").unwrap();
        let error = filled(dir.path(), &fixture, &placeholder_bindings(&fixture)).unwrap_err();
        assert_eq!(
            error.reason,
            "orders.yaml: nothing stands for {{upstream other:1}}"
        );
        let other = proof::fixture("cors");
        let error = filled(dir.path(), &other, &placeholder_bindings(&other)).unwrap_err();
        assert!(
            error
                .reason
                .ends_with("has no file for the configuration cors")
        );
    }
}
