#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;

fn allows(pattern: &str, header: &str) -> bool {
    OriginPattern::new(pattern)
        .unwrap()
        .matches(header.as_bytes())
}

#[test]
fn serialises_without_default_ports_in_lower_case() {
    for (text, want) in [
        ("https://app.example.com", "https://app.example.com"),
        ("HTTPS://App.Example.COM:443", "https://app.example.com"),
        ("http://localhost:80", "http://localhost"),
        ("http://localhost:443", "http://localhost:443"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("capacitor://localhost", "capacitor://localhost"),
    ] {
        assert_eq!(Origin::new(text).unwrap().to_string(), want);
    }
    assert_eq!(
        OriginPattern::new("https://*.Example.com:8443")
            .unwrap()
            .to_string(),
        "https://*.example.com:8443"
    );
}

#[test]
fn refuses_what_no_browser_sends_and_tells_the_mend() {
    for (text, help) in [
        (
            "https://app.example.com/",
            "write `https://app.example.com`",
        ),
        (
            "https://app.example.com/x?y",
            "write `https://app.example.com`",
        ),
        ("app.example.com", "write `https://app.example.com`"),
        ("null", "name real origins"),
        ("https://app.*.com", "write `*` alone"),
        ("https://*example.com", "write `*` alone"),
        ("https://*", "write `*` alone"),
        ("*://app.example.com", "write `*` alone"),
        ("https://me@example.com", "leave out"),
        (
            "https://bücher.example",
            "write the form that browsers send",
        ),
        ("https://*.127.0.0.1", "name the addresses"),
        ("https://", "write scheme, host"),
        ("https://a..b", "write scheme, host"),
        ("https://a:0443", "write scheme, host"),
        ("https://a:65536", "write scheme, host"),
        ("https://a:", "write scheme, host"),
        ("https://*.", "write scheme, host"),
    ] {
        let mistake = OriginPattern::new(text).unwrap_err();
        assert!(
            mistake.help.starts_with(help),
            "{text}: {mistake}: {}",
            mistake.help
        );
    }
}

#[test]
fn an_origin_is_compared_whole() {
    let ours = "https://app.example.com";
    assert!(allows(ours, ours));
    assert!(allows(ours, "https://app.example.com:443"));
    assert!(allows(ours, "HTTPS://APP.example.com"));
    for other in [
        "http://app.example.com",
        "https://app.example.com:8443",
        "https://app.example.com.evil.example",
        "https://evilapp.example.com",
        "https://app.example.com.",
        "https://app.example.com/",
        "https://app.example.com https://app.example.com",
        "https://app.example.com\0",
        "https://a@app.example.com",
        "app.example.com",
        "null",
        "",
    ] {
        assert!(!allows(ours, other), "{other:?}");
    }
}

#[test]
fn a_suffix_is_anchored_on_a_label() {
    let ours = "https://*.example.com";
    assert!(allows(ours, "https://a.example.com"));
    assert!(allows(ours, "https://a.b.Example.com:443"));
    for other in [
        "https://example.com",
        "https://.example.com",
        "https://evilexample.com",
        "https://a.example.com.evil.example",
        "https://a.example.com:444",
        "http://a.example.com",
        "https://a..example.com",
        "https://evil.example/.example.com",
        "https://evil#.example.com",
    ] {
        assert!(!allows(ours, other), "{other}");
    }
    assert!(allows(
        "https://*.example.com:8443",
        "https://a.example.com:8443"
    ));
    assert!(!allows(
        "https://*.example.com:8443",
        "https://a.example.com"
    ));
}

#[test]
fn any_takes_every_origin_but_null_and_noise() {
    assert!(allows("*", "https://a.example"));
    assert!(allows("*", "http://[::1]:8080"));
    for noise in [
        "null",
        "NULL",
        "",
        "https://",
        "https://a b",
        "://a",
        "1s://a",
        "https://\u{e9}",
    ] {
        assert!(!allows("*", noise), "{noise:?}");
    }
    assert!(!OriginPattern::Any.matches(b"https://\xff"));
}

/// Splits, lower-cases and compares owned parts.
fn oracle(scheme: &str, host: &str, port: Option<u16>, header: &str) -> bool {
    let header = header.to_lowercase();
    let Some((theirs, authority)) = header.split_once("://") else {
        return false;
    };
    let (name, their_port) = match authority.split_once(':') {
        Some((name, digits)) => (name, digits.parse().ok()),
        None => (authority, None),
    };
    let explicit = |scheme: &str, port: Option<u16>| {
        port.or(if scheme == "https" {
            Some(443)
        } else {
            Some(80)
        })
    };
    let name_is_ours = match host.strip_prefix("*.") {
        Some(domain) => {
            let labels: Vec<&str> = name.split('.').collect();
            let wanted: Vec<&str> = domain.split('.').collect();
            labels.len() > wanted.len() && labels.ends_with(&wanted)
        }
        None => name == host,
    };
    let sound = name.split('.').all(|label| !label.is_empty());
    sound
        && scheme == theirs
        && name_is_ours
        && explicit(scheme, port) == explicit(theirs, their_port)
}

fn ports() -> impl Strategy<Value = Option<u16>> {
    prop_oneof![4 => Just(None), 2 => Just(Some(443)), 2 => Just(Some(80)), 1 => Just(Some(8443))]
}

fn written(scheme: &str, host: &str, port: Option<u16>) -> String {
    format!(
        "{scheme}://{host}{}",
        port.map(|port| format!(":{port}")).unwrap_or_default()
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn agrees_with_the_oracle(
        scheme in "https?",
        host in "(\\*\\.)?a?(a\\.)?a\\.b",
        port in ports(),
        their_scheme in "(https?|HTTPS)",
        their_host in "\\.?a?(a\\.){0,2}[aA]\\.b(\\.b)?",
        their_port in ports(),
    ) {
        let header = written(&their_scheme, &their_host, their_port);
        let ours = allows(&written(&scheme, &host, port), &header);
        prop_assert_eq!(ours, oracle(&scheme, &host, port, &header), "{}", header);
    }

    #[test]
    fn an_origin_allows_its_own_serialisation(scheme in "https?", host in "[a-z0-9-]{1,5}(\\.[a-z]{1,3}){0,3}", port in ports()) {
        let origin = Origin::new(&written(&scheme, &host, port)).unwrap();
        let serialised = origin.to_string();
        prop_assert_eq!(&Origin::new(&serialised).unwrap(), &origin);
        prop_assert!(OriginPattern::Exact(origin).matches(serialised.as_bytes()));
    }

    #[test]
    fn no_header_panics(header in prop::collection::vec(any::<u8>(), 0..40)) {
        for pattern in ["*", "https://a.b", "https://*.a.b"] {
            let allowed = OriginPattern::new(pattern).unwrap().matches(&header);
            prop_assert!(!allowed || std::str::from_utf8(&header).is_ok_and(|text| text.contains("://")));
        }
    }
}
