//! What the gateway would do with one request, told step by step: `gateway explain`.
//!
//! Nothing is imitated: the request's path is normalised, its route found and its plugins run by the code that serves
//! requests; only nothing is sent. Counters are fresh, so a rate limit sees the first request of its key.

mod text;

use crate::domain::path::normalise;
use crate::plugin::chain::{Chain, Link};
use crate::plugin::edits::Edit;
use crate::plugin::exchange::Exchange;
use crate::plugin::{Flow, Rejection, Request};
use crate::proxy::{client_address, push_query};
use crate::reason::Reason;
use crate::router;
use crate::snapshot::{Choice, Host, Missing, Route, Snapshot};
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method};
use serde::Serialize;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

/// The request that is asked about.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The host that is asked for, with or without a port.
    pub host: Option<String>,
    /// The path as it would be sent.
    pub path: String,
    /// The query, without its `?`.
    pub query: Option<String>,
    /// The header fields, `Host` excluded.
    pub headers: HeaderMap,
    /// The address that the connection comes from.
    pub peer: IpAddr,
}

/// What becomes of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The method.
    pub method: String,
    /// The host that is asked for.
    pub host: Option<String>,
    /// The path in its normal form, which is what routes are matched on; as it was given when it has none.
    pub path: String,
    /// Who the client is taken for.
    pub client: IpAddr,
    /// The route, if there is one.
    pub route: Option<String>,
    /// The plugins of the route, or those that run where there is none, in their order.
    pub plugins: Vec<Step>,
    /// What comes of it.
    pub outcome: Outcome,
}

/// A plugin's part.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The plugin's name.
    pub name: &'static str,
    /// What it does, as configured.
    pub does: String,
    /// Why it stands where it stands.
    pub place: &'static str,
    /// What the document says that it is for.
    pub note: Option<Box<str>>,
    /// What it does with this request.
    pub flow: StepFlow,
    /// What it finds out, or decides besides.
    pub findings: Vec<String>,
    /// What it changes on the request, on its way upstream.
    pub request: Vec<String>,
    /// What it changes on the response, whoever makes it.
    pub response: Vec<String>,
}

/// What a plugin does with a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum StepFlow {
    /// The next plugin has its turn.
    GoesOn,
    /// It answers.
    Answers {
        /// The status.
        status: u16,
    },
    /// It refuses the request.
    Refuses(Refusal),
    /// It acts on bodies or responses only.
    Later,
    /// Another plugin ended the request before.
    NotReached,
}

/// Why the gateway answers itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// As `code` of the problem document.
    pub code: &'static str,
    /// As `detail` of the problem document.
    pub detail: String,
}

/// What comes of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Outcome {
    /// It goes to a service.
    Forward {
        /// The service.
        service: String,
        /// What is asked of it: one of these, as it has targets.
        targets: Vec<String>,
        /// The `Host` that is sent.
        host: String,
        /// Headers of the client that do not pass, since only the gateway may say what is in them.
        stripped: Vec<String>,
    },
    /// The gateway answers.
    Answer {
        /// The status.
        status: u16,
    },
    /// The gateway refuses.
    Refuse(Refusal),
}

/// Says what becomes of a request on the first listener.
#[must_use]
pub async fn explain(snapshot: &Snapshot, asked: &Asked) -> Explanation {
    let listener = &snapshot.listeners[0];
    let client = client_address(asked.peer, &asked.headers, listener);
    let told = |path: &str, route: Option<&Route>, plugins, outcome| Explanation {
        method: asked.method.to_string(),
        host: asked.host.clone(),
        path: path.to_owned(),
        client,
        route: route.map(|route| route.name.to_string()),
        plugins,
        outcome,
    };
    let mut exchange = Exchange::default();
    let request = Request {
        method: &asked.method,
        headers: &asked.headers,
        path: "/",
        query: asked.query.as_deref(),
        client,
        trusted: listener.trusts(asked.peer),
        secure: false,
        certificate: None,
        now: Duration::ZERO,
        time: SystemTime::now(),
    };
    let path = match normalise(&asked.path, listener.paths) {
        Ok(path) => path,
        Err(error) => {
            let rejection = Rejection::new(Reason::MalformedPath, error.to_string());
            let (plugins, _) = trace(&snapshot.fallback, &request, &mut exchange).await;
            return told(&asked.path, None, plugins, Outcome::refuse(&rejection));
        }
    };
    let request = Request {
        path: &path,
        ..request
    };
    let choice = snapshot.choose(&router::Request {
        host: asked.host.as_deref(),
        path: &path,
        query: asked.query.as_deref(),
        method: &asked.method,
        headers: &asked.headers,
    });
    match choice {
        Ok(Choice { route, rewritten }) => {
            let (plugins, flow) = trace(&route.chain, &request, &mut exchange).await;
            let path_upstream = rewritten.as_deref().unwrap_or(&path);
            let outcome = match flow {
                Flow::Next => forward(snapshot, &route, path_upstream, asked, &exchange),
                Flow::Answer(status) => Outcome::Answer {
                    status: status.as_u16(),
                },
                Flow::Reject(rejection) => Outcome::refuse(&rejection),
            };
            told(&path, Some(&route), plugins, outcome)
        }
        Err(missing) => {
            let (plugins, _) = trace(&snapshot.fallback, &request, &mut exchange).await;
            told(
                &path,
                None,
                plugins,
                Outcome::refuse(&no_route(&missing, asked)),
            )
        }
    }
}

impl Outcome {
    fn refuse(rejection: &Rejection) -> Self {
        Self::Refuse(refusal(rejection))
    }
}

fn refusal(rejection: &Rejection) -> Refusal {
    let facts = rejection.reason.facts();
    Refusal {
        status: facts.status.as_u16(),
        code: facts.code,
        detail: rejection.detail.clone().into_owned(),
    }
}

fn no_route(missing: &Missing, asked: &Asked) -> Rejection {
    match missing {
        Missing::Route if asked.host.is_none() => Rejection::new(
            Reason::NoRoute,
            "no route serves this path; routes with hosts were left out, since no host was given",
        ),
        Missing::Route => Rejection::new(Reason::NoRoute, "no route serves this host and path"),
        Missing::Method(allow) => {
            let names: Vec<String> = allow.iter().map(|method| method.to_string()).collect();
            let method = &asked.method;
            let detail = format!(
                "{method} is not among the methods served here; Allow: {}",
                names.join(", ")
            );
            Rejection::new(Reason::MethodNotAllowed, detail)
        }
    }
}

fn forward(
    snapshot: &Snapshot,
    route: &Route,
    path: &str,
    asked: &Asked,
    exchange: &Exchange,
) -> Outcome {
    let backend = &route.backends[exchange.service.unwrap_or_default()];
    let mut target = path.to_owned();
    if let Some(query) = &asked.query {
        push_query(&mut target, query, exchange);
    }
    let targets = backend.service.targets();
    let host = match (&backend.host, &asked.host) {
        (Host::Set(value), _) => shown(value),
        (Host::Preserve, Some(host)) => host.clone(),
        _ => targets[0].authority().to_owned(),
    };
    let stripped = snapshot
        .reserved
        .iter()
        .filter(|name| asked.headers.contains_key(*name));
    Outcome::Forward {
        service: backend.service.name().to_owned(),
        targets: targets
            .iter()
            .map(|one| format!("{}{target}", one.endpoint()))
            .collect(),
        host,
        stripped: stripped.map(ToString::to_string).collect(),
    }
}

/// Runs the chain and notes each plugin's part.
async fn trace(chain: &Chain, request: &Request<'_>, exchange: &mut Exchange) -> (Vec<Step>, Flow) {
    let mut steps: Vec<Step> = chain.links().iter().map(Step::new).collect();
    for (link, state) in chain.states() {
        if let Some(step) = steps.iter_mut().find(|step| step.name == link.name) {
            step.findings = state;
        }
    }
    let mut before = Seen::default();
    let flow = chain
        .trace_request(request, exchange, |link, flow, exchange| {
            if let Some(step) = steps.iter_mut().find(|step| step.name == link.name) {
                step.flow = match flow {
                    Flow::Next => StepFlow::GoesOn,
                    Flow::Answer(status) => StepFlow::Answers {
                        status: status.as_u16(),
                    },
                    Flow::Reject(rejection) => StepFlow::Refuses(refusal(rejection)),
                };
                before.tell(step, exchange);
            }
        })
        .await;
    let ends = |step: &Step| matches!(step.flow, StepFlow::Answers { .. } | StepFlow::Refuses(_));
    if let Some(end) = steps.iter().position(ends) {
        for step in &mut steps[end + 1..] {
            step.flow = StepFlow::NotReached;
        }
    }
    (steps, flow)
}

impl Step {
    fn new(link: &Link) -> Self {
        Self {
            name: link.name,
            does: link.does.clone(),
            place: link.reason,
            note: link.note.clone(),
            flow: StepFlow::Later,
            findings: vec![],
            request: vec![],
            response: vec![],
        }
    }
}

/// What earlier plugins did.
#[derive(Default)]
struct Seen {
    request: usize,
    response: usize,
    consumer: bool,
    service: Option<usize>,
    refusal: bool,
    observed: bool,
}

impl Seen {
    /// What the exchange has more than before is the step's.
    fn tell(&mut self, step: &mut Step, exchange: &Exchange) {
        step.request.extend(
            exchange
                .request_edits
                .iter()
                .skip(self.request)
                .flat_map(changes),
        );
        step.response.extend(
            exchange
                .response_edits
                .iter()
                .skip(self.response)
                .flat_map(changes),
        );
        if let (false, Some(consumer)) = (self.consumer, &exchange.consumer) {
            step.findings
                .push(format!("the consumer is {}", consumer.name()));
        }
        if exchange.service != self.service {
            step.findings.push("chooses the other service".to_owned());
        }
        if let (false, Some(reason)) = (self.refusal, exchange.would_refuse) {
            step.findings
                .push(format!("would refuse: {}", reason.facts().code));
        }
        if let (false, Some(observed)) = (self.observed, &exchange.observed) {
            step.findings.push(format!(
                "tells {}={} in metrics",
                observed.header, observed.label
            ));
        }
        *self = Self {
            request: exchange.request_edits.iter().count(),
            response: exchange.response_edits.iter().count(),
            consumer: exchange.consumer.is_some(),
            service: exchange.service,
            refusal: exchange.would_refuse.is_some(),
            observed: exchange.observed.is_some(),
        };
    }
}

fn changes(edit: &Edit) -> Vec<String> {
    let sets = |name: &HeaderName, value| format!("sets {name}: {}", shown(value));
    vec![match edit {
        Edit::Set(name, value) => sets(name, value),
        Edit::SetAll(fields) => {
            let fields = fields.iter();
            return fields.map(|(name, value)| sets(name, value)).collect();
        }
        Edit::Append(name, value) => format!("adds {name}: {}", shown(value)),
        Edit::Remove(name) => format!("removes {name}"),
        Edit::RemovePrefixed(prefix) => format!("removes {prefix}*, where the upstream sent any"),
        Edit::RemoveScheme(name, scheme) => {
            format!("removes {name}, where it has a {scheme} token")
        }
        Edit::RemoveCookie(name) => format!("removes the cookie {name}"),
        Edit::Vary(members) => format!("adds to Vary: {}", members.join(", ")),
    }]
}

fn shown(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}
