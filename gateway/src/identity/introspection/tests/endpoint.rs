//! What the server sees, over the network.

use super::*;
use crate::identity::Lasting;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// The one question that a server got.
async fn asked(change: impl FnOnce(&mut Settings)) -> (Request, &'static str) {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_json(json!({"active": true}));
    let mock = Mock::given(method("POST")).and(path("/introspect"));
    mock.respond_with(answer).mount(&server).await;
    let mut settings = settings();
    let url = format!("{}/introspect", server.uri());
    settings.endpoint = Address::new(&url, false).unwrap();
    change(&mut settings);
    let introspector = Lasting::default().introspector(settings);
    let said = look_up(&introspector, "a+b/c=", at(0)).await;
    let mut seen = server.received_requests().await.unwrap();
    assert_eq!(seen.len(), 1);
    (seen.remove(0), said)
}

fn form(request: &Request) -> &str {
    assert_eq!(
        request.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(request.headers["accept"], "application/json");
    std::str::from_utf8(&request.body).unwrap()
}

#[tokio::test]
async fn the_secret_goes_into_a_header_or_into_the_form() {
    let (request, said) = asked(|settings| settings.client.id = "gate:way".into()).await;
    assert_eq!(said, "active");
    assert_eq!(form(&request), "token=a%2Bb%2Fc%3D");
    // gate%3Away:secret
    let pair = "Basic Z2F0ZSUzQXdheTpzZWNyZXQ=";
    assert_eq!(request.headers["authorization"], pair);

    let (request, _) = asked(|settings| {
        settings.client.proof = Proof::Post("a&b".into());
        settings.hint = Some("access_token".into());
    })
    .await;
    let wanted =
        "token=a%2Bb%2Fc%3D&token_type_hint=access_token&client_id=gateway&client_secret=a%26b";
    assert_eq!(form(&request), wanted);
    assert!(!request.headers.contains_key("authorization"));

    let (request, _) = asked(|settings| settings.client.proof = Proof::Tls).await;
    assert_eq!(form(&request), "token=a%2Bb%2Fc%3D&client_id=gateway");
    assert!(!request.headers.contains_key("authorization"));
}

#[tokio::test]
async fn an_answer_that_is_too_large_and_a_redirect_are_none() {
    for (answer, wanted) in [
        (
            ResponseTemplate::new(200)
                .set_body_json(json!({"active": true, "x": "y".repeat(70_000)})),
            "too_large",
        ),
        (
            ResponseTemplate::new(307).insert_header("location", "/introspect"),
            "status",
        ),
    ] {
        let server = MockServer::start().await;
        let mock = Mock::given(method("POST")).respond_with(answer);
        mock.expect(1).mount(&server).await;
        let mut settings = settings();
        settings.endpoint = Address::new(&server.uri(), false).unwrap();
        let introspector = Lasting::default().introspector(settings);
        assert_eq!(look_up(&introspector, "a", at(0)).await, wanted);
    }
}

#[tokio::test]
async fn nobody_there_is_an_outage() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", gone.local_addr().unwrap());
    drop(gone);
    let mut settings = settings();
    settings.endpoint = Address::new(&url, false).unwrap();
    let introspector = Lasting::default().introspector(settings);
    assert_eq!(look_up(&introspector, "a", at(0)).await, "connection");
}

#[tokio::test]
async fn who_asks_alike_shares_what_is_remembered_as_long_as_somebody_asks() {
    let lasting = Lasting::default();
    let one = lasting.introspector(settings());
    assert!(Arc::ptr_eq(&one, &lasting.introspector(settings())));
    let mut other = settings();
    other.client.proof = Proof::Basic("another".into());
    assert!(!Arc::ptr_eq(&one, &lasting.introspector(other)));
    assert_eq!(lasting.introspectors().len(), 1, "nobody holds the other");
    drop(one);
    assert!(lasting.introspectors().is_empty());
}
