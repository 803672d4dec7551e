//! The arrows between modules, as the documentation of gateway/src/lib.rs draws them, held against the sources: each
//! module uses only what stands behind it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each module may use, itself excepted.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("reason", &[]),
    ("config", &["domain"]),
    ("identity", &["domain", "config", "reason"]),
    ("limit", &["domain", "config", "reason"]),
    ("router", &["domain", "config", "reason"]),
    ("upstream", &["domain", "config", "reason"]),
    (
        "plugin",
        &["identity", "limit", "domain", "config", "reason"],
    ),
    (
        "telemetry",
        &["plugin", "identity", "domain", "config", "reason"],
    ),
    ("tls", &["identity", "domain", "config", "reason"]),
    ("snapshot", FROM_SNAPSHOT),
    ("compile", FROM_SNAPSHOT),
    ("proxy", FROM_SNAPSHOT),
    (
        "admin",
        &[
            "proxy",
            "compile",
            "snapshot",
            "telemetry",
            "router",
            "upstream",
            "identity",
            "plugin",
            "domain",
            "config",
            "reason",
        ],
    ),
    (
        "lint",
        &["compile", "plugin", "upstream", "domain", "config"],
    ),
    (
        "diff",
        &["compile", "plugin", "upstream", "domain", "config"],
    ),
    (
        "explain",
        &[
            "proxy", "snapshot", "plugin", "router", "identity", "domain", "reason",
        ],
    ),
    (
        "runtime",
        &[
            "admin",
            "lint",
            "compile",
            "proxy",
            "snapshot",
            "plugin",
            "upstream",
            "identity",
            "telemetry",
            "domain",
            "config",
        ],
    ),
];

const FROM_SNAPSHOT: &[&str] = &[
    "snapshot",
    "plugin",
    "router",
    "upstream",
    "limit",
    "identity",
    "telemetry",
    "tls",
    "domain",
    "config",
    "reason",
];

/// Files of tests may look sideways: they use a neighbour's constructor as a fixture.
const TESTS: &[&str] = &["tests.rs"];

#[test]
fn modules_use_only_what_stands_behind_them() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for (module, file, code) in sources() {
        let allowed = arrows
            .get(&*module)
            .unwrap_or_else(|| panic!("{module} is not in the list of arrows"));
        for used in names_behind(&code, "crate::") {
            assert!(
                used == module || allowed.contains(&&*used),
                "{} uses crate::{used}, and {module} may use {allowed:?}",
                file.display()
            );
        }
    }
}

#[test]
fn arrows_go_one_way() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut placed = BTreeSet::new();
    while placed.len() < arrows.len() {
        let next = arrows.iter().find(|(module, behind)| {
            let stands = |other| other == *module || placed.contains(other);
            !placed.contains(*module) && behind.iter().all(stands)
        });
        let (module, _) = next.expect("the arrows run in a circle");
        placed.insert(*module);
    }
}

#[test]
fn only_proxy_and_runtime_know_pingora() {
    for (module, file, code) in sources() {
        let knows = code.contains("pingora::") || code.contains("use pingora");
        assert!(
            !knows || module == "proxy" || module == "runtime",
            "{} knows Pingora",
            file.display()
        );
    }
}

#[test]
fn plugins_do_not_know_each_other() {
    let directory = Path::new("src/plugin");
    let shared = [
        "mod",
        "authenticate",
        "bearer",
        "chain",
        "edits",
        "exchange",
        "registry",
        "settings",
        "max_bytes",
        "bearer",
        "testing",
    ];
    let files = rust_files(directory);
    let plugins: Vec<String> = files.iter().map(|file| plugin_of(file)).collect();
    let plugins: BTreeSet<_> = plugins
        .iter()
        .filter(|name| !shared.contains(&&***name))
        .collect();
    assert!(plugins.len() >= 8, "{plugins:?}");
    for file in files {
        let own = plugin_of(&file);
        // Tests of one plugin put others beside it by name.
        if file.ends_with("tests.rs") || shared.contains(&&*own) {
            continue;
        }
        let code = code(&file);
        for other in plugins.iter().filter(|other| ***other != own) {
            let uses = code.contains(&format!("super::{other}"))
                || code.contains(&format!("plugin::{other}"));
            assert!(!uses, "{} uses the plugin {other}", file.display());
        }
    }
}

#[test]
fn the_packages_keep_apart() {
    let manifest = |name: &str| std::fs::read_to_string(format!("../{name}/Cargo.toml")).unwrap();
    let depends = |name: &str, on: &str| {
        let manifest = manifest(name);
        let lines = manifest
            .lines()
            .skip_while(|line| !line.contains("dependencies"));
        lines.map(str::trim).any(|line| {
            let key = line.split(['.', ' ', '=']).next().unwrap_or_default();
            key == on
        })
    };
    assert!(
        depends("gateway", "mock-upstreams"),
        "the test reads manifests wrongly"
    );
    assert!(
        !depends("harness", "gateway"),
        "the suite runs the gateway as a program"
    );
    for other in ["gateway", "gatecheck"] {
        assert!(
            !depends("mock-upstreams", other),
            "mock-upstreams stands alone"
        );
    }
    let library = manifest("gateway");
    let (normal, _) = library.split_once("[dev-dependencies]").unwrap();
    for tool in ["gatecheck", "mock-upstreams"] {
        assert!(!normal.contains(tool), "the gateway does not ship {tool}");
    }
}

/// Module, file and code of the library, without the command line.
fn sources() -> Vec<(String, PathBuf, String)> {
    let root = Path::new("src");
    let files = rust_files(root).into_iter();
    let found: Vec<_> = files
        .filter_map(|file| {
            let first = file.strip_prefix(root).unwrap().components().next()?;
            let first = first.as_os_str().to_str()?;
            let module = first.strip_suffix(".rs").unwrap_or(first).to_owned();
            let test = TESTS.contains(&file.file_name()?.to_str()?);
            let outside = ["main", "lib", "cli"].contains(&&*module) || test;
            (!outside).then(|| (module, file.clone(), code(&file)))
        })
        .collect();
    assert!(found.len() > 50, "the sources are in src");
    found
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code without comments and without the tests at its end.
fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap();
    let text = text
        .split("#[cfg(test)]\nmod tests {")
        .next()
        .unwrap_or_default();
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The identifiers directly behind a path's start, those of `{a, b}` included.
fn names_behind(code: &str, start: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices(start) {
        let rest = &code[at + start.len()..];
        match rest.strip_prefix('{') {
            Some(list) => names.extend(
                list.split(['}', ';'])
                    .next()
                    .unwrap()
                    .split(',')
                    .map(identifier),
            ),
            None => drop(names.insert(identifier(rest))),
        }
    }
    names.remove("");
    names
}

fn identifier(text: &str) -> String {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    text[..end.unwrap_or(text.len())].to_owned()
}

/// The plugin that a file belongs to: `rate_limit` for rate_limit.rs and rate_limit/rule.rs.
fn plugin_of(file: &Path) -> String {
    let inside = file.strip_prefix("src/plugin").unwrap();
    let first = inside
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.strip_suffix(".rs").unwrap_or(first).to_owned()
}
