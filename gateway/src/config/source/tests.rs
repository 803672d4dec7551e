#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;

fn parse(name: &str, text: &str) -> (Option<Source>, Report) {
    let mut report = Report::default();
    let source = Source::parse(Path::new(name), name, text.as_bytes().to_vec(), &mut report);
    (source, report)
}

fn place(source: &Source, pointer: &str) -> (usize, usize) {
    let place = Place::from(At::pointer(source, pointer));
    (place.line(), place.column())
}

fn complaint(name: &str, text: &str) -> (String, usize, usize) {
    let (source, report) = parse(name, text);
    assert!(source.is_none());
    let first = report.sorted()[0];
    (first.message.clone(), first.at.line(), first.at.column())
}

#[test]
fn every_value_and_key_has_its_place() {
    let (source, _) = parse(
        "a.yaml",
        "route:\n  paths:\n    - /a\n    - {exact: /b}\n  'odd/~key': 1\n",
    );
    let source = source.unwrap();
    assert_eq!(place(&source, "/route/paths/0"), (3, 7));
    assert_eq!(place(&source, "/route/paths/1/exact"), (4, 15));
    assert_eq!(place(&source, "/route/odd~1~0key"), (5, 15));
    let key = Place::from(At::root(&source).key("route").key("paths").on_key());
    assert_eq!(
        (key.line(), key.column(), key.pointer.as_str()),
        (2, 3, "/route/paths")
    );
    assert_eq!(key.position.unwrap().width, 5);
    let odd = Place::from(At::root(&source).key("route").key("odd/~key"));
    assert_eq!(odd.pointer, "/route/odd~1~0key");
}

#[test]
fn what_is_not_there_is_said_where_it_lacks() {
    let (source, _) = parse("a.yaml", "service:\n  name: a\n");
    let source = source.unwrap();
    let at = At::root(&source).key("service").key("url");
    assert_eq!(Place::from(at).pointer, "/service");
    assert_eq!(Place::from(at.on_key()).line(), 1);
}

#[test]
fn aliases_and_merge_keys_lead_to_where_the_value_stands() {
    let text = "a: &a\n  x: 1\n  y: {z: 2}\nb: *a\nc:\n  <<: *a\n  y: 3\nd:\n  <<: [{q: 4}, *a]\n";
    let (source, report) = parse("a.yaml", text);
    assert!(report.is_empty(), "{}", report.human(false));
    let source = source.unwrap();
    assert_eq!(source.value()["c"], serde_json::json!({"x": 1, "y": 3}));
    assert_eq!(source.value()["d"]["x"], 1);
    assert_eq!(place(&source, "/b/y/z"), (3, 10));
    assert_eq!(place(&source, "/c/x"), (2, 6));
    assert_eq!(place(&source, "/c/y"), (7, 6));
    assert_eq!(place(&source, "/d/q"), (9, 12));
    assert_eq!(place(&source, "/d/x"), (2, 6));
}

#[test]
fn an_alias_of_itself_is_refused() {
    let (source, report) = parse("a.yaml", "a: &a\n  b: *a\n");
    assert!(source.is_none() && report.has_errors());
    let (source, report) = parse("a.yaml", "a: &a\n  <<: *a\n");
    assert!(source.is_none() && report.has_errors());
}

#[test]
fn json_may_be_minified_indented_by_tabs_and_escaped() {
    let (source, _) = parse(
        "a.json",
        r#"{"a":[1,{"b":"\ud83d\ude00 \/"}],"c":{"d":null}}"#,
    );
    let source = source.unwrap();
    assert_eq!(source.value()["a"][1]["b"], "😀 /");
    assert_eq!(place(&source, "/a/1/b"), (1, 14));
    assert_eq!(place(&source, "/c/d"), (1, 43));
    let (source, _) = parse(
        "a.json",
        "{\n\t\"a\": {\n\t\t\"b\": [\n\t\t\t1\n\t\t]\n\t}\n}\n",
    );
    assert_eq!(place(&source.unwrap(), "/a/b/0"), (4, 4));
}

#[test]
fn yaml_is_version_1_2() {
    let (source, _) = parse("a.yaml", "on: [off, no, 0o17, 017, ~]\n502: x\n");
    assert_eq!(
        source.unwrap().value(),
        &serde_json::json!({"on": ["off", "no", 15, "017", null], "502": "x"})
    );
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    assert_eq!(
        place(&parse("a.yaml", "\u{feff}a: 1\n").0.unwrap(), "/a"),
        (1, 4)
    );
}

#[test]
fn a_key_given_twice_is_told_with_both_places() {
    for (name, text) in [
        ("a.yaml", "a: 1\nb: 2\na: 3\n"),
        ("a.json", "{\"a\":1,\n\"b\":2,\n\"a\":3}"),
    ] {
        let (_, report) = parse(name, text);
        let told = report.sorted()[0];
        assert_eq!((told.code, told.at.line()), ("duplicate-key", 3));
        assert!(told.help.as_deref().unwrap().contains("line 1"), "{told:?}");
    }
}

#[test]
fn what_no_configuration_may_hold_is_refused() {
    assert_eq!(complaint("a.yaml", "a: 1\n---\nb: 2\n").1, 2);
    assert_eq!(
        complaint("a.yaml", "a: !secret b\n").0,
        "the tag `!secret` has no meaning here"
    );
    assert_eq!(
        complaint("a.yaml", "? [a]\n: b\n").0,
        "a key must be a string"
    );
    assert_eq!(complaint("a.yaml", "# nothing\n").0, "the file is empty");
    assert_eq!(complaint("a.json", " \n").0, "the file is empty");
    assert_eq!(complaint("a.json", "{\"a\": 1,}").1, 1);
    assert_eq!(complaint("a.yaml", "a: [1\nb: 2\n").1, 2);
}

#[test]
fn an_excerpt_never_shows_a_secret_of_a_plugin() {
    let text =
        "plugins: [{config: {clientSecret: hunter2, clientId: [], keys: [{secret: hunter3}]}}]\n";
    let (source, _) = parse("a.yaml", text);
    let source = source.unwrap();
    let at = At::pointer(&source, "/plugins/0/config/clientId");
    let excerpt = Place::from(at).position.unwrap().excerpt;
    assert!(!excerpt.contains("hunter"), "{excerpt}");
    assert!(excerpt.contains("clientId: []"), "{excerpt}");
}

#[test]
fn an_excerpt_never_shows_a_plain_text_key() {
    let text =
        "consumers:\n  - {name: a, keys: [\"hunter2\", \"${env:K}\", {key: hunter3}], grops: []}\n";
    let (source, _) = parse("a.yaml", text);
    let source = source.unwrap();
    let excerpt = Place::from(At::pointer(&source, "/consumers/0/name"))
        .position
        .unwrap()
        .excerpt;
    assert!(!excerpt.contains("hunter"), "{excerpt}");
    assert!(
        excerpt.contains("${env:K}") && excerpt.contains("grops"),
        "{excerpt}"
    );
}
