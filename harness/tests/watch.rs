//! `gatecheck watch`: exit codes, signals, what is told where, and that no secret is.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Output, Stdio};
use std::time::Duration;

use mock_upstreams::{Behaviour, MockUpstream, Received};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

/// Far beyond what anything here takes.
const LIMIT: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);

const SECRETS: [(&str, &str); 4] = [
    ("KEY", "s3cret-key/+\"x"),
    ("TOKEN", "s3cret-token"),
    ("PASSWORD", "s3cret-password"),
    ("HOOK_KEY", "s3cret-hook-key"),
];

const SUITE: &str = r#"
name: shop
timeout: 10s
credentials:
  key: {key: "${env:KEY}"}
  in-query: {key: {value: "${env:KEY}", query: api_key}}
  token: {token: "${env:TOKEN}"}
  password: {basic: {username: me, password: "${env:PASSWORD}"}}
checks:
  - id: good
    name: what is there is found
    from: shop.yaml:3:1
    credential: key
    steps: [{request: {path: /good}, expect: {status: 200}}]
  - id: other
    name: so is the other
    steps: [{request: {path: /other}, expect: {status: 200}}]
  - id: writes
    name: a new one is taken
    intrusive: it writes
    steps: [{request: {method: POST, path: /writes}, expect: {status: 200}}]
"#;

/// Checks that all fail because of what was sent to them.
const TELLTALES: &str = r#"
  - {id: t1, name: a, credential: key, steps: [{request: {path: /echo}, expect: {body: {contains: "no such text"}}}]}
  - {id: t2, name: b, credential: in-query, steps: [{request: {path: /echo}, expect: {body: {json: {/target: here}}}}]}
  - {id: t3, name: c, credential: token, steps: [{request: {path: /echo}, expect: {body: {lacks: s3cret-token}}}]}
  - {id: t4, name: d, credential: password, steps: [{request: {path: /echo}, expect: {body: {matches: "^never$"}}}]}
  - {id: t5, name: e, credential: token, steps: [{request: {path: /header}, expect: {headers: {X-Echo: other}}}]}
"#;

/// A server in the place of a gateway, and a suite for it.
struct Place {
    directory: TempDir,
    server: MockUpstream,
}

impl Place {
    async fn new(suite: &str) -> Self {
        let place = Self {
            directory: tempfile::tempdir().unwrap(),
            server: MockUpstream::spawn(Behaviour::Echo).await.unwrap(),
        };
        place.write(suite);
        place
    }

    fn write(&self, suite: &str) {
        std::fs::write(self.directory.path().join("suite.yaml"), suite).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatecheck"));
        command
            .current_dir(self.directory.path())
            .args(["watch", "suite.yaml", "--url", &self.server.url()])
            .args(arguments)
            .envs(SECRETS)
            // Louder than anybody should be.
            .env("RUST_LOG", "trace")
            .env_remove("HTTP_PROXY")
            .env_remove("http_proxy")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn once(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = self.command(&["--once"]);
        told(
            timeout(LIMIT, command.args(arguments).output())
                .await
                .unwrap()
                .unwrap(),
        )
    }
}

fn told(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A watcher that runs, and its log.
struct Watching {
    child: Child,
    out: BufReader<ChildStdout>,
    log: String,
    url: String,
}

impl Watching {
    async fn start(mut command: Command) -> Self {
        let mut child = command.args(["--listen", "127.0.0.1:0"]).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut watching = Self {
            child,
            out,
            log: String::new(),
            url: String::new(),
        };
        let started = watching.logged("started").await;
        watching.url = format!("http://{}", started["address"].as_str().unwrap());
        watching
    }

    /// The next line of the log that tells of this event.
    async fn logged(&mut self, event: &str) -> Value {
        timeout(LIMIT, async {
            loop {
                let mut line = String::new();
                let length = self.out.read_line(&mut line).await.unwrap();
                assert_ne!(length, 0, "no {event:?} in {}", self.log);
                self.log.push_str(&line);
                let told: Value = serde_json::from_str(&line).unwrap();
                if told["event"] == event {
                    return told;
                }
            }
        })
        .await
        .unwrap()
    }

    async fn read(&self, path: &str) -> String {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = client.get(format!("{}{path}", self.url)).send().await;
        answer.unwrap().text().await.unwrap()
    }

    /// The status once it is so.
    async fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status: Value = serde_json::from_str(&self.read("/status.json").await).unwrap();
            if holds(&status) {
                return status;
            }
            assert!(
                begun.elapsed() < LIMIT,
                "waited in vain for {what}: {status:#}"
            );
            sleep(LOOK_EVERY).await;
        }
    }

    async fn signal(&self, signal: &str) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await;
        assert!(sent.unwrap().success());
    }

    /// Ends it; the whole log and what it wrote to standard error.
    async fn end(mut self, signal: &str) -> (String, String) {
        self.signal(signal).await;
        let status = timeout(Duration::from_secs(10), self.child.wait()).await;
        let status = status.expect("it ends at once").unwrap();
        assert_eq!(status.code(), Some(0));
        self.out.read_to_string(&mut self.log).await.unwrap();
        let mut errors = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut errors).await.unwrap();
        (self.log, errors)
    }
}

fn all_are(state: &str) -> impl Fn(&Value) -> bool {
    move |status| {
        let checks = status["checks"].as_array().unwrap();
        let mut running = checks.iter().filter(|check| check.get("skipped").is_none());
        running.all(|check| check["state"] == state)
    }
}

#[tokio::test]
async fn once_tells_by_its_exit_code() {
    let place = Place::new(SUITE).await;
    let (code, out, _) = place.once(&[]).await;
    assert_eq!(code, Some(0), "{out}");
    assert!(
        out.contains("2 checks of shop") && out.contains("1 not run"),
        "{out}"
    );

    let status = Behaviour::status(500, [], "");
    place.server.route("/good", status);
    let (code, out, _) = place.once(&[]).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("the status is 500, not 200\n    from shop.yaml:3:1"),
        "{out}"
    );
    assert_eq!(place.once(&["--only", "other"]).await.0, Some(0));

    let less = SUITE.replace(
        "credential: key\n",
        "severity: degraded\n    credential: key\n",
    );
    place.write(&less);
    let (code, out, _) = place.once(&[]).await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("1 good, 1 degraded, 0 bad"), "{out}");
    assert_eq!(place.once(&["--fail-on", "degraded"]).await.0, Some(1));
}

#[tokio::test]
async fn once_speaks_json() {
    let place = Place::new(SUITE).await;
    let (code, out, _) = place.once(&["--format", "json"]).await;
    let status: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &status["state"]), (Some(0), &"good".into()));
    assert_eq!(status["checks"][2]["skipped"], "intrusive: it writes");
}

#[tokio::test]
async fn what_writes_runs_only_where_it_may() {
    let place = Place::new(SUITE).await;
    let posted = |place: &Place| {
        let received = place.server.received();
        received.iter().filter(|one| one.method == "POST").count()
    };
    place.once(&[]).await;
    assert_eq!((posted(&place), place.server.received_total()), (0, 2));
    let (code, out, _) = place.once(&["--intrusive"]).await;
    assert_eq!((code, posted(&place)), (Some(0), 1), "{out}");
    let (code, _, errors) = place.once(&["--only", "writes"]).await;
    assert_eq!((code, posted(&place)), (Some(2), 1));
    assert!(errors.contains("allow it with --intrusive"), "{errors}");
    assert_eq!(
        place.once(&["--only", "writes", "--intrusive"]).await.0,
        Some(0)
    );
}

#[tokio::test]
async fn an_intrusive_check_without_a_key_of_its_own_is_told() {
    let shared = SUITE.replace("it writes", "it writes\n    credential: key");
    let place = Place::new(&shared).await;
    let (_, out, _) = place.once(&[]).await;
    assert!(!out.contains("note:"), "{out}");
    let (code, out, _) = place.once(&["--intrusive"]).await;
    assert_eq!(code, Some(0));
    let note =
        "note: the intrusive check \"writes\" shows the credential \"key\", as \"good\" does";
    assert!(out.contains(note), "{out}");
}

#[tokio::test]
async fn what_can_not_be_done_is_no_verdict() {
    let place = Place::new(SUITE).await;
    for (arguments, expected) in [
        (&["--once", "--only", "godo"][..], "did you mean \"good\"?"),
        (&["--once", "--url", "s3cret"], "is no URL"),
        (
            &["--once", "--url", "http://me:s3cret@host"],
            "has credentials",
        ),
        (
            &["--once", "--url", "http://host/?k=s3cret"],
            "has more than",
        ),
        (&["--once", "--webhook", "http://127.0.0.1:1/"], "--webhook"),
        (&["--format", "json"], "--once"),
        (&["--every", "50ms"], "the shortest interval is 100 ms"),
        (&["--every", "soon"], "write a duration"),
        (&["--raise-after", "0"], "a number from 1 to 1000"),
        (&["--webhook", "${env:NOWHERE}"], "NOWHERE is not set"),
        (&["--webhook", "s3cret-hook"], "is not a URL"),
        (
            &[
                "--webhook",
                "http://127.0.0.1:1/",
                "--webhook-secret",
                "s3cret-plain",
            ],
            "takes a reference",
        ),
        (
            &["--listen", &place.server.address().to_string()],
            "choose another address",
        ),
    ] {
        let mut command = place.command(arguments);
        if arguments.contains(&"--url") {
            command = place.command(&[]);
            command = Command::new(command.as_std().get_program());
            command
                .current_dir(place.directory.path())
                .args(["watch", "suite.yaml"]);
            command.args(arguments).envs(SECRETS);
        }
        let output = timeout(LIMIT, command.output()).await.unwrap().unwrap();
        let (code, _, errors) = told(output);
        assert_eq!(code, Some(2), "{arguments:?}: {errors}");
        assert!(errors.contains(expected), "{arguments:?}: {errors}");
        assert!(!errors.contains("s3cret"), "{errors}");
    }
    for (suite, expected) in [
        ("name: shop\nchecks: []\n", "check"),
        ("name: shop\nchekcs: []\n", "suite.yaml:2:1"),
    ] {
        place.write(suite);
        let (code, _, errors) = place.once(&[]).await;
        assert_eq!(code, Some(2));
        assert!(errors.contains(expected), "{errors}");
    }
    let mut unset = place.command(&["--once"]);
    place.write(SUITE);
    let (code, _, errors) = told(unset.env_remove("KEY").output().await.unwrap());
    assert_eq!(code, Some(2));
    assert!(
        errors.contains("the environment variable KEY is not set"),
        "{errors}"
    );
}

#[tokio::test]
async fn it_tells_of_trouble_in_page_metrics_log_and_alerts() {
    let place = Place::new(SUITE).await;
    let webhook = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(204))
        .mount(&webhook)
        .await;
    let uri = webhook.uri();
    let arguments = [
        "--every",
        "200ms",
        "--webhook",
        &uri,
        "--webhook-secret",
        "${env:HOOK_KEY}",
    ];
    let mut watching = Watching::start(place.command(&arguments)).await;
    watching.until("all good", all_are("good")).await;
    assert!(watching.read("/").await.contains("All 2 checks are good"));

    place.server.route("/good", Behaviour::status(500, [], ""));
    let status = watching
        .until("an alert", |status| status["checks"][0]["alerting"] == true)
        .await;
    assert_eq!(status["checks"][0]["reason"], "status");
    assert_eq!(status["checks"][1]["state"], "good");
    assert!(
        watching
            .read("/")
            .await
            .contains("the status is 500, not 200")
    );
    let metrics = watching.read("/metrics").await;
    let fault = "gatecheck_check_fault{check=\"good\",reason=\"status\",step=\"1\"} 2";
    assert!(metrics.contains(fault), "{metrics}");
    let transition = watching.logged("transition").await;
    assert_eq!(
        (&transition["from"], &transition["to"]),
        (&"good".into(), &"bad".into())
    );
    assert_eq!(watching.logged("alert").await["change"], "raised");

    place.server.route("/good", Behaviour::Echo);
    watching
        .until("both alerts", |status| status["alerts"]["sent"] == 2)
        .await;
    let events: Vec<Value> = webhook
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| {
            assert!(request.headers.contains_key("webhook-signature"));
            request.body_json::<Value>().unwrap()
        })
        .collect();
    assert_eq!(
        (&events[0]["event"], &events[0]["status"]),
        (&"raised".into(), &"firing".into())
    );
    assert_eq!(
        (&events[1]["event"], &events[1]["status"]),
        (&"recovered".into(), &"resolved".into())
    );
    let (log, _) = watching.end("-INT").await;
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["event"], &last["signal"]),
        (&"stopped".into(), &"SIGINT".into())
    );
}

#[tokio::test]
async fn the_suite_is_read_again_and_a_wrong_one_changes_nothing() {
    let place = Place::new(SUITE).await;
    let watching = Watching::start(place.command(&["--every", "200ms"])).await;
    watching.until("all good", all_are("good")).await;
    place.write("name: shop\nchecks:\n  - id: Nonsense\n");
    watching.signal("-HUP").await;
    let refused = |status: &Value| status["suite"].get("reloadError").is_some();
    let status = watching.until("a refusal", refused).await;
    let error = status["suite"]["reloadError"].as_str().unwrap();
    assert!(error.contains("suite.yaml:3"), "{error}");
    assert_eq!(status["checks"].as_array().unwrap().len(), 3);
    assert!(watching.read("/").await.contains("could not be read again"));
    let runs = status["checks"][0]["runs"].as_u64().unwrap();
    let goes_on = |status: &Value| status["checks"][0]["runs"].as_u64().unwrap() > runs + 1;
    watching.until("further runs", goes_on).await;

    place.write(&SUITE.replace("id: other", "id: another"));
    watching.signal("-HUP").await;
    let taken = |status: &Value| status["checks"][1]["id"] == "another" && all_are("good")(status);
    let status = watching.until("the other suite", taken).await;
    assert!(!refused(&status));
    assert!(
        status["checks"][0]["runs"].as_u64().unwrap() > runs,
        "what is known stays"
    );
    let metrics = watching.read("/metrics").await;
    assert!(!metrics.contains("check=\"other\""), "{metrics}");
    assert!(
        metrics.contains("gatecheck_suite_reloads_total{result=\"failure\"} 1"),
        "{metrics}"
    );
    watching.end("-TERM").await;
}

/// Whatever is sent, comes back, goes wrong or is asked of the log.
#[tokio::test]
async fn secrets_are_shown_nowhere() {
    let place = Place::new(&format!("{SUITE}{TELLTALES}")).await;
    let headers = [("X-Echo", "Bearer s3cret-token")];
    place
        .server
        .route("/header", Behaviour::status(200, headers, ""));
    let webhook = MockServer::start().await;
    let refusing = Mock::given(any()).respond_with(ResponseTemplate::new(400));
    refusing.mount(&webhook).await;
    let hook = format!("{}/s3cret-path?token=s3cret-query", webhook.uri());
    let arguments = [
        "--every",
        "200ms",
        "--webhook",
        "${env:HOOK}",
        "--webhook-secret",
        "${env:HOOK_KEY}",
    ];
    let mut command = place.command(&arguments);
    command.env("HOOK", &hook);
    let watching = Watching::start(command).await;
    let failed = |status: &Value| status["alerts"]["failed"].as_u64().unwrap() >= 5;
    watching.until("alerts that nobody took", failed).await;
    let mut shown = String::new();
    for path in ["/", "/status.json", "/metrics", "/healthz"] {
        shown += &watching.read(path).await;
    }
    for request in webhook.received_requests().await.unwrap() {
        shown += &String::from_utf8(request.body.clone()).unwrap();
        shown += &format!("{:?}", request.headers);
    }
    let (log, errors) = watching.end("-TERM").await;
    let (code, out, _) = place.once(&[]).await;
    assert_eq!(code, Some(1));
    shown += &log;
    shown += &errors;
    shown += &out;
    assert!(log.contains("[secret]"), "something was kept back: {log}");
    let sent = place.server.received();
    let sent = sent
        .iter()
        .any(|one| format!("{one:?}").contains("s3cret-token"));
    assert!(sent, "the secrets were really sent");
    assert!(!shown.contains("s3cret"), "{}", around(&shown, "s3cret"));
    // "me:s3cret-password", as Basic has it.
    assert!(!shown.contains("bWU6czNjcmV0LXBhc3N3b3Jk"));
}

/// Where in a long text something is.
fn around(text: &str, wanted: &str) -> String {
    let at = text.find(wanted).unwrap();
    text.chars()
        .skip(text[..at].chars().count().saturating_sub(300))
        .take(400)
        .collect()
}

#[tokio::test]
async fn it_ends_at_once_whatever_hangs() {
    let place = Place::new(SUITE).await;
    place.server.set_behaviour(Behaviour::Hang).unwrap();
    let arguments = ["--every", "1h", "--only", "other"];
    let watching = Watching::start(place.command(&arguments)).await;
    let asked = |all: &[Received]| (!all.is_empty()).then_some(());
    place
        .server
        .wait_until("a request", LIMIT, asked)
        .await
        .unwrap();
    let begun = Instant::now();
    watching.end("-TERM").await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
}
