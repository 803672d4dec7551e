//! HTTP/2 with prior knowledge, on the port that speaks HTTP/1 too.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use bytes::Bytes;
use common::{DEADLINE, get};
use h2::client::SendRequest;
use http::{HeaderMap, Request, Response};
use mock_upstreams::{Behaviour, MockUpstream};
use tokio::net::TcpStream;

async fn connect(up: &MockUpstream) -> SendRequest<Bytes> {
    let socket = TcpStream::connect(up.address()).await.unwrap();
    let (client, connection) = h2::client::handshake(socket).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    client.ready().await.unwrap()
}

async fn call(
    client: &mut SendRequest<Bytes>,
    behaviour: &str,
    body: &'static [u8],
    trailers: Option<HeaderMap>,
) -> Result<Response<h2::RecvStream>, h2::Error> {
    let request = Request::post("http://mock/svc/Method?x=%20")
        .header("gatecheck-behaviour", behaviour)
        .header("gatecheck-exchange", "t")
        .body(())
        .unwrap();
    let (response, mut stream) = client.send_request(request, false).unwrap();
    stream.send_data(Bytes::from_static(body), trailers.is_none())?;
    if let Some(trailers) = trailers {
        stream.send_trailers(trailers)?;
    }
    response.await
}

async fn read(
    response: Response<h2::RecvStream>,
) -> Result<(Vec<u8>, Option<HeaderMap>), h2::Error> {
    let mut body = response.into_body();
    let mut bytes = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        bytes.extend_from_slice(&piece);
    }
    Ok((bytes, body.trailers().await?))
}

#[tokio::test]
async fn grpc_with_trailers_both_ways() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let mut client = connect(&up).await;
    let sent = HeaderMap::from_iter([("x-sum".parse().unwrap(), "5".parse().unwrap())]);
    let response = call(
        &mut client,
        "grpc=5;message=gone",
        b"\0\0\0\0\x02hi",
        Some(sent),
    )
    .await
    .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    let (body, trailers) = read(response).await.unwrap();
    assert_eq!(body, b"\0\0\0\0\x02hi");
    let trailers = trailers.unwrap();
    assert_eq!(
        (&trailers["grpc-status"], &trailers["grpc-message"]),
        (&"5".parse().unwrap(), &"gone".parse().unwrap())
    );

    let received = &up.received_by("t")[0];
    assert_eq!(
        (received.version.as_str(), received.target.as_str()),
        ("HTTP/2", "/svc/Method?x=%20")
    );
    assert_eq!(received.authority(), Some("mock"));
    assert_eq!(received.trailers, [("x-sum".to_owned(), "5".to_owned())]);
    assert!(received.body_complete);

    let response = call(&mut client, "grpc=7;trailers-only", b"", None)
        .await
        .unwrap();
    assert_eq!(response.headers()["grpc-status"], "7");
    assert_eq!(up.connections(), 1);
}

#[tokio::test]
async fn streams_are_side_by_side_and_http1_beside_them() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let mut client = connect(&up).await;
    let mut other = client.clone();
    let slow = tokio::spawn(async move { call(&mut other, "stream=s", b"", None).await.unwrap() });
    let echo = call(&mut client, "echo", b"abc", None).await.unwrap();
    let (body, _) = read(echo).await.unwrap();
    let echo: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(echo["body"]["text"], "abc");
    let mut stream = slow.await.unwrap().into_body();
    up.stream("s").send("piece");
    assert_eq!(stream.data().await.unwrap().unwrap(), "piece");
    up.stream("s").end();
    while let Some(piece) = stream.data().await {
        assert_eq!(piece.unwrap(), "");
    }
    assert!(
        get(up.address(), "echo")
            .await
            .contains("\"version\":\"HTTP/1.1\"")
    );
}

#[tokio::test]
async fn large_bodies_keep_to_the_flow_control() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let mut client = connect(&up).await;
    let response = call(&mut client, "large=3MiB", b"", None).await.unwrap();
    assert_eq!(response.headers()["content-length"], "3145728");
    assert_eq!(read(response).await.unwrap().0.len(), 3 << 20);
}

#[tokio::test]
async fn cut_streams() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let mut client = connect(&up).await;
    for moment in ["head", "request"] {
        let error = call(&mut client, &format!("reset={moment}"), b"", None)
            .await
            .unwrap_err();
        assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR), "{moment}");
    }
    let response = call(&mut client, "close=body", b"", None).await.unwrap();
    assert_eq!(
        read(response).await.unwrap_err().reason(),
        Some(h2::Reason::CANCEL)
    );
    for behaviour in ["raw=x", "websocket", "trickle=1ms"] {
        let status = call(&mut client, behaviour, b"", None)
            .await
            .unwrap()
            .status();
        assert!(status == 400 || status == 426, "{behaviour}: {status}");
    }
    let early = call(&mut client, "early=413;then=keep", b"abc", None)
        .await
        .unwrap();
    assert_eq!(early.status(), 413);
    up.wait_until("the rest of the body", DEADLINE, |all| {
        all.last()
            .filter(|r| r.body_complete && r.text() == "abc")
            .map(|_| ())
    })
    .await
    .unwrap();
}
