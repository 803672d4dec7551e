//! What a server remembers of a request.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{DEADLINE, body, read_until, send, talk};
use mock_upstreams::{Behaviour, MockUpstream, Oddity};
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn records_what_came_over_the_wire() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let request = "POST /a%2Fb//c/../?q=%7e&q= HTTP/1.1\r\nhOST: mock\r\nX-Two: 1\r\nx-two: 2\r\n\
                   Gatecheck-Exchange: t1\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc";
    let answer = talk(up.address(), request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");

    let received = &up.received_by("t1")[0];
    assert_eq!(received.method, "POST");
    assert_eq!(received.target, "/a%2Fb//c/../?q=%7e&q=");
    assert_eq!(received.version, "HTTP/1.1");
    let names: Vec<_> = received
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "hOST",
            "X-Two",
            "x-two",
            "Gatecheck-Exchange",
            "Connection",
            "Content-Length"
        ]
    );
    assert_eq!(
        received.header_values("x-two").collect::<Vec<_>>(),
        ["1", "2"]
    );
    assert_eq!((received.text().as_str(), received.body_length), ("abc", 3));
    assert_eq!(
        received.body_sha256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert!(received.body_complete && received.finished);
    assert_eq!(received.connection, 1);
    assert_eq!(received.oddities, []);
    assert!(up.received_by("another").is_empty());

    let echo: serde_json::Value = serde_json::from_str(body(&answer)).unwrap();
    assert_eq!(echo["target"], "/a%2Fb//c/../?q=%7e&q=");
    assert_eq!(echo["headers"][2], serde_json::json!(["x-two", "2"]));
    assert_eq!(echo["body"]["text"], "abc");
}

#[tokio::test]
async fn reads_chunks_and_trailers() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let request = "POST / HTTP/1.1\r\nHost: m\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nX-Sum: 13\r\n\r\n";
    talk(up.address(), request).await;
    let received = &up.received()[0];
    assert_eq!(received.text(), "abc0123456789");
    assert_eq!(received.trailers, [("X-Sum".to_owned(), "13".to_owned())]);
    assert!(received.body_complete);
}

#[tokio::test]
async fn notes_a_smuggling_attempt() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let request = "POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
                   0\r\n\r\nGET /second HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n";
    talk(up.address(), request).await;
    let received = up.received();
    assert_eq!(received[0].oddities, [Oddity::LengthAndChunked]);
    assert_eq!(received[1].target, "/second");
}

#[tokio::test]
async fn tells_a_cut_body_from_a_whole_one() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    for (tag, framing) in [
        ("length", "Content-Length: 10\r\n\r\nabc"),
        ("chunks", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
        (
            "broken",
            "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n",
        ),
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: m\r\nGatecheck-Exchange: {tag}\r\n{framing}");
        let mut client = send(up.address(), head).await;
        client.shutdown().await.unwrap();
        let received = up.wait_for(tag, 1, DEADLINE).await.unwrap();
        assert!(!received[0].body_complete, "{tag}");
        assert_eq!(received[0].text(), "abc", "{tag}");
        assert_eq!(
            received[0].oddities.contains(&Oddity::BadChunk),
            tag != "length",
            "{tag}"
        );
    }
}

#[tokio::test]
async fn keeps_the_start_of_a_large_body_and_the_sum_of_all() {
    let up = MockUpstream::spawn(Behaviour::status(204, [], ""))
        .await
        .unwrap();
    let body = vec![b'z'; mock_upstreams::Received::BODY_KEPT + 1];
    let client = reqwest::Client::new();
    client
        .post(up.url())
        .body(body.clone())
        .send()
        .await
        .unwrap();
    let received = &up.received()[0];
    assert_eq!(received.body.len() + 1, body.len());
    assert_eq!(received.body_length, body.len() as u64);
    assert!(received.body_complete);
}

#[tokio::test]
async fn counts_connections_and_keeps_them_alive() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let request = "GET / HTTP/1.1\r\nHost: m\r\n\r\n";
    let mut client = send(up.address(), request).await;
    read_until(&mut client, "}\n").await;
    client.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut client, "}\n").await;
    assert_eq!(
        (up.connections(), up.open_connections(), up.received_total()),
        (1, 1, 2)
    );
    drop(client);
    up.wait_for_open_connections(0, DEADLINE).await.unwrap();
    assert_eq!(up.connections(), 1);
}

#[tokio::test]
async fn an_http10_client_gets_its_end_by_the_close() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    let answer = talk(
        up.address(),
        "GET / HTTP/1.0\r\nGatecheck-Behaviour: large=5;chunked\r\n\r\n",
    )
    .await;
    assert!(!answer.to_lowercase().contains("chunked"), "{answer}");
    assert!(answer.contains("Connection: close\r\n"), "{answer}");
    assert_eq!(body(&answer), "xxxxx");
}

#[tokio::test]
async fn says_what_it_waited_for() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    reqwest::get(up.url() + "/other").await.unwrap();
    let error = up
        .wait_for("t", 1, std::time::Duration::ZERO)
        .await
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "waited 0ns in vain for 1 requests with the tag \"t\"; received so far: [GET /other tag \"\"]"
    );
}

#[tokio::test]
async fn forgets_on_demand() {
    let up = MockUpstream::spawn(Behaviour::echo()).await.unwrap();
    reqwest::get(up.url()).await.unwrap();
    up.forget();
    assert_eq!((up.received().len(), up.received_total()), (0, 1));
    reqwest::get(up.url() + "/again").await.unwrap();
    assert_eq!(up.received()[0].target, "/again");
    assert!(up.received()[0].finished);
}
