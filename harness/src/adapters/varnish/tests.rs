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
fn versions_are_read_and_old_ones_refused() {
    let told = |version: &str| format!("varnishd (varnish-{version} revision 7cee1c58)\nCopyright");
    assert_eq!(recent_enough(&told("7.1.1")).ok().as_deref(), Some("7.1.1"));
    let old = recent_enough(&told("5.2.0")).err();
    assert!(old.is_some_and(|error| error.message.contains("older") && error.help.is_some()));
    assert!(recent_enough("what?").is_err());
}
