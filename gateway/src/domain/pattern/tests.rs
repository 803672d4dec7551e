#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use http::Method;

fn prefix(text: &str) -> PathPattern {
    PathPattern::prefix(text).unwrap()
}

fn exact(text: &str) -> PathPattern {
    PathPattern::exact(text).unwrap()
}

#[test]
fn a_prefix_ends_on_segment_borders() {
    for text in ["/a", "/a/"] {
        assert_eq!(prefix(text).matched_len("/a"), Some(2));
        assert_eq!(prefix(text).matched_len("/a/"), Some(2));
        assert_eq!(prefix(text).matched_len("/a/b"), Some(2));
        assert_eq!(prefix(text).matched_len("/ab"), None);
        assert_eq!(prefix(text).matched_len("/"), None);
    }
    assert_eq!(prefix("/").matched_len("/anything"), Some(0));
}

#[test]
fn an_exact_path_is_the_whole_path() {
    assert_eq!(exact("/a").matched_len("/a"), Some(2));
    assert_eq!(exact("/a").matched_len("/a/"), None);
    assert_eq!(exact("/a/").matched_len("/a/"), Some(3));
    assert_eq!(exact("/a/").matched_len("/a"), None);
    assert_eq!(exact("/").matched_len("/"), Some(1));
    assert_eq!(exact("/").matched_len("/a"), None);
}

#[test]
fn a_parameter_is_one_segment_that_is_not_empty() {
    let pattern = prefix("/users/{id}/orders/{order}");
    let path = "/users/7/orders/a%20b/items";
    assert_eq!(pattern.matched_len(path), Some(21));
    let params = Params::new(&pattern, path);
    assert_eq!(params.value("order"), Some("a%20b"));
    assert_eq!(params.value("items"), None);
    assert_eq!(
        params.iter().collect::<Vec<_>>(),
        [("id", "7"), ("order", "a%20b")]
    );
    assert_eq!(pattern.matched_len("/users//orders/1"), None);
}

#[test]
fn literals_are_normalised_as_requests_are() {
    assert_eq!(prefix("/caf\u{e9}").matched_len("/caf%C3%A9"), Some(10));
    assert_eq!(prefix("/%41%2fb").matched_len("/A%2Fb"), Some(6));
}

#[test]
fn paths_that_could_not_match_as_meant_are_refused_with_a_mend() {
    for (text, help) in [
        ("a", "write `/a`"),
        ("", "write `/`"),
        ("/a//b", "write one `/`"),
        ("/a/*", "a path is a prefix already"),
        ("/a/../b", "write the path without"),
        ("/a/%2e", "write the path without"),
        ("/a?b=c", "put the condition"),
        ("/a b", "percent-encode"),
        ("/%zz", "percent-encode"),
        ("/x{id}", "let `{name}`"),
        ("/{id", "let `{name}`"),
        ("/{}", "use letters"),
        ("/{1}", "use letters"),
        ("/{id}/{id}", "give each"),
    ] {
        let mistake = PathPattern::prefix(text).unwrap_err();
        assert!(
            mistake.help.starts_with(help),
            "{text}: {mistake}: {}",
            mistake.help
        );
    }
}

#[test]
fn hosts_match_whatever_their_case_port_and_dot() {
    let host = HostPattern::new("API.example.com").unwrap();
    for taken in [
        "api.example.com",
        "API.Example.Com:8080",
        "api.example.com.",
        "api.example.com.:80",
    ] {
        assert!(host.matches(taken), "{taken}");
    }
    for other in [
        "example.com",
        "a.api.example.com",
        "api.example.com.evil",
        "",
    ] {
        assert!(!host.matches(other), "{other}");
    }
    assert!(HostPattern::new("[::1]").unwrap().matches("[::1]:8080"));
    assert!(HostPattern::new("127.0.0.1").unwrap().matches("127.0.0.1"));
}

#[test]
fn a_wildcard_host_is_one_or_more_labels() {
    let host = HostPattern::new("*.example.com").unwrap();
    assert!(host.matches("a.example.com"));
    assert!(host.matches("a.b.EXAMPLE.com:1"));
    for other in [
        "example.com",
        ".example.com",
        "evilexample.com",
        "a.example.com.evil",
    ] {
        assert!(!host.matches(other), "{other}");
    }
    assert_eq!(host.to_string(), "*.example.com");
}

#[test]
fn hosts_that_could_not_match_are_refused_with_a_mend() {
    for (text, help) in [
        ("*", "leave `hosts` out"),
        ("https://a", "write the name alone"),
        ("a:80", "leave the port out"),
        ("[::1]:80", "write it as in"),
        ("a.*.b", "a wildcard is the first label"),
        ("*a.b", "a wildcard is the first label"),
        ("b\u{fc}cher.example", "write the form"),
        ("a..b", "use labels"),
        ("", "use labels"),
        ("*.", "leave `hosts` out"),
    ] {
        let mistake = HostPattern::new(text).unwrap_err();
        assert!(
            mistake.help.starts_with(help),
            "{text}: {mistake}: {}",
            mistake.help
        );
    }
}

#[test]
fn methods_are_a_set() {
    let methods = Methods::new(["POST", "GET", "PURGE", "GET"]).unwrap();
    assert_eq!(methods.to_string(), "GET, POST, PURGE");
    assert!(methods.takes(&Method::HEAD) && !methods.contains(&Method::HEAD));
    assert!(!methods.takes(&Method::PUT));
    let mut allow = Methods::default();
    allow.extend_taken(&methods);
    assert_eq!(allow.to_string(), "GET, HEAD, POST, PURGE");
    assert!(!Methods::new(["POST"]).unwrap().takes(&Method::HEAD));
    assert!(Methods::new(["HEAD"]).unwrap().overlaps(&methods));
    assert!(!Methods::new(["PUT"]).unwrap().overlaps(&methods));
}

#[test]
fn methods_are_refused_with_a_mend() {
    assert_eq!(Methods::new(["get"]).unwrap_err().help, "write `GET`");
    assert!(
        Methods::new(["GET, POST"])
            .unwrap_err()
            .help
            .starts_with("name methods one by one")
    );
    assert!(
        Methods::new([])
            .unwrap_err()
            .help
            .starts_with("leave `methods` out")
    );
}

#[test]
fn every_value_has_to_match() {
    let acme = ValueMatch::exact("acme");
    assert!(acme.matches_all(["acme"]) && acme.matches_all(["acme", "acme"]));
    assert!(!acme.matches_all(["acme", "other"]) && !acme.matches_all([] as [&str; 0]));
    assert!(
        ValueMatch::Present.matches_all([""]) && !ValueMatch::Present.matches_all([] as [&str; 0])
    );
    let regex = ValueMatch::regex("^a.*z$").unwrap();
    assert!(regex.matches(b"abcz") && !regex.matches(b"abc"));
    assert!(
        regex.overlaps(&ValueMatch::exact("az"))
            && !acme.overlaps(&regex)
            && acme.overlaps(&ValueMatch::Present)
    );
    assert!(
        ValueMatch::regex("(")
            .unwrap_err()
            .what
            .starts_with("`(` is no regular expression")
    );
}

#[test]
fn a_rewrite_replaces_what_was_matched() {
    let pattern = prefix("/users/{id}");
    let rewritten = |template: &str, path: &str| {
        let rewrite = Rewrite::new(template, std::slice::from_ref(&pattern)).unwrap();
        let rest = &path[pattern.matched_len(path).unwrap()..];
        rewrite.apply(Params::new(&pattern, path), rest)
    };
    assert_eq!(rewritten("/internal/{id}", "/users/7"), "/internal/7");
    assert_eq!(
        rewritten("/internal/{id}.json", "/users/7"),
        "/internal/7.json"
    );
    assert_eq!(rewritten("/i/{id}", "/users/a%2Fb/x%20y"), "/i/a%2Fb/x%20y");
    assert_eq!(rewritten("/i/", "/users/7/x"), "/i/x");
    assert_eq!(rewritten("/", "/users/7/x"), "/x");
    assert_eq!(rewritten("/", "/users/7"), "/");
    assert_eq!(rewritten("/\u{e9}", "/users/7/"), "/%C3%A9/");
}

#[test]
fn a_rewrite_is_refused_with_a_mend() {
    let patterns = [prefix("/users/{id}"), prefix("/all")];
    for (template, help) in [
        ("/i/{name}", "it has `{id}`"),
        ("/i/{id}", "name a segment"),
        ("i", "write `/i`"),
        ("/i?x", "rewrite the path alone"),
        ("/i/{id", "write a parameter"),
        ("/../x", "write the path without"),
    ] {
        let mistake = Rewrite::new(template, &patterns).unwrap_err();
        assert!(
            mistake.help.starts_with(help),
            "{template}: {mistake}: {}",
            mistake.help
        );
    }
}

#[test]
fn strip_leaves_a_path() {
    assert_eq!(strip("/a/b", 2), "/b");
    assert_eq!(strip("/a", 2), "/");
    assert_eq!(strip("/a/", 2), "/");
    assert_eq!(strip("/a", 0), "/a");
}
