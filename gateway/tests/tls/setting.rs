//! A gateway with TLS, and what became of its handshakes.

use crate::party::{self, Authority, Client, get};
use crate::support::{self, Started, eventually, start};
use mock_upstreams::{Behaviour, MockUpstream};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const FAILURES: &str = "gateway_tls_handshake_failures_total";

/// A gateway with TLS in front of an echoing upstream, and the directory of its certificates.
pub struct Setting {
    pub gateway: Started,
    pub upstream: MockUpstream,
    pub authority: Authority,
    pub files: TempDir,
}

impl Setting {
    /// With one certificate, for `a.test` and `b.test`, and these further keys of `tls` and of the listener.
    pub async fn new(tls: &str, listener: &str) -> Self {
        let setting = Self::with(|authority, files| {
            authority.leaf(&["a.test", "b.test"]).write(files, "server");
            document(files, tls, listener)
        });
        setting.await
    }

    pub async fn with(make: impl FnOnce(&Authority, &Path) -> String) -> Self {
        let upstream = MockUpstream::spawn(Behaviour::named("up")).await.unwrap();
        let (authority, files) = (Authority::new("Servers"), tempfile::tempdir().unwrap());
        let gateway = start(&(make(&authority, files.path()) + &support::to(&upstream))).await;
        Self {
            gateway,
            upstream,
            authority,
            files,
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    pub fn rewrite(&self, tls: &str, listener: &str) {
        let document = document(self.files.path(), tls, listener);
        self.gateway
            .rewrite(&(document + &support::to(&self.upstream)));
    }

    pub async fn reload(&self) {
        let done = self.gateway.gateway.reload().await;
        done.map_err(|error| error.to_string()).unwrap();
    }

    pub async fn connect(&self, name: &str) -> party::Connection {
        let connection = Client::default().connect(self.gateway.address, name).await;
        connection.unwrap()
    }

    /// The status of `GET /` for this host on a connection for this name.
    pub async fn status(&self, name: &str, host: &str) -> u16 {
        let answer = get(&mut self.connect(name).await, host).await.unwrap();
        if answer.status != 200 {
            assert_eq!(&*answer.code(), "misdirected-request");
        }
        answer.status
    }

    pub async fn failures(&self) -> f64 {
        self.gateway.metric(FAILURES, &["127.0.0.1:0"]).await
    }

    pub async fn counted(&self, failures: f64) {
        eventually("the count of a failed handshake", async || {
            (self.failures().await == failures).then_some(())
        })
        .await;
    }
}

pub fn document(files: &Path, tls: &str, listener: &str) -> String {
    let files = files.display();
    let certificate = format!("{{certificate: '{files}/server.pem', key: '{files}/server.key'}}");
    format!(
        "listeners: [{{address: '127.0.0.1:0', {listener} tls: {{certificates: [{certificate}], {tls}}}}}]\n"
    )
}

pub fn clients(files: &Path, mode: &str, more: &str) -> String {
    let ca = files.join("clients.pem");
    format!(
        "clientCertificates: {{mode: {mode}, ca: '{}', {more}}}",
        ca.display()
    )
}
