//! Configurations that a user has written for a product, with places for what is made up for a run:
//!
//! - `{{upstream orders-svc:8080}}`: where that upstream of the fixture is
//! - `{{env ORDERS_KEY}}`: what the fixture's `${env:ORDERS_KEY}` stands for
//! - the lines between `{{each key}}` and `{{end}}`, once for each API key, with `{{consumer}}`, `{{key}}` and
//!   `{{number}}`, which counts them
//! - the lines between `{{each consumer}}` and `{{end}}`, once for each consumer with a key, with `{{consumer}}`; in them
//!   `{{each key}}` is for its own keys
//! - `{{id}}`: the name of this application of it; it is put in last, so that a rendering is the same each time

use std::fs;
use std::path::Path;

use crate::adapters::common::callers::{ApiKey, Callers};
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{Consumer, Fixture};
use crate::plan::Plan;

const EACH: &str = "{{each ";
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

/// The lines between the marks, for each key or consumer.
fn repeated(text: &str, callers: &Callers) -> Result<String, String> {
    if !text.contains(EACH) {
        return Ok(text.to_owned());
    }
    let keys = callers.keys.as_ref().map_err(ToString::to_string)?;
    let numbered: Vec<Numbered<'_>> = (1..).zip(keys).collect();
    for_each(text, &numbered)
}

/// A key and which one of all it is.
type Numbered<'a> = (usize, &'a ApiKey);

fn for_each(text: &str, keys: &[Numbered<'_>]) -> Result<String, String> {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(EACH) {
        let (kind, after) = after.split_once("}}").ok_or("{{ has no }}")?;
        let (lines, after) =
            until_end(after).ok_or_else(|| format!("{EACH}{kind}}}}} has no {END}"))?;
        // The mark's own line goes.
        done.push_str(before.trim_end_matches(' '));
        let lines = lines.strip_prefix('\n').unwrap_or(lines);
        let lines = lines.trim_end_matches(' ');
        match kind.trim() {
            "key" => done.extend(keys.iter().map(|(number, key)| {
                lines
                    .replace("{{consumer}}", &key.consumer)
                    .replace("{{key}}", &key.secret)
                    .replace("{{number}}", &number.to_string())
            })),
            "consumer" => {
                for keys in keys.chunk_by(|(_, a), (_, b)| a.consumer == b.consumer) {
                    let lines = lines.replace("{{consumer}}", &keys[0].1.consumer);
                    done += &for_each(&lines, keys)?;
                }
            }
            other => {
                return Err(format!(
                    "{EACH}{other}}}}}: there are keys and consumers, each key and each consumer"
                ));
            }
        }
        rest = after.strip_prefix('\n').unwrap_or(after);
    }
    Ok(done + rest)
}

/// What comes before the end that belongs to a mark, and what comes after it.
fn until_end(text: &str) -> Option<(&str, &str)> {
    let (mut depth, mut from) = (0, 0);
    loop {
        let end = from + text[from..].find(END)?;
        depth += text[from..end].matches(EACH).count();
        if depth == 0 {
            return Some((&text[..end], &text[end + END.len()..]));
        }
        depth -= 1;
        from = end + END.len();
    }
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

    use std::collections::BTreeSet;

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
    fn lines_are_repeated_for_each_consumer_and_each_of_its_keys() {
        let key = |consumer: &str, secret: &str| ApiKey {
            consumer: consumer.to_owned(),
            secret: secret.to_owned(),
        };
        let callers = Callers {
            keys: Ok(vec![key("ann", "1"), key("ann", "2"), key("bob", "3")]),
            logins: Ok(Vec::new()),
            headers: BTreeSet::new(),
        };
        let text = "consumers:\n{{each consumer}}\n- name: {{consumer}}\n  keys:\n  {{each key}}\n  - {{number}}: {{key}}\n  \
                    {{end}}\n{{end}}\nrest: {{key}}\n";
        assert_eq!(
            repeated(text, &callers).unwrap(),
            "consumers:\n- name: ann\n  keys:\n  - 1: 1\n  - 2: 2\n- name: bob\n  keys:\n  - 3: 3\nrest: {{key}}\n"
        );
        let refused = |text: &str| repeated(text, &callers).unwrap_err();
        assert_eq!(refused("{{each key}}\n"), "{{each key}} has no {{end}}");
        assert_eq!(
            refused("{{each consumer}}{{each key}}{{end}}"),
            "{{each consumer}} has no {{end}}"
        );
        assert!(refused("{{each user}}{{end}}").starts_with("{{each user}}: there are keys"));
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
    fn the_templates_of_the_guides_are_filled_in_to_yaml() {
        let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
        let mut checked = 0;
        for templates in
            ["kong", "apisix", "traefik"].map(|name| guides.join(name).join("templates"))
        {
            for file in fs::read_dir(&templates).unwrap() {
                let stem = file.unwrap().path();
                let stem = stem.file_stem().unwrap().to_str().unwrap();
                let fixture = proof::fixture(stem);
                let (name, text) =
                    filled(&templates, &fixture, &placeholder_bindings(&fixture)).unwrap();
                let parsed = serde_yaml::from_str::<serde_yaml::Value>(&text);
                assert!(parsed.is_ok_and(|yaml| yaml.is_mapping()), "{name}: {text}");
                assert!(text.contains(ID), "{name} never tells that it is taken on");
                checked += 1;
            }
        }
        assert!(checked > 20, "{checked} templates");
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
