//! The list of all behaviours for people: the command line prints it, and a test holds it to the enum.

/// One line of the list.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    /// The text form, with every parameter there is.
    pub example: &'static str,
    /// What it does, in a few words.
    pub does: &'static str,
}

/// All behaviours, in the order of [`super::Behaviour`].
pub const CATALOGUE: &[Kind] = &[
    kind("echo", "200 with the request as JSON"),
    kind("named=blue", "echo, with X-Upstream: blue"),
    kind(
        "status=503;headers=Retry-After: 5;body=busy;trailers=X-Sum: 1",
        "this status, headers and body",
    ),
    kind(
        "slow=200ms;chunks=3;between=50ms",
        "a wait before the head, then a body in pieces",
    ),
    kind(
        "flaky=2;with=status=503;then=echo;key=k",
        "n failures, then good; counted by key, tag or path",
    ),
    kind("large=3MiB;chunked", "a body of that many bytes"),
    kind("endless=16KiB;between=10ms", "a body that never ends"),
    kind(
        "cacheable=60;etag=\"v1\";last-modified=Mon, 01 Jan 2024 00:00:00 GMT;vary=Accept;headers=X-A: b;key=k",
        "{\"count\": n} that may be cached; 304 when validators match",
    ),
    kind(
        "raw=HTTP/1.1 200 OK%0D%0A%0D%0A;then=close",
        "these bytes, whatever they are; then keep, close or reset",
    ),
    kind(
        "reset=request",
        "TCP reset at accept, head, request or (mid-)body",
    ),
    kind(
        "close=request",
        "orderly close at accept, head, request or (mid-)body",
    ),
    kind("hang", "reads the request, never answers"),
    kind("refuse", "connections are refused (whole server)"),
    kind("blackhole", "connections are never accepted (whole server)"),
    kind(
        "stream=news;content-type=text/event-stream",
        "pieces that a test sends one by one",
    ),
    kind("websocket", "WebSocket echo"),
    kind(
        "grpc=0;message=ok;trailers-only",
        "gRPC echo with grpc-status in the trailers",
    ),
    kind("hop-by-hop", "echo with headers that are for one hop only"),
    kind(
        "expect=silent",
        "Expect: 100-continue gets continue, silent or refuse (417)",
    ),
    kind(
        "early=413;then=close",
        "answers before the body was read; then keep, close or reset",
    ),
    kind("flood=1000;size=64", "that many headers of that size"),
    kind("trickle=20ms;bytes=1", "the head a few bytes at a time"),
];

const fn kind(example: &'static str, does: &'static str) -> Kind {
    Kind { example, does }
}
