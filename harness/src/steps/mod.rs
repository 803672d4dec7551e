//! The closed vocabulary that features are written in: every step, once, with what it means.
//!
//! `given.rs` declares what a scenario needs, before anything starts; `when.rs` acts; `then.rs` asserts.

mod given;
mod need;
mod pattern;
mod then;
mod when;

use cucumber::gherkin::{Step, StepType};
use futures::future::LocalBoxFuture;

pub use need::{Need, needs};
pub use pattern::Arguments;

use crate::plan::Plan;
use crate::world::World;

/// Why a step did not hold: what was expected and what was found.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct StepFailure(pub String);

/// What a step that acts or asserts comes to.
pub type StepResult = Result<(), StepFailure>;

/// One step of the vocabulary.
#[derive(Debug)]
pub struct Definition {
    /// Whether it declares, acts or asserts.
    pub kind: StepType,
    /// Its text; `{string}` stands for a text in double or single quotes, `{int}` for a whole number.
    pub pattern: &'static str,
    /// What it means, in one line.
    pub about: &'static str,
    /// What it does.
    pub action: Action,
    /// What it needs besides a gateway that answers.
    pub needs: &'static [Need],
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// Says what the scenario needs; called before anything starts.
    Declare(fn(&mut Plan, &Arguments) -> StepResult),
    /// Acts or asserts while the scenario runs.
    Perform(for<'a> fn(&'a mut World, &'a Arguments) -> LocalBoxFuture<'a, StepResult>),
}

/// Every step of the vocabulary, in the order in which they are best read.
pub fn vocabulary() -> impl Iterator<Item = &'static Definition> {
    let given = given::STEPS.iter().chain(given::identity::STEPS);
    let when = when::STEPS.iter().chain(when::identity::STEPS);
    let then = then::STEPS.iter().chain(then::identity::STEPS);
    given.chain(when).chain(then)
}

/// The definition of a step and its arguments.
///
/// # Errors
/// When no definition matches: names the nearest one. When several do: names them.
pub fn find(step: &Step) -> Result<(&'static Definition, Arguments), String> {
    let mut found = vocabulary()
        .filter(|definition| definition.kind == step.ty)
        .filter_map(|definition| Some((definition, pattern::arguments(definition.pattern, step)?)));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (Some((one, _)), Some((other, _))) => Err(format!(
            "{:?} can be read as {:?} and as {:?}",
            step.value, one.pattern, other.pattern
        )),
        (None, _) => Err(unknown(step)),
    }
}

/// The failure of an expectation.
fn expect(holds: bool, failure: impl FnOnce() -> String) -> StepResult {
    if holds {
        Ok(())
    } else {
        Err(StepFailure(failure()))
    }
}

fn unknown(step: &Step) -> String {
    let shape = pattern::shape(&step.value);
    let nearest = vocabulary()
        .filter(|definition| definition.kind == step.ty)
        .max_by(|a, b| {
            strsim::jaro_winkler(a.pattern, &shape)
                .total_cmp(&strsim::jaro_winkler(b.pattern, &shape))
        })
        .map_or("", |definition| definition.pattern);
    format!(
        "there is no step \"{:?} {}\"; the nearest is \"{nearest}\" (gatecheck steps lists them all)",
        step.ty, step.value
    )
}

/// Builds a table of definitions of one kind that act or assert; in brackets stands what they need.
macro_rules! perform {
    ($kind:ident: $($pattern:literal => $run:path $([$($need:ident),+])?, $about:literal;)+) => {
        &[$($crate::steps::Definition {
            kind: cucumber::gherkin::StepType::$kind,
            pattern: $pattern,
            about: $about,
            action: $crate::steps::Action::Perform(|world, arguments| Box::pin($run(world, arguments))),
            needs: &[$($(crate::steps::Need::$need),+)?],
        }),+]
    };
}
use perform;

#[cfg(test)]
mod tests;
