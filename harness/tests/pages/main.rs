//! The pages that people look at, in a real browser: that they show what they should, that what can be clicked does
//! something, that nothing is forbidden by their own policy, and that they fit a desk and a telephone.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod browser;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use browser::Browser;
use mock_upstreams::{Behaviour, MockUpstream};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

const DESK: u32 = 1440;
/// The narrowest window of a browser on a desk; pages are told to be laid out for a telephone at this width too.
const NARROW: u32 = 500;
/// Far beyond what anything here takes.
const LIMIT: Duration = Duration::from_secs(60);

fn gatecheck(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gatecheck"));
    command
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}

fn file(path: &Path) -> String {
    format!("file://{}", path.display())
}

async fn nothing_is_amiss(browser: &Browser) {
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(
        !browser.overflows().await,
        "the page is wider than its window"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cell_of_the_matrix_shows_exchange_configuration_and_source() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = [
        "matrix",
        "--targets",
        "nginx,haproxy",
        "--tags",
        "@CORS-001 or @KEY-001 or @JWT-001",
    ];
    let ended = gatecheck(dir.path(), &arguments).output().await.unwrap();
    assert!(ended.status.success());
    let page = file(&dir.path().join("matrix/index.html"));
    for width in [DESK, NARROW] {
        let browser = Browser::start(width).await;
        browser.open(&page).await;
        let head = browser.text("header").await;
        assert!(head.contains("2 targets"), "{head}");

        browser.click("a[data-cell='nginx/cors']").await;
        let detail = browser.text("#detail").await;
        assert!(detail.contains("cors on nginx"), "{detail}");
        browser.click("#detail details.scenario > summary").await;
        let detail = browser.text("#detail").await;
        for shown in ["OPTIONS ", "204 No Content", "was not called"] {
            assert!(detail.contains(shown), "{shown:?} is not in {detail}");
        }
        let source = "return document.querySelector('#detail a[rel=noreferrer]').href";
        let source = browser.script(source).await;
        assert!(source.as_str().unwrap().starts_with("https://"), "{source}");

        browser
            .click("#detail a[href^='#nginx-configuration-']")
            .await;
        let configuration = browser.text("#configuration").await;
        assert!(configuration.contains("proxy_pass"), "{configuration}");

        // What nginx can't do says why, and another cell takes the place of this one.
        browser.click("a[data-cell='nginx/tokens']").await;
        let detail = browser.text("#detail").await;
        assert!(detail.contains("unsupported"), "{detail}");
        assert!(detail.contains("jwt-validate"), "{detail}");
        assert!(!detail.contains("cors on nginx"), "{detail}");
        nothing_is_amiss(&browser).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_searched_and_opened() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = [
        "run",
        "--target",
        "nginx",
        "--tags",
        "@CORS-001 or @KEY-001 or @JWT-001",
        "--report-html",
        "report.html",
    ];
    let ended = gatecheck(dir.path(), &arguments).output().await.unwrap();
    assert!(ended.status.success());
    let browser = Browser::start(NARROW).await;
    browser.open(&file(&dir.path().join("report.html"))).await;
    let visible = "return [...document.querySelectorAll('details.scenario')].filter(one => one.checkVisibility())\
                   .map(one => one.querySelector('.id').textContent)";
    let all = browser.script(visible).await;
    assert!(all.as_array().unwrap().len() > 2, "{all}");
    browser
        .script(
            "const search = document.querySelector('#search'); search.value = 'KEY-001';\
             search.dispatchEvent(new Event('input', {bubbles: true}))",
        )
        .await;
    let found = browser.script(visible).await;
    assert_eq!(found, serde_json::json!(["KEY-001"]));
    browser.click("#open").await;
    let shown = browser.text("main").await;
    assert!(shown.contains("401"), "{shown}");
    nothing_is_amiss(&browser).await;
}

const CHECKS: &str = "
name: shop
checks:
  - {id: good, name: what is there is found, steps: [{request: {path: /good}, expect: {status: 200}}]}
  - {id: bad, name: what is gone is gone, steps: [{request: {path: /bad}, expect: {status: 410}}]}
";

#[tokio::test(flavor = "multi_thread")]
async fn the_status_page_tells_what_is_wrong_first() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("suite.yaml"), CHECKS).unwrap();
    let server = MockUpstream::spawn(Behaviour::Echo).await.unwrap();
    let url = server.url();
    let arguments = [
        "watch",
        "suite.yaml",
        "--url",
        &url,
        "--every",
        "200ms",
        "--listen",
        "127.0.0.1:0",
    ];
    let mut watcher = gatecheck(dir.path(), &arguments).spawn().unwrap();
    let mut log = BufReader::new(watcher.stdout.take().unwrap()).lines();
    let started: Value = loop {
        let line = log.next_line().await.unwrap().expect("it starts");
        let told: Value = serde_json::from_str(&line).unwrap();
        if told["event"] == "started" {
            break told;
        }
    };
    let page = format!("http://{}/", started["address"].as_str().unwrap());
    for width in [DESK, NARROW] {
        let browser = Browser::start(width).await;
        let begun = Instant::now();
        loop {
            browser.open(&page).await;
            let shown = browser.text("body").await;
            if shown.contains("1 of 2 checks is bad") {
                assert!(shown.contains("the status is 200, not 410"), "{shown}");
                break;
            }
            assert!(begun.elapsed() < LIMIT, "in vain: {shown}");
            sleep(Duration::from_millis(20)).await;
        }
        nothing_is_amiss(&browser).await;
    }
}
