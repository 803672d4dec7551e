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
    assert!(unsupported("plugins: [{name: key-auth}]").contains("key-auth"));
    assert!(
        unsupported("plugins: [{name: rate-limit, config: {limitPerMinute: 1, burst: 2}}]")
            .contains("burst")
    );
    assert!(unsupported("listeners: [{http2: true}]").contains("http2"));
}
