//! Suites that are derived from configurations, run against this very gateway: with the configuration that they are
//! derived from every check is good; with one thing changed, the checks that are bound to it are not, and all others are.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use gatecheck::adapters::gateway::Gateway;
use gatecheck::checks::derive::{Options, derive};
use gatecheck::checks::{Runner, State, Suite, Target};
use gatecheck::fixtures::certificates::{Certificates, Leaf};
use gatecheck::fixtures::tokens::Issuer;
use gatecheck::fixtures::{Change, Fixture};
use gatecheck::lab::{Blueprint, Instance, Lab};
use gatecheck::plan::InstanceKey;
use mock_upstreams::Behaviour;
use serde_json::{Value, json};

/// The header in which the mock upstreams tell who they are.
const SERVICE_HEADER: &str = "X-Upstream";

/// The suite of a scenario's configuration.
fn suite(name: &str) -> Suite {
    let options = Options {
        service_header: Some(SERVICE_HEADER.to_owned()),
        ..Options::default()
    };
    let scenarios = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios"));
    let path = ["yaml", "json"].map(|kind| scenarios.join(format!("{name}.{kind}")));
    let path = path.iter().find(|path| path.is_file()).unwrap();
    derive(path, &options).unwrap().suite
}

/// A running gateway and what a suite needs to call it.
struct Bed {
    lab: Lab,
    instance: Arc<Instance>,
    directory: tempfile::TempDir,
    variables: BTreeMap<String, String>,
}

impl Bed {
    /// The gateway with a scenario's configuration, a consumer for the suite's probe of limits, and these changes.
    async fn start(name: &str, changes: &[(&str, Value)]) -> Self {
        let mut fixture = Fixture::embedded(name).unwrap();
        if fixture.document.get("consumers").is_some() {
            let probe = json!({"name": "limit-probe", "keys": ["${env:LIMIT_PROBE_KEY}"]});
            let add = Change {
                pointer: "/consumers/-".to_owned(),
                value: Some(probe),
            };
            fixture = fixture.changed(&[add]).unwrap();
            let key = gatecheck::fixtures::Key::random();
            fixture
                .environment
                .insert("LIMIT_PROBE_KEY".to_owned(), key);
        }
        let change = |(pointer, value): &(&str, Value)| Change {
            pointer: (*pointer).to_owned(),
            value: (*value != Value::Null).then(|| value.clone()),
        };
        let changes: Vec<Change> = changes.iter().map(change).collect();
        let fixture = fixture.changed(&changes).unwrap();
        let named = fixture.authorities().into_iter().map(|authority| {
            let host = authority.split(':').next().unwrap().to_owned();
            (authority, Behaviour::named(host))
        });
        let blueprint = Blueprint {
            behaviours: named.collect(),
            fixture,
            servers: BTreeMap::new(),
            answers: Vec::new(),
        };
        let key = InstanceKey {
            configuration: name.to_owned(),
            owner: None,
        };
        let adapter = Arc::new(Gateway::new(Some(env!("CARGO_BIN_EXE_gateway").into())));
        let certificates = Arc::new(Certificates::new().unwrap());
        let blueprints = HashMap::from([(key.clone(), blueprint)]);
        let lab = Lab::new(adapter, certificates, blueprints);
        let instance = lab.instance(&key).await.unwrap();
        let mut bed = Self {
            variables: instance.fixture.environment.clone(),
            directory: tempfile::tempdir().unwrap(),
            instance,
            lab,
        };
        bed.provide();
        bed
    }

    /// Tokens, passwords and certificates, as whoever runs the suite would provide them.
    fn provide(&mut self) {
        let password = |name: &str, word: &str| (name.to_owned(), word.to_owned());
        self.variables.extend([
            password("ALICE_PASSWORD", "open:sesame"),
            password("ZO__PASSWORD", "pässword"),
        ]);
        if let Some(running) = self.instance.servers.issuers.first() {
            let algorithm = running.trusted.algorithm;
            let issuer: &Issuer = &running.issuer;
            let draft = || issuer.draft(algorithm).claim("sub", json!("gatecheck"));
            for name in ["USERS", "ARTICLES"] {
                let mut put = |what: &str, token: String| {
                    self.variables.insert(format!("{name}{what}_TOKEN"), token);
                };
                put("", draft().sign());
                put(
                    "_EXPIRED",
                    draft()
                        .claim("roles", json!(["admin"]))
                        .mint("expired")
                        .unwrap(),
                );
                let other = draft().claim("roles", json!(["admin"]));
                put("_OTHER_AUDIENCE", other.mint("wrong-audience").unwrap());
                put("_NOBODY", draft().sign());
                for role in ["admin", "editor", "reader"] {
                    let token = draft().claim("roles", json!([role])).sign();
                    put(&format!("_{}", role.to_uppercase()), token);
                }
            }
        }
        let certificates = &self.instance.certificates;
        let client = certificates.mint("good", &Leaf::client("client")).unwrap();
        client.write(self.directory.path(), "client").unwrap();
        let ca = self.directory.path().join("ca.pem");
        std::fs::write(ca, certificates.servers.pem()).unwrap();
    }

    /// The states of the checks that are chosen, in the order of the suite.
    async fn run(&self, suite: &Suite, intrusive: bool) -> Vec<(String, State, String)> {
        let address = self.instance.running.listeners[0];
        let secure = self
            .instance
            .fixture
            .document
            .pointer("/listeners/0/tls")
            .is_some();
        let mut suite = suite.clone();
        suite.directory = self.directory.path().to_owned();
        let url = match secure {
            true => {
                suite.tls.ca = Some("ca.pem".to_owned());
                format!("https://gateway.example:{}", address.port())
            }
            false => format!("http://{address}"),
        };
        let variables = self.variables.clone();
        let target = Target {
            url: Some(url),
            resolve: vec![("gateway.example".to_owned(), address)],
            environment: Arc::new(move |name| variables.get(name).cloned()),
        };
        let runner = Runner::new(Arc::new(suite), target).unwrap();
        let checks = runner.suite().checks.iter();
        let chosen: Vec<_> = checks
            .filter(|check| check.intrusive.is_some() == intrusive)
            .collect();
        runner.check_credentials(chosen.iter().copied()).unwrap();
        let mut states = Vec::new();
        for check in chosen {
            let outcome = runner.run(check).await;
            for (name, value) in &self.variables {
                let shown = format!("{outcome:?}");
                assert!(!shown.contains(value.as_str()), "{name} is told: {shown}");
            }
            states.push((check.id.clone(), outcome.state, outcome.message));
        }
        states
    }
}

/// The suite's outcomes on a configuration with changes: those that only look on one gateway, the intrusive ones on
/// another, so that they don't meet in the limit of this address.
async fn outcomes(name: &str, changes: &[(&str, Value)]) -> Vec<(String, State, String)> {
    let suite = suite(name);
    let mut all = Vec::new();
    for intrusive in [false, true] {
        let bed = Bed::start(name, changes).await;
        all.extend(bed.run(&suite, intrusive).await);
        bed.lab.close().await;
    }
    assert_eq!(all.len(), suite.checks.len());
    all
}

const SCENARIOS: [&str; 11] = [
    "orders",
    "partners",
    "search-canary",
    "users",
    "public-feed",
    "payments-canary",
    "token-guard",
    "basic",
    "tls",
    "client-certificates",
    "small-limits",
];

#[tokio::test]
async fn on_the_configuration_that_it_is_derived_from_every_check_is_good() {
    for name in SCENARIOS {
        let outcomes = outcomes(name, &[]).await;
        let wrong = outcomes
            .iter()
            .filter(|(_, state, _)| *state != State::Good);
        let wrong: Vec<_> = wrong.collect();
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

/// A scenario, what is changed in it, and the checks that tell.
type Case<'a> = (&'a str, &'a [(&'a str, Value)], &'a [&'a str]);

#[tokio::test]
async fn with_one_thing_changed_the_checks_that_are_bound_to_it_tell_and_no_others() {
    let cases: &[Case<'_>] = &[
        // No key-auth, and no limit either: without keys it would go by address, which all checks share.
        (
            "orders",
            &[("/plugins/1", Value::Null), ("/plugins/1", Value::Null)],
            &[
                "orders-key-missing",
                "orders-key-wrong",
                "orders-limit-told",
                "orders-limit",
            ],
        ),
        (
            "orders",
            &[("/plugins/2", Value::Null)],
            &["orders-limit-told", "orders-limit"],
        ),
        (
            "orders",
            &[("/plugins/2/config/limitPerMinute", json!(101))],
            &["orders-limit-told", "orders-limit"],
        ),
        (
            "orders",
            &[("/plugins/2/config/limitPerMinute", json!(99))],
            &["orders-limit-told", "orders-limit"],
        ),
        (
            "orders",
            &[(
                "/plugins/0/config/origins",
                json!(["https://www.example.com"]),
            )],
            &["orders-preflight-app.example.com", "orders-page"],
        ),
        (
            "orders",
            &[(
                "/plugins/0/config/origins/-",
                json!("https://gatecheck.example.net"),
            )],
            &["orders-origin-other"],
        ),
        (
            "orders",
            &[(
                "/plugins/0/config/origins/-",
                json!("http://app.example.com"),
            )],
            &["orders-origin-look-alike"],
        ),
        (
            "orders",
            &[("/plugins/0/config/methods", json!(["GET"]))],
            &["orders-preflight-app.example.com"],
        ),
        (
            "orders",
            &[("/plugins/0/config/allowCredentials", json!(true))],
            &["orders-preflight-app.example.com", "orders-page"],
        ),
        (
            "orders",
            &[("/route/methods", json!(["GET", "POST", "DELETE"]))],
            &["orders-method"],
        ),
        (
            "orders",
            &[(
                "/plugins/-",
                json!({"name": "request-id", "enabled": false}),
            )],
            &["orders-request-id", "orders-request-id-made-up"],
        ),
        (
            "partners",
            &[("/plugins/0/config/origins/1", Value::Null)],
            &["partners-preflight-two.example.com"],
        ),
        (
            "search-canary",
            &[("/plugins/0", Value::Null)],
            &["search-v1-canary"],
        ),
        (
            "search-canary",
            &[("/altService/url", json!("http://search-v1:8080"))],
            &["search-v1-canary"],
        ),
        (
            "payments-canary",
            &[("/plugins/0/config/value", json!("true-gatecheck"))],
            &["payments-v1-canary", "payments-v1-canary-other"],
        ),
        (
            "public-feed",
            &[("/plugins/0/config/burst", json!(20))],
            &["public-feed-limit"],
        ),
        (
            "users",
            &[("/plugins/0/config/audience", Value::Null)],
            &["users-token-other-audience"],
        ),
        (
            "token-guard",
            &[("/plugins/1/config/allow/2", Value::Null)],
            &["articles-allowed-reader"],
        ),
        (
            "token-guard",
            &[("/plugins/1/config/allow/-", json!({"roles": ["reader"]}))],
            &["articles-denied-reader"],
        ),
        (
            "token-guard",
            &[("/plugins/1", Value::Null)],
            &[
                "articles-denied-editor",
                "articles-denied-reader",
                "articles-denied-nobody",
            ],
        ),
        (
            "client-certificates",
            &[(
                "/listeners/0/tls/clientCertificates/mode",
                json!("optional"),
            )],
            &["listener-certificate-missing"],
        ),
        (
            "tls",
            &[("/listeners/0/tls/minVersion", json!("1.3"))],
            &["listener-tls-1.2"],
        ),
    ];
    let mut surprises = Vec::new();
    for (name, changes, expected) in cases {
        let outcomes = outcomes(name, changes).await;
        let told = outcomes
            .iter()
            .filter(|(_, state, _)| *state != State::Good);
        let told: BTreeMap<&str, &str> = told
            .map(|(id, _, why)| (id.as_str(), why.as_str()))
            .collect();
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        let found: BTreeSet<&str> = told.keys().copied().collect();
        if found != expected {
            surprises.push(format!(
                "{name} with {changes:?}: {expected:?} expected, {told:#?}"
            ));
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}
