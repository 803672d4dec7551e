//! The whole registry: every plugin has its section in docs/plugins.md, an example that compiles, and a feature. (That
//! it has a wrong configuration with a golden is held in diagnostics.rs.)

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use gateway::compile::Lasting;
use gateway::plugin::registry::{Kind, REGISTRY};
use gateway::runtime::Source;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const REFERENCE: &str = "../docs/plugins.md";

/// `UPDATE_DOCS=1 cargo test -p gateway --test registry` writes the reference anew.
#[test]
fn the_reference_is_what_the_plugins_say() {
    let wanted = reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(REFERENCE, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(REFERENCE).unwrap();
    assert!(
        found == wanted,
        "{REFERENCE} is not what the plugins say; UPDATE_DOCS=1 writes it anew"
    );
}

#[test]
fn every_example_compiles() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("client-secret"), "secret").unwrap();
    for kind in REGISTRY {
        let entry: Value = serde_yaml::from_str(kind.example).unwrap();
        assert_eq!(entry["name"], kind.name);
        let file = directory.path().join(format!("{}.yaml", kind.name));
        let document = format!(
            "service: {{name: search-v1, url: 'http://search-v1:8080'}}\n\
             altService: {{name: search-v2, url: 'http://search-v2:8080'}}\n\
             route: {{paths: ['/search']}}\n\
             consumers: [{{name: guest}}]\n\
             plugins:\n  - {}\n{}",
            kind.example,
            company(kind),
        );
        std::fs::write(&file, document).unwrap();
        let source = Source::new(vec![file.to_str().unwrap().to_owned()]);
        let (Ok((_, report)) | Err(report)) = source.read(&Lasting::default());
        assert!(!report.has_errors(), "{}", report.human(false));
    }
}

/// What has to stand beside some plugins: one that finds out who calls.
fn company(kind: &Kind) -> &'static str {
    match kind.name {
        "anonymous" | "authorize" => "  - name: key-auth\n",
        _ => "",
    }
}

#[test]
fn every_option_is_described() {
    for kind in REGISTRY {
        for option in options(&(kind.schema)().to_value()) {
            assert!(
                !option.description.is_empty(),
                "{}: {}",
                kind.name,
                option.name
            );
        }
    }
}

#[test]
fn every_plugin_has_a_feature() {
    let featured = featured();
    let without: Vec<_> = REGISTRY
        .iter()
        .map(|kind| kind.name)
        .filter(|name| !featured.contains(*name))
        .collect();
    assert!(
        without.is_empty(),
        "plugins without a scenario under features/ that is tagged @plugin:NAME or uses a configuration with the plugin: {without:?}"
    );
}

/// The plugins that scenarios are tagged with, and those of the configurations that scenarios use.
fn featured() -> BTreeSet<String> {
    let mut featured = BTreeSet::new();
    for file in files(Path::new("../features")) {
        let text = std::fs::read_to_string(file).unwrap();
        for line in text.lines().map(str::trim) {
            if let Some((_, rest)) = line.split_once("the configuration \"") {
                featured.extend(plugins_of(rest.split('"').next().unwrap()));
            }
            let tags = line
                .split_whitespace()
                .filter_map(|word| word.strip_prefix("@plugin:"));
            featured.extend(tags.map(str::to_owned));
        }
    }
    featured
}

fn plugins_of(configuration: &str) -> Vec<String> {
    let path = |end: &str| PathBuf::from(format!("../scenarios/{configuration}.{end}"));
    let file = ["yaml", "json"]
        .map(path)
        .into_iter()
        .find(|file| file.exists());
    let Some(file) = file else { return vec![] };
    let document: Value = serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut names = vec![];
    collect(&document, &mut names);
    names
}

/// The names of all entries of all `plugins`.
fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            let plugins = object.get("plugins").and_then(Value::as_array);
            let named = plugins
                .into_iter()
                .flatten()
                .filter_map(|entry| entry["name"].as_str());
            names.extend(named.map(str::to_owned));
            object.values().for_each(|value| collect(value, names));
        }
        Value::Array(array) => array.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|end| end == "feature") {
            found.push(path);
        }
    }
    found
}

fn reference() -> String {
    let mut out = String::from(
        "# Plugins\n\n\
         Users list plugins in any order; the gateway runs them in the order of this page. How entries of several\n\
         levels go together is told in [configuration.md](configuration.md). This page is generated from the plugins;\n\
         `gateway schema` prints the same as JSON Schema, and `gateway explain` shows them at work on one request.\n",
    );
    for kind in REGISTRY {
        section(&mut out, kind).unwrap();
    }
    out
}

fn section(out: &mut String, kind: &Kind) -> std::fmt::Result {
    writeln!(out, "\n## {}\n\n{}\n", kind.name, kind.summary)?;
    writeln!(out, "Its place: {}.\n", kind.reason)?;
    if let Some(default) = kind.default {
        writeln!(
            out,
            "In force where nobody names it, with `{default}`; `enabled: false` takes it away.\n"
        )?;
    }
    writeln!(out, "```yaml\nplugins:\n  - {}\n```\n", kind.example)?;
    writeln!(
        out,
        "| option | value | default | what it does |\n|---|---|---|---|"
    )?;
    for option in options(&(kind.schema)().to_value()) {
        let Row {
            name,
            value,
            default,
            description,
        } = option;
        writeln!(out, "| `{name}` | {value} | {default} | {description} |")?;
    }
    Ok(())
}

/// A row of a plugin's table.
struct Row {
    name: String,
    value: String,
    default: String,
    description: String,
}

fn options(schema: &Value) -> Vec<Row> {
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let properties = schema["properties"].as_object().unwrap();
    properties
        .iter()
        .map(|(name, property)| Row {
            name: name.clone(),
            value: value(schema, property).replace('|', "\\|"),
            default: match &property["default"] {
                _ if required.contains(&Value::String(name.clone())) => "required".to_owned(),
                Value::Null => "none".to_owned(),
                Value::String(text) => format!("`{text}`"),
                other => format!("`{other}`"),
            },
            description: property["description"]
                .as_str()
                .unwrap_or_default()
                .replace('\n', " ")
                .replace('|', "\\|"),
        })
        .collect()
}

/// What may be written for an option, in words.
fn value(root: &Value, schema: &Value) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.strip_prefix("#/$defs/"))
    {
        return value(root, &root["$defs"][name]);
    }
    if let Some(words) = schema["x-expects"].as_str() {
        return words.to_owned();
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let real = alternatives
            .iter()
            .find(|alternative| alternative["type"] != "null");
        return value(root, real.unwrap());
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect(),
    };
    let kind = kinds.into_iter().find(|kind| *kind != "null");
    match kind.unwrap_or_else(|| panic!("an option without a type: {schema}")) {
        "string" => "text".to_owned(),
        "integer" => "a whole number".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "array" => format!("a list of: {}", value(root, &schema["items"])),
        "object" => "an object with the options of one".to_owned(),
        other => other.to_owned(),
    }
}
