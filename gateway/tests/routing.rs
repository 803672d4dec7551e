//! Which route a request takes, over a running gateway: the matcher's own cases are tested where it is.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use mock_upstreams::{Behaviour, MockUpstream};
use support::{Started, request, start};

async fn gateway(routes: &str) -> (MockUpstream, Started) {
    let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
    let gateway = start(&format!(
        "service: {{name: up, url: '{}'}}\nroutes:\n{routes}",
        upstream.url()
    ))
    .await;
    (upstream, gateway)
}

/// The route that the log names for a request.
async fn route(gateway: &Started, asked: usize, head: String) -> (u16, String) {
    let answer = gateway.ask(head).await;
    let line = gateway.log(asked).await.pop().unwrap();
    (
        answer.status,
        line["route"].as_str().unwrap_or_default().to_owned(),
    )
}

#[tokio::test]
async fn the_most_specific_route_wins_whatever_the_order() {
    let (_upstream, gateway) = gateway(
        "  - {name: any, paths: ['/']}\n  - {name: api, paths: ['/api']}\n  - {name: exact, paths: [{exact: /api/x}]}\n  \
         - {name: named, paths: ['/api/{id}/y']}\n  - {name: host, hosts: [a.test], paths: ['/']}\n  \
         - {name: wild, hosts: ['*.b.test'], paths: ['/']}\n  \
         - {name: header, paths: ['/api'], headers: {X-Tenant: acme}}\n  - {name: query, paths: ['/api'], query: {v: '2'}}\n",
    )
    .await;
    let to = |host: &str, target: &str, lines: &str| {
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n")
    };
    let cases = [
        (to("c", "/", ""), "any"),
        (to("c", "/apix", ""), "any"),
        (to("c", "/api", ""), "api"),
        (to("c", "/api/", ""), "api"),
        (to("c", "/api/x", ""), "exact"),
        (to("c", "/api/x/z", ""), "api"),
        (to("c", "/api/7/y/z", ""), "named"),
        (to("c", "/x/../api/%78", ""), "exact"),
        (to("a.test", "/api/x", ""), "host"),
        (to("A.TEST:80", "/", ""), "host"),
        (to("x.b.test", "/", ""), "wild"),
        (to("b.test", "/", ""), "any"),
        (to("c", "/api", "X-Tenant: acme\r\n"), "header"),
        (to("c", "/api", "X-Tenant: other\r\n"), "api"),
        (to("c", "/api?v=2", ""), "query"),
        (to("c", "/api?w=2", ""), "api"),
    ];
    for (place, (head, expected)) in cases.into_iter().enumerate() {
        let taken = route(&gateway, place + 1, head.clone()).await;
        assert_eq!(taken, (200, expected.to_owned()), "{head}");
    }
}

#[tokio::test]
async fn an_unknown_path_is_404_and_an_unknown_method_405() {
    let (upstream, gateway) = gateway(
        "  - {name: read, paths: ['/a'], methods: [GET]}\n  - {name: write, paths: ['/a'], methods: [POST]}\n",
    )
    .await;
    let missing = gateway.get("/b", "").await;
    assert_eq!((missing.status, &*missing.code()), (404, "no-route"));
    assert!(missing.header("x-request-id").is_some());
    assert_eq!(
        missing.json()["instance"].as_str(),
        missing.header("x-request-id")
    );
    let method = gateway.ask(request("DELETE", "/a", "")).await;
    assert_eq!(
        (method.status, &*method.code()),
        (405, "method-not-allowed")
    );
    let mut allow: Vec<_> = method.header("allow").unwrap().split(", ").collect();
    allow.sort_unstable();
    assert_eq!(allow, ["GET", "HEAD", "POST"]);
    assert_eq!(upstream.received_total(), 0);
    let mut client = gateway.connect().await;
    tokio::io::AsyncWriteExt::write_all(&mut client, request("HEAD", "/a", "").as_bytes())
        .await
        .unwrap();
    assert_eq!(
        support::read_answer_to(&mut client, "HEAD").await.status,
        200
    );
    tokio::io::AsyncWriteExt::write_all(&mut client, request("HEAD", "/b", "").as_bytes())
        .await
        .unwrap();
    let nothing = support::read_answer_to(&mut client, "HEAD").await;
    assert_eq!(nothing.status, 404);
    assert_eq!(gateway.get("/a", "").await.status, 200);
}
