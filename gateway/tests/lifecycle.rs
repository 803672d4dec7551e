//! Start, reload, drain and stop: in process, and by signals with the program itself.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use gateway::runtime::{Gateway, Source, StartError};
use mock_upstreams::{Behaviour, MockUpstream};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use support::{DEADLINE, echo, eventually, read_answer, request, start, to};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};
use tokio::time::timeout;

async fn named(name: &str) -> MockUpstream {
    MockUpstream::spawn(Behaviour::named(name)).await.unwrap()
}

#[tokio::test]
async fn a_reload_swaps_routes_and_keeps_the_counters_of_an_unchanged_limit() {
    let (blue, green) = (named("blue").await, named("green").await);
    let limit = "plugins: [{name: rate-limit, config: {limitPerHour: 3}}]\n";
    let gateway = start(&(limit.to_owned() + &to(&blue))).await;
    let before = gateway.get("/", "").await;
    assert_eq!(before.header("x-upstream"), Some("blue"));
    assert_eq!(gateway.get("/", "").await.status, 200);
    gateway.rewrite(&(limit.to_owned() + &to(&green)));
    gateway
        .gateway
        .reload()
        .await
        .map_err(|error| error.to_string())
        .unwrap();
    let after = gateway.get("/", "").await;
    assert_eq!(after.header("x-upstream"), Some("green"));
    let over = gateway.get("/", "").await;
    assert_eq!(
        (over.status, &*over.code()),
        (429, "rate-limited"),
        "two before the reload count"
    );
    assert_eq!(
        gateway
            .metric("gateway_config_reloads_total", &["success"])
            .await,
        1.0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_while_configurations_come_and_go() {
    let (blue, green) = (named("blue").await, named("green").await);
    let gateway = start(&to(&blue)).await;
    let over = Arc::new(AtomicBool::new(false));
    let done = Arc::new(AtomicU64::new(0));
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let (over, done, address) = (over.clone(), done.clone(), gateway.address);
            tokio::spawn(async move {
                let client = reqwest::Client::new();
                while !over.load(Ordering::Relaxed) {
                    let answer = client
                        .get(format!("http://{address}/"))
                        .send()
                        .await
                        .unwrap();
                    assert_eq!(answer.status(), 200);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..20 {
        let seen = done.load(Ordering::Relaxed);
        eventually("requests between two reloads", async || {
            (done.load(Ordering::Relaxed) > seen + 4).then_some(())
        })
        .await;
        gateway.rewrite(&to(if round % 2 == 0 { &green } else { &blue }));
        gateway
            .gateway
            .reload()
            .await
            .map_err(|error| error.to_string())
            .unwrap();
    }
    over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    assert!(blue.received_total() > 0 && green.received_total() > 0);
}

#[tokio::test]
async fn a_broken_file_changes_nothing_and_is_told() {
    let (_upstream, gateway) = echo().await;
    gateway.rewrite("service: {name: up, url: 'http://127.0.0.1:1'}\nroute: {pahts: ['/']}\n");
    let Err(StartError::Config(report)) = gateway.gateway.reload().await else {
        panic!("a wrong configuration was taken");
    };
    let told = report.human(false);
    assert!(
        told.contains("pahts") && told.contains("gateway.yaml"),
        "{told}"
    );
    assert_eq!(gateway.get("/", "").await.status, 200);
    assert_eq!(
        gateway
            .metric("gateway_config_reloads_total", &["failure"])
            .await,
        1.0
    );
}

#[tokio::test]
async fn listeners_come_and_go_with_a_reload() {
    let upstream = named("up").await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let second = free.local_addr().unwrap();
    let gateway = start(&to(&upstream)).await;
    let both = format!(
        "listeners: [{{address: '127.0.0.1:0'}}, {{address: '{second}'}}]\n{}",
        to(&upstream)
    );
    gateway.rewrite(&both);
    let Err(StartError::Bind(error)) = gateway.gateway.reload().await else {
        panic!("the address is taken");
    };
    assert!(error.to_string().contains(&second.to_string()), "{error}");
    assert_eq!(
        gateway.get("/", "").await.status,
        200,
        "the old configuration stays"
    );
    drop(free);
    gateway
        .gateway
        .reload()
        .await
        .map_err(|error| error.to_string())
        .unwrap();
    assert_eq!(gateway.gateway.addresses().await, [gateway.address, second]);
    let answer = reqwest::get(format!("http://{second}/")).await.unwrap();
    assert_eq!(answer.status(), 200);
    gateway.rewrite(&to(&upstream));
    gateway
        .gateway
        .reload()
        .await
        .map_err(|error| error.to_string())
        .unwrap();
    eventually("the second listener to close", async || {
        tokio::net::TcpStream::connect(second)
            .await
            .is_err()
            .then_some(())
    })
    .await;
    assert_eq!(gateway.get("/", "").await.status, 200);
}

#[tokio::test]
async fn a_port_that_is_taken_is_an_error_at_once() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("gateway.yaml");
    let text = format!(
        "listeners: [{{address: '{address}'}}]\nservice: {{name: a, url: 'http://127.0.0.1:1'}}\nroute: {{paths: ['/']}}\n"
    );
    std::fs::write(&file, text).unwrap();
    let started = Gateway::start(Source::new(vec![file.to_str().unwrap().to_owned()])).await;
    let Err(StartError::Bind(error)) = started else {
        panic!("it started");
    };
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn a_drain_waits_for_requests_and_tells_connections_to_close() {
    let late = Behaviour::slow(Duration::from_millis(700));
    let (upstream, gateway) = support::behaving(late).await;
    let mut slow = gateway.connect().await;
    slow.write_all(request("GET", "/slow", "").as_bytes())
        .await
        .unwrap();
    upstream
        .wait_until("the slow request", DEADLINE, |all| {
            (!all.is_empty()).then_some(())
        })
        .await
        .unwrap();
    let mut idle = gateway.connect().await;
    let stopping = tokio::spawn({
        let gateway = gateway.gateway.clone();
        async move { gateway.stop().await }
    });
    eventually("not ready", async || {
        (gateway.admin("/readyz").await.0 == 503).then_some(())
    })
    .await;
    assert_eq!(gateway.admin("/livez").await.0, 200);
    eventually("no new connections", async || {
        tokio::net::TcpStream::connect(gateway.address)
            .await
            .is_err()
            .then_some(())
    })
    .await;
    let answer = read_answer(&mut slow).await;
    assert_eq!((answer.status, answer.complete), (200, true));
    assert_eq!(answer.header("connection"), Some("close"), "{answer:?}");
    assert!(
        timeout(DEADLINE, stopping).await.unwrap().unwrap(),
        "all requests had ended"
    );
    assert_eq!(support::read_to_close(&mut idle).await, b"");
}

/// The program, which is killed with the test.
struct Program {
    child: Child,
    address: SocketAddr,
    log: std::path::PathBuf,
}

async fn run(directory: &Path, configuration: &str) -> Program {
    let file = directory.join("gateway.yaml");
    let (ready, log) = (directory.join("ready.json"), directory.join("stderr.log"));
    std::fs::write(&file, format!("listeners: [{{address: '127.0.0.1:0'}}]\ntelemetry: {{accessLog: {{output: off}}}}\n{configuration}")).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .arg("run")
        .arg(&file)
        .arg("--ready-file")
        .arg(&ready)
        .stderr(std::fs::File::create(&log).unwrap())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let address = eventually("the program to be ready", async || {
        let text = std::fs::read_to_string(&ready).ok()?;
        let told: Value = serde_json::from_str(&text).unwrap();
        told["listeners"][0].as_str()?.parse().ok()
    })
    .await;
    Program {
        child,
        address,
        log,
    }
}

impl Program {
    fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        let killed = std::process::Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(killed.success());
    }

    async fn upstream_is(&self, name: &str) {
        eventually("the other upstream", async || {
            let answer = reqwest::get(format!("http://{}/", self.address))
                .await
                .ok()?;
            (answer.headers().get("x-upstream")? == name).then_some(())
        })
        .await;
    }

    async fn ends(&mut self) -> Option<i32> {
        timeout(DEADLINE, self.child.wait())
            .await
            .unwrap()
            .unwrap()
            .code()
    }

    fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }
}

#[tokio::test]
async fn a_changed_file_and_a_hangup_reload() {
    let (blue, green) = (named("blue").await, named("green").await);
    let directory = tempfile::tempdir().unwrap();
    let mut program = run(directory.path(), &to(&blue)).await;
    program.upstream_is("blue").await;
    let file = directory.path().join("gateway.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace(&blue.url(), &green.url())).unwrap();
    program.upstream_is("green").await;
    std::fs::write(&file, "route: [").unwrap();
    eventually("the error to be told", async || {
        program.told().contains("stays in force").then_some(())
    })
    .await;
    program.upstream_is("green").await;
    std::fs::write(&file, &text).unwrap();
    program.signal("HUP");
    program.upstream_is("blue").await;
    program.signal("TERM");
    assert_eq!(program.ends().await, Some(0));
}

#[tokio::test]
async fn a_termination_drains_and_ends_well() {
    let upstream = MockUpstream::spawn(Behaviour::stream("held"))
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let mut program = run(directory.path(), &to(&upstream)).await;
    let mut client = under_way(program.address, &upstream).await;
    program.signal("TERM");
    eventually("no new connections", async || {
        tokio::net::TcpStream::connect(program.address)
            .await
            .is_err()
            .then_some(())
    })
    .await;
    let held = upstream.stream("held");
    held.event("late");
    held.end();
    let answer = read_answer(&mut client).await;
    assert_eq!(
        (answer.status, answer.text().as_str(), answer.complete),
        (200, "data: late\n\n", true)
    );
    assert_eq!(program.ends().await, Some(0), "{}", program.told());
}

#[tokio::test]
async fn a_drain_ends_at_its_deadline() {
    let upstream = MockUpstream::spawn(Behaviour::stream("held"))
        .await
        .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let configuration = format!("runtime: {{drain: 100ms}}\n{}", to(&upstream));
    let mut program = run(directory.path(), &configuration).await;
    let mut client = under_way(program.address, &upstream).await;
    program.signal("TERM");
    assert_eq!(program.ends().await, Some(1));
    assert!(
        program.told().contains("did not end in time"),
        "{}",
        program.told()
    );
    support::read_to_close(&mut client).await;
}

/// A client whose request has come to the upstream and is not answered yet.
async fn under_way(
    gateway: std::net::SocketAddr,
    upstream: &MockUpstream,
) -> tokio::net::TcpStream {
    let mut client = tokio::net::TcpStream::connect(gateway).await.unwrap();
    client
        .write_all(request("GET", "/", "").as_bytes())
        .await
        .unwrap();
    upstream
        .wait_until("the request", DEADLINE, |all| {
            (!all.is_empty()).then_some(())
        })
        .await
        .unwrap();
    client
}
