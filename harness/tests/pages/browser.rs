//! A browser without a window: Chromium, spoken to by WebDriver (W3C, <https://www.w3.org/TR/webdriver2/>) through its
//! driver.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser with one page, gone when it is dropped.
pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
    _profile: TempDir,
}

impl Browser {
    /// Starts one whose page is so wide.
    pub async fn start(width: u32) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("chromedriver is installed: cargo xtask setup");
        let port = port(&mut driver);
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self {
            driver,
            client: Client::builder().no_proxy().build().unwrap(),
            session: format!("http://127.0.0.1:{port}/session"),
            _profile: profile,
        };
        let arguments = [
            "--headless".to_owned(),
            // Root has no sandbox; pages here are our own.
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            format!("--window-size={width},900"),
            format!("--user-data-dir={}", browser._profile.path().display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
        }}});
        let session = browser.call(Method::POST, "", &wanted).await;
        let id = session["sessionId"].as_str().unwrap();
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    /// Opens a page and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        self.call(Method::POST, "/url", &json!({"url": url})).await;
    }

    /// What a script in the page returns.
    pub async fn script(&self, script: &str) -> Value {
        let call = json!({"script": script, "args": []});
        self.call(Method::POST, "/execute/sync", &call).await
    }

    /// Clicks where the first element of this CSS selector is, as a person would: whether it can be clicked counts.
    pub async fn click(&self, selector: &str) {
        let wanted = json!({"using": "css selector", "value": selector});
        let element = self.call(Method::POST, "/element", &wanted).await;
        let id = element.as_object().unwrap().values().next().unwrap();
        let path = format!("/element/{}/click", id.as_str().unwrap());
        self.call(Method::POST, &path, &json!({})).await;
    }

    /// The text of an element as it is shown.
    pub async fn text(&self, selector: &str) -> String {
        let script = format!(
            "return document.querySelector({}).innerText",
            json!(selector)
        );
        self.script(&script).await.as_str().unwrap().to_owned()
    }

    /// Whether the page is wider than its window.
    pub async fn overflows(&self) -> bool {
        let script =
            "return document.documentElement.scrollWidth > document.documentElement.clientWidth";
        self.script(script).await.as_bool().unwrap()
    }

    /// What the browser complained of: errors of scripts, what the page's policy forbids, what could not be loaded.
    pub async fn complaints(&self) -> Vec<Value> {
        let log = json!({"type": "browser"});
        let entries = self.call(Method::POST, "/se/log", &log).await;
        entries.as_array().unwrap().clone()
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.session);
        let response = self.client.request(method, url).json(body).send().await;
        let mut answer: Value = response.unwrap().json().await.unwrap();
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{path}: {value:#}");
        value
    }
}

impl Drop for Browser {
    /// The driver ends its browser when it is told to, and leaves it when it is killed.
    fn drop(&mut self) {
        let told = self.end_session();
        self.driver.kill().unwrap();
        self.driver.wait().unwrap();
        if !std::thread::panicking() {
            told.unwrap();
        }
    }
}

impl Browser {
    /// Without a runtime, as where something is dropped nobody waits.
    fn end_session(&self) -> io::Result<()> {
        let (address, path) = self
            .session
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
            .ok_or(io::ErrorKind::InvalidInput)?;
        let mut connection = TcpStream::connect(address)?;
        write!(
            connection,
            "DELETE /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        )?;
        // Answered once the browser has ended.
        BufReader::new(connection).read_line(&mut String::new())?;
        Ok(())
    }
}

/// The port that the driver says it has taken.
fn port(driver: &mut Child) -> u16 {
    let output = BufReader::new(driver.stdout.take().unwrap());
    let said = output.lines().map(Result::unwrap);
    let port = said.filter_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    port.take(1).next().expect("the driver says its port")
}
