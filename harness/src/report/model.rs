//! What a run found, as data: the one thing that every report (terminal, JSON, JUnit, HTML) is written from.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How many letters of a token or a password are shown.
const SHOWN_OF_SECRET: usize = 8;

/// One run of the suite against one target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunReport {
    /// The form of this document; it grows when a reader would have to change.
    pub schema_version: u32,
    /// Version of the suite that ran.
    pub suite_version: String,
    /// The gateway under test.
    pub target: Target,
    /// When the run began, RFC 3339 in UTC.
    pub started_at: String,
    /// How long the run took, in milliseconds.
    pub duration_ms: u64,
    /// What was asked to run.
    pub selection: Selection,
    /// Every scenario selected, ordered by file and line.
    pub scenarios: Vec<ScenarioReport>,
    /// What the target was configured with, by what scenarios call it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configurations: Vec<Configuration>,
    /// Declarations of the adapter that match no scenario of the whole suite; each one fails the run.
    pub stale_declarations: Vec<StaleDeclaration>,
    /// Set when the run was cut short (by a signal, say): what is missing from `scenarios`, and why.
    pub interrupted: Option<String>,
}

/// The gateway under test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The adapter's name, as given to `--target`.
    pub name: String,
    /// What the target says of its version; none if it could not be asked.
    pub version: Option<String>,
}

/// A fixture configuration in the target's own words, without keys and certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// The fixture with its changes, as in [`ScenarioReport::configuration`].
    pub name: String,
    /// Its files, by name; no more than the beginning of each secret is shown.
    pub files: Vec<(String, String)>,
}

/// What was asked to run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selection {
    /// The tag expression.
    pub tags: Option<String>,
    /// A part of the scenario's name.
    pub name: Option<String>,
    /// The profile of a gateway that runs already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// A declaration of the adapter that matches nothing in the suite.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StaleDeclaration {
    /// Which list it stands in: `unsupported` or `known-failing`.
    pub list: String,
    /// The scenario id or tag it names.
    pub selector: String,
    /// The reason it gives.
    pub reason: String,
}

/// One scenario (or one row of an outline's examples) and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScenarioReport {
    /// The scenario's id, like `CORS-004`; rows of one outline share it.
    pub id: String,
    /// How widely it is expected to hold.
    pub level: Level,
    /// The standards it follows, as written in its tags: `rfc9110-15.5.2`.
    pub sources: Vec<String>,
    /// The folder its feature lies in: `cors`, `api-keys`.
    pub capability: String,
    /// The feature's title.
    pub feature: String,
    /// The feature's file, relative to `features/`.
    pub file: String,
    /// Line of the scenario in that file.
    pub line: usize,
    /// The scenario's title, placeholders of an outline filled in.
    pub name: String,
    /// The fixture configuration it runs on, with its changes; none if it names none.
    pub configuration: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// How long it took, in milliseconds; 0 if it never began.
    pub duration_ms: u64,
    /// Its steps in order, those of the background first.
    pub steps: Vec<StepReport>,
    /// The last exchanges with the target, oldest first.
    pub exchanges: Vec<Exchange>,
    /// How many exchanges there were, those left out of `exchanges` included.
    pub exchanges_total: usize,
    /// What the target showed otherwise than most, lawfully, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shown: Vec<String>,
    /// The command that runs this scenario alone.
    pub rerun: String,
}

/// How widely a scenario is expected to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// What a user of any API gateway takes for granted.
    Core,
    /// Behaviour backed by a standard that good gateways have.
    Extended,
    /// What our own gateway promises beyond that.
    Strict,
}

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum Verdict {
    /// Every step held.
    Pass,
    /// A step did not hold.
    Fail {
        /// What was expected and what was found.
        message: String,
    },
    /// The adapter says that the target can't do this; it was not run.
    Unsupported {
        /// The adapter's reason.
        reason: String,
    },
    /// It failed, as the adapter says it would.
    KnownFailing {
        /// The adapter's reason.
        reason: String,
        /// Where the defect is described.
        link: String,
        /// What was expected and what was found.
        message: String,
    },
    /// It passed although the adapter says it would fail: the declaration is out of date, and the run fails.
    UnexpectedPass {
        /// The adapter's reason, now untrue.
        reason: String,
        /// Where the defect was described.
        link: String,
    },
    /// The target could not be brought to the point where the scenario says anything about it.
    SetupFailed {
        /// What went wrong, with what the target printed.
        message: String,
        /// The next step to take, where one is known.
        help: Option<String>,
    },
}

/// One step and whether it held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// `Given`, `When`, `Then`, `And` or `But`, as written.
    pub keyword: String,
    /// The step's text.
    pub text: String,
    /// Its line in the feature's file.
    pub line: usize,
    /// Whether it held.
    pub status: StepStatus,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// Whether a step held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// It held.
    Passed,
    /// It did not.
    Failed,
    /// A step before it failed, or the scenario never began.
    Skipped,
}

/// A request, its response, and what each upstream saw of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exchange {
    /// The tag that the request carried in `Gatecheck-Exchange`.
    pub tag: String,
    /// The address that the client connected from.
    pub client: String,
    /// When it was sent, in milliseconds from the scenario's beginning.
    pub at_ms: u64,
    /// The request as sent.
    pub request: Message,
    /// The response as received; none if none came.
    pub response: Option<Message>,
    /// Why no response came, or what broke it off.
    pub error: Option<String>,
    /// From the first byte sent to the last received, in milliseconds.
    pub duration_ms: u64,
    /// What the upstreams of the configuration saw; one that was not called has no requests.
    pub upstreams: Vec<UpstreamView>,
}

/// What one upstream saw of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpstreamView {
    /// The upstream's host in the configuration.
    pub name: String,
    /// The requests it received, in order.
    pub requests: Vec<Message>,
}

/// An HTTP message, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Request line or status line.
    pub start_line: String,
    /// The header fields in order, names as sent where that is known.
    pub headers: Vec<(String, String)>,
    /// The body's beginning, bytes that aren't UTF-8 replaced.
    pub body: String,
    /// The body's whole length, in bytes.
    pub body_bytes: u64,
}

/// How many scenarios came to each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// [`Verdict::Pass`].
    pub pass: usize,
    /// [`Verdict::Fail`].
    pub fail: usize,
    /// [`Verdict::Unsupported`].
    pub unsupported: usize,
    /// [`Verdict::KnownFailing`].
    pub known_failing: usize,
    /// [`Verdict::UnexpectedPass`].
    pub unexpected_pass: usize,
    /// [`Verdict::SetupFailed`].
    pub setup_failed: usize,
}

impl Exchange {
    /// Leaves no more than the beginning of each secret, wherever it occurs.
    pub fn conceal(&mut self, secrets: &[String]) {
        let received = self.upstreams.iter_mut().flat_map(|one| &mut one.requests);
        let messages = received
            .chain([&mut self.request])
            .chain(&mut self.response);
        for message in messages {
            message.conceal(secrets);
        }
    }
}

impl Message {
    fn conceal(&mut self, secrets: &[String]) {
        let values = self.headers.iter_mut().map(|(_, value)| value);
        for text in values.chain([&mut self.start_line, &mut self.body]) {
            conceal(text, secrets);
        }
    }
}

/// Leaves no more than the beginning of each secret in a text.
pub fn conceal(text: &mut String, secrets: &[String]) {
    let long = |secret: &&String| secret.len() > SHOWN_OF_SECRET;
    for secret in secrets.iter().filter(long) {
        if text.contains(secret.as_str()) {
            let beginning: String = secret.chars().take(SHOWN_OF_SECRET).collect();
            *text = text.replace(secret, &format!("{beginning}…"));
        }
    }
}

impl RunReport {
    /// The value of `schema_version` that this code writes.
    pub const SCHEMA_VERSION: u32 = 1;

    /// Whether the run succeeded: something ran, nothing failed, every declaration still holds.
    pub fn succeeded(&self) -> bool {
        !self.scenarios.is_empty()
            && self.interrupted.is_none()
            && self.stale_declarations.is_empty()
            && self
                .scenarios
                .iter()
                .all(|scenario| !scenario.verdict.fails_run())
    }

    /// Why no scenario says anything of the target, where it could never be set up: the first reason.
    pub fn never_set_up(&self) -> Option<&str> {
        let mut reasons = self
            .scenarios
            .iter()
            .map(|scenario| match &scenario.verdict {
                Verdict::SetupFailed { message, .. } => Some(message.as_str()),
                _ => None,
            });
        let first = reasons.next()?;
        first.filter(|_| reasons.all(|reason| reason.is_some()))
    }

    /// How many scenarios came to each verdict.
    pub fn totals(&self) -> Totals {
        Totals::of(&self.scenarios)
    }

    /// The scenarios by capability, both in the order of the files.
    pub fn by_capability(&self) -> Vec<(&str, Vec<&ScenarioReport>)> {
        let mut groups: Vec<(&str, Vec<&ScenarioReport>)> = Vec::new();
        for scenario in &self.scenarios {
            match groups
                .iter_mut()
                .find(|(name, _)| *name == scenario.capability)
            {
                Some((_, group)) => group.push(scenario),
                None => groups.push((&scenario.capability, vec![scenario])),
            }
        }
        groups
    }
}

impl Totals {
    /// Counts the verdicts of `scenarios`.
    pub fn of<'a>(scenarios: impl IntoIterator<Item = &'a ScenarioReport>) -> Self {
        let mut totals = Self::default();
        for scenario in scenarios {
            let count = match scenario.verdict {
                Verdict::Pass => &mut totals.pass,
                Verdict::Fail { .. } => &mut totals.fail,
                Verdict::Unsupported { .. } => &mut totals.unsupported,
                Verdict::KnownFailing { .. } => &mut totals.known_failing,
                Verdict::UnexpectedPass { .. } => &mut totals.unexpected_pass,
                Verdict::SetupFailed { .. } => &mut totals.setup_failed,
            };
            *count += 1;
        }
        totals
    }
}

impl Verdict {
    /// Whether one such verdict makes the whole run fail.
    pub fn fails_run(&self) -> bool {
        matches!(
            self,
            Self::Fail { .. } | Self::UnexpectedPass { .. } | Self::SetupFailed { .. }
        )
    }

    /// The verdict's name, as in `kind` of the JSON report.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail { .. } => "fail",
            Self::Unsupported { .. } => "unsupported",
            Self::KnownFailing { .. } => "known-failing",
            Self::UnexpectedPass { .. } => "unexpected-pass",
            Self::SetupFailed { .. } => "setup-failed",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Core => "core",
            Self::Extended => "extended",
            Self::Strict => "strict",
        })
    }
}
