#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::HashSet;

use cucumber::gherkin::LineCol;

use super::*;

fn step(ty: StepType, value: &str) -> Step {
    let position = LineCol { line: 1, col: 1 };
    Step {
        keyword: "Then ".to_owned(),
        ty,
        value: value.to_owned(),
        docstring: None,
        table: None,
        span: Default::default(),
        position,
    }
}

#[test]
fn every_step_is_explained_and_unlike_any_other() {
    let mut seen = HashSet::new();
    for definition in vocabulary() {
        assert!(
            seen.insert((format!("{:?}", definition.kind), definition.pattern)),
            "{}",
            definition.pattern
        );
        assert!(
            !definition.about.is_empty() && !definition.about.contains('\n'),
            "{}",
            definition.pattern
        );
        let example = definition
            .pattern
            .replace("{string}", "\"x\"")
            .replace("{int}", "7");
        let found = find(&step(definition.kind, &example)).map(|(found, _)| found.pattern);
        assert_eq!(found, Ok(definition.pattern));
    }
}

#[test]
fn arguments_are_read_in_order() {
    let value = r#"the client sends "GET /a b" with a body of 42 bytes"#;
    let (_, arguments) = find(&step(StepType::When, value)).unwrap();
    assert_eq!(arguments.text(0), "GET /a b");
    assert_eq!(arguments.number::<u64>(1).unwrap(), 42);
    assert!(arguments.number::<u64>(0).is_err());
}

#[test]
fn a_text_in_single_quotes_may_hold_double_ones() {
    let said = r#"the issuer "auth.example" answers 'json={"keys":[]}'"#;
    let (_, arguments) = find(&step(StepType::When, said)).unwrap();
    assert_eq!(arguments.text(0), "auth.example");
    assert_eq!(arguments.text(1), r#"json={"keys":[]}"#);
    let open = r#"the issuer "auth.example" answers 'good""#;
    assert!(find(&step(StepType::When, open)).is_err());
}

#[test]
fn an_argument_may_be_empty_only_in_quotes() {
    assert!(find(&step(StepType::Then, r#"the body is """#)).is_ok());
    assert!(find(&step(StepType::Then, "the response status is ")).is_err());
}

/// The oracle is the language itself: what a step speaks of it needs, so a new step can't forget its mark.
#[test]
fn every_step_says_what_it_needs() {
    for definition in vocabulary() {
        let pattern = definition.pattern;
        let speaks = |words: &[&str]| words.iter().any(|word| pattern.contains(word));
        let body = definition.kind == StepType::Then
            && pattern.starts_with("the body")
            && !speaks(&["problem", "is empty"]);
        let beside = [
            "upstream",
            "server {string}",
            "trailer",
            "event",
            "WebSocket",
            "stream",
        ];
        let needs = [
            (Need::Upstream, body || speaks(&beside)),
            (Need::Address, speaks(&["another client"])),
            (Need::Issuer, speaks(&["issuer", "introspection", "token"])),
            (
                Need::Handshake,
                speaks(&["certificate", "handshake", "connects with", "connected"]),
            ),
            (Need::Admin, speaks(&["admin address", "metric"])),
            (Need::AccessLog, speaks(&["access log"])),
            (Need::Files, speaks(&["operator renews"])),
        ];
        for (need, needed) in needs {
            assert_eq!(
                definition.needs.contains(&need),
                needed,
                "{pattern}: {need}"
            );
        }
    }
}

#[test]
fn what_a_text_asks_of_an_upstream_is_needed_too() {
    let needed = |step: Step| needs(&[step]).into_iter().collect::<Vec<_>>();
    let plain = r#"the client sends "GET /a" with the header "X-A: b""#;
    assert_eq!(needed(step(StepType::When, plain)), []);
    let told = r#"the client sends "GET /a" with the header "Gatecheck-Behaviour: close""#;
    assert_eq!(needed(step(StepType::When, told)), [Need::Upstream]);
    let mut rows = step(StepType::When, r#"the client sends "GET /a""#);
    rows.table = Some(cucumber::gherkin::Table {
        rows: vec![vec!["gatecheck-behaviour".to_owned(), "hang".to_owned()]],
        span: Default::default(),
        position: LineCol { line: 1, col: 1 },
    });
    assert_eq!(needed(rows), [Need::Upstream]);
    let address = r#"the upstream "a" received the header "X-Forwarded-For" with "{client}""#;
    let address = needed(step(StepType::Then, address));
    assert_eq!(address, [Need::Upstream, Need::Address]);
}
