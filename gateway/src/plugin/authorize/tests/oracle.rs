//! The rules held against a plain reading of the document, for any caller and request.

use super::{alice, chain};
use crate::plugin::testing::Call;
use crate::reason::Reason;
use http::Method;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const WORDS: [&str; 3] = ["a", "editor", "partners"];

fn words() -> impl Strategy<Value = Value> {
    vec(prop::sample::select(&WORDS[..]), 1..3).prop_map(|words| json!(words))
}

fn rule() -> impl Strategy<Value = Value> {
    let claims = prop::sample::select(vec![
        json!({"t": "a"}),
        json!({"t": ["a", 1]}),
        json!({"t": "a", "o.i": true}),
    ]);
    let paths = vec(
        prop::sample::select(vec!["/a", "/a/b", "/{x}/b", "/"]),
        1..3,
    )
    .prop_map(|paths| json!(paths));
    let methods =
        vec(prop::sample::select(vec!["GET", "POST", "HEAD"]), 1..3).prop_map(|all| json!(all));
    let consumers = prop::sample::select(vec![json!(["alice"]), json!(["bob"])]);
    let fields = (
        of(words()),
        of(words()),
        of(words()),
        of(consumers),
        of(claims),
        of(paths),
        of(methods),
    );
    fields.prop_filter_map(
        "a rule has a field",
        |(roles, groups, scopes, consumers, claims, paths, methods)| {
            let all = [
                ("roles", roles),
                ("groups", groups),
                ("scopes", scopes),
                ("consumers", consumers),
                ("claims", claims),
                ("paths", paths),
                ("methods", methods),
            ];
            let rule: Map<String, Value> = all
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?)))
                .collect();
            (!rule.is_empty()).then_some(Value::Object(rule))
        },
    )
}

fn token() -> impl Strategy<Value = Option<Value>> {
    let claim = prop::sample::select(vec![
        json!(null),
        json!("a"),
        json!(1),
        json!(["b", "a"]),
        json!([1]),
        json!({"a": 1}),
    ]);
    let fields = (words(), words(), words(), claim, any::<bool>());
    of(fields.prop_map(|(roles, groups, scp, t, inner)| {
        json!({"roles": roles, "groups": groups, "scp": scp, "scope": "x y", "t": t, "o": {"i": inner}})
    }))
}

/// What the words of the contract say, rule by rule and field by field.
fn expected(
    allow: &[Value],
    deny: &[Value],
    token: Option<&Value>,
    method: &str,
    path: &str,
) -> Option<Reason> {
    let listed = |claim: &str| -> Vec<String> {
        let list = token.map(|token| token[claim].clone()).unwrap_or_default();
        list.as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect()
    };
    let with = |own: &str, mut list: Vec<String>| {
        list.push(own.to_owned());
        list
    };
    let plain = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let strings = |value: &Value| -> Vec<String> {
        value
            .as_array()
            .map_or_else(|| vec![plain(value)], |all| all.iter().map(plain).collect())
    };
    let field = |name: &str, wanted: &Value| {
        let wanted_all = strings(wanted);
        let any = |have: &[String]| wanted_all.iter().any(|one| have.contains(one));
        match name {
            "roles" => any(&with("editor", listed("roles"))),
            "groups" => any(&with("partners", listed("groups"))),
            "scopes" => wanted_all.iter().all(|one| listed("scp").contains(one)),
            "consumers" => any(&["alice".to_owned()]),
            "methods" => wanted_all
                .iter()
                .any(|one| one == method || (one == "GET" && method == "HEAD")),
            "paths" => wanted_all.iter().any(|pattern| {
                let pattern: Vec<&str> =
                    pattern.split('/').filter(|part| !part.is_empty()).collect();
                let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
                pattern.len() <= parts.len()
                    && pattern
                        .iter()
                        .zip(&parts)
                        .all(|(wanted, part)| wanted.starts_with('{') || wanted == part)
            }),
            "claims" => wanted.as_object().unwrap().iter().all(|(claim, value)| {
                let Some(token) = token else { return false };
                let found = if claim == "o.i" {
                    &token["o"]["i"]
                } else {
                    &token[claim]
                };
                let scalar = |one: &Value| {
                    !one.is_null() && !one.is_object() && strings(value).contains(&plain(one))
                };
                found
                    .as_array()
                    .map_or_else(|| scalar(found), |all| all.iter().any(scalar))
            }),
            _ => unreachable!(),
        }
    };
    let fields = |rule: &Value, without: &str| {
        rule.as_object()
            .unwrap()
            .iter()
            .all(|(name, wanted)| name == without || field(name, wanted))
    };
    if deny.iter().any(|rule| fields(rule, "")) {
        return Some(Reason::Forbidden);
    }
    if allow.is_empty() || allow.iter().any(|rule| fields(rule, "")) {
        return None;
    }
    let but_scopes = token.is_some() && allow.iter().any(|rule| fields(rule, "scopes"));
    Some(if but_scopes {
        Reason::InsufficientScope
    } else {
        Reason::Forbidden
    })
}

proptest! {
    #[test]
    fn the_rules_mean_what_they_say(
        allow in vec(rule(), 0..3),
        deny in vec(rule(), 0..2),
        token in token(),
        method in prop::sample::select(vec!["GET", "HEAD", "POST", "DELETE"]),
        path in prop::sample::select(vec!["/", "/a", "/a/b", "/b/b", "/ab", "/a/b/c"]),
    ) {
        prop_assume!(!allow.is_empty() || !deny.is_empty());
        let chain = chain(alice(token.clone()), json!({"allow": allow, "deny": deny}));
        let outcome = Call::get().method(method.parse::<Method>().unwrap()).path(path).on(&chain);
        prop_assert_eq!(outcome.reason(), expected(&allow, &deny, token.as_ref(), method, path));
    }
}
