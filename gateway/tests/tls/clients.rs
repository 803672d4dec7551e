//! What clients have to show, and what becomes of it.

use crate::party::{Authority, Client, connect, get};
use crate::setting::{Setting, clients, document};
use crate::{TLS12, TLS13};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, SerialNumber, date_time_ymd};
use rustls::HandshakeKind;

#[tokio::test]
async fn clients_have_to_show_what_the_mode_says() {
    let (ours, theirs) = (Authority::new("Ours"), Authority::new("Theirs"));
    let serial = |number: u64| {
        move |params: &mut CertificateParams| {
            params.serial_number = Some(SerialNumber::from(number));
        }
    };
    let good = ours.changed(&["good.test"], serial(1));
    let revoked = ours.changed(&["revoked.test"], serial(2));
    let expired = ours.changed(&["expired.test"], |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let foreign = theirs.changed(&["good.test"], serial(1));
    for version in [TLS12, TLS13] {
        for (mode, passes) in [
            ("required", [true, false, false, false, false]),
            ("optional", [true, false, false, false, true]),
            ("off", [true; 5]),
        ] {
            let setting = Setting::with(|authority, files| {
                authority.leaf(&["a.test"]).write(files, "server");
                std::fs::write(files.join("clients.pem"), ours.pem()).unwrap();
                std::fs::write(files.join("crl.pem"), ours.revokes(&[2], 2999)).unwrap();
                let crl = format!("crl: '{}'", files.join("crl.pem").display());
                document(files, &clients(files, mode, &crl), "")
            })
            .await;
            let shown = [
                Some(&good),
                Some(&revoked),
                Some(&expired),
                Some(&foreign),
                None,
            ];
            let mut refused = 0;
            for (place, (shows, passes)) in shown.into_iter().zip(passes).enumerate() {
                let client = Client {
                    versions: Some(version),
                    shows,
                    ..Client::default()
                };
                let got = client.get(setting.gateway.address, "a.test").await;
                assert_eq!(got.is_ok(), passes, "{mode}, client {place}: {got:?}");
                refused += u32::from(!passes);
            }
            setting.counted(refused.into()).await;
            assert_eq!(setting.upstream.received_total(), u64::from(5 - refused));
        }
    }
}

#[tokio::test]
async fn a_list_of_revoked_certificates_that_is_out_of_date_lets_nobody_in() {
    let ours = Authority::new("Ours");
    let good = ours.leaf(&["good.test"]);
    for (until, passes) in [(2021, false), (2999, true)] {
        let setting = Setting::with(|authority, files| {
            authority.leaf(&["a.test"]).write(files, "server");
            std::fs::write(files.join("clients.pem"), ours.pem()).unwrap();
            std::fs::write(files.join("crl.pem"), ours.revokes(&[], until)).unwrap();
            let crl = format!("crl: ['{}']", files.join("crl.pem").display());
            document(files, &clients(files, "required", &crl), "")
        })
        .await;
        let client = Client {
            shows: Some(&good),
            ..Client::default()
        };
        let got = client.get(setting.gateway.address, "a.test").await;
        assert_eq!(got.is_ok(), passes, "{until}: {got:?}");
    }
}

#[tokio::test]
async fn a_list_that_comes_later_holds_for_sessions_of_before() {
    let ours = Authority::new("Ours");
    let leaf = ours.changed(&["alice.test"], |params| {
        params.serial_number = Some(SerialNumber::from(7u64));
    });
    let setting = Setting::with(|authority, files| {
        authority.leaf(&["a.test"]).write(files, "server");
        std::fs::write(files.join("clients.pem"), ours.pem()).unwrap();
        document(files, &clients(files, "required", ""), "")
    })
    .await;
    let address = setting.gateway.address;
    for version in [TLS12, TLS13] {
        setting.rewrite(&clients(setting.files.path(), "required", ""), "");
        setting.reload().await;
        let client = Client {
            versions: Some(version),
            shows: Some(&leaf),
            ..Client::default()
        };
        let connector = client.connector();
        let mut first = connect(&connector, address, "a.test").await.unwrap();
        assert_eq!(get(&mut first, "a.test").await.unwrap().status, 200);
        // A reload that changes nothing of TLS keeps sessions.
        setting.reload().await;
        let mut second = connect(&connector, address, "a.test").await.unwrap();
        assert_eq!(get(&mut second, "a.test").await.unwrap().status, 200);
        assert_eq!(
            second.get_ref().1.handshake_kind(),
            Some(HandshakeKind::Resumed)
        );
        std::fs::write(setting.file("crl.pem"), ours.revokes(&[7], 2999)).unwrap();
        let crl = format!("crl: '{}'", setting.file("crl.pem").display());
        setting.rewrite(&clients(setting.files.path(), "required", &crl), "");
        setting.reload().await;
        let third =
            async { get(&mut connect(&connector, address, "a.test").await?, "a.test").await };
        assert!(third.await.is_err(), "a revoked certificate passes");
        assert_eq!(get(&mut second, "a.test").await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_consumer_is_found_by_its_certificate_and_the_upstream_is_told() {
    let ours = Authority::new("Ours");
    let (alice, mallory) = (ours.leaf(&["alice.test"]), ours.leaf(&["mallory.test"]));
    let setting = Setting::with(|authority, files| {
        authority.leaf(&["a.test"]).write(files, "server");
        std::fs::write(files.join("clients.pem"), ours.pem()).unwrap();
        let consumers = "consumers: [{name: alice, certificates: [{san: alice.test}]}]\n";
        let plugins = "plugins: [{name: mtls-auth, config: {forwardCertificate: true}}]\n";
        document(files, &clients(files, "optional", ""), "") + consumers + plugins
    })
    .await;
    for (shows, alpn, status) in [
        (Some(&alice), "http/1.1", 200),
        (Some(&mallory), "http/1.1", 401),
        (None, "http/1.1", 401),
        (Some(&alice), "h2", 200),
        (None, "h2", 401),
    ] {
        let client = Client {
            shows,
            alpn: &[alpn],
            ..Client::default()
        };
        let address = setting.gateway.address;
        let got = match alpn {
            "h2" => client.get_by_http2(address, "a.test").await,
            _ => client.get(address, "a.test").await.unwrap().status,
        };
        assert_eq!(got, status, "{alpn}, {}", shows.is_some());
    }
    let received = setting.upstream.received();
    assert_eq!(received.len(), 2);
    let expected = format!(":{}:", STANDARD.encode(&alice.certificate));
    for request in received.iter() {
        assert_eq!(request.header("x-consumer-name"), Some("alice"));
        assert_eq!(request.header("client-cert"), Some(&*expected));
    }
}
