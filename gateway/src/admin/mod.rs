//! The admin listener: liveness, readiness, metrics, the running configuration.
//!
//! On loopback nothing is asked; elsewhere everything but the probes wants the token (RFC 6750 §2.1).

use crate::compile::Lasting;
use crate::identity::{introspection, jwks};
use crate::proxy::State;
use crate::snapshot::{Route, Snapshot};
use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::watch;

type Body = http_body_util::Full<Bytes>;

/// Answers of the admin listener.
pub struct Admin {
    state: Arc<State>,
    lasting: Lasting,
    ready: Arc<AtomicBool>,
}

impl Admin {
    /// The admin listener of a gateway that is `ready` or not.
    #[must_use]
    pub fn new(state: Arc<State>, lasting: Lasting, ready: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Self {
            state,
            lasting,
            ready,
        })
    }

    /// Serves until `stop` says so.
    pub async fn serve(self: Arc<Self>, socket: TcpListener, mut stop: watch::Receiver<bool>) {
        loop {
            let stream = tokio::select! {
                accepted = socket.accept() => match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        tracing::warn!(%error, "the admin listener could not accept a connection");
                        continue;
                    }
                },
                _ = stop.wait_for(|stop| *stop) => return,
            };
            let admin = self.clone();
            tokio::spawn(async move {
                let answer = service_fn(|request| {
                    let answer = admin.answer(&request);
                    async move { Ok::<_, Infallible>(answer) }
                });
                let connection = auto::Builder::new(TokioExecutor::new());
                if let Err(error) = connection
                    .serve_connection(TokioIo::new(stream), answer)
                    .await
                {
                    tracing::debug!(error, "a connection to the admin listener failed");
                }
            });
        }
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let snapshot = self.state.snapshot.load();
        let path = request.uri().path();
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut answer = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET and HEAD are served here\n",
            );
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        match path {
            "/livez" => text(StatusCode::OK, "ok\n"),
            "/readyz" if self.ready.load(Ordering::Acquire) => text(StatusCode::OK, "ok\n"),
            "/readyz" => text(StatusCode::SERVICE_UNAVAILABLE, "draining\n"),
            "/metrics" | "/config" if !may(request, &snapshot) => {
                let mut answer = text(StatusCode::UNAUTHORIZED, "the admin token is needed\n");
                answer
                    .headers_mut()
                    .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                answer
            }
            "/metrics" => self.metrics(),
            "/config" => answer(
                StatusCode::OK,
                "application/json",
                pretty(&self.running(&snapshot)),
            ),
            _ => text(
                StatusCode::NOT_FOUND,
                "served here: /livez /readyz /metrics /config\n",
            ),
        }
    }

    fn key_sources(&self) -> Vec<jwks::Status> {
        let sources = self.lasting.identities.key_sources();
        sources.iter().map(|source| source.status()).collect()
    }

    fn introspectors(&self) -> Vec<introspection::Status> {
        let introspectors = self.lasting.identities.introspectors();
        introspectors.iter().map(|one| one.status()).collect()
    }

    fn running(&self, snapshot: &Snapshot) -> Value {
        let routes = snapshot.router.routes().iter().map(|route| tell(route));
        let (sources, asked) = (self.key_sources(), self.introspectors());
        json!({
            "routes": routes.collect::<Vec<_>>(),
            "keySets": sources.iter().map(key_set).collect::<Vec<_>>(),
            "introspection": asked.iter().map(introspector).collect::<Vec<_>>(),
            "documents": snapshot.documents,
        })
    }

    fn metrics(&self) -> Response<Body> {
        let metrics = &self.state.metrics;
        let limits = self.lasting.limits.stats();
        metrics
            .limit_keys
            .set(i64::try_from(limits.keys).unwrap_or(i64::MAX));
        metrics
            .limit_evictions
            .set(i64::try_from(limits.evictions).unwrap_or(i64::MAX));
        match metrics.render(&self.key_sources(), &self.introspectors()) {
            Ok(rendered) => answer(
                StatusCode::OK,
                "text/plain; version=0.0.4; charset=utf-8",
                rendered,
            ),
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, &format!("{error}\n")),
        }
    }
}

fn may(request: &Request<Incoming>, snapshot: &Snapshot) -> bool {
    let Some(token) = snapshot
        .admin
        .as_ref()
        .and_then(|admin| admin.token.as_ref())
    else {
        return true;
    };
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| bool::from(given.ct_eq(token.as_bytes())))
}

fn tell(route: &Route) -> Value {
    let plugins = route
        .chain
        .links()
        .iter()
        .map(|link| json!({"name": link.name, "does": link.does}));
    let services = route.backends.iter().map(|backend| {
        let targets = backend.service.targets().iter().map(|target| {
            json!({
                "url": target.endpoint().to_string(),
                "weight": target.weight(),
                "addresses": target.addresses().iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        });
        json!({"name": backend.service.name(), "targets": targets.collect::<Vec<_>>()})
    });
    json!({
        "name": &*route.name,
        "plugins": plugins.collect::<Vec<_>>(),
        "services": services.collect::<Vec<_>>(),
    })
}

/// Times are in seconds.
fn key_set(source: &jwks::Status) -> Value {
    let seconds = |time: Option<Duration>| time.map(|time| time.as_secs());
    let keys = source.keys.iter().map(|key| {
        let algorithms = key.algorithms.iter().map(ToString::to_string);
        json!({"kid": key.kid, "type": key.kind, "algorithms": algorithms.collect::<Vec<_>>()})
    });
    json!({
        "issuer": &*source.issuer,
        "url": source.configured,
        "keysUrl": source.found,
        "keys": keys.collect::<Vec<_>>(),
        "leftOut": source.skipped,
        "age": seconds(source.age),
        "lastAttempt": seconds(source.attempted),
        "nextFetch": seconds(source.next),
        "lastError": source.error,
        "failures": source.failures,
        "unknownKids": source.unknown_kids,
    })
}

/// Times are in seconds.
fn introspector(of: &introspection::Status) -> Value {
    let (error, ago) = of
        .error
        .as_ref()
        .map(|(error, ago)| (error, ago.as_secs()))
        .unzip();
    json!({
        "url": of.endpoint,
        "active": of.active,
        "inactive": of.inactive,
        "inFlight": of.in_flight,
        "opened": of.opened,
        "lastError": error,
        "lastErrorAge": ago,
    })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn text(status: StatusCode, body: &str) -> Response<Body> {
    answer(status, "text/plain; charset=utf-8", body.to_owned())
}

fn answer(status: StatusCode, content: &'static str, body: String) -> Response<Body> {
    let mut answer = Response::new(Body::new(body.into()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
