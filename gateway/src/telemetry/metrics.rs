//! Prometheus metrics, with the names of OpenTelemetry's HTTP semantic conventions where there are such.
//!
//! Labels are bounded: routes and services come from the configuration, methods outside RFC 9110 and PATCH are `_OTHER`,
//! values of an observed header come from a declared set.

use super::{introspections, key_sets};
use crate::identity::{introspection, jwks};
use crate::plugin::exchange::{Attempt, Observed};
use crate::reason::Reason;
use hashbrown::HashMap;
use http::{Method, StatusCode};
use parking_lot::RwLock;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
    TextEncoder,
};
use std::sync::Arc;
use std::time::Duration;

/// Seconds; the boundaries that the HTTP semantic conventions advise.
const BUCKETS: &[f64] = &[
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Every metric of one gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    duration: HistogramVec,
    upstream_duration: HistogramVec,
    rejections: IntCounterVec,
    would_refuse: IntCounterVec,
    observed: IntCounterVec,
    authentications: IntCounterVec,
    /// Further tries, by service.
    pub retries: IntCounterVec,
    /// TLS handshakes that came to nothing, by listener.
    pub tls_failures: IntCounterVec,
    /// Requests between their head and the end of their response.
    pub active: IntGauge,
    /// Reloads of the configuration, by result.
    pub reloads: IntCounterVec,
    /// When the running configuration was loaded, in seconds since 1970.
    pub loaded_at: IntGauge,
    /// Lines that the access log had no room for.
    pub log_dropped: IntCounter,
    /// Keys that limits remember.
    pub limit_keys: IntGauge,
    /// Keys that limits forgot for want of room.
    pub limit_evictions: IntGauge,
}

/// One finished request.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The method.
    pub method: &'a Method,
    /// The status that the client got.
    pub status: StatusCode,
    /// The service that was meant, by its place in the route's list.
    pub service: usize,
    /// From the head's arrival to the response's end.
    pub duration: Duration,
    /// What the upstream took, when it was asked.
    pub upstream: Option<Duration>,
    /// Why the gateway answered itself.
    pub reason: Option<Reason>,
    /// What a plugin in dry run would have refused.
    pub would_refuse: Option<Reason>,
    /// How finding out who calls ended.
    pub attempt: Option<Attempt>,
    /// What `observability` saw.
    pub observed: Option<&'a Observed>,
}

impl Metrics {
    /// Metrics at zero, in a registry of their own.
    ///
    /// # Panics
    /// When two metrics had one name; the first test meets that.
    #[must_use]
    pub fn new() -> Self {
        let registry = Registry::new();
        let add = Add(&registry);
        let metrics = Self {
            duration: add.histograms(
                "http_server_request_duration_seconds",
                "Time from a request's head to its response's end.",
                &[
                    "http_route",
                    "service",
                    "http_request_method",
                    "http_response_status_code",
                ],
            ),
            upstream_duration: add.histograms(
                "http_client_request_duration_seconds",
                "Time from asking an upstream to its response's end, the last try only.",
                &["http_route", "service", "http_response_status_code"],
            ),
            rejections: add.counters(
                "gateway_rejections_total",
                "Requests that the gateway answered itself, by reason.",
                &["http_route", "reason"],
            ),
            would_refuse: add.counters(
                "gateway_dry_run_rejections_total",
                "Requests that a plugin in dry run would have refused.",
                &["http_route", "reason"],
            ),
            observed: add.counters(
                "gateway_observed_requests_total",
                "Requests by the value of a header that `observability` includes.",
                &[
                    "http_route",
                    "service",
                    "header",
                    "value",
                    "http_response_status_class",
                ],
            ),
            authentications: add.counters(
                "gateway_authentications_total",
                "Requests to routes with an auth plugin, by the plugin that decided and by result.",
                &["http_route", "plugin", "result"],
            ),
            retries: add.counters(
                "gateway_upstream_retries_total",
                "Further tries at an upstream.",
                &["service"],
            ),
            tls_failures: add.counters(
                "gateway_tls_handshake_failures_total",
                "TLS handshakes that came to nothing, the clients' certificates that were refused included.",
                &["listener"],
            ),
            active: add.gauge("http_server_active_requests", "Requests under way."),
            reloads: add.counters(
                "gateway_config_reloads_total",
                "Reloads of the configuration.",
                &["result"],
            ),
            loaded_at: add.gauge(
                "gateway_config_loaded_timestamp_seconds",
                "When the running configuration was loaded.",
            ),
            log_dropped: add.counter(
                "gateway_access_log_dropped_total",
                "Log lines that found no room.",
            ),
            limit_keys: add.gauge("gateway_limit_keys", "Keys that rate limits remember."),
            limit_evictions: add.gauge(
                "gateway_limit_evictions",
                "Keys that rate limits forgot for want of room.",
            ),
            registry: registry.clone(),
        };
        add.process();
        metrics
    }

    /// The text exposition format, version 0.0.4, with what key sources and introspectors say of themselves.
    ///
    /// # Errors
    /// When a metric cannot be written, which would be a fault of the gateway.
    pub fn render(
        &self,
        key_sources: &[jwks::Status],
        introspectors: &[introspection::Status],
    ) -> Result<String, prometheus::Error> {
        let mut families = self.registry.gather();
        families.extend(key_sets::gather(key_sources));
        families.extend(introspections::gather(introspectors));
        TextEncoder::new().encode_to_string(&families)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes metrics and registers them.
struct Add<'a>(&'a Registry);

impl Add<'_> {
    fn register<C: prometheus::core::Collector + Clone + 'static>(
        &self,
        made: prometheus::Result<C>,
    ) -> C {
        let collector = made.expect("a metric's name and labels are constants in a sound form");
        self.0
            .register(Box::new(collector.clone()))
            .expect("a metric's name is used once");
        collector
    }

    fn histograms(&self, name: &str, help: &str, labels: &[&str]) -> HistogramVec {
        let options = HistogramOpts::new(name, help).buckets(BUCKETS.to_vec());
        self.register(HistogramVec::new(options, labels))
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.register(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help))
    }

    fn process(&self) {
        let process = prometheus::process_collector::ProcessCollector::for_self();
        self.0
            .register(Box::new(process))
            .expect("no other metric is named process_…");
    }
}

/// The metrics of one route, with the series that were used before at hand.
pub struct RouteMetrics {
    metrics: Arc<Metrics>,
    route: Arc<str>,
    services: Box<[Arc<str>]>,
    series: RwLock<HashMap<SeriesKey, Series>>,
}

/// Method, status, service, whether the upstream was asked, and how finding out who calls ended.
type SeriesKey = (&'static str, u16, usize, bool, Option<Attempt>);

struct Series {
    duration: Histogram,
    upstream: Option<Histogram>,
    authentications: Option<IntCounter>,
}

impl RouteMetrics {
    /// The metrics of the route of that name and its services.
    #[must_use]
    pub fn new(metrics: &Arc<Metrics>, route: &Arc<str>, services: Box<[Arc<str>]>) -> Self {
        Self {
            metrics: metrics.clone(),
            route: route.clone(),
            services,
            series: RwLock::default(),
        }
    }

    /// Counts a finished request.
    pub fn record(&self, seen: &Seen<'_>) {
        self.with_series(seen, |series| {
            series.duration.observe(seen.duration.as_secs_f64());
            if let (Some(upstream), Some(histogram)) = (seen.upstream, &series.upstream) {
                histogram.observe(upstream.as_secs_f64());
            }
            if let Some(counter) = &series.authentications {
                counter.inc();
            }
        });
        if let Some(reason) = seen.reason {
            self.metrics
                .rejections
                .with_label_values(&[&*self.route, reason.facts().code])
                .inc();
        }
        if let Some(reason) = seen.would_refuse {
            self.metrics
                .would_refuse
                .with_label_values(&[&*self.route, reason.facts().code])
                .inc();
        }
        if let Some(observed) = seen.observed {
            let class = ["1xx", "2xx", "3xx", "4xx", "5xx"]
                [usize::from(seen.status.as_u16() / 100).clamp(1, 5) - 1];
            let labels = [
                &*self.route,
                self.service(seen),
                &*observed.header,
                &*observed.label,
                class,
            ];
            self.metrics.observed.with_label_values(&labels).inc();
        }
    }

    fn service(&self, seen: &Seen<'_>) -> &str {
        self.services
            .get(seen.service)
            .map_or("", |service| service)
    }

    fn with_series(&self, seen: &Seen<'_>, use_it: impl FnOnce(&Series)) {
        let key = (
            method_label(seen.method),
            seen.status.as_u16(),
            seen.service,
            seen.upstream.is_some(),
            seen.attempt,
        );
        if let Some(series) = self.series.read().get(&key) {
            return use_it(series);
        }
        let status = seen.status.as_str();
        let service = self.service(seen);
        let made = Series {
            duration: self.metrics.duration.with_label_values(&[
                &*self.route,
                service,
                key.0,
                status,
            ]),
            upstream: seen.upstream.map(|_| {
                self.metrics
                    .upstream_duration
                    .with_label_values(&[&*self.route, service, status])
            }),
            authentications: seen.attempt.map(|attempt| {
                self.metrics.authentications.with_label_values(&[
                    &*self.route,
                    attempt.plugin,
                    attempt.result,
                ])
            }),
        };
        use_it(&made);
        self.series.write().insert(key, made);
    }
}

impl std::fmt::Debug for RouteMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RouteMetrics({})", self.route)
    }
}

fn method_label(method: &Method) -> &'static str {
    const KNOWN: [Method; 9] = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
        Method::TRACE,
        Method::CONNECT,
    ];
    const NAMES: [&str; 9] = [
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT",
    ];
    KNOWN
        .iter()
        .position(|known| known == method)
        .map_or("_OTHER", |place| NAMES[place])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_request_is_counted_with_bounded_labels() {
        let metrics = Arc::new(Metrics::new());
        let route = RouteMetrics::new(&metrics, &"orders".into(), ["orders-svc".into()].into());
        let method = Method::from_bytes(b"BREW").unwrap();
        route.record(&Seen {
            method: &method,
            status: StatusCode::TOO_MANY_REQUESTS,
            service: 0,
            duration: Duration::from_millis(2),
            upstream: None,
            reason: Some(Reason::RateLimited),
            would_refuse: None,
            attempt: Some(Attempt::new("key-auth", "success")),
            observed: None,
        });
        let text = metrics.render(&[], &[]).unwrap();
        let labels = r#"http_request_method="_OTHER",http_response_status_code="429",http_route="orders",service="orders-svc""#;
        assert!(
            text.contains(&format!(
                "http_server_request_duration_seconds_count{{{labels}}} 1"
            )),
            "{text}"
        );
        assert!(
            text.contains(
                r#"gateway_authentications_total{http_route="orders",plugin="key-auth",result="success"} 1"#
            ),
            "{text}"
        );
        assert!(
            text.contains(
                r#"gateway_rejections_total{http_route="orders",reason="rate-limited"} 1"#
            ),
            "{text}"
        );
    }
}
