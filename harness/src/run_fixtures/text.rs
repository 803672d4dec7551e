//! The description for people: addresses, credentials and good tokens as they are, everything else by its file.

use std::fmt::Write as _;

use serde_json::Value;

/// Renders a description.
pub fn render(description: &Value) -> String {
    let mut out = String::new();
    line(&mut out, "directory", text(&description["directory"]));
    for part in ["jwks", "introspection", "upstreams"] {
        if let Some(members) = description[part].as_object() {
            out.push_str(&format!("\n{part}\n"));
            for (name, value) in members {
                members_of(&mut out, name, value);
            }
        }
    }
    if let Some(tokens) = description.get("tokens") {
        out.push_str("\ngood tokens\n");
        for (name, good) in object(&tokens["good"]) {
            line(&mut out, name, text(&good["token"]));
        }
        out.push_str("\ntokens by name, in files\n");
        catalogue(&mut out, &tokens["kinds"], "file");
    }
    for usage in ["servers", "clients"] {
        out.push_str(&format!("\ncertificates of {usage}, each with its .key\n"));
        let certificates = &description["certificates"];
        line(
            &mut out,
            "authority",
            text(&certificates[format!("{usage}Ca")]),
        );
        line(
            &mut out,
            "revoked",
            text(&certificates[format!("{usage}Crl")]),
        );
        catalogue(&mut out, &certificates[usage], "certificate");
    }
    out
}

/// A value, or each of an object's values under both names.
fn members_of(out: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                members_of(out, &format!("{name} {member}"), value);
            }
        }
        other => line(out, name, text(other)),
    }
}

fn catalogue(out: &mut String, entries: &Value, file: &str) {
    for (name, entry) in object(entries) {
        let (verdict, about) = (text(&entry["verdict"]), text(&entry["about"]));
        line(out, name, &format!("{verdict:<8} {about}"));
        line(out, "", text(&entry[file]));
    }
}

fn line(out: &mut String, name: &str, value: &str) {
    writeln!(out, "  {name:<30} {value}").expect("writing to a string can't fail");
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
