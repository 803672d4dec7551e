//! Runs one check against a gateway, once: whatever the gateway does, there is an outcome within the check's time, and no
//! secret in it.

mod client;
mod exchange;
mod judge;
mod outcome;
mod tokens;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt as _};
use reqwest::Url;

use super::mistake::nearest;
use super::secrets::{Environment, Secrets};
use super::suite::{Check, Expect, Severity, Step, Suite};
use client::{Clients, Roots};
use exchange::{Exchanged, Ready};
use outcome::Failure;
pub use outcome::{Outcome, Reason, State};

/// Where a suite runs, and what it finds there.
#[derive(Clone)]
pub struct Target {
    /// The gateway's address, instead of the suite's.
    pub url: Option<String>,
    /// Addresses of hosts that are not looked up, as curl's `--resolve`; the port is that of the URL.
    pub resolve: Vec<(String, SocketAddr)>,
    /// What `${env:NAME}` stands for.
    pub environment: Environment,
}

/// Why a suite can't run at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupFailure {
    /// Neither the suite nor the caller says where the gateway is.
    #[error("there is no address: the suite has no `url`; give one with --url https://…")]
    NoUrl,
    /// The address is not one.
    #[error("the address {0}")]
    Url(String),
    /// The authorities can't be read.
    #[error("{0}")]
    Trust(String),
    /// Credentials are not there.
    #[error("{}", lines(.0))]
    Credentials(Vec<String>),
    /// There is no such check.
    #[error("there is no check {id:?}{}", meant(.near))]
    Unknown {
        /// As asked for.
        id: String,
        /// What was probably meant.
        near: Option<String>,
    },
}

/// Runs checks of one suite.
#[derive(Clone)]
pub struct Runner {
    suite: Arc<Suite>,
    base: Url,
    resolve: Vec<(String, SocketAddr)>,
    environment: Environment,
    roots: Roots,
}

impl Default for Target {
    fn default() -> Self {
        Self {
            url: None,
            resolve: Vec::new(),
            environment: Arc::new(|name| std::env::var(name).ok()),
        }
    }
}

impl Runner {
    /// For a suite at a target.
    ///
    /// # Errors
    /// When there is no address, or the authorities to be trusted can't be read.
    pub fn new(suite: Arc<Suite>, target: Target) -> Result<Self, SetupFailure> {
        let base = match &target.url {
            Some(url) => super::read::base(url).map_err(SetupFailure::Url)?,
            None => suite.url.clone().ok_or(SetupFailure::NoUrl)?,
        };
        let roots = Roots::of(&suite.tls, &suite.directory, base.scheme() == "https");
        Ok(Self {
            roots: roots.map_err(SetupFailure::Trust)?,
            suite,
            base,
            resolve: target.resolve,
            environment: target.environment,
        })
    }

    /// The gateway's address.
    pub fn base(&self) -> &Url {
        &self.base
    }

    /// The suite.
    pub fn suite(&self) -> &Suite {
        &self.suite
    }

    /// The check of this id.
    ///
    /// # Errors
    /// When there is none.
    pub fn check(&self, id: &str) -> Result<&Check, SetupFailure> {
        let found = self.suite.checks.iter().find(|check| check.id == id);
        found.ok_or_else(|| {
            let known: Vec<&str> = self
                .suite
                .checks
                .iter()
                .map(|one| one.id.as_str())
                .collect();
            SetupFailure::Unknown {
                id: id.to_owned(),
                near: nearest(id, &known).map(str::to_owned),
            }
        })
    }

    /// Whether everything is there that these checks refer to: better told before they run than by each of them.
    ///
    /// # Errors
    /// One line for each check that lacks something.
    pub fn check_credentials<'c>(
        &self,
        checks: impl IntoIterator<Item = &'c Check>,
    ) -> Result<(), SetupFailure> {
        let mut lines = Vec::new();
        for check in checks {
            let mut secrets = self.secrets();
            let mut clients = self.clients();
            let ready = check.steps.iter().try_for_each(|step| {
                self.ready(check, step, &mut secrets, &mut clients)
                    .map(drop)
            });
            if let Err(failure) = ready {
                lines.push(format!(
                    "{}: {}",
                    check.id,
                    secrets.redact(&failure.message)
                ));
            }
        }
        match lines.is_empty() {
            true => Ok(()),
            false => Err(SetupFailure::Credentials(lines)),
        }
    }

    /// Runs a check of the suite once.
    pub async fn run(&self, check: &Check) -> Outcome {
        let begun = Instant::now();
        let deadline = begun + check.timeout.unwrap_or(self.suite.timeout);
        let mut secrets = self.secrets();
        let mut outcome = Outcome::good();
        let mut clients = self.clients();
        for (index, step) in check.steps.iter().enumerate() {
            let judged = match self.ready(check, step, &mut secrets, &mut clients) {
                Ok(ready) => self.step(step, ready, deadline).await,
                Err(failure) => Err(failure),
            };
            match judged {
                Ok(None) => {}
                Ok(Some(slow)) => outcome = outcome.or(State::Degraded, index, slow),
                Err(failure) => {
                    let state = match check.severity {
                        Severity::Bad => State::Bad,
                        Severity::Degraded => State::Degraded,
                    };
                    outcome = Outcome::failed(state, index, failure);
                    break;
                }
            }
        }
        outcome.message = shortened(&secrets.redact(&outcome.message));
        outcome.insecure = self.suite.tls.insecure;
        outcome.took = begun.elapsed();
        outcome
    }

    fn secrets(&self) -> Secrets {
        Secrets::new(self.environment.clone(), &self.suite.directory)
    }

    fn clients(&self) -> Clients<'_> {
        Clients::new(&self.roots, &self.resolve)
    }

    /// What is sent in a step, with everything resolved.
    fn ready(
        &self,
        check: &Check,
        step: &Step,
        secrets: &mut Secrets,
        clients: &mut Clients<'_>,
    ) -> Result<Ready, Failure> {
        let shown = check.shown(&step.request);
        let shown = shown.and_then(|name| self.suite.credentials.get(name));
        let client = clients.client(
            shown.and_then(|shown| shown.certificate.as_ref()),
            step.request.tls_version,
            secrets,
        )?;
        Ready::new(client, &self.base, &step.request, shown, secrets)
    }

    /// Sends a step's requests and judges what comes of them; the failure in the good case says what was slow.
    async fn step(
        &self,
        step: &Step,
        ready: Ready,
        deadline: Instant,
    ) -> Result<Option<Failure>, Failure> {
        let called = format!("{} {}", step.request.method, step.request.path);
        let answers = match &step.expect {
            Expect::Refused => {
                let exchanged = ready.send(deadline, self.suite.max_body).await;
                return judge::refused(exchanged).map_err(|failure| failure.of(&called));
            }
            Expect::Answers(answers) => answers,
        };
        let mut judge = judge::Judge::new(answers, step.times, self.suite.within);
        let ready = &ready;
        let requests = (0..step.times).map(|_| ready.send(deadline, self.suite.max_body));
        let mut exchanges = stream::iter(requests).buffered(step.at_once as usize);
        while let Some(exchanged) = exchanges.next().await {
            let judged = exchanged.and_then(|Exchanged { answer, took }| judge.take(&answer, took));
            judged.map_err(|failure| failure.of(&called))?;
        }
        let judged = judge.finish();
        judged
            .map(|slow| slow.map(|slow| slow.of(&called)))
            .map_err(|failure| failure.of(&called))
    }
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("suite", &self.suite.name)
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

/// A message of a length that fits everywhere.
fn shortened(message: &str) -> String {
    const LONGEST: usize = 500;
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

fn lines(lines: &[String]) -> String {
    format!(
        "these checks can't run:\n  {}\nset what is missing, or leave the checks out",
        lines.join("\n  ")
    )
}

fn meant(near: &Option<String>) -> String {
    near.as_ref()
        .map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

/// How long there is until the deadline.
fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests;
