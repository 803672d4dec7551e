//! `gatecheck run --target URL --profile FILE`: gateways that run already, and what can be wrong with them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use gatecheck::adapters::Port;
use gatecheck::fixtures::certificates::{Certificates, Leaf};
use gatecheck::report::json;
use gatecheck::report::model::{RunReport, Verdict};
use mock_upstreams::{MockUpstream, Tls};
use tempfile::TempDir;

const KEY: &str = "the-key-of-alice";

/// Stops the nginx of the last configuration, and starts one with the next.
const APPLY: &str = r#"
set -e
cd "$(dirname "$0")/nginx"
if [ -s nginx.pid ]; then
  kill -QUIT "$(cat nginx.pid)"
  while [ -e nginx.pid ]; do :; done
fi
cp -r "$1"/. .
PATH=$PATH:/usr/sbin nginx -p "$PWD" -c nginx.conf -e stderr >/dev/null 2>&1 &
"#;

/// A directory for a profile and what it refers to; an nginx that was started there ends with it.
struct Place(TempDir);

impl Place {
    fn new(profile: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.path().join("nginx")).unwrap();
        place.write("apply.sh", APPLY);
        place.write("profile.yaml", profile);
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn run(&self, url: &str, tags: &str) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatecheck"));
        command
            .args(["run", "--target", url, "--profile"])
            .arg(self.path().join("profile.yaml"))
            .args(["--tags", tags, "--report-json"])
            .arg(self.path().join("report.json"))
            .env("ALICE_KEY", KEY)
            .env("APPLY", self.path().join("apply.sh"));
        command.output().unwrap()
    }

    fn report(&self) -> RunReport {
        let text = fs::read_to_string(self.path().join("report.json")).unwrap();
        json::read(&text).unwrap()
    }

    /// That nothing was run but told: the exit code 2 and this on standard error.
    fn refuses(&self, url: &str, told: &str) {
        let output = self.run(url, "@core");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(told), "{text}");
        assert_eq!(output.status.code(), Some(2));
    }

    /// That every scenario says that the target could not be set up, because of this.
    fn fails(&self, url: &str, told: &str) {
        let output = self.run(url, "@ORDERS-001");
        let report = self.report();
        let Verdict::SetupFailed { message, .. } = &report.scenarios[0].verdict else {
            panic!("{:?}", report.scenarios[0].verdict)
        };
        assert!(message.contains(told), "{message}");
        assert_eq!(output.status.code(), Some(2));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let stop = "if [ -s nginx.pid ]; then kill \"$(cat nginx.pid)\"; fi";
        let mut command = Command::new("sh");
        command
            .args(["-c", stop])
            .current_dir(self.path().join("nginx"));
        assert!(command.stdin(Stdio::null()).status().unwrap().success());
    }
}

fn label<'a>(report: &'a RunReport, id: &str) -> &'a str {
    let found = report.scenarios.iter().find(|scenario| scenario.id == id);
    found.unwrap().verdict.label()
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[test]
fn a_command_applies_each_configuration_before_its_scenarios() {
    let port = Port::free().unwrap();
    let place = Place::new(
        "capabilities: [exercises, cors, api-keys]\n\
         levels: [core]\n\
         knownFailing: [{scenario: KEY-003, reason: none, link: none}]\n\
         upstreams: {listen: 127.0.0.1}\n\
         apply: {command: 'sh \"$APPLY\" {dir}', format: nginx}\n",
    );
    let tags = "@ORDERS-001 or @ORDERS-003 or @CORS-001 or @KEY-003 or @ROUTE-001 or @CORS-004 or @ORDERS-005";
    let output = place.run(&url(port.address()), tags);
    let report = place.report();
    for id in ["ORDERS-001", "ORDERS-003", "CORS-001"] {
        assert_eq!(label(&report, id), "pass", "{id}: {report:#?}");
    }
    // The profile claims neither routing nor what is extended.
    assert_eq!(label(&report, "ROUTE-001"), "unsupported");
    assert_eq!(label(&report, "CORS-004"), "unsupported");
    // What the profile declares is held as an adapter's declarations are.
    assert_eq!(label(&report, "KEY-003"), "unexpected-pass");
    assert_eq!(output.status.code(), Some(1));
}

/// As `APPLY`, for one file; the command ends before any of it is done.
const LATER: &str = r#"
set -e
cd "$(dirname "$0")/nginx"
cp "$1" next.conf
{
  if [ -s nginx.pid ]; then
    kill -QUIT "$(cat nginx.pid)"
    while [ -e nginx.pid ]; do :; done
  fi
  mv next.conf nginx.conf
  PATH=$PATH:/usr/sbin nginx -p "$PWD" -c nginx.conf -e stderr
} >/dev/null 2>&1 &
"#;

/// An nginx that serves `locations`.
fn template(listen: SocketAddr, locations: &str) -> String {
    format!(
        "daemon off; pid nginx.pid; error_log stderr; events {{}}\n\
         http {{ access_log off; map $http_x_api_key $caller {{ default ''; \n\
         {{{{each key}}}}\n{{{{key}}}} {{{{consumer}}}};\n{{{{end}}}} }}\n\
         server {{ listen {listen}; {locations} }} }}\n"
    )
}

#[test]
fn a_template_is_waited_for_where_it_tells_when_it_is_taken_on() {
    let listen = Port::free().unwrap().address();
    let place = Place::new(
        "upstreams: {listen: 127.0.0.1}\n\
         apply: {command: 'sh \"$APPLY\" {file}', templates: templates, ready: '/{id}'}\n",
    );
    place.write("apply.sh", LATER);
    fs::create_dir(place.path().join("templates")).unwrap();
    let orders = template(
        listen,
        "location = /{{id}} { return 204; }\n\
         location /api/v1/orders {\n\
         if ($caller = '') { add_header WWW-Authenticate ApiKey always; return 401; }\n\
         proxy_set_header X-API-Key ''; proxy_pass http://{{upstream orders-svc:8080}}; }",
    );
    place.write("templates/orders.conf", &orders);
    let canary = template(
        listen,
        "location = /{{id}} { return 204; }\n\
         location /api/v1/search { proxy_pass http://{{upstream search-v1:8080}}; }",
    );
    place.write("templates/search-canary.conf", &canary);
    let tags = "@ORDERS-001 or @ORDERS-003 or @CANARY-001 or @CORS-001 or @CORS-051";
    place.run(&url(listen), tags);
    let report = place.report();
    for id in ["ORDERS-001", "ORDERS-003", "CANARY-001"] {
        assert_eq!(label(&report, id), "pass", "{id}: {report:#?}");
    }
    // There is no template of it.
    assert_eq!(label(&report, "CORS-001"), "unsupported");

    // Nothing is applied: it goes on with the configuration before, which is not waited for without end, and no pass.
    let nothing = "upstreams: {listen: 127.0.0.1}\n\
         apply: {command: 'true', templates: templates, ready: '/{id}', within: 500ms}\n";
    place.write("profile.yaml", nothing);
    place.fails(&url(listen), "has not taken the configuration on");
}

#[test]
fn a_gateway_that_was_configured_by_hand_is_held_to_what_it_can_show() {
    let (port, upstream) = (Port::free().unwrap(), Port::free().unwrap());
    let (listen, upstream) = (port.address(), upstream.address());
    let place = Place::new(&format!(
        "fixture: orders\n\
         upstreams: {{listen: 127.0.0.1, ports: {{'orders-svc:8080': {}}}}}\n\
         credentials:\n  alice: {{key: '${{env:ALICE_KEY}}'}}\n",
        upstream.port()
    ));
    place.write("nginx.conf", &by_hand(listen, upstream));
    let mut apply = Command::new("sh");
    let files = tempfile::tempdir().unwrap();
    fs::copy(
        place.path().join("nginx.conf"),
        files.path().join("nginx.conf"),
    )
    .unwrap();
    apply.arg(place.path().join("apply.sh")).arg(files.path());
    assert!(apply.status().unwrap().success());
    while std::net::TcpStream::connect(listen).is_err() {}

    let output = place.run(
        &url(listen),
        "@ORDERS-001 or @ORDERS-002 or @ORDERS-003 or @ORDERS-005 or @KEY-001",
    );
    let report = place.report();
    for id in ["ORDERS-001", "ORDERS-002", "ORDERS-003"] {
        assert_eq!(label(&report, id), "pass", "{id}: {report:#?}");
    }
    // All scenarios share the key and so its limit; and no other configuration can be had.
    assert_eq!(label(&report, "ORDERS-005"), "unsupported");
    assert_eq!(label(&report, "KEY-001"), "unsupported");
    assert_eq!(output.status.code(), Some(0));
    let text = fs::read_to_string(place.path().join("report.json")).unwrap();
    assert!(!text.contains(KEY), "the key shows in the report");

    let own = "fixture: orders\nupstreams: own\ncredentials: {alice: {key: '${env:ALICE_KEY}'}}\n";
    place.write("profile.yaml", own);
    place.run(&url(listen), "@ORDERS-001 or @ORDERS-007");
    let report = place.report();
    // Whether the upstream was called can't be seen.
    assert_eq!(label(&report, "ORDERS-001"), "unsupported");
}

/// The configuration of orders as somebody might write it.
fn by_hand(listen: SocketAddr, upstream: SocketAddr) -> String {
    format!(
        "daemon off; pid nginx.pid; error_log stderr; events {{}}\n\
         http {{ access_log off; server {{ listen {listen};\n\
         location = /api/v1/orders {{\n\
         if ($http_x_api_key != \"{KEY}\") {{ add_header WWW-Authenticate ApiKey always; return 401; }}\n\
         proxy_set_header X-API-Key \"\"; proxy_pass http://{upstream}; }} }} }}\n"
    )
}

#[test]
fn mistakes_in_a_profile_are_told_with_their_place() {
    let url = "http://127.0.0.1:1";
    let refuses = |profile: &str, told: &str| Place::new(profile).refuses(url, told);
    refuses(
        "upstreams: own\nfixtur: orders\n",
        "profile.yaml:2:1: unknown field `fixtur`",
    );
    refuses(
        "upstreams: own\nfixtur: orders\n",
        "did you mean \"fixture\"?",
    );
    refuses("upstreams: own\n", "neither apply");
    refuses(
        "upstreams: nobody\nfixture: orders\n",
        "\"nobody\" is neither own nor an address",
    );
    refuses(
        "upstreams: own\nfixture: order\n",
        "no configuration \"order\"",
    );
    refuses(
        "upstreams: own\nfixture: orders\ncapabilities: [corz]\n",
        "did you mean \"cors\"?",
    );
    refuses(
        "upstreams: own\nfixture: orders\ncredentials: {alice: {key: plain}}\n",
        "a secret is written ${env:NAME}",
    );
    refuses(
        "upstreams: own\nfixture: orders\ncredentials: {alice: {key: '${env:NO_SUCH}'}}\n",
        "the environment variable NO_SUCH can't be read",
    );
    refuses(
        "upstreams: own\napply: {command: 'true', format: nginks}\n",
        "did you mean \"nginx\"?",
    );
    refuses(
        "upstreams: own\napply: {command: 'true', ready: '/{id}'}\n",
        "ready is for templates",
    );
    refuses(
        "upstreams: own\napply: {command: 'true', templates: nginx, ready: /ready}\n",
        "ready is a path with {id} in it",
    );
    let good = Place::new("upstreams: own\nfixture: orders\n");
    good.refuses("http://127.0.0.1:1/path", "has a path");
    good.refuses("ftp://127.0.0.1", "neither of http nor of https");
    good.refuses(
        "http://no-such-host.invalid",
        "the address of no-such-host.invalid can't be found",
    );
}

#[test]
fn an_unknown_target_is_told_with_the_nearest() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatecheck"));
    let output = command
        .args(["run", "--target", "nginks"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("did you mean \"nginx\"?"), "{text}");
    assert_eq!(output.status.code(), Some(2));
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatecheck"));
    let output = command
        .args(["run", "--target", "http://127.0.0.1:1"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("--profile FILE"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

const HAND: &str = "fixture: orders\nupstreams: {listen: 127.0.0.1}\ncredentials: {alice: {key: '${env:ALICE_KEY}'}}\n";

#[test]
fn a_gateway_that_is_down_is_no_pass() {
    let port = Port::free().unwrap();
    Place::new(HAND).fails(&url(port.address()), "Connection refused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_answers_garbage_is_no_pass() {
    let garbage = MockUpstream::spawn("raw=nonsense%0D%0A%0D%0A;then=close".parse().unwrap());
    let garbage = garbage.await.unwrap();
    Place::new(HAND).fails(&url(garbage.address()), "can't be asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_never_ends_is_no_pass() {
    let endless = MockUpstream::spawn("endless=1KiB;between=1ms".parse().unwrap());
    let endless = endless.await.unwrap();
    let profile = "upstreams: {listen: 127.0.0.1}\napply: {command: 'true', within: 500ms}\n";
    Place::new(profile).fails(&url(endless.address()), "did not answer within 500ms");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_whose_certificate_is_not_believed_is_no_pass() {
    let certificates = Certificates::new().unwrap();
    let certified = certificates
        .mint("good", &Leaf::server(["localhost"]))
        .unwrap();
    let tls = Tls::new(certified.chain_pem(), certified.key_pem());
    let server = MockUpstream::builder("echo".parse().unwrap()).tls(tls);
    let server = server.spawn().await.unwrap();
    let url = format!("https://localhost:{}", server.address().port());
    let place = Place::new(&format!("{HAND}ca: ca.pem\n"));
    place.write("ca.pem", &certificates.clients.pem());
    place.fails(&url, "UnknownIssuer");
    // The control: with the right authority it answers.
    place.write("ca.pem", &certificates.servers.pem());
    place.run(&url, "@ORDERS-001");
    assert_eq!(label(&place.report(), "ORDERS-001"), "fail");
}

#[test]
fn a_command_that_fails_or_hangs_is_told() {
    let apply = |command: &str| {
        format!(
            "upstreams: {{listen: 127.0.0.1}}\napply: {{command: '{command}', within: 300ms}}\n"
        )
    };
    let url = "http://127.0.0.1:1";
    Place::new(&apply("echo no such workspace; exit 3")).fails(url, "no such workspace");
    Place::new(&apply("sleep 1000 & wait")).fails(url, "did not end within 300ms");
}
