use super::*;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&Varnish);
}

#[tokio::test]
async fn varnish_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&Varnish).await;
}

#[test]
fn what_varnish_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&Varnish, rest);
    assert!(unsupported("plugins: [{name: basic-auth}]").contains("basic-auth"));
    assert!(unsupported("listeners: [{http2: true}]").contains("http2"));
    assert!(unsupported("listeners: [{timeouts: {body: 1s}}]").contains("body"));
    assert!(unsupported("admin: {address: '127.0.0.1:0'}").contains("admin"));
    assert!(unsupported("no-such-key: 1").contains("no-such-key"));
}

#[test]
fn what_is_left_out_is_not_served_by_another_route() {
    let text = "\
apis:
  - {service: {name: all, url: 'http://all:1'}, route: {paths: [/a]}}
  - service: {name: inner, url: 'http://inner:1'}
    route: {paths: [/a/inner]}
    plugins: [{name: basic-auth}]
";
    let fixture = Fixture::parse("a", text).expect("it is sound");
    let rendered = proof::render(&Varnish, &fixture).expect("one of two routes can be said");
    assert_eq!(rendered.left_out.len(), 1);
    let (_, text) = &rendered.files[0];
    let inner = text.find("\"^/a/inner(/|$)\") {\n        return (synth(404));");
    assert!(inner.is_some() && inner < text.find("call receive_all_0"));
}

#[test]
fn no_pipe_leads_past_a_guard() {
    let text = |plugins: &str| {
        let text = format!(
            "service: {{name: a, url: 'http://a:1'}}\nroute: {{paths: [/a]}}\nplugins: [{plugins}]"
        );
        let fixture = Fixture::parse("a", &text).expect("it is sound");
        let rendered = proof::render(&Varnish, &fixture).expect("it can be said");
        rendered.files[0].1.clone()
    };
    let websocket = "if (req.http.Upgrade ~";
    assert!(text("").contains(websocket));
    assert!(!text("{name: key-auth}").contains(websocket));
}

#[test]
fn the_version_is_read() {
    let printed = "varnishd (varnish-7.1.1 revision 7cee1c581bead20e88d101ab3d72afb29f14d87a)";
    assert_eq!(VERSION.judge(printed).ok().as_deref(), Some("7.1.1"));
}
