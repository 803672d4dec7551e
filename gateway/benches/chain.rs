//! What the plugins of a common profile cost before a request goes upstream: time and allocations, each against its
//! stated number. Ends with an error when a plugin allocates more than is stated here.
//!
//! A header whose value is made for one request is one allocation, its value's; everything else that a plugin queues was
//! made when the configuration was compiled. Time is told with the system's allocator, which counts; the gateway's own
//! is faster.

use std::alloc::System;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, anyhow, bail};
use futures::executor::block_on;
use gateway::compile::{Lasting, Outline, Overrides, compile};
use gateway::config::load;
use gateway::plugin::chain::{Chain, Link};
use gateway::plugin::exchange::Exchange;
use gateway::plugin::{Flow, Request, registry};
use gateway::router;
use gateway::snapshot::{Route, Snapshot};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::sync::Arc;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// How often each plugin may allocate for one request, in the order in which they run.
const STATED: [(&str, usize); 6] = [
    // The id as a header's value, shared by request and response.
    ("request-id", 1),
    ("cors", 0),
    ("request-size-limit", 0),
    ("key-auth", 0),
    // The value of `RateLimit`.
    ("rate-limit", 1),
    ("observability", 0),
];

const KEYS: usize = 1_000;
/// Every key comes once in a simulated second, so nothing is refused.
const STEP: Duration = Duration::from_millis(1);
/// More than the minute of the limit: its counters have grown to what they will be.
const WARM_UP: usize = 70 * KEYS;
const REQUESTS: usize = 200 * KEYS;

fn main() -> anyhow::Result<ExitCode> {
    let snapshot = snapshot()?;
    let route = route(&snapshot)?;
    let names: Vec<&str> = route.chain.links().iter().map(|link| link.name).collect();
    if names != STATED.map(|(name, _)| name) {
        bail!("the chain is {names:?}");
    }
    let mut calls = Calls::new();
    calls.run(WARM_UP, |request| plain(&route.chain, request))?;

    let before = allocations();
    let began = Instant::now();
    calls.run(REQUESTS, |request| plain(&route.chain, request))?;
    let whole = Cost {
        time: began.elapsed(),
        allocations: allocations() - before,
    };
    let mut parts = [Cost::default(); STATED.len()];
    calls.run(REQUESTS, |request| {
        traced(&route.chain, request, &mut parts)
    })?;
    Ok(tell(&parts, whole))
}

/// What a number of requests took.
#[derive(Clone, Copy, Default)]
struct Cost {
    time: Duration,
    allocations: usize,
}

fn allocations() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

fn snapshot() -> anyhow::Result<Snapshot> {
    let consumers: Vec<_> = (0..KEYS)
        .map(|n| json!({"name": format!("consumer-{n}"), "keys": [key(n)]}))
        .collect();
    let document = json!({
        "consumers": consumers,
        "service": {"name": "orders", "url": "http://127.0.0.1:9"},
        "route": {"paths": ["/api/v1/orders"], "methods": ["GET", "POST"]},
        "plugins": [
            {"name": "cors", "config": {"origins": ["https://app.example.com"], "methods": ["GET", "POST"],
                "headers": ["X-API-Key"], "exposeHeaders": ["X-Request-Id"], "allowCredentials": true}},
            {"name": "key-auth"},
            {"name": "rate-limit", "config": {"key": "key", "limitPerMinute": 100}},
            {"name": "observability", "config": {"includeHeader": "X-Canary", "values": ["true"]}},
        ],
    });
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("orders.json");
    std::fs::write(&path, document.to_string())?;
    let mut loaded = load(&[path.display().to_string()], &registry::schema());
    let mut report = std::mem::take(&mut loaded.report);
    let outline = Outline::new(&loaded.documents, &mut report);
    compile(
        &outline,
        &loaded.watched,
        &Overrides::default(),
        &Lasting::default(),
        &mut report,
    )
    .ok_or_else(|| anyhow!(report.human(false)))
}

fn route(snapshot: &Snapshot) -> anyhow::Result<Arc<Route>> {
    let asked = router::Request {
        host: None,
        path: "/api/v1/orders",
        query: None,
        method: &Method::GET,
        headers: &HeaderMap::new(),
    };
    let choice = snapshot.choose(&asked);
    Ok(choice.map_err(|_| anyhow!("no route"))?.route)
}

fn key(n: usize) -> String {
    format!("key-{n:04}-1c2d3e4f5a6b7c8d9e0f")
}

/// Requests with each key in turn.
struct Calls {
    headers: Vec<HeaderMap>,
    made: usize,
}

impl Calls {
    fn new() -> Self {
        let headers = |n| {
            let key = HeaderValue::try_from(key(n)).expect("a key is visible ASCII");
            HeaderMap::from_iter([
                (
                    http::header::HOST,
                    HeaderValue::from_static("api.example.com"),
                ),
                (
                    http::header::USER_AGENT,
                    HeaderValue::from_static("bench/1.0"),
                ),
                (http::header::ACCEPT, HeaderValue::from_static("*/*")),
                (
                    http::header::ORIGIN,
                    HeaderValue::from_static("https://app.example.com"),
                ),
                (http::HeaderName::from_static("x-api-key"), key),
                (
                    http::HeaderName::from_static("x-canary"),
                    HeaderValue::from_static("true"),
                ),
            ])
        };
        Self {
            headers: (0..KEYS).map(headers).collect(),
            made: 0,
        }
    }

    fn run(
        &mut self,
        count: usize,
        mut send: impl FnMut(&Request<'_>) -> Flow,
    ) -> anyhow::Result<()> {
        let time = SystemTime::now();
        for _ in 0..count {
            self.made += 1;
            let request = Request {
                method: &Method::GET,
                headers: &self.headers[self.made % KEYS],
                path: "/api/v1/orders",
                query: None,
                client: IpAddr::V4(Ipv4Addr::LOCALHOST),
                trusted: false,
                secure: false,
                certificate: None,
                now: STEP * u32::try_from(self.made).context("a count of requests")?,
                time,
            };
            if !matches!(send(&request), Flow::Next) {
                bail!("request {} did not pass", self.made);
            }
        }
        Ok(())
    }
}

fn plain(chain: &Chain, request: &Request<'_>) -> Flow {
    let mut exchange = Exchange::default();
    let flow = block_on(chain.on_request(request, &mut exchange));
    black_box(&exchange);
    flow
}

fn traced(chain: &Chain, request: &Request<'_>, parts: &mut [Cost]) -> Flow {
    let mut exchange = Exchange::default();
    let mut parts = parts.iter_mut();
    let (mut counted, mut clock) = (allocations(), Instant::now());
    let tell = |_: &Link, _: &Flow, _: &Exchange| {
        let time = clock.elapsed();
        if let Some(part) = parts.next() {
            part.time += time;
            part.allocations += allocations() - counted;
        }
        (counted, clock) = (allocations(), Instant::now());
    };
    block_on(chain.trace_request(request, &mut exchange, tell))
}

/// What two looks at the clock take, which is in each plugin's time.
fn clock_time() -> Duration {
    let began = Instant::now();
    for _ in 0..REQUESTS {
        black_box(Instant::now());
    }
    began.elapsed()
}

fn tell(parts: &[Cost], whole: Cost) -> ExitCode {
    let clock = clock_time();
    let stated_whole = STATED.iter().map(|(_, stated)| stated).sum();
    let lines = STATED.iter().zip(parts).map(|((name, stated), part)| {
        let time = part.time.saturating_sub(clock);
        (*name, *stated, Cost { time, ..*part })
    });
    println!("| plugin | ns per request | allocations per request | stated |");
    println!("|---|--:|--:|--:|");
    let mut sound = true;
    for (name, stated, cost) in lines.chain([("the whole chain", stated_whole, whole)]) {
        let each = |total: f64| total / REQUESTS as f64;
        let nanos = each(cost.time.as_nanos() as f64);
        let allocations = each(cost.allocations as f64);
        let kept = cost.allocations <= stated * REQUESTS;
        let mark = if kept { "" } else { " exceeded" };
        println!("| {name} | {nanos:.0} | {allocations:.3} | {stated}{mark} |");
        sound &= kept;
    }
    if sound {
        ExitCode::SUCCESS
    } else {
        eprintln!("a plugin allocates more often than is stated");
        ExitCode::FAILURE
    }
}
