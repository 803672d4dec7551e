#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A route from a line: `[host] [METHOD,…] path`, where a path that begins with `=` is exact.
fn route(line: &str) -> RouteMatch {
    let mut rule = RouteMatch::default();
    for word in line.split(' ') {
        if let Some(path) = word.strip_prefix('=') {
            rule.paths.push(PathPattern::exact(path).unwrap());
        } else if word.starts_with('/') {
            rule.paths.push(PathPattern::prefix(word).unwrap());
        } else if word.chars().all(|c| c.is_ascii_uppercase() || c == ',') {
            rule.methods = Some(Methods::new(word.split(',')).unwrap());
        } else {
            rule.hosts.push(HostPattern::new(word).unwrap());
        }
    }
    rule
}

fn router(lines: &[&'static str]) -> Router<&'static str> {
    Router::build(lines.iter().map(|line| (route(line), *line)).collect()).unwrap()
}

fn conflicts(rules: Vec<RouteMatch>) -> Vec<(usize, usize)> {
    match Router::build(rules.into_iter().map(|rule| (rule, ())).collect()) {
        Ok(_) => Vec::new(),
        Err(conflicts) => conflicts
            .iter()
            .map(|conflict| (conflict.first, conflict.second))
            .collect(),
    }
}

/// `METHOD host/path?query` to the line of the route, `405 Allow` or `404`.
fn find(router: &Router<&'static str>, request: &str) -> String {
    find_with(router, request, &HeaderMap::new())
}

fn find_with(router: &Router<&'static str>, request: &str, headers: &HeaderMap) -> String {
    let (method, target) = request.split_once(' ').unwrap();
    let (host, path) = target.split_at(target.find('/').unwrap());
    let (path, query) = path
        .split_once('?')
        .map_or((path, None), |(path, query)| (path, Some(query)));
    let method: Method = method.parse().unwrap();
    let host = Some(host).filter(|host| !host.is_empty());
    match router.find(&Request {
        host,
        path,
        query,
        method: &method,
        headers,
    }) {
        Outcome::Found { route, .. } => (*route).to_owned(),
        Outcome::MethodNotAllowed { allow } => format!("405 {allow}"),
        Outcome::NotFound => "404".to_owned(),
    }
}

#[test]
fn the_most_specific_path_wins_in_any_order() {
    let lines = ["/a/b", "=/a/b", "/a/{x}", "/a", "/", "/a/{x}/c", "=/a/"];
    for turn in 0..lines.len() {
        let mut lines = lines;
        lines.rotate_left(turn);
        let router = router(&lines);
        for (path, want) in [
            ("/a/b", "=/a/b"),
            ("/a/b/", "/a/b"),
            ("/a/z", "/a/{x}"),
            ("/a/z/c", "/a/{x}/c"),
            ("/a", "/a"),
            ("/a/", "=/a/"),
            ("/ab", "/"),
            // The literal leads nowhere further, the prefix at its end takes it before the parameter is tried.
            ("/a/b/c", "/a/b"),
        ] {
            assert_eq!(
                find(&router, &format!("GET {path}")),
                want,
                "{path} in {lines:?}"
            );
        }
    }
}

#[test]
fn a_dead_end_falls_back_to_the_parameter() {
    let router = router(&["/a/b/c", "/a/{x}/d", "POST /a/b/e", "/{any}"]);
    assert_eq!(find(&router, "GET /a/b/c"), "/a/b/c");
    assert_eq!(find(&router, "GET /a/b/d"), "/a/{x}/d");
    assert_eq!(find(&router, "GET /a/b/e"), "/{any}");
    assert_eq!(find(&router, "GET /a/b"), "/{any}");
    assert_eq!(find(&router, "GET /"), "404");
}

#[test]
fn the_most_specific_host_wins_before_the_path() {
    let router = router(&[
        "a.b.example /x",
        "*.b.example /x",
        "*.example /x/y",
        "/x/y",
        "/",
    ]);
    assert_eq!(find(&router, "GET A.B.example.:80/x/y"), "a.b.example /x");
    assert_eq!(find(&router, "GET z.a.b.example/x/y"), "*.b.example /x");
    assert_eq!(find(&router, "GET b.example/x/y"), "*.example /x/y");
    assert_eq!(find(&router, "GET example/x/y"), "/x/y");
    assert_eq!(find(&router, "GET /x/y"), "/x/y");
    assert_eq!(find(&router, "GET a.b.example/z"), "/");
    assert_eq!(
        find(&router, &format!("GET {}.example/x", "a.".repeat(200))),
        "/"
    );
}

#[test]
fn the_wrong_method_is_405_only_when_nothing_else_is_wrong() {
    let mut tenant = route("DELETE /a");
    tenant.headers.push((
        HeaderName::from_static("x-tenant"),
        ValueMatch::exact("acme"),
    ));
    let rules = vec![
        (route("GET /a"), "get"),
        (route("POST,PURGE /a"), "post"),
        (tenant, "tenant"),
    ];
    let router = Router::build(rules).unwrap();
    assert_eq!(find(&router, "HEAD /a"), "get");
    assert_eq!(find(&router, "PURGE /a/b"), "post");
    assert_eq!(find(&router, "PUT /a"), "405 GET, HEAD, POST, PURGE");
    assert_eq!(find(&router, "PUT /b"), "404");
    let headers =
        HeaderMap::from_iter([(HeaderName::from_static("x-tenant"), "acme".parse().unwrap())]);
    assert_eq!(
        find_with(&router, "PUT /a", &headers),
        "405 DELETE, GET, HEAD, POST, PURGE"
    );
    assert_eq!(find_with(&router, "DELETE /a", &headers), "tenant");
}

#[test]
fn more_conditions_win_and_repeated_values_have_to_agree() {
    let name = HeaderName::from_static("x-tenant");
    let mut one = route("/a");
    one.headers.push((name.clone(), ValueMatch::exact("acme")));
    let mut two = one.clone();
    two.query
        .push(("v er".to_owned(), ValueMatch::exact("2&3")));
    let router = Router::build(vec![(route("/a"), "none"), (one, "one"), (two, "two")]).unwrap();
    let mut headers = HeaderMap::new();
    assert_eq!(find_with(&router, "GET /a", &headers), "none");
    headers.append(name.clone(), "acme".parse().unwrap());
    assert_eq!(find_with(&router, "GET /a", &headers), "one");
    assert_eq!(find_with(&router, "GET /a?x&v%20er=2%263", &headers), "two");
    assert_eq!(
        find_with(&router, "GET /a?v+er=2%263&v%20er=2%26%33", &headers),
        "two"
    );
    assert_eq!(
        find_with(&router, "GET /a?v+er=2%263&v+er=4", &headers),
        "one"
    );
    assert_eq!(find_with(&router, "GET /a?v+er=2%25263", &headers), "one");
    headers.append(name, "other".parse().unwrap());
    assert_eq!(find_with(&router, "GET /a?v+er=2%263", &headers), "none");
}

#[test]
fn what_was_matched_is_told() {
    let router = router(&["/users/{id}/orders", "h.example"]);
    let (headers, method) = (HeaderMap::new(), Method::GET);
    let mut request = Request {
        host: None,
        path: "/users/a%20b/orders/1",
        query: None,
        method: &method,
        headers: &headers,
    };
    let Outcome::Found {
        index,
        pattern,
        matched_len,
        params,
        ..
    } = router.find(&request)
    else {
        panic!()
    };
    assert_eq!(
        (index, pattern.to_string().as_str(), matched_len),
        (0, "/users/{id}/orders", 19)
    );
    assert_eq!(params.value("id"), Some("a%20b"));
    request.host = Some("h.example");
    let Outcome::Found {
        index,
        pattern,
        matched_len,
        ..
    } = router.find(&request)
    else {
        panic!()
    };
    assert_eq!(
        (index, pattern.to_string().as_str(), matched_len),
        (1, "/", 0)
    );
}

#[test]
fn routes_that_tie_are_conflicts() {
    for (left, right) in [
        ("/a", "/a/"),
        ("/a/{x}", "/a/{y}"),
        ("=/a", "=/a"),
        ("GET /a", "GET,POST /a"),
        ("GET /a", "HEAD /a"),
        ("a.example b.example /a", "B.example /z /a"),
        ("/", "/"),
    ] {
        assert_eq!(
            conflicts(vec![route(left), route("/other"), route(right)]),
            [(0, 2)],
            "{left} {right}"
        );
    }
    for (left, right) in [
        ("/a", "=/a"),
        ("/a", "/{x}"),
        ("GET /a", "/a"),
        ("GET /a", "POST /a"),
        ("a.example /a", "/a"),
        ("*.example /a", "*.b.example /a"),
        ("/a /a", "/b"),
    ] {
        assert_eq!(
            conflicts(vec![route(left), route(right)]),
            [],
            "{left} {right}"
        );
    }
}

#[test]
fn conditions_that_exclude_each_other_do_not_tie() {
    let with = |name: &'static str, value: ValueMatch| {
        let mut rule = route("/a");
        rule.headers.push((HeaderName::from_static(name), value));
        rule
    };
    let exact = ValueMatch::exact;
    assert_eq!(
        conflicts(vec![with("x", exact("1")), with("x", exact("2"))]),
        []
    );
    assert_eq!(
        conflicts(vec![with("x", exact("1")), with("x", ValueMatch::Present)]),
        [(0, 1)]
    );
    assert_eq!(
        conflicts(vec![with("x", exact("1")), with("y", exact("2"))]),
        [(0, 1)]
    );
    assert_eq!(
        conflicts(vec![
            with("x", exact("1")),
            with("x", ValueMatch::regex("^2").unwrap())
        ]),
        []
    );
}

/// The specificity of one way in which a rule takes a request, compared like a word.
type Weight = ((usize, usize), Vec<u8>, (bool, usize, usize));

fn host_weight(rule: &RouteMatch, host: Option<&str>) -> Option<(usize, usize)> {
    if rule.hosts.is_empty() {
        return Some((0, 0));
    }
    let taken = rule
        .hosts
        .iter()
        .filter(|pattern| host.is_some_and(|host| pattern.matches(host)));
    let weight = |pattern: &HostPattern| match pattern {
        HostPattern::Exact(_) => (2, 0),
        HostPattern::Wildcard(suffix) => (1, suffix.len()),
    };
    taken.map(weight).max()
}

fn path_weight(rule: &RouteMatch, path: &str) -> Option<Vec<u8>> {
    let taken = rule
        .paths
        .iter()
        .filter(|pattern| pattern.matched_len(path).is_some());
    let weight = |pattern: &PathPattern| {
        let texts: Vec<String> = pattern
            .to_string()
            .trim_matches('/')
            .split('/')
            .map(str::to_owned)
            .collect();
        let mut weight: Vec<u8> = texts
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| if text.starts_with('{') { 3 } else { 4 })
            .collect();
        if pattern.is_exact() && pattern.to_string().ends_with('/') {
            weight.push(4);
        }
        weight.push(if pattern.is_exact() { 2 } else { 1 });
        weight
    };
    taken.map(weight).max()
}

fn conditions_hold(rule: &RouteMatch, request: &Request<'_>) -> bool {
    let all = |wanted: &ValueMatch, values: Vec<&[u8]>| {
        !values.is_empty() && values.iter().all(|value| wanted.matches(value))
    };
    let headers = rule.headers.iter().all(|(name, wanted)| {
        all(
            wanted,
            request
                .headers
                .get_all(name)
                .iter()
                .map(|value| value.as_bytes())
                .collect(),
        )
    });
    headers
        && rule.query.iter().all(|(name, wanted)| {
            let pairs = request
                .query
                .unwrap_or("")
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            all(
                wanted,
                pairs
                    .filter(|(key, _)| key == name)
                    .map(|(_, value)| value.as_bytes())
                    .collect(),
            )
        })
}

/// Looks at every route: those that fit with their weights, and what would be allowed.
fn oracle(rules: &[RouteMatch], request: &Request<'_>) -> (Vec<(Weight, usize)>, Methods) {
    let (mut fitting, mut allow) = (Vec::new(), Methods::default());
    for (index, rule) in rules.iter().enumerate() {
        let (Some(host), Some(path)) = (
            host_weight(rule, request.host),
            path_weight(rule, request.path),
        ) else {
            continue;
        };
        if !conditions_hold(rule, request) {
            continue;
        }
        match &rule.methods {
            Some(methods) if !methods.takes(request.method) => allow.extend_taken(methods),
            methods => fitting.push((
                (
                    host,
                    path,
                    (methods.is_some(), rule.headers.len(), rule.query.len()),
                ),
                index,
            )),
        }
    }
    fitting.sort();
    (fitting, allow)
}

fn rules() -> impl Strategy<Value = RouteMatch> {
    let hosts = subsequence(vec!["a.x", "b.a.x", "*.x", "*.a.x"], 0..2);
    let segments = prop::collection::vec(select(vec!["a", "b", "{p}"]), 0..4);
    let paths = prop::collection::vec((segments, any::<bool>(), any::<bool>()), 1..3);
    let methods =
        prop::option::weighted(0.4, subsequence(vec!["GET", "HEAD", "POST", "PURGE"], 1..3));
    let value = || {
        select(vec![
            ValueMatch::exact("1"),
            ValueMatch::exact("2"),
            ValueMatch::Present,
        ])
    };
    let headers = prop::collection::vec((select(vec!["x-a", "x-b"]), value()), 0..2);
    let query = prop::collection::vec((select(vec!["q", "r"]), value()), 0..2);
    (hosts, paths, methods, headers, query).prop_map(|(hosts, paths, methods, headers, query)| {
        RouteMatch {
            hosts: hosts
                .into_iter()
                .map(|host| HostPattern::new(host).unwrap())
                .collect(),
            paths: paths
                .into_iter()
                .map(|(segments, exact, slash)| pattern(segments, exact, slash))
                .collect(),
            methods: methods.map(|methods| Methods::new(methods).unwrap()),
            headers: headers
                .into_iter()
                .map(|(name, value)| (HeaderName::from_static(name), value))
                .collect(),
            query: query
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        }
    })
}

fn pattern(segments: Vec<&str>, exact: bool, slash: bool) -> PathPattern {
    let mut names = 0;
    let named = segments.into_iter().map(|segment| {
        names += usize::from(segment == "{p}");
        if segment == "{p}" {
            format!("{{p{names}}}")
        } else {
            segment.to_owned()
        }
    });
    let mut text = format!("/{}", named.collect::<Vec<_>>().join("/"));
    if slash && text.len() > 1 {
        text.push('/');
    }
    if exact {
        PathPattern::exact(&text).unwrap()
    } else {
        PathPattern::prefix(&text).unwrap()
    }
}

type Asked = (
    Option<&'static str>,
    String,
    Option<&'static str>,
    Method,
    HeaderMap,
);

fn requests() -> impl Strategy<Value = Asked> {
    let host = prop::option::of(select(vec!["a.x", "b.a.x", "c.b.a.x", "x", "y.x:80", "y"]));
    let path = prop::collection::vec(select(vec!["a", "b", "c", ""]), 1..5)
        .prop_map(|s| format!("/{}", s.join("/")));
    let query = prop::option::of(select(vec!["q=1", "q=2&r=1", "r=1&r=2", "q=1&q=1", ""]));
    let method = select(vec![Method::GET, Method::HEAD, Method::POST, Method::PUT]);
    let header = (select(vec!["x-a", "x-b"]), select(vec!["1", "2"]));
    let headers = prop::collection::vec(header, 0..3).prop_map(|headers| {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        map
    });
    (host, path, query, method, headers)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn agrees_with_the_oracle(
        mut rules in prop::collection::vec(rules(), 1..24),
        asked in prop::collection::vec(requests(), 1..20),
    ) {
        // What ties is taken away, so that every other request has one best route.
        let router = loop {
            match Router::build(rules.iter().cloned().map(|rule| (rule, ())).collect()) {
                Ok(router) => break router,
                Err(conflicts) => drop(rules.remove(conflicts[0].second)),
            }
        };
        for (host, path, query, method, headers) in &asked {
            let request = Request { host: *host, path, query: *query, method, headers };
            let (fitting, allowed) = oracle(&rules, &request);
            if let [.., (second, _), (first, _)] = &*fitting {
                prop_assert!(first > second, "a tie was not told");
            }
            match (router.find(&request), fitting.last()) {
                (Outcome::Found { index, pattern, matched_len, .. }, Some((_, best))) => {
                    prop_assert_eq!(index, *best);
                    prop_assert_eq!(pattern.matched_len(path), Some(matched_len));
                }
                (Outcome::MethodNotAllowed { allow }, None) => prop_assert_eq!(allow, allowed),
                (Outcome::NotFound, None) => prop_assert!(allowed.is_empty()),
                (ours, best) => prop_assert!(false, "{:?} but the oracle says {:?}", ours, best),
            }
        }
    }
}
