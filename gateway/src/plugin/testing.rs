//! For tests: plugins from their JSON configuration, through schema and compile as in a gateway, and calls to them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::authenticate::{Authenticate, Combine, Found, Identity};
use super::chain::{Chain, Link, Phases};
use super::edits::{Edit, Edits, is_of_scheme, without_cookie};
use super::exchange::Exchange;
use super::registry::{self, Compile, REGISTRY};
use super::{Flow, Request};
use crate::config::{At, Report, Schema, load};
use crate::identity::passwords::{Passwords, Stored};
use crate::identity::{
    self, Certificate, CertificateMatch, Certificates, Claims, Consumer, Consumers, Digest,
    KeyEntry, Keys,
};
use crate::limit::Limits;
use crate::reason::Reason;
use futures::executor::block_on;
use http::header::HeaderName;
use http::{HeaderMap, HeaderValue, Method};
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};

static SCHEMA: LazyLock<Schema> = LazyLock::new(registry::schema);

/// Whom key-auth takes everyone for, instead of looking for a key.
#[derive(Clone, Default)]
pub struct Caller {
    pub consumer: Option<Arc<Consumer>>,
    pub claims: Option<Arc<Claims>>,
}

impl Authenticate for Caller {
    fn name(&self) -> &'static str {
        "key-auth"
    }

    fn authenticate(&self, _: &Request<'_>) -> Found {
        Found::Known(Identity {
            consumer: self.consumer.clone(),
            claims: self.claims.clone(),
            ..Identity::default()
        })
    }

    fn conceal(&self, _: bool, _: &Request<'_>, _: &mut Exchange) {}

    fn wanted(&self) -> &'static str {
        "nothing"
    }

    fn challenge(&self) -> Option<HeaderValue> {
        None
    }
}

/// What plugins may know of the rest of a configuration.
#[derive(Default)]
pub struct Surroundings {
    pub keys: Keys,
    pub passwords: Passwords,
    pub certificates: Certificates,
    pub consumers: Consumers,
    pub identities: Arc<identity::Lasting>,
    pub caller: Option<Caller>,
    pub combine: Combine,
    pub services: Vec<&'static str>,
    pub limits: Limits,
}

impl Surroundings {
    /// A consumer with these groups and roles.
    pub fn consumer(mut self, name: &str, groups: &[&str], roles: &[&str]) -> Self {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let consumer = Consumer::new(name, owned(groups), IndexMap::new()).unwrap();
        let consumer = Arc::new(consumer.with_roles(owned(roles)));
        self.consumers.insert(&consumer);
        self
    }

    /// A user name of a consumer of that name.
    pub fn password(mut self, username: &str, stored: Stored, consumer: &str) -> Self {
        let consumer = Consumer::new(consumer, vec![], IndexMap::new()).unwrap();
        self.passwords
            .insert(username, stored, &Arc::new(consumer))
            .expect("a test's user names differ");
        self
    }

    /// Certificates of a consumer of that name.
    pub fn certificate(mut self, what: CertificateMatch, consumer: &str) -> Self {
        let consumer = Consumer::new(consumer, vec![], IndexMap::new()).unwrap();
        self.certificates
            .insert(what, &Arc::new(consumer))
            .expect("a test's certificates differ");
        self
    }

    /// A key of a consumer of that name.
    pub fn key(mut self, key: &str, consumer: &str, expires: Option<SystemTime>) -> Self {
        let consumer = Consumer::new(consumer, vec![], IndexMap::new()).unwrap();
        let entry = KeyEntry {
            consumer: Arc::new(consumer),
            expires,
        };
        self.keys
            .insert(Digest::of(key.as_bytes()), entry)
            .expect("a test's keys differ");
        self
    }

    /// The chain of these plugins, in the registry's order; or each mistake as `code at /pointer`, below `/plugins`.
    pub fn compile(self, plugins: &Value) -> Result<Chain, Vec<String>> {
        let document = json!({
            "service": {"name": "main", "url": "http://127.0.0.1:9"},
            "route": {"name": "orders", "paths": ["/"], "methods": ["GET"]},
            "plugins": plugins,
        });
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("api.json");
        std::fs::write(&path, document.to_string()).unwrap();
        let loaded = load(&[path.display().to_string()], &SCHEMA);
        if loaded.report.has_errors() {
            return Err(told(&loaded.report));
        }
        let list = At::root(&loaded.documents[0].source).key("plugins");
        self.compile_list(plugins.as_array().unwrap(), list)
    }

    fn compile_list(self, plugins: &[Value], list: At<'_>) -> Result<Chain, Vec<String>> {
        let none = json!({});
        let siblings: Vec<(&str, &Value)> = plugins
            .iter()
            .map(|plugin| {
                let config = plugin.get("config").unwrap_or(&none);
                (plugin["name"].as_str().unwrap(), config)
            })
            .collect();
        let services: Vec<Arc<str>> = self.services.iter().copied().map(Into::into).collect();
        let mut consumers = self.consumers;
        consumers.keys = Arc::new(self.keys);
        consumers.passwords = Arc::new(self.passwords);
        consumers.certificates = Arc::new(self.certificates);
        let consumers = Arc::new(consumers);
        let (mut report, mut phases) = (Report::default(), Phases::default());
        for kind in REGISTRY {
            let Some(place) = siblings.iter().position(|(name, _)| *name == kind.name) else {
                continue;
            };
            let mut compile = Compile {
                at: list.index(place).key("config"),
                report: &mut report,
                scope: "test",
                route: "orders",
                siblings: &siblings,
                services: &services,
                consumers: &consumers,
                identities: &self.identities,
                resolve: &[],
                limits: &self.limits,
            };
            let does = match &self.caller {
                Some(caller) if kind.name == "key-auth" => {
                    phases.authenticate(Arc::new(caller.clone()));
                    Some(String::new())
                }
                _ => (kind.compile)(siblings[place].1, &mut compile, &mut phases),
            };
            if let Some(does) = does {
                phases.link(Link {
                    name: kind.name,
                    reason: kind.reason,
                    does,
                    note: None,
                });
            }
        }
        if report.prevents() {
            return Err(told(&report));
        }
        let chain = phases.finish(self.combine);
        let compiled = chain.links().len();
        assert_eq!(compiled, siblings.len(), "what isn't compiled says why");
        Ok(chain)
    }
}

fn told(report: &Report) -> Vec<String> {
    let tell = |diagnostic: &&crate::config::Diagnostic| {
        let pointer = &diagnostic.at.pointer;
        let below = pointer.strip_prefix("/plugins").unwrap_or(pointer);
        format!("{} at {below}", diagnostic.code)
    };
    report.sorted().iter().map(tell).collect()
}

/// A chain of one plugin.
pub fn one(name: &str, config: Value) -> Chain {
    chain(json!([{"name": name, "config": config}]))
}

/// A chain that needs nothing around it.
pub fn chain(plugins: Value) -> Chain {
    Surroundings::default().compile(&plugins).unwrap()
}

/// The mistakes in one plugin's `config`, each as `code at /pointer`, below the config.
pub fn mistakes(name: &str, config: Value) -> Vec<String> {
    mistakes_among(
        Surroundings::default(),
        json!([{"name": name, "config": config}]),
    )
}

/// As [`mistakes`], for the first of several plugins.
pub fn mistakes_among(surroundings: Surroundings, plugins: Value) -> Vec<String> {
    let told = surroundings
        .compile(&plugins)
        .expect_err("the configuration is wrong");
    told.iter()
        .map(|line| line.replace("/0/config", ""))
        .collect()
}

/// A request, and the moment of it.
#[derive(Clone)]
pub struct Call {
    pub method: Method,
    pub headers: HeaderMap,
    pub path: String,
    pub query: Option<String>,
    pub certificate: Option<Certificate>,
    pub client: IpAddr,
    pub trusted: bool,
    pub now: Duration,
    pub time: SystemTime,
}

impl Call {
    /// A GET of a stranger.
    pub fn get() -> Self {
        Self {
            method: Method::GET,
            headers: HeaderMap::new(),
            path: "/".to_owned(),
            query: None,
            certificate: None,
            client: [192, 0, 2, 1].into(),
            trusted: false,
            now: Duration::ZERO,
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        }
    }

    /// The same with another method.
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// One field more.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        self.headers.append(name, value);
        self
    }

    /// Another path.
    pub fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    /// With this certificate.
    pub fn certificate(mut self, certificate: &Certificate) -> Self {
        self.certificate = Some(certificate.clone());
        self
    }

    /// A query, without its `?`.
    pub fn query(mut self, query: &str) -> Self {
        self.query = Some(query.to_owned());
        self
    }

    /// Another client.
    pub fn client(mut self, address: &str) -> Self {
        self.client = address.parse().unwrap();
        self
    }

    /// From a trusted proxy.
    pub fn trusted(mut self) -> Self {
        self.trusted = true;
        self
    }

    /// At so many seconds.
    pub fn at(mut self, seconds: f64) -> Self {
        self.now = Duration::from_secs_f64(seconds);
        self
    }

    /// What the chain makes of it.
    pub fn on(&self, chain: &Chain) -> Outcome {
        block_on(self.wait(chain))
    }

    /// As [`Self::on`], for plugins that want a runtime.
    pub async fn wait(&self, chain: &Chain) -> Outcome {
        let mut exchange = Exchange::default();
        let flow = chain.on_request(&self.request(), &mut exchange).await;
        Outcome { flow, exchange }
    }

    /// What plugins see of it.
    pub fn request(&self) -> Request<'_> {
        Request {
            method: &self.method,
            headers: &self.headers,
            path: &self.path,
            query: self.query.as_deref(),
            client: self.client,
            trusted: self.trusted,
            secure: false,
            certificate: self.certificate.as_ref(),
            now: self.now,
            time: self.time,
        }
    }
}

/// What a chain made of a request.
#[derive(Debug)]
pub struct Outcome {
    pub flow: Flow,
    pub exchange: Exchange,
}

impl Outcome {
    /// Whether the request goes on to the upstream.
    pub fn passed(&self) -> bool {
        matches!(self.flow, Flow::Next)
    }

    /// Why it was refused.
    pub fn reason(&self) -> Option<Reason> {
        match &self.flow {
            Flow::Reject(rejection) => Some(rejection.reason),
            _ => None,
        }
    }

    /// The fields of a response that had none of its own, as `name: value` with the name in lower case, sorted.
    pub fn response(&self) -> Vec<String> {
        edited(&[], &self.exchange.response_edits)
    }

    /// The value of a field of such a response.
    pub fn response_field(&self, name: &str) -> Option<String> {
        let start = format!("{}: ", name.to_lowercase());
        let fields = self.response();
        let mut values = fields.iter().filter_map(|line| line.strip_prefix(&start));
        let value = values.next().map(str::to_owned);
        assert!(values.next().is_none(), "{name} is there twice");
        value
    }
}

/// These fields after the edits, as `name: value` with the name in lower case, sorted.
pub fn edited(fields: &[(&str, &str)], edits: &Edits) -> Vec<String> {
    let mut lines: Vec<(String, String)> = fields
        .iter()
        .map(|(name, value)| (name.to_lowercase(), (*value).to_owned()))
        .collect();
    for edit in edits.iter() {
        match edit {
            Edit::Set(name, value) => set(&mut lines, line(name, value)),
            Edit::SetAll(fields) => fields
                .iter()
                .for_each(|(header, value)| set(&mut lines, line(header, value))),
            Edit::Append(name, value) => lines.push(line(name, value)),
            Edit::Remove(removed) => lines.retain(|(name, _)| name != removed.as_str()),
            Edit::RemovePrefixed(prefix) => lines.retain(|(name, _)| !name.starts_with(prefix)),
            Edit::RemoveScheme(header, scheme) => lines.retain(|(name, value)| {
                name != header.as_str() || !is_of_scheme(value.as_bytes(), scheme)
            }),
            Edit::RemoveCookie(cookie) => lines.retain_mut(|(name, value)| {
                let left = (name == "cookie").then(|| without_cookie(value.as_bytes(), cookie));
                let Some(left) = left else { return true };
                *value = String::from_utf8(left.clone().unwrap_or_default()).unwrap();
                left.is_some()
            }),
            Edit::Vary(members) => lines.push(("vary".to_owned(), members.join(", "))),
        }
    }
    let mut lines: Vec<String> = lines
        .iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.sort();
    lines
}

fn set(lines: &mut Vec<(String, String)>, line: (String, String)) {
    lines.retain(|(name, _)| *name != line.0);
    lines.push(line);
}

fn line(name: &HeaderName, value: &HeaderValue) -> (String, String) {
    let name = name.as_str();
    (name.to_owned(), value.to_str().unwrap().to_owned())
}
