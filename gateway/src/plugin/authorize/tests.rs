#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod oracle;

use super::*;
use crate::identity::{Claims, Consumer};
use crate::plugin::chain::Chain;
use crate::plugin::testing::{self, Call, Outcome, Surroundings};
use http::Method;
use serde_json::json;

/// alice, partner and editor, with this token.
fn alice(claims: Option<Value>) -> testing::Caller {
    let consumer = Consumer::new(
        "alice",
        vec!["partners".to_owned()],
        indexmap::IndexMap::new(),
    );
    let consumer = consumer.unwrap().with_roles(vec!["editor".to_owned()]);
    testing::Caller {
        consumer: Some(Arc::new(consumer)),
        claims: claims.map(|claims| Arc::new(Claims::new(claims.as_object().unwrap().clone()))),
    }
}

/// Nobody in the configuration, with this token.
fn stranger(claims: Value) -> testing::Caller {
    testing::Caller {
        consumer: None,
        ..alice(Some(claims))
    }
}

fn chain(caller: testing::Caller, config: Value) -> Chain {
    let surroundings = Surroundings {
        caller: Some(caller),
        ..Surroundings::default()
    };
    let surroundings = surroundings
        .consumer("alice", &[], &[])
        .consumer("bob", &[], &[]);
    let plugins = json!([{"name": "key-auth"}, {"name": "authorize", "config": config}]);
    surroundings.compile(&plugins).unwrap()
}

fn get(caller: testing::Caller, config: Value) -> Outcome {
    Call::get().path("/orders/7").on(&chain(caller, config))
}

fn passes(caller: testing::Caller, config: Value) -> bool {
    let outcome = get(caller, config);
    assert!(
        outcome.passed() || outcome.reason() == Some(Reason::Forbidden),
        "{outcome:?}"
    );
    outcome.passed()
}

#[test]
fn each_field_asks_for_one_thing() {
    let token = json!({
        "roles": ["clerk"], "groups": ["staff"], "tenant": "acme", "level": 3, "beta": true,
        "realm_access": {"roles": ["auditor"]}, "teams": ["red", "blue"]
    });
    let holds = [
        json!({"roles": ["admin", "editor"]}),
        json!({"roles": ["clerk"]}),
        json!({"groups": ["partners"]}),
        json!({"groups": ["staff"]}),
        json!({"consumers": ["bob", "alice"]}),
        json!({"claims": {"tenant": "acme"}}),
        json!({"claims": {"tenant": ["x", "acme"], "level": "3"}}),
        json!({"claims": {"level": [2, 3], "beta": true}}),
        json!({"claims": {"realm_access.roles": "auditor"}}),
        json!({"claims": {"teams": ["green", "blue"]}}),
        json!({"methods": ["GET"]}),
        json!({"paths": ["/orders"]}),
        json!({"paths": ["/x", "/orders/{id}"]}),
        json!({"paths": [{"exact": "/orders/7"}]}),
    ];
    let fails = [
        json!({"roles": ["admin"]}),
        json!({"roles": ["partners"]}),
        json!({"roles": ["auditor"]}),
        json!({"groups": ["editor"]}),
        json!({"consumers": ["bob"]}),
        json!({"claims": {"tenant": "Acme"}}),
        json!({"claims": {"tenant": "acme", "level": 4}}),
        json!({"claims": {"realm_access": "auditor"}}),
        json!({"claims": {"teams": "red blue"}}),
        json!({"claims": {"none": "null"}}),
        json!({"methods": ["POST"]}),
        json!({"paths": ["/order"]}),
        json!({"paths": [{"exact": "/orders"}]}),
        json!({"paths": ["/orders/7/items"]}),
    ];
    for (rules, wanted) in [(&holds, true), (&fails, false)] {
        for rule in rules {
            assert_eq!(
                passes(alice(Some(token.clone())), json!({"allow": [rule]})),
                wanted,
                "{rule}"
            );
            assert_eq!(
                passes(alice(Some(token.clone())), json!({"deny": [rule]})),
                !wanted,
                "deny {rule}"
            );
        }
    }
}

#[test]
fn all_fields_of_a_rule_must_hold_and_any_rule_is_enough() {
    let both = json!({"allow": [{"roles": ["editor"], "methods": ["POST"]}]});
    assert!(!passes(alice(None), both));
    let either =
        json!({"allow": [{"roles": ["admin"]}, {"roles": ["editor"], "methods": ["GET"]}]});
    assert!(passes(alice(None), either));
}

#[test]
fn deny_beats_allow_and_alone_lets_the_rest_pass() {
    let allow = json!([{"roles": ["editor"]}]);
    assert!(!passes(
        alice(None),
        json!({"allow": allow, "deny": [{"groups": ["partners"]}]})
    ));
    assert!(passes(
        alice(None),
        json!({"allow": allow, "deny": [{"groups": ["suspended"]}]})
    ));
    assert!(passes(
        alice(None),
        json!({"deny": [{"groups": ["suspended"]}]})
    ));
}

#[test]
fn what_is_for_get_is_for_head_and_not_the_other_way() {
    let get = chain(alice(None), json!({"allow": [{"methods": ["GET"]}]}));
    assert!(Call::get().method(Method::HEAD).on(&get).passed());
    let head = chain(alice(None), json!({"allow": [{"methods": ["HEAD"]}]}));
    assert_eq!(Call::get().on(&head).reason(), Some(Reason::Forbidden));
}

#[test]
fn the_short_form_is_one_allow_rule() {
    let short = json!({"roles": ["editor"], "claims": {"tenant": "acme"}});
    assert!(passes(
        alice(Some(json!({"tenant": "acme"}))),
        short.clone()
    ));
    assert!(!passes(alice(Some(json!({"tenant": "other"}))), short));
}

#[test]
fn the_claims_that_tell_roles_and_groups_can_be_others() {
    let token = json!({"realm_access": {"roles": ["admin"]}, "cognito:groups": ["staff"], "roles": ["fake"]});
    let config = |rule: Value| json!({"allow": [rule], "rolesClaim": ["realm_access.roles", "x"], "groupsClaim": "cognito:groups"});
    assert!(passes(
        stranger(token.clone()),
        config(json!({"roles": ["admin"], "groups": ["staff"]}))
    ));
    assert!(!passes(stranger(token), config(json!({"roles": ["fake"]}))));
}

#[test]
fn all_scopes_are_needed_and_where_only_they_are_missing_that_is_told() {
    let rule = json!({"allow": [{"scopes": ["orders:read", "orders:write"], "methods": ["GET"]}]});
    for all in [
        json!({"scope": "a orders:write orders:read"}),
        json!({"scp": ["orders:read", "orders:write"]}),
        json!({"scope": "orders:read", "scp": "orders:write"}),
    ] {
        assert!(passes(stranger(all), rule.clone()));
    }
    let some = get(
        stranger(json!({"scope": "orders:read orders:writes"})),
        rule.clone(),
    );
    assert_eq!(some.reason(), Some(Reason::InsufficientScope));
    assert_eq!(
        some.response(),
        [
            r#"www-authenticate: Bearer realm="gateway", error="insufficient_scope", scope="orders:read orders:write""#
        ]
    );
    let post = chain(stranger(json!({"scope": "orders:read"})), rule.clone());
    let post = Call::get().method(Method::POST).on(&post);
    assert_eq!(
        (post.reason(), post.response()),
        (Some(Reason::Forbidden), vec![])
    );
    assert!(
        !passes(alice(None), rule),
        "a caller without a token is not told to get more scopes"
    );
}

#[test]
fn rules_on_requests_alone_need_nobody() {
    let plugins = json!([{"name": "authorize", "config": {"deny": [{"methods": ["DELETE"], "paths": ["/orders"]}]}}]);
    let chain = Surroundings::default().compile(&plugins).unwrap();
    let delete = |path: &str| Call::get().method(Method::DELETE).path(path).on(&chain);
    assert_eq!(delete("/orders/7").reason(), Some(Reason::Forbidden));
    assert!(delete("/invoices").passed() && Call::get().path("/orders/7").on(&chain).passed());
}

#[test]
fn an_anonymous_caller_is_forbidden_what_is_not_for_it() {
    let plugins = |consumers: Value| {
        json!([
            {"name": "key-auth"}, {"name": "anonymous", "config": {"consumer": "guest"}},
            {"name": "authorize", "config": {"allow": [{"consumers": consumers}]}},
        ])
    };
    let surroundings = || {
        Surroundings::default()
            .consumer("guest", &[], &[])
            .consumer("alice", &[], &[])
    };
    let closed = surroundings().compile(&plugins(json!(["alice"]))).unwrap();
    let outcome = Call::get().on(&closed);
    assert_eq!(
        (outcome.reason(), outcome.response()),
        (Some(Reason::Forbidden), vec![])
    );
    let open = surroundings()
        .compile(&plugins(json!(["alice", "guest"])))
        .unwrap();
    assert!(Call::get().on(&open).passed());
}

/// Each of these has a mistake that closes the route.
fn broken() -> Vec<Value> {
    let rules = [
        json!({}),
        json!({"roles": []}),
        json!({"roles": [""]}),
        json!({"consumers": ["alcie"]}),
        json!({"methods": []}),
        json!({"methods": ["get"]}),
        json!({"paths": []}),
        json!({"paths": ["orders"]}),
        json!({"paths": ["/orders/**"]}),
        json!({"claims": {}}),
        json!({"claims": {"tenant": null}}),
        json!({"claims": {"tenant": {"is": "acme"}}}),
        json!({"claims": {"tenant": []}}),
        json!({"claims": {"tenant": [["acme"]]}}),
        json!({"scopes": ["a b"]}),
    ];
    let sound = json!({"roles": ["editor"]});
    let mut broken = vec![json!({})];
    broken.extend(
        rules
            .iter()
            .map(|rule| json!({"deny": [sound], "allow": [sound, rule]})),
    );
    broken.extend(rules.iter().map(|rule| json!({"deny": [rule]})));
    broken
}

#[test]
fn a_broken_policy_closes_the_route_for_everyone_and_answers_preflights() {
    for config in broken() {
        let surroundings = || {
            let caller = Some(alice(None));
            let surroundings = Surroundings {
                caller,
                ..Surroundings::default()
            };
            surroundings.consumer("alice", &[], &[])
        };
        let plugins = json!([
            {"name": "cors", "config": {"origins": ["https://app.example"], "methods": ["GET"]}},
            {"name": "request-size-limit", "config": {"maxBytes": "1"}},
            {"name": "key-auth"}, {"name": "authorize", "config": config},
        ]);
        let chain = surroundings().compile(&plugins).unwrap();
        for call in [
            Call::get(),
            Call::get().header("Content-Length", "7"),
            Call::get().method(Method::OPTIONS),
        ] {
            assert_eq!(
                call.on(&chain).reason(),
                Some(Reason::PolicyBroken),
                "{config}"
            );
        }
        let preflight = Call::get()
            .method(Method::OPTIONS)
            .header("Origin", "https://app.example")
            .header("Access-Control-Request-Method", "GET");
        assert!(
            matches!(preflight.on(&chain).flow, Flow::Answer(_)),
            "{config}"
        );
    }
}

#[test]
fn rules_that_ask_who_calls_need_an_auth_plugin() {
    for rule in [
        json!({"roles": ["a"]}),
        json!({"groups": ["a"]}),
        json!({"scopes": ["a"]}),
        json!({"claims": {"a": "b"}}),
        json!({"consumers": ["alice"], "methods": ["GET"]}),
    ] {
        let plugins = json!([{"name": "authorize", "config": {"deny": [rule]}}]);
        let chain = Surroundings::default()
            .consumer("alice", &[], &[])
            .compile(&plugins)
            .unwrap();
        assert_eq!(
            Call::get().on(&chain).reason(),
            Some(Reason::PolicyBroken),
            "{rule}"
        );
    }
}
