//! TLS on listeners: who is shown which certificate, who gets in, and what a reload changes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "tls/clients.rs"]
mod clients;
#[path = "tls/party.rs"]
mod party;
#[path = "tls/setting.rs"]
mod setting;
mod support;

use gateway::runtime::{Gateway, Source, StartError};
use party::{Client, get, shown, talk};
use rustls::{SupportedProtocolVersion, version};
use setting::Setting;
use support::{DEADLINE, eventually, read_to_close};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

const TLS12: &[&SupportedProtocolVersion] = &[&version::TLS12];
const TLS13: &[&SupportedProtocolVersion] = &[&version::TLS13];

#[tokio::test]
async fn the_name_that_is_asked_for_chooses_the_certificate() {
    let mut leaves = vec![];
    let setting = Setting::with(|authority, files| {
        let mut certificates = String::new();
        for (place, names) in [
            &["a.test"][..],
            &["*.wild.test"],
            &["b.test", "c.wild.test"],
        ]
        .iter()
        .enumerate()
        {
            let leaf = authority.leaf(names);
            leaf.write(files, &place.to_string());
            let path = files.join(place.to_string());
            let path = path.display();
            certificates += &format!("{{certificate: '{path}.pem', key: '{path}.key'}},");
            leaves.push(leaf.certificate);
        }
        format!(
            "listeners: [{{address: '127.0.0.1:0', tls: {{certificates: [{certificates}]}}}}]\n"
        )
    })
    .await;
    for (name, place) in [
        ("a.test", 0),
        ("x.wild.test", 1),
        ("b.test", 2),
        ("B.Test", 2),
        ("c.wild.test", 2),
        ("unknown.test", 0),
        ("127.0.0.1", 0),
    ] {
        assert_eq!(shown(&setting.connect(name).await), leaves[place], "{name}");
    }
}

#[tokio::test]
async fn http_1_and_2_are_negotiated_and_the_upstream_hears_of_tls() {
    let setting = Setting::new("", "").await;
    for (alpn, chosen) in [(&[][..], None), (&["http/1.1"], Some(&b"http/1.1"[..]))] {
        let client = Client {
            alpn,
            ..Client::default()
        };
        let mut connection = client
            .connect(setting.gateway.address, "a.test")
            .await
            .unwrap();
        assert_eq!(connection.get_ref().1.alpn_protocol(), chosen);
        assert_eq!(get(&mut connection, "a.test").await.unwrap().status, 200);
    }
    let client = Client {
        alpn: &["h2", "http/1.1"],
        ..Client::default()
    };
    let connection = client
        .connect(setting.gateway.address, "a.test")
        .await
        .unwrap();
    assert_eq!(connection.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) = h2::client::handshake(connection).await.unwrap();
    let driver = tokio::spawn(connection);
    for (host, status) in [("a.test", 200), ("b.test", 200), ("c.test", 421)] {
        let request = http::Request::get(format!("https://{host}/"))
            .body(())
            .unwrap();
        let (answer, _) = sender.send_request(request, true).unwrap();
        assert_eq!(answer.await.unwrap().status(), status, "{host}");
    }
    driver.abort();
    let received = setting.upstream.received();
    assert_eq!(received.len(), 4);
    for request in received.iter() {
        assert_eq!(request.header("x-forwarded-proto"), Some("https"));
        assert!(
            request
                .header("forwarded")
                .unwrap()
                .ends_with(";proto=https")
        );
    }
}

#[tokio::test]
async fn versions_below_the_lowest_are_refused() {
    let old = Client {
        versions: Some(TLS12),
        ..Client::default()
    };
    let new = Client {
        versions: Some(TLS13),
        ..Client::default()
    };
    let both = Setting::new("", "").await;
    for client in [&old, &new] {
        assert_eq!(
            client
                .get(both.gateway.address, "a.test")
                .await
                .unwrap()
                .status,
            200
        );
    }
    assert_eq!(both.failures().await, 0.0);
    let strict = Setting::new("minVersion: '1.3'", "").await;
    assert_eq!(
        new.get(strict.gateway.address, "a.test")
            .await
            .unwrap()
            .status,
        200
    );
    let told = old
        .get(strict.gateway.address, "a.test")
        .await
        .unwrap_err()
        .to_string();
    assert!(told.contains("ProtocolVersion"), "{told}");
    strict.counted(1.0).await;
    assert_eq!(strict.upstream.received_total(), 1);
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections() {
    let setting = Setting::new("", "").await;
    setting.gateway.gateway.watch().unwrap();
    let mut old = setting.connect("a.test").await;
    let first = shown(&old);
    let leaf = setting.authority.leaf(&["a.test"]);
    std::fs::write(setting.file("server.key"), &leaf.key_pem).unwrap();
    std::fs::write(setting.file("server.pem"), &leaf.pem).unwrap();
    eventually("the new certificate", async || {
        (shown(&setting.connect("a.test").await) == leaf.certificate).then_some(())
    })
    .await;
    assert_ne!(first, leaf.certificate);
    assert_eq!(get(&mut old, "a.test").await.unwrap().status, 200);
}

#[tokio::test]
async fn wrong_material_leaves_the_old_in_force() {
    let setting = Setting::new("", "").await;
    let first = shown(&setting.connect("a.test").await);
    let other = setting.authority.leaf(&["a.test"]);
    std::fs::write(setting.file("server.pem"), &other.pem).unwrap();
    let Err(StartError::Config(report)) = setting.gateway.gateway.reload().await else {
        panic!("a key of another certificate was taken");
    };
    let told = report.human(false);
    assert!(
        told.contains("error[invalid-pem]") && told.contains("gateway.yaml:"),
        "{told}"
    );
    assert_eq!(shown(&setting.connect("a.test").await), first);
    std::fs::remove_file(setting.file("server.key")).unwrap();
    assert!(setting.gateway.gateway.reload().await.is_err());
    assert_eq!(shown(&setting.connect("a.test").await), first);
    std::fs::write(setting.file("server.key"), &other.key_pem).unwrap();
    setting.reload().await;
    assert_eq!(shown(&setting.connect("a.test").await), other.certificate);
}

#[tokio::test]
async fn tls_comes_and_goes_with_a_reload() {
    let setting = Setting::new("", "").await;
    let mut old = setting.connect("a.test").await;
    assert!(setting.gateway.gateway.urls().await[0].starts_with("https://"));
    setting.gateway.rewrite(&support::to(&setting.upstream));
    setting.reload().await;
    assert_eq!(
        setting.gateway.gateway.addresses().await,
        [setting.gateway.address]
    );
    assert!(setting.gateway.gateway.urls().await[0].starts_with("http://"));
    let plain = setting.gateway.get("/", "").await;
    assert_eq!(plain.status, 200);
    assert_eq!(get(&mut old, "a.test").await.unwrap().status, 200);
    setting.rewrite("", "");
    setting.reload().await;
    assert_eq!(setting.status("a.test", "a.test").await, 200);
}

#[tokio::test]
async fn a_request_for_another_host_is_misdirected() {
    let setting = Setting::new("", "").await;
    let own = format!("127.0.0.1:{}", setting.gateway.address.port());
    for (name, host, status) in [
        ("a.test", "a.test", 200),
        ("a.test", "A.Test.:8443", 200),
        ("a.test", "b.test", 200), // in the same certificate
        ("a.test", "c.test", 421),
        ("a.test", "127.0.0.1", 421),
        ("c.test", "c.test", 200), // asked for, whatever was shown
        ("c.test", "d.test", 421),
        ("127.0.0.1", "b.test", 200),
        ("127.0.0.1", "c.test", 421),
        ("127.0.0.1", &own, 200),
        ("127.0.0.1", "127.0.0.2", 421),
    ] {
        assert_eq!(setting.status(name, host).await, status, "{name}, {host}");
    }
    assert_eq!(setting.upstream.received_total(), 6);
    let mut connection = setting.connect("a.test").await;
    let absolute = b"GET https://c.test/ HTTP/1.1\r\nHost: c.test\r\n\r\n";
    assert_eq!(talk(&mut connection, absolute).await.unwrap().status, 421);
}

#[tokio::test]
async fn a_trusted_proxy_may_put_any_host_on_a_connection() {
    let setting = Setting::new("", "trustedProxies: ['127.0.0.0/8'],").await;
    assert_eq!(setting.status("a.test", "c.test").await, 200);
}

const IMPATIENT: &str = "timeouts: {head: 100ms},";

#[tokio::test]
async fn a_client_that_says_nothing_is_cut() {
    let setting = Setting::new("", IMPATIENT).await;
    assert_eq!(
        read_to_close(&mut setting.gateway.connect().await).await,
        b""
    );
    setting.counted(1.0).await;
    let client = Client {
        alpn: &["h2"],
        ..Client::default()
    };
    for opening in [&b""[..], b"PRI * HTTP"] {
        let mut connection = client
            .connect(setting.gateway.address, "a.test")
            .await
            .unwrap();
        connection.write_all(opening).await.unwrap();
        connection.flush().await.unwrap();
        let mut seen = vec![];
        let end = timeout(DEADLINE, connection.read_to_end(&mut seen)).await;
        end.expect("the connection ends").ok();
    }
    assert_eq!(setting.failures().await, 1.0);
}

#[tokio::test]
async fn a_slow_head_is_cut_under_tls_too() {
    let setting = Setting::new("", IMPATIENT).await;
    let mut connection = setting.connect("a.test").await;
    connection.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    connection.flush().await.unwrap();
    let mut seen = vec![];
    let end = timeout(DEADLINE, connection.read_to_end(&mut seen)).await;
    end.expect("the connection ends").ok();
    assert_eq!(seen, b"");
    assert_eq!(setting.upstream.received_total(), 0);
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_answered_under_tls_too() {
    let setting = Setting::new("", "").await;
    let mut connection = setting.connect("a.test").await;
    let answer = talk(&mut connection, b"GET /\x01 nonsense\r\n\r\n")
        .await
        .unwrap();
    assert_eq!((answer.status, &*answer.code()), (400, "malformed-request"));
    assert!(answer.header("x-request-id").is_some());
    let mut rest = vec![];
    let end = timeout(DEADLINE, connection.read_to_end(&mut rest)).await;
    assert_eq!(
        end.expect("the connection ends").unwrap(),
        0,
        "with a close_notify"
    );
}

#[tokio::test]
async fn http_without_tls_gets_an_alert() {
    let setting = Setting::new("", "").await;
    let seen = setting
        .gateway
        .talk("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")
        .await;
    assert_eq!(seen[..2], [21, 3], "an alert (RFC 8446 §5.1, §6): {seen:?}");
    setting.counted(1.0).await;
    assert_eq!(setting.status("a.test", "a.test").await, 200);
    assert_eq!(setting.upstream.received_total(), 1);
}

#[tokio::test]
async fn the_command_line_changes_the_address_and_keeps_tls() {
    let setting = Setting::new("", "").await;
    let mut source = Source::new(vec![
        setting
            .gateway
            .file("gateway.yaml")
            .to_str()
            .unwrap()
            .to_owned(),
    ]);
    source.overrides.listen = vec!["127.0.0.1:0".parse().unwrap(); 2];
    let started = Gateway::start(source).await;
    let started = started.map_err(|error| error.to_string()).unwrap();
    for address in started.addresses().await {
        let answer = Client::default().get(address, "a.test").await.unwrap();
        assert_eq!(answer.status, 200);
    }
}
