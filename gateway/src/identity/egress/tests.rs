#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod tls;

use super::*;
use std::io::{Read as _, Write as _};
use wiremock::matchers::{body_string, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const BOUNDS: Bounds = Bounds {
    bytes: 1000,
    time: Duration::from_secs(20),
};

fn local(server: &MockServer, path: &str) -> Address {
    Address::new(&format!("{}{path}", server.uri()), false).unwrap()
}

async fn serve(server: &MockServer, at: &str, answer: ResponseTemplate) {
    let mock = Mock::given(method("GET")).and(path(at));
    mock.respond_with(answer).mount(server).await;
}

async fn fetch(from: &Address) -> Result<Fetched, EgressError> {
    let egress = Egress::default();
    egress.fetch(from, &Trust::default(), BOUNDS).await
}

#[tokio::test]
async fn a_document_comes_with_its_lifetime() {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(200).set_body_string("{}");
    let answer = answer.insert_header("cache-control", "max-age=60");
    serve(&server, "/jwks", answer).await;
    let fetched = fetch(&local(&server, "/jwks")).await.unwrap();
    assert_eq!(&*fetched.body, b"{}");
    assert_eq!(fetched.fresh, Some(Duration::from_secs(60)));
    let seen = server.received_requests().await.unwrap();
    assert_eq!(seen[0].headers["user-agent"], USER_AGENT);
    assert!(!seen[0].headers.contains_key("cookie"));
}

#[tokio::test]
async fn only_200_is_an_answer() {
    let server = MockServer::start().await;
    for status in [204, 206, 304, 404, 500, 503] {
        let at = format!("/{status}");
        serve(&server, &at, ResponseTemplate::new(status)).await;
        let failed = fetch(&local(&server, &at)).await.unwrap_err();
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(failed, EgressError::Status(status));
    }
}

#[tokio::test]
async fn three_redirects_are_followed_and_no_fourth() {
    let server = MockServer::start().await;
    for place in 1..=4 {
        let answer = ResponseTemplate::new(302);
        let answer = answer.insert_header("location", format!("/{}", place - 1));
        serve(&server, &format!("/{place}"), answer).await;
    }
    serve(&server, "/0", ResponseTemplate::new(200)).await;
    assert!(fetch(&local(&server, "/3")).await.is_ok());
    let failed = fetch(&local(&server, "/4")).await.unwrap_err();
    assert!(matches!(failed, EgressError::Redirect(_)), "{failed}");
}

#[tokio::test]
async fn a_body_is_read_up_to_its_bound() {
    let server = MockServer::start().await;
    let body = |length| ResponseTemplate::new(200).set_body_bytes(vec![b' '; length]);
    serve(&server, "/fits", body(BOUNDS.bytes)).await;
    serve(&server, "/large", body(BOUNDS.bytes + 1)).await;
    assert!(fetch(&local(&server, "/fits")).await.is_ok());
    let failed = fetch(&local(&server, "/large")).await.unwrap_err();
    assert_eq!(failed, EgressError::Large(BOUNDS.bytes));
}

/// A body without a length, in chunks, that never ends.
#[tokio::test]
async fn an_endless_body_is_left() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let server = tokio::task::spawn_blocking(move || {
        let (mut stream, _) = socket.accept().unwrap();
        // An answer that comes before its request is none.
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).unwrap() > 0);
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut chunks = 0;
        while stream.write_all(b"64\r\n").is_ok() && chunks < 1_000_000 {
            let chunk = [[b'x'; 100].as_slice(), b"\r\n"].concat();
            if stream.write_all(&chunk).is_err() {
                break;
            }
            chunks += 1;
        }
        chunks
    });
    let from = Address::new(&format!("http://{address}/"), false).unwrap();
    let failed = fetch(&from).await.unwrap_err();
    assert_eq!(failed, EgressError::Large(BOUNDS.bytes));
    assert!(
        server.await.unwrap() < 1_000_000,
        "the connection is closed"
    );
}

/// A server that accepts and says nothing.
#[tokio::test]
async fn silence_ends_with_the_time() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let from = Address::new(&format!("http://{address}/"), false).unwrap();
    let time = Duration::from_millis(20);
    let bounds = Bounds { time, ..BOUNDS };
    let egress = Egress::default();
    let failed = egress.fetch(&from, &Trust::default(), bounds).await;
    assert_eq!(failed.unwrap_err(), EgressError::Timeout(time));
}

#[tokio::test]
async fn a_name_is_looked_for_where_the_command_line_says() {
    let server = MockServer::start().await;
    serve(&server, "/jwks", ResponseTemplate::new(200)).await;
    let names = ["keys.example:80", "keys.example:8080"];
    let resolve = names.map(|name| (name.to_owned(), *server.address()));
    let egress = Egress::new(resolve);
    for (url, host) in [
        ("http://keys.example/jwks", "keys.example"),
        ("http://KEYS.example:8080/jwks", "keys.example:8080"),
    ] {
        let from = Address::new(url, true).unwrap();
        egress
            .fetch(&from, &Trust::default(), BOUNDS)
            .await
            .unwrap();
        let seen = server.received_requests().await.unwrap();
        assert_eq!(seen.last().unwrap().headers["host"], host);
    }
}

#[tokio::test]
async fn a_form_is_posted_and_never_redirected() {
    let server = MockServer::start().await;
    let mock = Mock::given(method("POST"))
        .and(path("/introspect"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .and(header("authorization", "Basic eDp5"))
        .and(body_string("token=a%26b&token_type_hint=access_token"));
    let answer = ResponseTemplate::new(307).insert_header("location", "/elsewhere");
    mock.respond_with(answer.set_body_string("moved"))
        .mount(&server)
        .await;
    let mut headers = HeaderMap::new();
    let basic = HeaderValue::from_static("Basic eDp5");
    headers.insert(http::header::AUTHORIZATION, basic);
    let form = [("token", "a&b"), ("token_type_hint", "access_token")];
    let to = local(&server, "/introspect");
    let egress = Egress::default();
    let trust = Trust::default();
    let posted = egress.post_form(&to, &trust, headers, &form, BOUNDS);
    let answer = posted.await.unwrap();
    assert_eq!(answer.status, 307);
    assert_eq!(&*answer.body, b"moved");
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
}
