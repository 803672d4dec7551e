//! A profile: what its user says of a gateway that runs already (docs/targets.md).

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use indexmap::IndexMap;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;

use crate::adapters::common::values::duration;
use crate::adapters::{Declaration, KnownFailing, Meaning, Shows};
use crate::checks::mistake::nearest;
use crate::fixtures::{Authority, Fixture, variable};
use crate::report::model::Level;
use crate::suite::Suite;

/// A profile, read and believed.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    /// What reports call the gateway.
    pub name: &'static str,
    /// What its user says of its version.
    pub version: Option<String>,
    /// Where it is.
    pub place: Place,
    /// The capabilities that it is held to; none: all.
    pub capabilities: Option<Vec<String>>,
    /// The levels that it is held to; none: all.
    pub levels: Option<Vec<Level>>,
    /// How it shows what others show otherwise.
    pub shows: &'static [Shows],
    /// What it can't do.
    pub unsupported: &'static [Declaration],
    /// What it gets wrong.
    pub known_failing: &'static [KnownFailing],
    /// The mock upstreams that it can reach; none: it has its own.
    pub upstreams: Option<Upstreams>,
    /// How it comes to its configuration.
    pub configured: Configured,
}

/// Where a gateway is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its address.
    pub address: SocketAddr,
    /// What requests are for: host and, unless it is the usual one, port.
    pub authority: String,
    /// Over TLS: the host asked for, and who is believed.
    pub tls: Option<(String, Vec<CertificateDer<'static>>)>,
}

/// Where mock upstreams listen.
#[derive(Clone, Debug)]
pub(super) struct Upstreams {
    /// The address that they listen on.
    pub listen: IpAddr,
    /// The address by which the gateway reaches them.
    pub advertise: IpAddr,
    /// The ports of those that can't choose.
    pub ports: BTreeMap<Authority, u16>,
}

/// How a gateway comes to its configuration.
#[derive(Clone, Debug)]
pub(super) enum Configured {
    /// It has the configuration of this fixture, and these callers.
    ByHand(String, IndexMap<String, Credential>),
    /// A command applies each configuration before its scenarios run.
    By(Apply),
}

/// What a caller shows, known to the gateway already.
#[derive(Clone, Debug, Default)]
pub(super) struct Credential {
    /// The name by which the gateway knows the consumer.
    pub name: String,
    /// Its keys, by what scenarios call them; the only one has no name.
    pub keys: IndexMap<String, String>,
    /// Its password.
    pub password: Option<String>,
}

/// The command that applies a configuration.
#[derive(Clone, Debug)]
pub(super) struct Apply {
    /// For the shell; `{file}` and `{dir}` stand for what is to be applied, `{id}` for the name of this application.
    pub command: String,
    /// Where the configuration comes from.
    pub source: Source,
    /// A path that is answered with success once the gateway has taken the configuration on; `{id}` as above.
    pub ready: Option<String>,
    /// How long the command may take, and then the gateway until it serves.
    pub within: Duration,
}

/// Where a configuration that is applied comes from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// It is rendered as for this target.
    Format(String),
    /// A file of this directory, by the fixture's name.
    Templates(PathBuf),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw {
    name: Option<String>,
    version: Option<String>,
    ca: Option<PathBuf>,
    capabilities: Option<Vec<String>>,
    levels: Option<Vec<Level>>,
    #[serde(default)]
    shows: Vec<RawShows>,
    #[serde(default)]
    unsupported: Vec<RawDeclaration>,
    #[serde(default)]
    known_failing: Vec<RawKnownFailing>,
    upstreams: RawUpstreams,
    apply: Option<RawApply>,
    fixture: Option<String>,
    #[serde(default)]
    credentials: IndexMap<String, RawCredential>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawShows {
    status: u16,
    r#as: u16,
    #[serde(default)]
    scenarios: Vec<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDeclaration {
    scenario: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKnownFailing {
    scenario: String,
    reason: String,
    link: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawUpstreams {
    Word(String),
    Mock(RawMock),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMock {
    listen: IpAddr,
    advertise: Option<IpAddr>,
    #[serde(default)]
    ports: BTreeMap<Authority, u16>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawApply {
    command: String,
    format: Option<String>,
    templates: Option<PathBuf>,
    ready: Option<String>,
    within: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCredential {
    name: Option<String>,
    key: Option<String>,
    #[serde(default)]
    keys: IndexMap<String, String>,
    password: Option<String>,
}

impl Profile {
    /// Reads the profile of the gateway at `url`; `formats` are the targets that configurations can be rendered for.
    ///
    /// # Errors
    /// When the file can't be read, has a mistake, or refers to something that isn't there.
    pub fn read(url: &str, file: &Path, formats: &[&str]) -> anyhow::Result<Self> {
        let shown = file.display().to_string();
        let text = fs::read_to_string(file).with_context(|| format!("{shown} can't be read"))?;
        let raw: Raw = serde_yaml::from_str(&text).map_err(|error| mistake(&shown, &error))?;
        let profile = Self::believe(raw, url, file, formats);
        profile.with_context(|| format!("the profile {shown}"))
    }

    fn believe(raw: Raw, url: &str, file: &Path, formats: &[&str]) -> anyhow::Result<Self> {
        let directory = file.parent().unwrap_or(Path::new(""));
        let stem = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        known_capabilities(raw.capabilities.as_deref().unwrap_or_default())?;
        let configured = match (raw.apply, raw.fixture) {
            (Some(_), Some(_)) => {
                bail!("either apply or fixture: with apply every fixture is applied")
            }
            (None, None) => bail!(
                "neither apply, a command that configures the gateway, nor fixture, the name of the configuration that \
                 it has"
            ),
            (Some(apply), None) => Configured::By(apply.believe(directory, formats)?),
            (None, Some(fixture)) => {
                Fixture::embedded(&fixture)?;
                let credentials = raw.credentials.into_iter();
                let credentials = credentials.map(|(alias, raw)| {
                    let credential = raw.believe(&alias)?;
                    Ok((alias, credential))
                });
                Configured::ByHand(fixture, credentials.collect::<anyhow::Result<_>>()?)
            }
        };
        Ok(Self {
            name: raw.name.unwrap_or(stem).leak(),
            version: raw.version,
            place: Place::find(
                url,
                raw.ca.as_deref().map(|ca| directory.join(ca)).as_deref(),
            )?,
            capabilities: raw.capabilities,
            levels: raw.levels,
            // A profile is read once in a program's life, and adapters' declarations live as long.
            shows: raw
                .shows
                .into_iter()
                .map(RawShows::believe)
                .collect::<Vec<_>>()
                .leak(),
            unsupported: raw
                .unsupported
                .into_iter()
                .map(|one| Declaration {
                    selector: one.scenario.leak(),
                    reason: one.reason.leak(),
                })
                .collect::<Vec<_>>()
                .leak(),
            known_failing: raw
                .known_failing
                .into_iter()
                .map(|one| KnownFailing {
                    selector: one.scenario.leak(),
                    reason: one.reason.leak(),
                    link: one.link.leak(),
                })
                .collect::<Vec<_>>()
                .leak(),
            upstreams: raw.upstreams.believe()?,
            configured,
        })
    }
}

impl Place {
    fn find(url: &str, ca: Option<&Path>) -> anyhow::Result<Self> {
        let uri: http::Uri = url.parse().with_context(|| {
            format!("{url:?} is no URL; write it like https://gateway.example:8443")
        })?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => bail!("{url:?} is neither of http nor of https"),
        };
        ensure!(
            uri.path() == "/" && uri.query().is_none(),
            "{url:?} has a path: scenarios have their own"
        );
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let mut addresses = (host, port)
            .to_socket_addrs()
            .with_context(|| format!("the address of {host} can't be found"))?;
        let address = addresses.next();
        let tls = secure.then(|| Ok::<_, anyhow::Error>((host.to_owned(), authorities(ca)?)));
        ensure!(
            secure || ca.is_none(),
            "ca is given, but {url} is not of https"
        );
        Ok(Self {
            address: address.with_context(|| format!("{host} has no address"))?,
            authority: uri.authority().map(ToString::to_string).unwrap_or_default(),
            tls: tls.transpose()?,
        })
    }
}

/// Who is believed: those of the file, or those of the system.
fn authorities(ca: Option<&Path>) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let Some(file) = ca else {
        return Ok(rustls_native_certs::load_native_certs().certs);
    };
    let shown = file.display();
    let certificates = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(|| format!("ca: {shown} can't be read as certificates"))?;
    ensure!(!certificates.is_empty(), "ca: {shown} has no certificate");
    Ok(certificates)
}

impl RawShows {
    fn believe(self) -> Shows {
        let selectors: Vec<&'static str> =
            self.scenarios.into_iter().map(|one| &*one.leak()).collect();
        Shows {
            meaning: Meaning::Status(self.status),
            status: self.r#as,
            selectors: selectors.leak(),
            reason: self.reason.leak(),
        }
    }
}

impl RawUpstreams {
    fn believe(self) -> anyhow::Result<Option<Upstreams>> {
        match self {
            Self::Word(word) if word == "own" => Ok(None),
            Self::Word(word) => bail!(
                "upstreams: {word:?} is neither own nor an address, as in {{listen: 0.0.0.0, advertise: 10.0.0.5}}"
            ),
            Self::Mock(mock) => {
                let advertise = mock.advertise.unwrap_or(mock.listen);
                ensure!(
                    !advertise.is_unspecified(),
                    "upstreams: {advertise} is no address that a gateway can reach; add advertise"
                );
                Ok(Some(Upstreams {
                    listen: mock.listen,
                    advertise,
                    ports: mock.ports,
                }))
            }
        }
    }
}

impl RawApply {
    const WITHIN: Duration = Duration::from_secs(30);

    fn believe(self, directory: &Path, formats: &[&str]) -> anyhow::Result<Apply> {
        let source = match (self.format, self.templates) {
            (Some(_), Some(_)) => bail!("apply: either format or templates"),
            (None, Some(templates)) => {
                let templates = directory.join(templates);
                ensure!(
                    templates.is_dir(),
                    "apply: {} is no directory",
                    templates.display()
                );
                Source::Templates(templates)
            }
            (format, None) => {
                let format = format.unwrap_or_else(|| "gateway".to_owned());
                if !formats.contains(&format.as_str()) {
                    bail!(
                        "apply: there is no format {format:?}{}",
                        meant(&format, formats)
                    );
                }
                Source::Format(format)
            }
        };
        if let Some(path) = &self.ready {
            ensure!(
                matches!(source, Source::Templates(_)),
                "apply: ready is for templates, which can say what is answered there"
            );
            ensure!(
                path.starts_with('/') && path.contains("{id}"),
                "apply: ready is a path with {{id}} in it, or the configuration before would answer it: /{{id}}"
            );
        }
        let within = self.within.as_deref().map(duration).transpose()?;
        Ok(Apply {
            command: self.command,
            source,
            ready: self.ready,
            within: within.unwrap_or(Self::WITHIN),
        })
    }
}

impl RawCredential {
    fn believe(self, alias: &str) -> anyhow::Result<Credential> {
        let only = self.key.map(|key| (String::new(), key));
        let keys = self.keys.into_iter().chain(only);
        let keys = keys.map(|(label, key)| Ok((label, resolved(&key)?)));
        Ok(Credential {
            name: self.name.unwrap_or_else(|| alias.to_owned()),
            keys: keys.collect::<anyhow::Result<_>>()?,
            password: self.password.as_deref().map(resolved).transpose()?,
        })
    }
}

/// A credential stands in the environment, never in the profile.
fn resolved(text: &str) -> anyhow::Result<String> {
    let Some(variable) = variable(text) else {
        bail!("credentials: a secret is written ${{env:NAME}}, and stands in the environment");
    };
    std::env::var(variable)
        .with_context(|| format!("credentials: the environment variable {variable} can't be read"))
}

fn known_capabilities(names: &[String]) -> anyhow::Result<()> {
    let suite = Suite::embedded()?;
    let mut known: Vec<&str> = suite
        .cases
        .iter()
        .map(|case| case.capability.as_str())
        .collect();
    known.dedup();
    match names.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => bail!(
            "capabilities: there is no {name:?}{}; there are {}",
            meant(name, &known),
            known.join(", ")
        ),
    }
}

/// `; did you mean …?`
fn meant(word: &str, known: &[&str]) -> String {
    nearest(word, known).map_or_else(String::new, |known| format!(", did you mean {known:?}?"))
}

/// What a parser says, with file, line and column, and the key that was probably meant.
fn mistake(file: &str, error: &serde_yaml::Error) -> anyhow::Error {
    let place = error.location();
    let place = place.map_or_else(String::new, |place| {
        format!(":{}:{}", place.line(), place.column())
    });
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    let parts: Vec<&str> = text.split('`').collect();
    let unknown = text
        .contains("unknown field")
        .then(|| parts.get(1))
        .flatten();
    let known: Vec<&str> = parts.iter().skip(3).step_by(2).copied().collect();
    let help = unknown.map_or_else(String::new, |word| meant(word, &known));
    anyhow::anyhow!("{file}{place}: {text}{help}")
}
