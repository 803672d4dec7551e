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
fn what_stands_in_single_quotes_may_have_double_ones_in_it() {
    let value = r#"the introspection endpoint "a.example" answers 'json={"active":1}'"#;
    let (_, arguments) = find(&step(StepType::Given, value)).unwrap();
    assert_eq!(arguments.text(0), "a.example");
    assert_eq!(arguments.text(1), r#"json={"active":1}"#);
}

#[test]
fn an_argument_may_be_empty_only_in_quotes() {
    assert!(find(&step(StepType::Then, r#"the body is """#)).is_ok());
    assert!(find(&step(StepType::Then, "the response status is ")).is_err());
}
