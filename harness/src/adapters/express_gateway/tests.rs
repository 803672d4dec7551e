use super::*;
use crate::adapters::proof;

#[test]
fn configurations_are_rendered_as_before() {
    proof::rendered_as_before(&ExpressGateway);
}

#[tokio::test]
async fn express_gateway_accepts_every_rendered_configuration() {
    proof::accepted_by_its_own_checker(&ExpressGateway).await;
}

#[test]
fn what_express_gateway_cannot_say_is_unsupported() {
    let unsupported = |rest: &str| proof::unsupported(&ExpressGateway, rest);
    assert!(unsupported("plugins: [{name: key-auth, config: {query: key}}]").contains("query"));
    assert!(
        unsupported("plugins: [{name: rate-limit, config: {limitPerMinute: 1, burst: 2}}]")
            .contains("burst")
    );
    assert!(
        unsupported("plugins: [{name: authorize, config: {roles: [a]}}]").contains("who calls")
    );
    assert!(unsupported("listeners: [{http2: true}]").contains("http2"));
}

#[test]
fn keys_have_two_parts() {
    let formed = ExpressGateway.key("a secret-of 8".to_owned());
    assert_eq!(formed, "asecr:etof8");
    assert!(users::is_formed(&formed));
    for key in ["asecretof8", "a:b:c", "a b:c", ":b", "a:"] {
        assert!(!users::is_formed(key), "{key}");
    }
    let keys = "plugins: [{name: key-auth}]\nconsumers: [{name: ann, keys: ['${env:KEY}']}]";
    assert!(proof::unsupported(&ExpressGateway, keys).contains("id:secret"));
}
