#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::claim_headers::value;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;
use serde_json::{Value, json};

fn shown(claim: &Value) -> Option<String> {
    let value = value(claim).unwrap()?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn what_is_not_there_leaves_no_header() {
    for nothing in [json!(null), json!([])] {
        assert_eq!(shown(&nothing), None);
    }
    assert_eq!(shown(&json!("")).as_deref(), Some(""));
    assert_eq!(shown(&json!(false)).as_deref(), Some("false"));
    assert_eq!(
        shown(&json!([1.5, true, "x"])).as_deref(),
        Some("1.5,true,x")
    );
    for unfit in [json!({}), json!([null]), json!([{}]), json!([[1]])] {
        assert!(value(&unfit).is_err(), "{unfit}");
    }
}

proptest! {
    /// Whatever the members are, who reads the header finds the same again.
    #[test]
    fn members_are_told_apart_and_come_back(members in prop::collection::vec(".{0,20}", 1..5)) {
        let shown = shown(&json!(members)).unwrap();
        prop_assert!(shown.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        prop_assert_eq!(shown.trim(), &shown);
        let found: Vec<String> = shown
            .split(',')
            .map(|member| percent_decode_str(member).decode_utf8().unwrap().into_owned())
            .collect();
        prop_assert_eq!(found, members);
    }
}
