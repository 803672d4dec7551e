#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::client::Body;

/// A server that answers each connection with these bytes once something was sent, and closes it.
async fn server(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut byte = [0; 65536];
            let _read = stream.read(&mut byte).await.unwrap();
            stream.write_all(answer).await.unwrap();
        }
    });
    address
}

async fn answer_to(method: &str, answer: &'static [u8]) -> anyhow::Result<Response> {
    let stream = TcpStream::connect(server(answer).await).await.unwrap();
    let request = Request {
        method: method.to_owned(),
        target: "/".to_owned(),
        ..Request::default()
    };
    Connection::new(Box::new(stream)).exchange(&request).await
}

#[tokio::test]
async fn a_body_ends_where_its_length_says() {
    let response = answer_to(
        "GET",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Case: a\r\nx-case: b\r\n\r\nhi!",
    )
    .await
    .unwrap();
    assert_eq!(
        (response.status, response.text().as_str(), response.broken),
        (200, "hi", None)
    );
    assert_eq!(
        response.headers[1..],
        [("X-Case".into(), "a".into()), ("x-case".into(), "b".into())]
    );
}

#[tokio::test]
async fn chunks_are_joined_and_trailers_kept() {
    let response = answer_to(
        "GET",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nhi\r\n1\r\n!\r\n0\r\nX-Sum: 3\r\n\r\n",
    );
    let response = response.await.unwrap();
    assert_eq!((response.text().as_str(), response.broken), ("hi!", None));
    assert_eq!(response.trailers, [("X-Sum".to_owned(), "3".to_owned())]);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi"[..],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
    ] {
        assert!(answer_to("GET", answer).await.unwrap().broken.is_some());
    }
}

#[tokio::test]
async fn interim_responses_are_noted() {
    let response = answer_to(
        "GET",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    )
    .await
    .unwrap();
    assert_eq!((response.status, response.interim), (204, vec![103]));
}

#[tokio::test]
async fn a_response_to_head_has_no_body() {
    let response = answer_to("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        .await
        .unwrap();
    assert_eq!((response.body.len(), response.broken), (0, None));
}

#[tokio::test]
async fn no_response_is_an_error() {
    let told = answer_to("GET", b"").await.unwrap_err().to_string();
    assert!(told.contains("closed without a response"), "{told}");
    let told = answer_to("GET", b"HTTP/1.1 200 OK\r\nX")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("in the middle of the response's head"),
        "{told}"
    );
    assert!(
        answer_to(
            "GET",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi"
        )
        .await
        .is_err()
    );
}

#[test]
fn a_request_is_written_as_it_is() {
    let request = Request {
        method: "pOST".to_owned(),
        target: "*/%2f?\"".to_owned(),
        headers: vec![("hOST".to_owned(), "x".to_owned())],
        body: Body::Sized("hi".into()),
        http2: false,
    };
    assert_eq!(
        encode_head(&request),
        b"pOST */%2f?\" HTTP/1.1\r\nhOST: x\r\nContent-Length: 2\r\n\r\n"
    );
    assert_eq!(
        encode_body(&Body::Chunked("hi".into())),
        b"2\r\nhi\r\n0\r\n\r\n"
    );
}

/// As TLS may do, this stream keeps everything back until it is flushed.
#[tokio::test]
async fn what_is_sent_is_flushed() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    let stream = TcpStream::connect(server(answer).await).await.unwrap();
    let kept_back = tokio::io::BufStream::new(stream);
    let mut connection = Connection::new(Box::new(kept_back));
    let request = Request {
        method: "GET".to_owned(),
        target: "/".to_owned(),
        ..Request::default()
    };
    let answered = timeout(Duration::from_secs(10), connection.exchange(&request)).await;
    assert_eq!(answered.unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn what_follows_a_response_that_has_no_body_is_told() {
    let unasked: [(&str, &[u8]); 3] = [
        (
            "HEAD",
            b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\nbody",
        ),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\nbody"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\nbody"),
    ];
    for (method, answer) in unasked {
        let response = answer_to(method, answer).await.unwrap();
        assert_eq!(response.text(), "body");
        assert!(response.broken.unwrap().contains("no body"));
    }
    let answer = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n\r\n";
    let response = answer_to("HEAD", answer).await.unwrap();
    assert_eq!((response.text().as_str(), response.broken), ("", None));
}
