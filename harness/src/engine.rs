//! The wiring with cucumber: a parser that yields the selected cases, a runner whose steps are the vocabulary, and a
//! writer that turns events into the scenarios of a report.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cucumber::codegen::{LocalBoxFuture, Regex};
use cucumber::gherkin::{self, Feature};
use cucumber::{Cucumber, Event, Parser, Writer, cli, event, parser, runner, step, writer};
use futures::stream;
use parking_lot::Mutex;
use tokio::time::timeout;

use crate::adapters::{KnownFailing, SetupError};
use crate::report::model::{ScenarioReport, StepReport, StepStatus, Verdict};
use crate::session::Session;
use crate::steps::{self, Action, StepFailure};
use crate::suite::{Case, case_number};
use crate::world::{World, millis};

/// How long one step may take: more than the longest wait that a response may ask for.
const STEP_DEADLINE: Duration = Duration::from_secs(90);

/// Called with each scenario as it ends.
pub type Progress = dyn Fn(&ScenarioReport) + Send + Sync;

/// What the engine runs.
pub struct Engine {
    /// The features, outlines expanded and tagged.
    pub features: Vec<Feature>,
    /// The selected cases, by number.
    pub cases: HashMap<usize, Arc<Case>>,
    /// The known failure that each is declared with, by number.
    pub known_failing: HashMap<usize, KnownFailing>,
    /// What they share.
    pub session: Arc<Session>,
    /// How many run side by side.
    pub concurrency: usize,
    /// Called with each scenario as it ends.
    pub progress: Arc<Progress>,
    /// The target's name.
    pub target: String,
}

impl Engine {
    /// Runs the cases and gives their reports into `done`, so that those that ended are there if the run is cut short.
    pub async fn run(self, done: Arc<Mutex<Vec<(usize, ScenarioReport)>>>) {
        let Self {
            features,
            cases,
            known_failing,
            session,
            concurrency,
            progress,
            target,
        } = self;
        let selected: HashSet<usize> = cases.keys().copied().collect();
        let entering = session.clone();
        let every = || Regex::new("^.*$").expect("a valid expression");
        let runner = runner::Basic::default()
            .steps(
                step::Collection::new()
                    .given(None, every(), dispatch)
                    .when(None, every(), dispatch)
                    .then(None, every(), dispatch),
            )
            .max_concurrent_scenarios(concurrency)
            .before(move |_, _, scenario, world: &mut World| {
                let session = entering.clone();
                Box::pin(async move {
                    if let Err(error) = world.enter(&session, scenario).await {
                        fail(error);
                    }
                })
            })
            .after(move |_, _, _, _, world: Option<&mut World>| {
                Box::pin(async move {
                    if let Some(world) = world {
                        world.leave();
                    }
                })
            });
        let writer = Collector {
            cases,
            known_failing,
            session,
            progress,
            target,
            running: HashMap::new(),
            done,
        };
        Cucumber::<World, _, _, _, _, cli::Empty>::custom(Selected(selected), runner, writer)
            .with_cli(cli::Opts::<_, _, _, cli::Empty>::default())
            .run(features)
            .await;
    }
}

/// Ends a step with a failure, without the panic hook telling of it.
fn fail(failure: impl Any + Send) -> ! {
    std::panic::resume_unwind(Box::new(failure))
}

fn dispatch(world: &mut World, context: step::Context) -> LocalBoxFuture<'_, ()> {
    Box::pin(async move {
        let (definition, arguments) = match steps::find(&context.step) {
            Ok(found) => found,
            Err(problem) => fail(StepFailure(problem)),
        };
        let Action::Perform(perform) = definition.action else {
            return;
        };
        match timeout(STEP_DEADLINE, perform(world, &arguments)).await {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => fail(failure),
            Err(_) => fail(StepFailure(format!(
                "the step took longer than {} s",
                STEP_DEADLINE.as_secs()
            ))),
        }
    })
}

/// Yields the selected scenarios of the features.
struct Selected(HashSet<usize>);

impl Parser<Vec<Feature>> for Selected {
    type Cli = cli::Empty;
    type Output = stream::Iter<std::vec::IntoIter<parser::Result<Feature>>>;

    fn parse(self, features: Vec<Feature>, _: cli::Empty) -> Self::Output {
        let selected = features.into_iter().filter_map(|mut feature| {
            feature.scenarios.retain(|scenario| {
                case_number(&scenario.tags).is_some_and(|case| self.0.contains(&case))
            });
            (!feature.scenarios.is_empty()).then_some(Ok(feature))
        });
        stream::iter(selected.collect::<Vec<_>>())
    }
}

/// Collects events into reports.
struct Collector {
    cases: HashMap<usize, Arc<Case>>,
    known_failing: HashMap<usize, KnownFailing>,
    session: Arc<Session>,
    progress: Arc<Progress>,
    target: String,
    running: HashMap<usize, Course>,
    done: Arc<Mutex<Vec<(usize, ScenarioReport)>>>,
}

/// A scenario on its way.
#[derive(Default)]
struct Course {
    begun: Option<SystemTime>,
    step_begun: Option<SystemTime>,
    steps: Vec<StepReport>,
    verdict: Option<Verdict>,
}

impl Writer<World> for Collector {
    type Cli = cli::Empty;

    async fn handle_event(
        &mut self,
        event: parser::Result<Event<event::Cucumber<World>>>,
        _: &cli::Empty,
    ) {
        let Ok(event) = event else { return };
        let at = event.at;
        let event::Cucumber::Feature(_, event::Feature::Scenario(scenario, event)) = event.value
        else {
            return;
        };
        let Some(number) = case_number(&scenario.tags) else {
            return;
        };
        let course = self.running.entry(number).or_default();
        match event.event {
            event::Scenario::Started => course.begun = Some(at),
            event::Scenario::Hook(_, event::Hook::Failed(_, info)) => {
                course.verdict = Some(setup_verdict(&info))
            }
            event::Scenario::Background(step, event) | event::Scenario::Step(step, event) => {
                course.step(&step, event, at);
            }
            event::Scenario::Finished => self.finish(number, at),
            event::Scenario::Hook(..) | event::Scenario::Log(_) => {}
        }
    }
}

// Events of one scenario come in order, and those of different ones are kept apart.
impl writer::Normalized for Collector {}

impl Course {
    fn step(&mut self, step: &gherkin::Step, event: event::Step<World>, at: SystemTime) {
        let status = match event {
            event::Step::Started => {
                self.step_begun = Some(at);
                return;
            }
            event::Step::Passed(..) => StepStatus::Passed,
            event::Step::Skipped => StepStatus::Skipped,
            event::Step::Failed(_, _, _, error) => {
                self.verdict = Some(Verdict::Fail {
                    message: step_message(&error),
                });
                StepStatus::Failed
            }
        };
        self.steps.push(StepReport {
            keyword: step.keyword.trim().to_owned(),
            text: step.value.clone(),
            line: step.position.line,
            status,
            duration_ms: since(self.step_begun, at),
        });
    }
}

impl Collector {
    fn finish(&mut self, number: usize, at: SystemTime) {
        let (Some(course), Some(case)) = (self.running.remove(&number), self.cases.get(&number))
        else {
            return;
        };
        let verdict = declared(
            course.verdict.unwrap_or(Verdict::Pass),
            self.known_failing.get(&number),
        );
        let evidence = self.session.take_evidence(number);
        let mut report = case.report(&self.target, verdict);
        report.configuration = self.session.configuration(number);
        report.duration_ms = since(course.begun, at);
        for (reached, step) in course.steps.into_iter().zip(&mut report.steps) {
            *step = reached;
        }
        report.exchanges = evidence.exchanges;
        report.exchanges_total = evidence.total;
        report.shown = evidence.shown;
        (self.progress)(&report);
        self.done.lock().push((number, report));
    }
}

impl Case {
    /// The report of a case that no step of was taken.
    pub fn report(&self, target: &str, verdict: Verdict) -> ScenarioReport {
        let steps = self.steps.iter().map(|step| StepReport {
            keyword: step.keyword.trim().to_owned(),
            text: step.value.clone(),
            line: step.position.line,
            status: StepStatus::Skipped,
            duration_ms: 0,
        });
        ScenarioReport {
            id: self.id.clone(),
            level: self.level,
            sources: self.sources.clone(),
            capability: self.capability.clone(),
            feature: self.feature.clone(),
            file: self.file.clone(),
            line: self.line,
            name: self.name.clone(),
            configuration: None,
            verdict,
            duration_ms: 0,
            steps: steps.collect(),
            exchanges: Vec::new(),
            exchanges_total: 0,
            shown: Vec::new(),
            rerun: format!("gatecheck run --target {target} --tags @{}", self.id),
        }
    }
}

/// What a verdict becomes where a failure is declared.
fn declared(verdict: Verdict, known: Option<&KnownFailing>) -> Verdict {
    match (verdict, known) {
        (Verdict::Pass, Some(known)) => Verdict::UnexpectedPass {
            reason: known.reason.to_owned(),
            link: known.link.to_owned(),
        },
        (Verdict::Fail { message }, Some(known)) => Verdict::KnownFailing {
            reason: known.reason.to_owned(),
            link: known.link.to_owned(),
            message,
        },
        (verdict, _) => verdict,
    }
}

fn setup_verdict(info: &event::Info) -> Verdict {
    match info.downcast_ref::<SetupError>() {
        Some(error) => Verdict::SetupFailed {
            message: error.message.clone(),
            help: error.help.clone(),
        },
        None => Verdict::SetupFailed {
            message: message(info),
            help: None,
        },
    }
}

fn step_message(error: &event::StepError) -> String {
    match error {
        event::StepError::Panic(info) => message(info),
        other => other.to_string(),
    }
}

fn message(info: &event::Info) -> String {
    info.downcast_ref::<StepFailure>()
        .map(|failure| failure.0.clone())
        .or_else(|| info.downcast_ref::<String>().cloned())
        .or_else(|| info.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "the step panicked".to_owned())
}

fn since(begun: Option<SystemTime>, at: SystemTime) -> u64 {
    begun
        .and_then(|begun| at.duration_since(begun).ok())
        .map_or(0, millis)
}

#[cfg(test)]
mod tests;
