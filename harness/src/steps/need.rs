//! What steps need besides a gateway that answers: a gateway that the suite has not started itself can't give all of it.

use std::collections::BTreeSet;
use std::fmt;

use cucumber::gherkin::Step;

use super::{Definition, find};

/// Something around a gateway, or of it, that a step reaches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// An upstream that can be seen or steered, or whose answer is known.
    Upstream,
    /// That the gateway sees the address which the scenario's client has for itself.
    Address,
    /// An issuer or introspection endpoint of the run, which the gateway asks.
    Issuer,
    /// TLS by certificates made for the run, on either side.
    Handshake,
    /// The gateway's admin interface.
    Admin,
    /// The gateway's access log.
    AccessLog,
    /// The gateway's files, to be replaced while it runs.
    Files,
}

/// What in a step's text needs something, whichever step it is.
const WORDS: [(&str, Need); 2] = [
    // The header by which an upstream is told what to do.
    ("gatecheck-behaviour", Need::Upstream),
    ("{client}", Need::Address),
];

/// What the steps of a scenario need.
pub fn needs(steps: &[Step]) -> BTreeSet<Need> {
    steps.iter().flat_map(of_step).collect()
}

fn of_step(step: &Step) -> impl Iterator<Item = Need> {
    let defined: &'static [Need] = find(step).map_or(&[], |(definition, _)| definition.needs);
    let cells = step
        .table
        .iter()
        .flat_map(|table| table.rows.iter().flatten());
    let texts = cells.chain(&step.docstring).chain([&step.value]);
    let text: String = texts.map(|text| text.to_lowercase() + "\n").collect();
    let told = WORDS
        .into_iter()
        .filter(move |(word, _)| text.contains(word));
    defined.iter().copied().chain(told.map(|(_, need)| need))
}

impl Definition {
    /// The definition of a step that needs this.
    pub(super) const fn needing(self, needs: &'static [Need]) -> Self {
        Self { needs, ..self }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Upstream => "an upstream that can be seen and steered",
            Self::Address => "clients with addresses of their own",
            Self::Issuer => "issuers that the gateway asks",
            Self::Handshake => "TLS by certificates made for the run",
            Self::Admin => "the admin address",
            Self::AccessLog => "the access log",
            Self::Files => "files that can be replaced while the gateway runs",
        })
    }
}
