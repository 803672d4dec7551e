//! A gateway that runs already, anywhere: a profile says what it is held to, and how fixtures reach it.

mod apply;
mod profile;
mod template;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::time::{sleep, timeout};

use self::profile::{Configured, Credential, Profile, Source};
use super::process::Elsewhere;
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Shows, Site,
    TARGETS, Unsupported, by_name,
};
use crate::client::{Client, Request, Tls};
use crate::fixtures::{Fixture, Key, Password};
use crate::plan::Plan;
use crate::steps::{Need, needs};
use crate::suite::Case;

/// How often a gateway is asked until it answers.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How many answers in a row say that a configuration is taken on: workers do so one after another.
const STEADY: usize = 3;

/// The adapter.
pub struct Remote {
    profile: Profile,
    /// Renders what is applied, where it isn't written by hand.
    format: Option<Arc<dyn Adapter>>,
}

impl Remote {
    /// The gateway at `url`, with the profile of this file.
    ///
    /// # Errors
    /// When the profile has a mistake.
    pub fn new(url: &str, profile: &Path, gateway_bin: Option<PathBuf>) -> anyhow::Result<Self> {
        let profile = Profile::read(url, profile, &TARGETS)?;
        let format = match &profile.configured {
            Configured::By(apply) => match &apply.source {
                Source::Format(name) => Some(by_name(name, gateway_bin)?),
                Source::Templates(_) => None,
            },
            Configured::ByHand(..) => None,
        };
        Ok(Self { profile, format })
    }

    /// Whether the profile claims what a scenario is about.
    fn claims(&self, case: &Case) -> Result<(), Unsupported> {
        let claimed = |list: &Option<Vec<String>>| {
            list.as_ref()
                .is_none_or(|list| list.contains(&case.capability))
        };
        if !claimed(&self.profile.capabilities) {
            return Err(Unsupported::new(format!(
                "the profile doesn't claim the capability {}",
                case.capability
            )));
        }
        match &self.profile.levels {
            Some(levels) if !levels.contains(&case.level) => Err(Unsupported::new(format!(
                "the profile doesn't claim the level {}",
                case.level
            ))),
            _ => Ok(()),
        }
    }

    /// Whether the gateway can be given what a scenario needs around it.
    fn given(&self, case: &Case) -> Result<(), Unsupported> {
        let lacking = |need: &Need| match need {
            Need::Upstream => self.profile.upstreams.is_none(),
            Need::Address => !self.profile.place.address.ip().is_loopback(),
            Need::Issuer | Need::Handshake | Need::Admin | Need::AccessLog | Need::Files => true,
        };
        match needs(&case.steps).into_iter().find(lacking) {
            Some(need) => Err(Unsupported::new(format!(
                "a gateway that runs already can't be given {need}"
            ))),
            None => Ok(()),
        }
    }

    /// What requests are like when they are sent to it.
    fn elsewhere(&self) -> Elsewhere {
        let place = &self.profile.place;
        Elsewhere {
            authority: place.authority.clone(),
            tls: place.tls.clone(),
            own_addresses: place.address.ip().is_loopback(),
        }
    }

    /// Asks until there is an answer, with success where a path is told for that; the last reason why not, when the
    /// time is over.
    async fn until_it_answers(
        &self,
        ready: Option<&str>,
        within: Duration,
    ) -> Result<(), SetupError> {
        let begun = Instant::now();
        let mut last = SetupError::new(format!(
            "the gateway did not answer within {within:?} after its configuration was applied"
        ));
        let (enough, mut answered) = (if ready.is_some() { STEADY } else { 1 }, 0);
        while let Ok(answer) =
            timeout(within.saturating_sub(begun.elapsed()), self.probe(ready)).await
        {
            answered = if answer.is_ok() { answered + 1 } else { 0 };
            match answer {
                Ok(()) if answered == enough => return Ok(()),
                Ok(()) => {}
                Err(error) => last = error,
            }
            sleep(LOOK_EVERY).await;
        }
        Err(last)
    }

    /// Whether it answers: with success at this path, or else whatever it answers.
    async fn probe(&self, ready: Option<&str>) -> Result<(), SetupError> {
        let place = &self.profile.place;
        let client = Client {
            source: unspecified(place.address),
            target: place.address,
            host: Some(place.authority.clone()),
            tls: place.tls.as_ref().map(|(host, authorities)| Tls {
                authorities: authorities.clone(),
                server_name: Some(host.clone()),
                certificate: None,
                protocols: Vec::new(),
                version: None,
            }),
        };
        let mut request = Request::parse(&format!("GET {}", ready.unwrap_or("/")));
        request
            .headers
            .push(("Host".to_owned(), place.authority.clone()));
        let outcome = client.send(&request).await;
        match (outcome.response, outcome.error) {
            (Some(response), None) => match ready {
                Some(path) if !(200..300).contains(&response.status) => Err(SetupError::with_help(
                    format!(
                        "the gateway has not taken the configuration on: {path} is answered with {}",
                        response.status
                    ),
                    "let it answer ready's path with success, without credentials, in each template",
                )),
                _ => Ok(()),
            },
            (_, error) => Err(SetupError::with_help(
                format!(
                    "the gateway at {} can't be asked: {}",
                    place.authority,
                    error.unwrap_or_default()
                ),
                "see that it runs, and that --target and the profile's ca are right",
            )),
        }
    }
}

/// Any address of the client, of the kind of the server's.
pub(crate) fn unspecified(address: SocketAddr) -> IpAddr {
    match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    }
}

#[async_trait]
impl Adapter for Remote {
    fn name(&self) -> &'static str {
        self.profile.name
    }

    /// A gateway that nobody configures in between has to answer from the start.
    async fn version(&self) -> Result<String, SetupError> {
        if let Configured::ByHand(..) = self.profile.configured {
            self.probe(None).await?;
        }
        let told = self.profile.version.clone();
        Ok(told.unwrap_or_else(|| format!("at {}", self.profile.place.authority)))
    }

    fn one_at_a_time(&self) -> bool {
        matches!(self.profile.configured, Configured::By(_))
    }

    fn upstream(&self, authority: &str) -> (SocketAddr, Option<IpAddr>) {
        match &self.profile.upstreams {
            None => (SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None),
            Some(upstreams) => {
                let port = upstreams.ports.get(authority).copied().unwrap_or(0);
                (
                    SocketAddr::from((upstreams.listen, port)),
                    Some(upstreams.advertise),
                )
            }
        }
    }

    fn admit(&self, case: &Case, plan: &mut Plan) -> Result<(), Unsupported> {
        self.claims(case)?;
        self.given(case)?;
        match &self.profile.configured {
            Configured::By(apply) => match &apply.source {
                Source::Format(_) => Ok(()),
                Source::Templates(_) => template::admits(plan),
            },
            Configured::ByHand(fixture, credentials) => by_hand(fixture, credentials, case, plan),
        }
    }

    fn key(&self, made_up: String) -> String {
        match &self.format {
            Some(format) => format.key(made_up),
            None => made_up,
        }
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        let around = [
            ("issuers", !fixture.issuers().is_empty()),
            (
                "introspection",
                !fixture.introspection_endpoints().is_empty(),
            ),
            (
                "certificates made for the run",
                !fixture.pem_files().is_empty(),
            ),
            ("upstreams of https", !fixture.secure_upstreams().is_empty()),
        ];
        if let Some((what, _)) = around.into_iter().find(|(_, there)| *there) {
            return Err(Unsupported::new(format!(
                "a gateway that runs already can't be given {what}"
            )));
        }
        match (&self.profile.configured, &self.format) {
            (Configured::By(apply), None) => match &apply.source {
                Source::Templates(directory) => Ok(Rendered {
                    files: vec![template::filled(directory, fixture, bindings)?],
                    ..Rendered::default()
                }),
                Source::Format(_) => Ok(Rendered::default()),
            },
            (Configured::By(_), Some(format)) => {
                let bindings = Bindings {
                    listen: self.profile.place.address,
                    ..bindings.clone()
                };
                format.render(fixture, &bindings)
            }
            (Configured::ByHand(..), _) => Ok(Rendered::default()),
        }
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        if let Configured::By(apply) = &self.profile.configured {
            let id = format!("gatecheck-{:016x}", rand::random::<u64>());
            apply::apply(apply, rendered, &id, site.dir.path()).await?;
            let ready = apply.ready.as_ref().map(|path| path.replace("{id}", &id));
            self.until_it_answers(ready.as_deref(), apply.within)
                .await?;
        }
        Ok(Running::elsewhere(
            self.profile.place.address,
            self.elsewhere(),
        ))
    }

    async fn check(&self, _: &Rendered, _: &Path) -> Result<(), SetupError> {
        // The command that applies it is the only checker that is known.
        Ok(())
    }

    fn shows(&self) -> &'static [Shows] {
        self.profile.shows
    }

    fn unsupported(&self) -> &'static [Declaration] {
        self.profile.unsupported
    }

    fn known_failing(&self) -> &'static [KnownFailing] {
        self.profile.known_failing
    }
}

/// Whether a scenario can run on a gateway with one configuration, and its consumers are among the callers there.
fn by_hand(
    fixture: &str,
    credentials: &indexmap::IndexMap<String, Credential>,
    case: &Case,
    plan: &mut Plan,
) -> Result<(), Unsupported> {
    if plan.configuration.as_deref() != Some(fixture) {
        return Err(Unsupported::new(format!(
            "the gateway has the configuration {fixture}, and no command of the profile applies another"
        )));
    }
    let changed = [
        ("a changed configuration", !plan.changes.is_empty()),
        ("a gateway of its own", plan.own_gateway),
        (
            "an upstream that does something else from the start",
            !plan.behaviours.is_empty(),
        ),
        ("servers with settings", !plan.servers.is_empty()),
        ("issuers with answers", !plan.answers.is_empty()),
        ("client certificates", !plan.certificates.is_empty()),
        ("a limit for itself", spends_a_limit(case)),
    ];
    if let Some((what, _)) = changed.into_iter().find(|(_, there)| *there) {
        return Err(Unsupported::new(format!(
            "the scenario needs {what}, and no command of the profile applies a configuration"
        )));
    }
    for consumer in &mut plan.consumers {
        let missing = |what: String| {
            Unsupported::new(format!(
                "the profile has no {what} for the consumer {:?}",
                consumer.alias
            ))
        };
        let credential = credentials
            .get(&consumer.alias)
            .ok_or_else(|| missing("credentials".to_owned()))?;
        for Key {
            label,
            secret,
            expires,
        } in &mut consumer.keys
        {
            let key = credential.keys.get(label);
            *secret = key
                .cloned()
                .ok_or_else(|| missing(format!("key {label:?}")))?;
            if expires.is_some() {
                return Err(missing("key that expires".to_owned()));
            }
        }
        if let Some(Password { secret, .. }) = &mut consumer.password {
            let password = credential.password.clone();
            *secret = password.ok_or_else(|| missing("password".to_owned()))?;
        }
        consumer.name.clone_from(&credential.name);
    }
    Ok(())
}

/// Limits are counted for a key, and here all scenarios share the profile's.
fn spends_a_limit(case: &Case) -> bool {
    case.capability == "rate-limits"
        || case.tags.iter().any(|tag| tag == "sliding-window")
        || case
            .steps
            .iter()
            .any(|step| step.value.contains("status is 429") || step.value.contains("status 429"))
}
