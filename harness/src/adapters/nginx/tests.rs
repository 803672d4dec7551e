use super::*;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Nginx);
}

#[tokio::test]
async fn nginx_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Nginx).await;
}

#[test]
fn what_nginx_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&Nginx, rest);
    assert!(unsupported("plugins: [{name: jwt-validate}]").contains("jwt-validate"));
    let limited = |config: &str| {
        unsupported(&format!(
            "plugins: [{{name: rate-limit, config: {{{config}}}}}]"
        ))
    };
    assert!(limited("limitPerMinute: 7, cost: 3").contains("cost"));
    assert!(limited("limitPerDay: 3").contains("whole number"));
    assert!(limited("limitPerMinute: 7, concurrent: 1").contains("in one limit"));
    assert!(limited("key: consumer, limitPerMinute: 7").contains("consumer"));
    let rules = "{name: authorize, config: {deny: [{consumers: [ann]}]}}";
    let called = |plugins: &str| {
        unsupported(&format!(
            "consumers: [{{name: ann}}]\nplugins: [{plugins}{rules}]"
        ))
    };
    assert!(called("").contains("nobody asks"));
    assert!(called("{name: basic-auth}, ").contains("before passwords"));
    let in_query = |name: &str, rest: &str| {
        unsupported(&format!(
            "plugins: [{{name: key-auth, config: {{query: {name}}}}}{rest}]"
        ))
    };
    assert!(in_query("'a key'", "").contains("encode"));
    let by_key = ", {name: rate-limit, config: {key: key, limitPerMinute: 7}}";
    assert!(in_query("key", by_key).contains("in a header alone"));
    assert!(unsupported("listeners: [{http2: true}]").contains("http2"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
    let unsupported = |settings: &str| proof::unsupported_service(&Nginx, settings);
    assert!(unsupported("retries: {methods: [GET, POST]}").contains("retries.methods"));
    assert!(unsupported("timeouts: {idle: 1s}").contains("timeouts.idle"));
}

/// Of a route `/a` to `a` and others: why the others are left out, and the text.
fn beside(others: &str) -> (Vec<String>, String) {
    let text = format!(
        "apis:\n  - {{service: {{name: a, url: 'http://a:1'}}, route: {{paths: [/a]}}}}\n{others}"
    );
    let fixture = Fixture::parse("a", &text).expect("it is sound");
    let rendered = proof::render(&Nginx, &fixture).expect("one of the routes can be said");
    let reasons = rendered.left_out.into_iter().map(|route| route.reason);
    (reasons.collect(), rendered.files[0].1.clone())
}

#[test]
fn what_is_left_out_is_not_served_by_another_route() {
    let (reasons, text) = beside(
        "  - {service: {name: b, url: 'http://b:1'}, route: {paths: [/a/inner]}, plugins: [{name: oauth2-introspect}]}",
    );
    assert_eq!(reasons.len(), 1);
    let inner = text.find("location ~ \"^/a/inner(?<rest>/.*)?$\" {\n            return 404;");
    assert!(inner.is_some() && inner < text.find("location ~ \"^/a("));
}

#[test]
fn routes_of_one_path_are_told_apart_exactly_or_not_at_all() {
    let route = |route: &str, plugins: &str| {
        beside(&format!(
            "  - {{service: {{name: b, url: 'http://b:1'}}, route: {{{route}}}, plugins: [{plugins}]}}"
        ))
    };
    let (reasons, text) = route("paths: [/a], query: {v: '2'}", "");
    assert!(
        reasons.is_empty() && text.contains("default @route_0;\n        \"~^[^:]+:1$\" @route_1;")
    );
    for (conditions, plugins, why) in [
        ("paths: [/a], headers: {X-A: {present: true}}", "", "empty"),
        ("paths: [/a], headers: {X-A: ''}", "", "empty"),
        ("paths: [/a], query: {v: {regex: b}}", "", "pattern"),
        ("paths: [/a], query: {v: 'a b'}", "", "encode"),
        ("paths: [/a/b], headers: {X-A: b}", "", "wider path"),
        (
            "paths: [/a], methods: [GET]",
            "{name: cors, config: {origins: ['*']}}",
            "CORS",
        ),
    ] {
        let (reasons, _) = route(conditions, plugins);
        assert!(
            reasons.iter().any(|reason| reason.contains(why)),
            "{conditions}: {reasons:?}"
        );
    }
}

#[test]
fn routes_of_one_path_have_one_limit_for_bodies() {
    let limited = |hosts: &str| {
        let text = format!(
            "apis:\n  - {{service: {{name: a, url: 'http://a:1'}}, route: {{hosts: [a.example], paths: [/a]}}}}\n  \
             - {{service: {{name: b, url: 'http://b:1'}}, route: {{hosts: [{hosts}], paths: [/a], methods: [GET]}}, \
             plugins: [{{name: request-size-limit, config: {{maxBytes: 1KiB}}}}]}}"
        );
        proof::render(&Nginx, &Fixture::parse("a", &text).expect("it is sound"))
    };
    let refused = limited("a.example").expect_err("lengths are compared before");
    assert!(refused.reason.contains("bodies"));
    assert!(limited("b.example").is_ok_and(|rendered| rendered.left_out.is_empty()));
}

#[test]
fn retries_of_some_methods_take_a_location_of_their_own() {
    let of = |settings: &str| {
        let retries = "retries: {on: [503], methods: [GET, POST]}";
        beside(&format!(
            "  - {{service: {{name: b, url: 'http://b:1', {retries}}}, {settings}}}"
        ))
    };
    let (reasons, text) = of("route: {paths: [/b], methods: [GET, PUT]}");
    assert!(reasons.is_empty() && text.contains("\"~^(GET)$\" @route_1_retried;"));
    let cors = "plugins: [{name: cors, config: {origins: ['*']}}]";
    for settings in [
        "route: {paths: [/a], methods: [GET]}".to_owned(),
        format!("route: {{paths: [/b]}}, {cors}"),
    ] {
        let (reasons, _) = of(&settings);
        assert!(reasons[0].contains("retries.methods"), "{reasons:?}");
    }
}

#[test]
fn several_limits_are_counted_apart() {
    let limits = |other: &str| {
        beside(&format!(
            "  - {{service: {{name: b, url: 'http://b:1'}}, route: {{paths: [/b]}}, plugins: [{{name: rate-limit, \
             config: {{limits: [{{name: t, key: 'header:X-T', limitPerMinute: 2}}, {other}]}}}}]}}"
        ))
    };
    let (reasons, _) = limits("{concurrent: 3}");
    assert!(reasons.iter().any(|reason| reason.contains("beside")));
    let (_, text) = limits("{limitPerSecond: 4}");
    for directive in [
        "limit_req_zone $counted_1 zone=limit_1:1m rate=2r/m;",
        "limit_req zone=limit_1 burst=1 nodelay;",
        "limit_req zone=limit_1_1 burst=3 nodelay;",
        "REJECTED 30;",
    ] {
        assert!(text.contains(directive), "{directive} in {text}");
    }
}

#[test]
fn of_a_certificate_the_subject_is_told() {
    let shown = |certificate: &str| {
        let consumers = format!("consumers: [{{name: ann, certificates: [{{{certificate}}}]}}]");
        proof::unsupported(
            &Nginx,
            &format!("{consumers}\nplugins: [{{name: mtls-auth}}]"),
        )
    };
    assert!(shown("subject: 'CN=Zoë'").contains("ASCII"));
    assert!(shown("san: a.example").contains("san"));
    assert!(shown("fingerprint: 'sha256:00'").contains("SHA-1"));
    let text = "\
consumers: [{name: ann, certificates: [{subject: 'CN=Ann,O=Example'}]}]
service: {name: a, url: 'http://a:1'}
route: {paths: [/a]}
plugins: [{name: mtls-auth}]";
    let fixture = Fixture::parse("a", text).expect("it is sound");
    let rendered = proof::render(&Nginx, &fixture).expect("it can be said");
    let text = &rendered.files[0].1;
    assert!(
        text.contains("\"~^CN\\\\=Ann\\\\,O\\\\=Example$\" \"ann\";"),
        "{text}"
    );
}

#[test]
fn a_path_of_an_upstream_s_url_comes_before_the_target() {
    let to = |url: &str, rest: &str| {
        beside(&format!(
            "  - {{service: {{name: b, url: '{url}'}}, route: {{paths: [/b]{rest}}}}}"
        ))
        .1
    };
    assert!(to("http://b:1/", "").contains("proxy_pass http://$service;"));
    assert!(to("http://b:1/v2/", "").contains("proxy_pass http://$service/v2$request_uri;"));
    let stripped = to("http://b:1/v2", ", stripPrefix: true");
    assert!(stripped.contains("\"/v2/$bare\" break;"));
    assert!(!stripped.contains("$request_uri"));
}

#[test]
fn the_version_is_read() {
    let printed = "nginx version: nginx/1.22.1";
    assert_eq!(VERSION.judge(printed).ok().as_deref(), Some("1.22.1"));
}
