#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;

use proptest::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use super::*;

const API: &str = "service: {name: NAME, url: 'http://a:1'}\n";

fn schema() -> Schema {
    Schema::new([(
        "cors",
        schemars::Schema::from(serde_json::Map::new()),
        "Cross-origin requests.",
    )])
}

fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn load_in(directory: &TempDir, paths: &[&str]) -> Load {
    let paths: Vec<String> = paths
        .iter()
        .map(|path| directory.path().join(path).to_str().unwrap().to_owned())
        .collect();
    load(&paths, &schema())
}

/// Names of the services, in the order of their documents.
fn services(load: &Load) -> Vec<&str> {
    load.documents
        .iter()
        .filter_map(|of| Some(of.document.api.service.as_ref()?.name.as_str()))
        .collect()
}

fn api(name: &str) -> String {
    API.replace("NAME", name)
}

#[test]
fn a_directory_is_its_configuration_files_by_name() {
    let (a, b, c) = (
        api("a"),
        api("b"),
        json!({"service": {"name": "c", "url": "http://c"}}).to_string(),
    );
    let directory = directory(&[
        ("conf/2.yml", &b),
        ("conf/1.yaml", &a),
        ("conf/3.json", &c),
        ("conf/notes.txt", "{"),
        ("conf/.hidden.yaml", "{"),
        ("conf/deeper/4.yaml", "{"),
    ]);
    let load = load_in(&directory, &["conf"]);
    assert!(load.report.is_empty(), "{}", load.report.human(false));
    assert_eq!(services(&load), ["a", "b", "c"]);
}

#[test]
fn a_file_reached_twice_is_read_once() {
    let (a, b) = (api("a"), api("b"));
    let main = "include: ['apis/*.yaml', apis/a.yaml, ./apis/../apis/b.yaml]\n";
    let directory = directory(&[
        ("main.yaml", main),
        ("apis/a.yaml", &a),
        ("apis/b.yaml", &b),
    ]);
    let load = load_in(&directory, &["main.yaml", "apis", "apis/*.yaml"]);
    assert!(load.report.is_empty(), "{}", load.report.human(false));
    assert_eq!(services(&load), ["a", "b"]);
}

#[test]
fn an_include_is_relative_to_its_own_file() {
    let (inner, leaf) = (
        format!("{}include: [leaf.yaml]\n", api("inner")),
        api("leaf"),
    );
    let directory = directory(&[
        ("main.yaml", "include: [x/inner.yaml]\n"),
        ("x/inner.yaml", &inner),
        ("x/leaf.yaml", &leaf),
    ]);
    let load = load_in(&directory, &["main.yaml"]);
    assert!(load.report.is_empty(), "{}", load.report.human(false));
    assert_eq!(services(&load), ["inner", "leaf"]);
}

#[test]
fn a_reload_watches_files_and_where_files_may_appear() {
    let a = api("a");
    let directory = directory(&[
        ("main.yaml", "include: ['apis/*/*.yaml']\n"),
        ("apis/v1/a.yaml", &a),
    ]);
    let load = load_in(&directory, &["main.yaml"]);
    let watched: Vec<_> = load
        .watched
        .iter()
        .map(|path| path.strip_prefix(directory.path()).unwrap())
        .collect();
    assert_eq!(
        watched,
        ["apis", "apis/v1/a.yaml", "main.yaml"].map(Path::new)
    );
}

#[test]
fn a_file_that_is_wrong_still_has_its_includes_read() {
    let directory = directory(&[
        ("main.yaml", "servce: {}\ninclude: [a.yaml]\n"),
        ("a.yaml", "rote: {}\n"),
    ]);
    let load = load_in(&directory, &["main.yaml"]);
    let codes: Vec<_> = load
        .report
        .sorted()
        .iter()
        .map(|of| (of.at.line(), of.code))
        .collect();
    assert_eq!(codes, [(1, "unknown-key"), (1, "unknown-key")]);
    assert!(load.documents.is_empty());
}

#[test]
fn brackets_in_a_directory_are_no_pattern() {
    let a = api("a");
    let directory = directory(&[
        ("odd[1]/main.yaml", "include: ['*/a.yaml']\n"),
        ("odd[1]/apis/a.yaml", &a),
    ]);
    let load = load_in(&directory, &["odd[1]/main.yaml"]);
    assert!(load.report.is_empty(), "{}", load.report.human(false));
    assert_eq!(services(&load), ["a"]);
}

#[test]
fn what_the_documentation_shows_is_taken() {
    let text = fs::read_to_string("../docs/configuration.md").unwrap();
    let blocks: Vec<&str> = text
        .split("```yaml\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    let codes = |block: &str| {
        let mut report = Report::default();
        let source = Source::parse(
            Path::new("doc.yaml"),
            "doc.yaml",
            block.as_bytes().to_vec(),
            &mut report,
        )
        .unwrap();
        validate::document(&source, &schema(), &mut report);
        report
            .sorted()
            .iter()
            .map(|of| of.message.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(blocks[0]), [] as [String; 0]);
    let unknown_to_this_test = blocks[1].replace("key-auth", "cors");
    assert_eq!(
        codes(&unknown_to_this_test),
        ["`service` has both `url` and `targets`"]
    );
}

/// Parses, checks and renders; what comes out doesn't matter, only that something does.
fn survives(name: &str, bytes: Vec<u8>) {
    let mut report = Report::default();
    if let Some(source) = Source::parse(Path::new(name), name, bytes, &mut report) {
        validate::document(&source, &schema(), &mut report);
    }
    for diagnostic in report.sorted() {
        assert!(!diagnostic.message.is_empty());
    }
    assert_eq!(report.human(true).is_empty(), report.is_empty());
    assert!(report.sarif()["runs"].is_array());
}

#[test]
fn depth_and_repetition_have_a_bound() {
    let deep = "[".repeat(100_000);
    survives("a.yaml", deep.clone().into_bytes());
    survives("a.json", deep.into_bytes());
    survives(
        "a.json",
        ["[".repeat(100_000), "]".repeat(100_000)]
            .concat()
            .into_bytes(),
    );
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    survives("a.yaml", bomb.into_bytes());
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives("a.yaml", bytes.clone());
        survives("a.json", bytes);
    }

    #[test]
    fn any_text_of_yaml_is_survived(text in "[a\\-:,\\[\\]{}&*!|>'\"%@`#?~<0-9 \t\n\r\u{85}\u{2028}é\\\\]{0,80}") {
        survives("a.yaml", text.clone().into_bytes());
        survives("a.json", text.into_bytes());
    }

    /// A document that says something, with a hole or a scrap in it.
    #[test]
    fn any_damage_is_survived(at in 0..400usize, cut in 0..20usize, scrap in "[a-z:{}\\[\\]\", \n]{0,6}") {
        let whole = json!({
            "service": {"name": "a", "targets": [{"url": "http://a", "weight": 1}], "balancing": {"consistentHash": "ip"},
                "host": {"set": "b"}, "timeouts": {"try": "1s"}, "retries": {"on": ["connect", 503]}},
            "routes": [{"paths": ["/a", {"exact": "/b"}], "headers": {"X": {"present": true}, "Y": "z"}}],
            "plugins": [{"name": "cors", "config": {}}],
            "consumers": [{"name": "a", "keys": ["k", {"key": "k", "expires": "never"}]}],
        });
        let mut text = whole.to_string();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.replace_range(at..end, &scrap);
        survives("a.yaml", text.clone().into_bytes());
        survives("a.json", text.into_bytes());
    }
}
