#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicUsize, Ordering};

use mock_upstreams::{Behaviour, MockUpstream};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::checks::alert::Event;
use crate::checks::board::View;
use crate::checks::sample::Sample;
use crate::checks::state::Change;

const SHORT: Duration = Duration::from_millis(1);
/// Far beyond what anything here takes.
const LIMIT: Duration = Duration::from_secs(20);

fn alert() -> Alert {
    let row = Sample::mixed().board.view().rows.remove(2);
    Alert::of(
        &row,
        Event::Change(Change::Raised),
        "https://api.example",
        "orders",
    )
    .unwrap()
}

fn patience() -> Patience {
    Patience {
        timeout: Duration::from_secs(5),
        pauses: [SHORT; 3],
    }
}

async fn answering(template: impl wiremock::Respond + 'static) -> MockServer {
    let server = MockServer::start().await;
    let mock = Mock::given(method("POST")).and(path("/hook/s3cret"));
    mock.respond_with(template).mount(&server).await;
    server
}

fn courier(server: &MockServer, secret: Option<&str>) -> (Courier, Arc<Board>) {
    let url = format!("{}/hook/s3cret", server.uri());
    let webhook = Webhook::new(&url, secret, patience()).unwrap();
    let board = Arc::new(Sample::mixed().board);
    (Courier::start(webhook, board.clone()), board)
}

/// Waits until the board says what became of so many alerts.
async fn until(board: &Board, holds: impl Fn(&View) -> bool) -> View {
    let wait = async {
        loop {
            let view = board.view();
            if holds(&view) {
                return view;
            }
            sleep(SHORT).await;
        }
    };
    tokio::time::timeout(LIMIT, wait)
        .await
        .expect("it comes to that in time")
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers[name].to_str().unwrap()
}

#[test]
fn signatures_are_those_of_standard_webhooks() {
    let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let body = br#"{"test": 2432232314}"#;
    let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body);
    assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[tokio::test]
async fn an_alert_says_everything_and_is_signed() {
    let server = answering(ResponseTemplate::new(204)).await;
    let (courier, board) = courier(&server, Some("shared"));
    courier.take(alert());
    until(&board, |view| view.alerts["sent"] == 1).await;
    let request = server.received_requests().await.unwrap().remove(0);
    insta::assert_json_snapshot!(request.body_json::<serde_json::Value>().unwrap());
    let (id, second) = (
        header(&request, "webhook-id"),
        header(&request, "webhook-timestamp"),
    );
    let expected = signature(&key("shared").unwrap(), id, second, &request.body);
    assert_eq!(header(&request, "webhook-signature"), expected);
    assert_eq!(header(&request, "content-type"), "application/json");
}

#[tokio::test]
async fn without_a_secret_nothing_is_signed() {
    let server = answering(ResponseTemplate::new(200)).await;
    let (courier, board) = courier(&server, None);
    courier.take(alert());
    until(&board, |view| view.alerts["sent"] == 1).await;
    let request = server.received_requests().await.unwrap().remove(0);
    assert!(!request.headers.contains_key("webhook-signature"));
}

#[tokio::test]
async fn what_may_pass_is_tried_again_under_the_same_id() {
    let asked = AtomicUsize::new(0);
    let server = answering(move |_: &Request| {
        let statuses = [503, 429, 200];
        ResponseTemplate::new(statuses[asked.fetch_add(1, Ordering::SeqCst)])
    })
    .await;
    let (courier, board) = courier(&server, None);
    courier.take(alert());
    let view = until(&board, |view| view.alerts["sent"] == 1).await;
    assert_eq!(view.alerts["failed"], 0);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 3);
    let ids: Vec<_> = requests
        .iter()
        .map(|request| header(request, "webhook-id"))
        .collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]), "{ids:?}");
}

#[tokio::test]
async fn a_webhook_that_keeps_failing_is_given_up_and_the_next_alert_is_tried() {
    let server = answering(ResponseTemplate::new(500)).await;
    let (courier, board) = courier(&server, None);
    courier.take(alert());
    courier.take(alert());
    until(&board, |view| view.alerts["failed"] == 2).await;
    assert_eq!(server.received_requests().await.unwrap().len(), 8);
}

#[tokio::test]
async fn a_refusal_is_final_and_redirects_lead_nowhere() {
    for answer in [
        ResponseTemplate::new(403),
        ResponseTemplate::new(307).insert_header("Location", "/elsewhere"),
    ] {
        let server = answering(answer).await;
        let (courier, board) = courier(&server, None);
        courier.take(alert());
        until(&board, |view| view.alerts["failed"] == 1).await;
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_webhook_that_hangs_keeps_nobody_waiting_and_its_queue_is_bounded() {
    let server = answering(ResponseTemplate::new(200).set_delay(LIMIT * 2)).await;
    let (courier, board) = courier(&server, None);
    // The first is on its way once the second is all that waits.
    courier.take(alert());
    let begun = async {
        while courier.waiting() > 0 {
            sleep(SHORT).await;
        }
    };
    tokio::time::timeout(LIMIT, begun).await.unwrap();
    for _ in 0..ROOM + 3 {
        courier.take(alert());
    }
    assert_eq!(courier.waiting(), ROOM);
    assert_eq!(board.view().alerts["dropped"], 3);
}

#[tokio::test]
async fn an_address_is_never_told() {
    let nobody = MockUpstream::spawn(Behaviour::refuse()).await.unwrap();
    let gone = format!("{}/hook/s3cret?token=s3cret", nobody.url());
    let webhook = Webhook::new(&gone, Some("s3cret"), patience()).unwrap();
    assert!(!format!("{webhook:?}").contains("s3cret"));
    let failure = webhook.attempt("msg_1", b"{}").await.unwrap_err();
    assert!(
        failure.again && !failure.what.contains("s3cret"),
        "{failure:?}"
    );
    assert!(
        failure.what.to_lowercase().contains("refused"),
        "{failure:?}"
    );
}

#[test]
fn what_is_no_address_or_secret_is_refused_without_showing_it() {
    for (url, secret, expected) in [
        ("s3cret", None, WebhookError::Address),
        ("ftp://s3cret/", None, WebhookError::Address),
        ("http://a/", Some("whsec_s3cret!"), WebhookError::Secret),
    ] {
        let error = Webhook::new(url, secret, patience()).unwrap_err();
        assert_eq!(error, expected);
        assert!(!error.to_string().contains("s3cret"));
    }
}
