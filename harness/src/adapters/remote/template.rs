//! Configurations that a user has written for a product, with places for what is made up for a run:
//!
//! - `{{upstream orders-svc:8080}}`: where that upstream of the fixture is
//! - `{{env ORDERS_KEY}}`: what the fixture's `${env:ORDERS_KEY}` stands for
//! - the lines between `{{each key}}` and `{{end}}`, once for each API key, with `{{consumer}}` and `{{key}}`

use std::fs;
use std::path::Path;

use crate::adapters::common::callers::{ApiKey, Callers};
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::Fixture;

const EACH: &str = "{{each key}}";
const END: &str = "{{end}}";

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
