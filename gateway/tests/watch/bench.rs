//! A gateway with two upstreams, a watcher on it, and a webhook: all that a fault needs.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use gatecheck::checks::Target;
use gatecheck::checks::board::View;
use gatecheck::checks::metrics;
use gatecheck::checks::state::Damping;
use gatecheck::checks::watch::{Settings, Watch};
use gatecheck::checks::webhook::{Patience, Webhook};
use gatecheck::fixtures::certificates::{Certificates, Leaf, VARIANTS};
use mock_upstreams::{Behaviour, MockUpstream};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpSocket;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::faults::{Break, Fault};

/// Far beyond what anything here takes.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);

const SUITE: &str = r#"
name: shop
tls: {ca: ca.pem}
timeout: 1m
maxBody: 64KiB
credentials:
  alice: {key: "${env:ALICE_KEY}"}
  bob: {key: "${file:bob.key}"}
  carol: {key: "${env:CAROL_KEY}"}
checks:
  - id: key-missing
    name: a request without a key is refused
    steps: [{request: {path: /orders}, expect: {status: 401}}]
  - id: key
    name: a key is let in
    credential: alice
    steps: [{request: {path: /orders}, expect: {status: 200, headers: {X-Upstream: orders}}}]
  - id: key-of-bob
    name: another key is let in
    credential: bob
    steps: [{request: {path: /orders}, expect: {status: 200}}]
  - id: preflight
    name: a preflight passes
    steps:
      - request: {method: OPTIONS, path: /orders, headers: {Origin: "https://app.example", Access-Control-Request-Method: GET}}
        expect: {status: [200, 204], headers: {Access-Control-Allow-Origin: "https://app.example"}}
  - id: other-origin
    name: a preflight of another origin does not
    steps:
      - request: {method: OPTIONS, path: /orders, headers: {Origin: "https://evil.example", Access-Control-Request-Method: GET}}
        expect: {status: [200, 204, 403], headers: {Access-Control-Allow-Origin: absent}}
  - id: search
    name: a search goes to its service
    steps: [{request: {path: /search}, expect: {status: 200, headers: {X-Upstream: search}}}]
  - id: nowhere
    name: what is nobody's is not found
    steps: [{request: {path: /nowhere}, expect: {status: 404}}]
  - id: limit
    name: the fourth request in a minute is refused
    intrusive: spends the limit of its own key
    credential: carol
    steps: [{request: {path: /limited}, times: 4, expect: {last: {status: 429}}}]
"#;

const GATEWAY: &str = r#"
listeners: [LISTENER]
admin: {address: "127.0.0.1:0"}
telemetry: {accessLog: {output: off}}
consumers:
  - {name: alice, keys: ["alice-s3cret"]}
  - {name: bob, keys: ["bob-s3cret"]}
  - {name: carol, keys: ["carol-s3cret"]}
apis:
  - service: {name: orders, url: ORDERS, timeouts: {try: 20s}}
    route: {paths: ["/orders"], methods: [GET]}
    plugins:
      - {name: cors, config: {origins: ["https://app.example"], methods: [GET], headers: [X-API-Key]}}
      - {name: key-auth, config: {header: X-API-Key}} # orders
  - service: {name: search, url: SEARCH} # search
    route: {paths: ["/search"], methods: [GET]}
  - service: {name: limited, url: SEARCH}
    route: {paths: ["/limited"], methods: [GET]}
    plugins: [{name: key-auth, config: {header: X-API-Key}}, {name: rate-limit, config: {key: consumer, limitPerMinute: 3}}]
"#;

/// How many runs of each check have ended.
pub type Counts = HashMap<String, u64>;

pub struct Bench {
    directory: TempDir,
    certificates: Certificates,
    secure: bool,
    /// Holds the gateway's port while nobody listens there.
    _port: TcpSocket,
    address: SocketAddr,
    orders: MockUpstream,
    search: MockUpstream,
    gateway: Child,
    occupant: Option<MockUpstream>,
    webhook: MockServer,
    watch: Watch,
}

impl Bench {
    /// Starts everything.
    pub async fn start(fault: &Fault) -> Self {
        let secure = fault.secure;
        let directory = tempfile::tempdir().unwrap();
        let port = TcpSocket::new_v4().unwrap();
        port.set_reuseaddr(true).unwrap();
        port.bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = port.local_addr().unwrap();
        let upstream = async |name: &str| {
            let builder = MockUpstream::builder(Behaviour::Echo).name(name);
            builder.spawn().await.unwrap()
        };
        let (orders, search) = (upstream("orders").await, upstream("search").await);
        let certificates = Certificates::new().unwrap();
        for (name, text) in [
            ("ca.pem", certificates.servers.pem()),
            ("bob.key", "bob-s3cret\n".to_owned()),
            ("suite.yaml", format!("{}{SUITE}", fault.suite)),
        ] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        certify(&certificates, "good", &directory);
        let file = directory.path().join("gateway.yaml");
        fs::write(
            file,
            configuration(GATEWAY, secure, address, &orders, &search),
        )
        .unwrap();
        let gateway = spawn(&directory).await;
        let webhook = MockServer::start().await;
        let accepts = Mock::given(wiremock::matchers::any());
        let accepts = accepts.respond_with(ResponseTemplate::new(204));
        accepts.mount(&webhook).await;
        let watch = watch(&directory, fault, address, &webhook);
        Self {
            directory,
            certificates,
            secure,
            _port: port,
            address,
            orders,
            search,
            gateway,
            occupant: None,
            webhook,
            watch,
        }
    }

    /// Makes a fault; it is there when this returns.
    pub async fn break_by(&mut self, fault: &Break) {
        match fault {
            Break::Kill => self.gateway.kill().await.unwrap(),
            Break::Freeze => self.signal("-STOP").await,
            Break::Occupy(behaviour) => {
                self.gateway.kill().await.unwrap();
                let occupant = MockUpstream::builder(behaviour.parse().unwrap());
                let occupant = occupant.listen(self.address).spawn().await;
                self.occupant = Some(occupant.unwrap());
            }
            Break::Upstream(behaviour) => {
                let behaviour = behaviour.parse().unwrap();
                self.orders.set_behaviour(behaviour).unwrap();
            }
            Break::Edit(text, instead) => {
                assert!(GATEWAY.contains(text), "{text}");
                self.reload(&GATEWAY.replace(text, instead)).await;
            }
            Break::Certificate(variant) => {
                certify(&self.certificates, variant, &self.directory);
                self.reload(GATEWAY).await;
            }
            Break::Secret => fs::remove_file(self.directory.path().join("bob.key")).unwrap(),
        }
    }

    /// Undoes it; it is gone when this returns.
    pub async fn mend(&mut self, fault: &Break) {
        match fault {
            Break::Kill | Break::Occupy(_) => {
                if let Some(occupant) = self.occupant.take() {
                    occupant.stop().await;
                }
                self.gateway = spawn(&self.directory).await;
            }
            Break::Freeze => self.signal("-CONT").await,
            Break::Upstream(_) => self.orders.set_behaviour(Behaviour::Echo).unwrap(),
            Break::Edit(..) => self.reload(GATEWAY).await,
            Break::Certificate(_) => {
                certify(&self.certificates, "good", &self.directory);
                self.reload(GATEWAY).await;
            }
            Break::Secret => {
                fs::write(self.directory.path().join("bob.key"), "bob-s3cret\n").unwrap();
            }
        }
    }

    /// How many runs of each check have ended.
    pub fn counts(&self) -> Counts {
        let view = self.watch.board().view();
        let counts = view
            .running()
            .map(|row| (row.about.id.to_string(), row.durations.count));
        counts.collect()
    }

    /// Waits for a run of each check that has begun after `before`: for two, as one may have been under way.
    pub async fn after_next_runs(&self, before: &Counts) -> View {
        until("two further runs of each check", async || {
            let view = self.watch.board().view();
            let ran = view.running().all(|row| {
                let before = before.get(&*row.about.id).copied().unwrap_or_default();
                row.durations.count >= before + 2
            });
            ran.then_some(view)
        })
        .await
    }

    pub async fn metrics(&self) -> String {
        metrics::text(&self.watch.board().view())
    }

    /// What alerts came once so many did: check and event, sorted.
    pub async fn alerts(&self, count: usize) -> Vec<String> {
        let requests = until("alerts", async || {
            let requests = self.webhook.received_requests().await.unwrap();
            (requests.len() >= count).then_some(requests)
        })
        .await;
        let mut alerts: Vec<String> = requests
            .iter()
            .map(|request| {
                let text = String::from_utf8(request.body.clone()).unwrap();
                assert!(!text.contains("s3cret"), "{text}");
                let alert: Value = serde_json::from_str(&text).unwrap();
                let text = |name: &str| alert[name].as_str().unwrap().to_owned();
                format!("{} {}", text("check"), text("event"))
            })
            .collect();
        alerts.sort();
        alerts
    }

    /// Gives the gateway another configuration and waits until it has taken it.
    async fn reload(&self, template: &str) {
        let before = reloads(&self.directory).await;
        let text = configuration(
            template,
            self.secure,
            self.address,
            &self.orders,
            &self.search,
        );
        fs::write(self.directory.path().join("gateway.yaml"), text).unwrap();
        self.signal("-HUP").await;
        until("the reload", async || {
            (reloads(&self.directory).await > before).then_some(())
        })
        .await;
    }

    async fn signal(&self, signal: &str) {
        let id = self.gateway.id().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await;
        assert!(sent.unwrap().success());
    }
}

fn watch(directory: &TempDir, fault: &Fault, address: SocketAddr, webhook: &MockServer) -> Watch {
    let scheme = if fault.secure { "https" } else { "http" };
    let secrets = |name: &str| match name {
        "ALICE_KEY" => Some("alice-s3cret".to_owned()),
        "CAROL_KEY" => Some("carol-s3cret".to_owned()),
        _ => None,
    };
    let settings = Settings {
        suite: directory.path().join("suite.yaml"),
        target: Target {
            url: Some(format!("{scheme}://{address}")),
            environment: Arc::new(secrets),
            ..Target::default()
        },
        every: fault.every,
        intrusive: true,
        only: Vec::new(),
        damping: Damping {
            raise_after: NonZeroUsize::MIN,
            recover_after: NonZeroUsize::MIN,
            remind_every: None,
        },
    };
    let webhook = Webhook::new(&webhook.uri(), None, Patience::DEFAULT).unwrap();
    Watch::start(settings, vec![webhook]).unwrap()
}

fn certify(certificates: &Certificates, variant: &str, directory: &TempDir) {
    assert!(VARIANTS.iter().any(|known| known.name == variant));
    let leaf = certificates.mint(variant, &Leaf::server(["127.0.0.1"]));
    leaf.unwrap().write(directory.path(), "server").unwrap();
}

fn configuration(
    template: &str,
    secure: bool,
    address: SocketAddr,
    orders: &MockUpstream,
    search: &MockUpstream,
) -> String {
    let tls = match secure {
        true => ", tls: {certificates: [{certificate: server.pem, key: server.key}]}",
        false => "",
    };
    template
        .replace("LISTENER", &format!("{{address: \"{address}\"{tls}}}"))
        .replace("ORDERS", &format!("\"{}\"", orders.url()))
        .replace("SEARCH", &format!("\"{}\"", search.url()))
}

/// Starts the gateway and waits until it serves.
async fn spawn(directory: &TempDir) -> Child {
    let ready = directory.path().join("ready.json");
    if ready.exists() {
        fs::remove_file(&ready).unwrap();
    }
    let log = fs::File::create(directory.path().join("gateway.log")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .current_dir(directory.path())
        .args([
            "run",
            "gateway.yaml",
            "--no-watch",
            "--ready-file",
            "ready.json",
        ])
        .stdout(Stdio::null())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("the gateway", async || fs::read_to_string(&ready).ok()).await;
    child
}

/// How often the gateway has taken a configuration since it was started.
async fn reloads(directory: &TempDir) -> f64 {
    let ready = fs::read_to_string(directory.path().join("ready.json")).unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    let url = format!("http://{}/metrics", ready["admin"].as_str().unwrap());
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("gateway_config_reloads_total") && line.contains("success"));
    line.map_or(0.0, |line| {
        line.rsplit(' ').next().unwrap().parse().unwrap()
    })
}

async fn until<T>(what: &str, mut ready: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ready().await {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "waited in vain for {what}");
        sleep(LOOK_EVERY).await;
    }
}
