//! Our own gateway. Its configuration format is that of the fixtures, so rendering adds no more than the consumers, the
//! access log and the admin address.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::process::Command;

use super::process::{Process, checked, printed};
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Site, Unsupported,
};
use crate::fixtures::{Consumer, Fixture, Key, TokenClaim};

const CONFIGURATION: &str = "gateway.json";
const READY_FILE: &str = "ready.json";
const ACCESS_LOG: &str = "access.log";
const AUTHORITY: &str = "system-roots.pem";

/// The adapter.
#[derive(Clone, Debug)]
pub struct Gateway {
    binary: PathBuf,
}

/// What the gateway writes once it accepts connections.
#[derive(Debug, Deserialize)]
struct Ready {
    listeners: Vec<SocketAddr>,
    admin: Option<SocketAddr>,
}

impl Gateway {
    /// With this binary; else that of `GATECHECK_GATEWAY`; else the one beside this executable; else that on the PATH.
    pub fn new(binary: Option<PathBuf>) -> Self {
        let name = format!("gateway{}", env::consts::EXE_SUFFIX);
        let beside = || {
            env::current_exe()
                .ok()
                .map(|path| path.with_file_name(&name))
                .filter(|path| path.is_file())
        };
        let binary = binary
            .or_else(|| env::var_os("GATECHECK_GATEWAY").map(PathBuf::from))
            .map(from_here)
            .or_else(beside);
        Self {
            binary: binary.unwrap_or_else(|| PathBuf::from(name)),
        }
    }

    fn missing(&self, error: &impl std::fmt::Display) -> SetupError {
        SetupError::with_help(
            format!(
                "the gateway's binary {} can't be run: {error}",
                self.binary.display()
            ),
            "build it with `cargo build --package gateway`, or say where it is: --gateway-bin FILE",
        )
    }
}

/// The gateway runs in a directory of its own, where a path from here would lead elsewhere.
fn from_here(binary: PathBuf) -> PathBuf {
    std::path::absolute(&binary).unwrap_or(binary)
}

#[async_trait]
impl Adapter for Gateway {
    fn name(&self) -> &'static str {
        "gateway"
    }

    async fn version(&self) -> Result<String, SetupError> {
        let mut command = Command::new(&self.binary);
        command.arg("--version");
        match printed(command).await {
            Ok((true, version)) => Ok(version.trim_start_matches("gateway ").to_owned()),
            Ok((false, output)) => Err(self.missing(&output)),
            Err(error) => Err(self.missing(&error)),
        }
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        let mut document = fixture.document.clone();
        let whole = document
            .as_object_mut()
            .ok_or_else(|| Unsupported::new("the fixture is not a mapping"))?;
        whole
            .entry("admin")
            .or_insert_with(|| json!({"address": "127.0.0.1:0"}));
        whole
            .entry("telemetry")
            .or_insert_with(|| json!({"accessLog": {"output": {"file": ACCESS_LOG}}}));
        if !fixture.consumers.is_empty() {
            let consumers = whole.entry("consumers").or_insert_with(|| json!([]));
            let list = consumers
                .as_array_mut()
                .ok_or_else(|| Unsupported::new("consumers is not a list"))?;
            list.extend(fixture.consumers.iter().map(consumer));
        }
        let text =
            serde_json::to_string_pretty(&document).expect("a JSON value can always be written");
        let resolve = bindings
            .upstreams
            .iter()
            .map(|(authority, address)| format!("{authority}={address}"));
        let resolve = resolve.flat_map(|pair| ["--resolve".to_owned(), pair]);
        // The gateway chooses its ports by itself and tells.
        let count = fixture
            .document
            .get("listeners")
            .and_then(Value::as_array)
            .map_or(1, Vec::len);
        let listen = (0..count.max(1)).flat_map(|_| ["--listen", "127.0.0.1:0"].map(str::to_owned));
        let mut files = vec![
            (CONFIGURATION.to_owned(), text),
            (AUTHORITY.to_owned(), bindings.authority.clone()),
        ];
        files.extend(bindings.files.clone());
        let mut environment = fixture.environment.clone();
        environment.extend(bindings.environment.clone());
        // What a configuration without an authority of its own trusts: the system's certificates are there.
        environment.insert("SSL_CERT_FILE".to_owned(), AUTHORITY.to_owned());
        Ok(Rendered {
            files,
            arguments: resolve.chain(listen).collect(),
            environment: environment.into_iter().collect(),
            ..Rendered::default()
        })
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        // The gateway chooses its ports; the reserved one is given back.
        drop(site.port);
        let mut command = Command::new(&self.binary);
        command.args([
            "run",
            CONFIGURATION,
            "--ready-file",
            READY_FILE,
            // Many run side by side, and a machine has few watches.
            "--no-watch",
        ]);
        command.args(&rendered.arguments);
        let mut process = Process::start("the gateway", command, rendered, site.dir)?;
        let ready = process.ready(read_ready).await?;
        if ready.listeners.is_empty() {
            return Err(SetupError::new(
                "the gateway's ready file names no listener",
            ));
        }
        let access_log = process.dir().join(ACCESS_LOG);
        let mut running = Running::new(process, ready.listeners);
        running.admin = ready.admin;
        running.access_log = Some(access_log);
        Ok(running)
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        let mut command = Command::new(&self.binary);
        command.current_dir(dir).args(["check", CONFIGURATION]);
        checked("gateway check", command, rendered).await
    }

    fn unsupported(&self) -> &'static [Declaration] {
        &[]
    }

    fn known_failing(&self) -> &'static [KnownFailing] {
        &[]
    }
}

/// The gateway gets digests of keys, as an operator should give it.
fn consumer(consumer: &Consumer) -> Value {
    let mut value = json!({
        "name": consumer.name,
        "groups": consumer.groups,
        "keys": consumer.keys.iter().map(key).collect::<Vec<_>>(),
    });
    if !consumer.metadata.is_null() {
        value["metadata"] = consumer.metadata.clone();
    }
    if !consumer.roles.is_empty() {
        value["roles"] = json!(consumer.roles);
    }
    if !consumer.tokens.is_empty() {
        value["tokens"] = consumer.tokens.iter().map(token).collect();
    }
    if !consumer.certificates.is_empty() {
        let certificates = consumer.certificates.iter();
        value["certificates"] = certificates.map(|(by, name)| json!({by: name})).collect();
    }
    if let Some(password) = &consumer.password {
        value["basic"] = json!({"password": format!("${{env:{}}}", password.variable)});
    }
    value
}

fn token(claim: &TokenClaim) -> Value {
    let mut value = json!({"claim": claim.claim, "value": claim.value});
    if let Some(issuer) = &claim.issuer {
        value["issuer"] = json!(issuer);
    }
    value
}

fn key(key: &Key) -> Value {
    let digest: String = Sha256::digest(key.secret.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    match &key.expires {
        Some(expires) => json!({"key": format!("sha256:{digest}"), "expires": expires}),
        None => json!(format!("sha256:{digest}")),
    }
}

/// None as long as the file isn't there or isn't whole.
fn read_ready(dir: &Path) -> Option<Ready> {
    serde_json::from_slice(&std::fs::read(dir.join(READY_FILE)).ok()?).ok()
}

#[cfg(test)]
mod tests;
