//! How connections are made: a scenario's client to the gateway, and servers towards the gateway.

use std::fmt;

use crate::steps::StepFailure;

/// How the client connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connecting {
    /// The listener, from 0 in the order of the configuration.
    pub listener: usize,
    /// The host asked for (SNI).
    pub server_name: ServerName,
    /// The client certificate that is shown if the gateway asks.
    pub certificate: Option<String>,
    /// The protocols offered (ALPN), the best first.
    pub protocols: Vec<String>,
    /// The only version of TLS offered; none: 1.2 and 1.3.
    pub version: Option<String>,
}

/// The host that a client asks for in the handshake.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServerName {
    /// One that the listener's first certificate is for.
    #[default]
    Usual,
    /// None.
    Absent,
    /// This one.
    Host(String),
}

/// How a server around the gateway speaks TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// The variant of its certificate.
    pub variant: String,
    /// The hosts that its certificate is for; none: those that the gateway asks for.
    pub hosts: Option<Vec<String>>,
    /// Whether it requires a client's certificate; none: where the configuration has one to show.
    pub requires_certificate: Option<bool>,
    /// The protocols offered (ALPN); none: h2 and http/1.1.
    pub protocols: Option<Vec<String>>,
    /// The only version of TLS spoken; none: 1.2 and 1.3.
    pub version: Option<String>,
}

impl Connecting {
    /// Takes over what a table says: `listener`, `server name`, `certificate`, `protocols`, `version`.
    ///
    /// # Errors
    /// When a row is none of these.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), StepFailure> {
        match name {
            "listener" => {
                let number = value.parse::<usize>().ok();
                let number = number.and_then(|number| number.checked_sub(1));
                let wrong = || StepFailure(format!("{value:?} is not a listener's number, from 1"));
                self.listener = number.ok_or_else(wrong)?;
            }
            "server name" => {
                self.server_name = match value {
                    "none" => ServerName::Absent,
                    host => ServerName::Host(host.to_owned()),
                }
            }
            "certificate" => self.certificate = (value != "none").then(|| value.to_owned()),
            "protocols" => self.protocols = list(value),
            "version" => self.version = Some(version(value)?),
            _ => {
                return Err(unknown(
                    name,
                    "listener, server name, certificate, protocols, version",
                ));
            }
        }
        Ok(())
    }
}

/// HTTP/1.1 at the first listener, so that what is sent is what a scenario says to the byte.
impl Default for Connecting {
    fn default() -> Self {
        Self {
            listener: 0,
            server_name: ServerName::Usual,
            certificate: None,
            protocols: vec!["http/1.1".to_owned()],
            version: None,
        }
    }
}

impl ServerSettings {
    /// Takes over what a table says: `certificate`, `hosts`, `client certificate`, `protocols`, `version`.
    ///
    /// # Errors
    /// When a row is none of these.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), StepFailure> {
        match (name, value) {
            ("certificate", variant) => self.variant = variant.to_owned(),
            ("hosts", hosts) => self.hosts = Some(list(hosts)),
            ("client certificate", "required") => self.requires_certificate = Some(true),
            ("client certificate", "not asked for") => self.requires_certificate = Some(false),
            ("client certificate", _) => {
                let told =
                    format!("client certificate is required or not asked for, not {value:?}");
                return Err(StepFailure(told));
            }
            ("protocols", names) => self.protocols = Some(list(names)),
            ("version", text) => self.version = Some(version(text)?),
            _ => {
                return Err(unknown(
                    name,
                    "certificate, hosts, client certificate, protocols, version",
                ));
            }
        }
        Ok(())
    }
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            variant: "good".to_owned(),
            hosts: None,
            requires_certificate: None,
            protocols: None,
            version: None,
        }
    }
}

impl fmt::Display for ServerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a certificate that is {}", self.variant)?;
        if let Some(hosts) = &self.hosts {
            write!(f, " for {}", hosts.join(" and "))?;
        }
        match self.requires_certificate {
            Some(true) => write!(f, ", asking for the client's")?,
            Some(false) => write!(f, ", not asking for the client's")?,
            None => {}
        }
        if let Some(protocols) = &self.protocols {
            write!(f, ", {}", protocols.join(" or "))?;
        }
        match &self.version {
            Some(version) => write!(f, ", {version} alone"),
            None => Ok(()),
        }
    }
}

fn version(text: &str) -> Result<String, StepFailure> {
    match text {
        "TLSv1.2" | "TLSv1.3" => Ok(text.to_owned()),
        _ => Err(StepFailure(format!(
            "{text:?} is neither TLSv1.2 nor TLSv1.3"
        ))),
    }
}

/// A list with commas between; `none` is the empty one.
pub(crate) fn list(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty() && *part != "none")
        .map(str::to_owned)
        .collect()
}

pub(crate) fn unknown(row: &str, known: &str) -> StepFailure {
    StepFailure(format!("the row {row:?} is unknown; there are {known}"))
}
