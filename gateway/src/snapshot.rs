//! Everything that one configuration means, ready to serve requests. Replaced whole on a reload.

use crate::domain::path::PathRules;
use crate::domain::pattern::{Methods, Rewrite, strip};
use crate::plugin::chain::Chain;
use crate::plugin::is_preflight;
use crate::router::{Outcome, Request, Router};
use crate::telemetry::{Output, RouteMetrics};
use crate::tls::ServerTls;
use crate::upstream::Service;
use http::header::{ACCESS_CONTROL_REQUEST_METHOD, HeaderName};
use http::{HeaderValue, Method};
use ipnet::IpNet;
use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A compiled configuration.
#[derive(Debug)]
pub struct Snapshot {
    /// Requests to routes.
    pub router: Router<Arc<Route>>,
    /// What runs where no route is found.
    pub fallback: Chain,
    /// Where the gateway listens.
    pub listeners: Vec<Arc<Listener>>,
    /// Where the admin listener is, if anywhere.
    pub admin: Option<Admin>,
    /// Every service once.
    pub services: Vec<Arc<Service>>,
    /// Headers by which the gateway speaks to upstreams: a client's own never pass.
    pub reserved: Box<[HeaderName]>,
    /// Where the access log goes.
    pub access_log: Output,
    /// Addresses for `host:port`, instead of asking a name server.
    pub resolve: Vec<(String, SocketAddr)>,
    /// The longest wait for requests in flight when the gateway stops.
    pub drain: Duration,
    /// The documents without their secrets, for `/config`.
    pub documents: serde_json::Value,
    /// Files and directories whose change means a reload.
    pub watched: BTreeSet<PathBuf>,
}

/// The route for a request.
#[derive(Debug)]
pub struct Choice {
    /// The most specific route that takes the request.
    pub route: Arc<Route>,
    /// The path as it goes upstream, where the route changes it.
    pub rewritten: Option<String>,
}

/// Why there is no route for a request.
#[derive(Debug)]
pub enum Missing {
    /// Nothing is served at this host and path.
    Route,
    /// Only other methods are served there.
    Method(Methods),
}

impl Snapshot {
    /// The route for a request. A CORS preflight is for the method that it asks about; where no route has that, any
    /// route of the path that answers preflights tells the browser what is allowed.
    ///
    /// # Errors
    /// When there is none: 404 or 405.
    pub fn choose(&self, asked: &Request<'_>) -> Result<Choice, Missing> {
        if !is_preflight(asked.method, asked.headers) {
            return self.find(asked);
        }
        let for_method = |method: &Method| {
            let found = self.find(&Request { method, ..*asked }).ok();
            found.filter(|choice| choice.route.preflight)
        };
        let wanted = asked.headers.get(ACCESS_CONTROL_REQUEST_METHOD);
        let wanted = wanted.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
        if let Some(choice) = wanted.as_ref().and_then(for_method) {
            return Ok(choice);
        }
        self.find(asked).or_else(|missing| match missing {
            Missing::Method(allow) => {
                let other = allow.iter().find_map(|method| for_method(&method));
                other.ok_or(Missing::Method(allow))
            }
            Missing::Route => Err(missing),
        })
    }

    fn find(&self, asked: &Request<'_>) -> Result<Choice, Missing> {
        match self.router.find(asked) {
            Outcome::Found {
                route,
                matched_len,
                params,
                ..
            } => {
                let rewritten = match &route.path {
                    PathChange::Keep => None,
                    PathChange::Strip => Some(strip(asked.path, matched_len).to_owned()),
                    PathChange::Rewrite(rewrite) => {
                        Some(rewrite.apply(params, &asked.path[matched_len..]))
                    }
                };
                Ok(Choice {
                    route: route.clone(),
                    rewritten,
                })
            }
            Outcome::MethodNotAllowed { allow } => Err(Missing::Method(allow)),
            Outcome::NotFound => Err(Missing::Route),
        }
    }
}

/// A route and all that it leads to.
#[derive(Debug)]
pub struct Route {
    /// The name in logs and metrics.
    pub name: Arc<str>,
    /// The route's own service first.
    pub backends: Box<[Backend]>,
    /// The plugins.
    pub chain: Chain,
    /// What becomes of the path.
    pub path: PathChange,
    /// The route's series.
    pub metrics: RouteMetrics,
    /// Whether the chain answers CORS preflights.
    pub preflight: bool,
}

/// A service as a route reaches it.
#[derive(Debug)]
pub struct Backend {
    /// The service.
    pub service: Arc<Service>,
    /// The `Host` that is sent.
    pub host: Host,
    /// What the hash of a consistent balancer is made of.
    pub hash: Option<HashOf>,
    /// Whether HTTP/2 is spoken (without TLS: prior knowledge).
    pub http2: bool,
}

/// The `Host` that an upstream gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// The target's own.
    Upstream,
    /// The client's.
    Preserve,
    /// This one.
    Set(HeaderValue),
}

/// What a consistent hash is made of; the client's address where a request has no such attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashOf {
    /// The client's address.
    Ip,
    /// Who calls.
    Consumer,
    /// The path.
    Path,
    /// A header's value.
    Header(HeaderName),
}

/// What becomes of the path on its way upstream.
#[derive(Debug)]
pub enum PathChange {
    /// Nothing.
    Keep,
    /// The matched prefix is cut off.
    Strip,
    /// The matched part is replaced.
    Rewrite(Rewrite),
}

/// The admin listener's settings.
#[derive(Clone, PartialEq, Eq)]
pub struct Admin {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// What has to be shown for metrics and configuration.
    pub token: Option<Box<str>>,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Admin({})", self.address)
    }
}

/// A listener's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// Peers whose word is taken.
    pub trusted: Vec<IpNet>,
    /// What is spoken below HTTP, if anything.
    pub tls: Option<Arc<ServerTls>>,
    /// HTTP/2 without TLS.
    pub http2: bool,
    /// How paths are normalised.
    pub paths: PathRules,
    /// From the first byte wanted to the head's end.
    pub head_timeout: Duration,
    /// The longest pause in a request's body.
    pub body_timeout: Duration,
    /// How long an idle connection stays.
    pub keep_alive: Duration,
    /// The largest head, in bytes.
    pub header_bytes: usize,
    /// The most header fields.
    pub header_count: usize,
    /// The longest target, in bytes.
    pub target_bytes: usize,
}

impl Listener {
    /// Whether a peer's word on client and request id is taken.
    #[must_use]
    pub fn trusts(&self, peer: IpAddr) -> bool {
        !self.trusted.is_empty()
            && self
                .trusted
                .iter()
                .any(|network| network.contains(&peer.to_canonical()))
    }
}
