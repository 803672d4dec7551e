//! The profiles of `docs/guides/`: each is read, and what it does to a gateway is done to a stand-in, which takes
//! everything and answers everything with success.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gatecheck::report::json;
use gatecheck::report::model::Verdict;
use mock_upstreams::MockUpstream;
use tempfile::TempDir;

/// A gateway that takes any configuration, and the directory of a run.
struct StandIn {
    gateway: MockUpstream,
    dir: TempDir,
}

impl StandIn {
    async fn new() -> Self {
        Self {
            gateway: MockUpstream::spawn("echo".parse().unwrap()).await.unwrap(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.gateway.address())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs ORDERS-003, or the first scenario of search-canary, with the profile of a guide; gives the verdict.
    fn run(&self, guide: &str, scenario: &str, environment: (&str, String)) -> Verdict {
        let guides = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guides");
        let report = self.file("report.json");
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatecheck"));
        let output = command
            .args(["run", "--target", &self.url(), "--tags", scenario])
            .arg("--profile")
            .arg(guides.join(guide).join("profile.yaml"))
            .arg("--report-json")
            .arg(&report)
            .env(environment.0, environment.1)
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let text = fs::read_to_string(report).unwrap_or_else(|_| panic!("{told}"));
        let report = json::read(&text).unwrap();
        report.scenarios.into_iter().next().unwrap().verdict
    }
}

/// The stand-in was set up, but answers by itself: the scenario ran, and failed.
fn ran(verdict: &Verdict) {
    assert!(matches!(verdict, Verdict::Fail { .. }), "{verdict:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kong_is_given_its_configuration_over_the_admin_interface() {
    let kong = StandIn::new().await;
    ran(&kong.run("kong", "@ORDERS-003", ("KONG_ADMIN", kong.url())));
    let received = kong.gateway.received();
    let posted = received.iter().find(|request| request.target == "/config");
    let body = String::from_utf8_lossy(&posted.unwrap().body).into_owned();
    assert!(body.contains("_format_version"), "{body}");
    assert!(
        received
            .iter()
            .any(|request| request.target.starts_with("/gatecheck-")),
        "nobody asked whether the configuration was taken on"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn apisix_is_given_its_configuration_in_a_file() {
    let apisix = StandIn::new().await;
    let file = apisix.file("apisix.yaml");
    let variable = ("APISIX_YAML", file.display().to_string());
    ran(&apisix.run("apisix", "@ORDERS-003", variable));
    let text = fs::read_to_string(file).unwrap();
    assert!(text.ends_with("#END\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn traefik_is_given_its_configuration_in_a_directory() {
    let traefik = StandIn::new().await;
    let variable = ("TRAEFIK_DYNAMIC", traefik.dir.path().display().to_string());
    ran(&traefik.run("traefik", "@CANARY-001", variable));
    let text = fs::read_to_string(traefik.file("gatecheck.yaml")).unwrap();
    assert!(text.contains("loadBalancer"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_of_a_cloud_gateway_is_read() {
    let cloud = StandIn::new().await;
    let key = ("ALICE_KEY", "a-key".to_owned());
    // Nothing that the mock upstreams listen for here: another configuration than the one that it has.
    let verdict = cloud.run("aws-api-gateway", "@CORS-001", key);
    assert!(
        matches!(verdict, Verdict::Unsupported { .. }),
        "{verdict:?}"
    );
}
