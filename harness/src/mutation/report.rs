//! What the mutants came to: for people on a terminal, and as JSON.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::listed::Listed;

/// What came of every mutant.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Score {
    /// The mutants, in the order of fixtures and documents.
    pub findings: Vec<Finding>,
    /// Entries of the list of those that can't be told which name no mutant, or one that was noticed.
    pub stale: Vec<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What came of one mutant.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The fixture.
    pub fixture: String,
    /// The mutant's name.
    pub mutant: String,
    /// What was changed, as a place.
    pub place: String,
    /// What was changed, for people.
    pub told: String,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// A scenario failed.
    Noticed {
        /// Its id and name.
        by: String,
        /// What it says.
        message: String,
    },
    /// Every scenario passed that could be run.
    Survived {
        /// Their ids.
        scenarios: Vec<String>,
    },
    /// As survived, but listed as one that can't be told.
    Listed {
        /// Why not.
        reason: String,
    },
    /// The gateway refuses the configuration, which says nothing about the suite.
    Refused {
        /// What it says.
        message: String,
    },
}

/// How many mutants came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Noticed by a scenario.
    pub noticed: usize,
    /// Not noticed, and not listed.
    pub survived: usize,
    /// Not noticed, and listed.
    pub listed: usize,
    /// Refused by the gateway; not in the score.
    pub refused: usize,
}

impl Counts {
    /// How many can be noticed.
    pub fn all(self) -> usize {
        self.noticed + self.survived
    }

    /// The share that was noticed, in percent, rounded down so that 100 means all.
    pub fn percent(self) -> usize {
        (self.noticed * 100).checked_div(self.all()).unwrap_or(100)
    }

    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Noticed { .. } => self.noticed += 1,
            Outcome::Survived { .. } => self.survived += 1,
            Outcome::Listed { .. } => self.listed += 1,
            Outcome::Refused { .. } => self.refused += 1,
        }
    }
}

impl Score {
    /// Takes the list of mutants that can't be told into account, of which only entries of these fixtures count.
    pub fn excuse(&mut self, listed: &[Listed], fixtures: &[String]) {
        for entry in listed {
            if !fixtures.iter().any(|name| name == entry.fixture()) {
                continue;
            }
            let named = self.findings.iter_mut();
            let mut named: Vec<_> = named.filter(|found| entry.names(&found.mutant)).collect();
            if named.is_empty() {
                self.stale.push(format!("{} names no mutant", entry.mutant));
            }
            for found in &mut named {
                match &found.outcome {
                    Outcome::Survived { .. } => {
                        let reason = entry.reason.to_owned();
                        found.outcome = Outcome::Listed { reason };
                    }
                    Outcome::Listed { .. } => {
                        let told = format!("{} is listed twice", found.mutant);
                        self.stale.push(told);
                    }
                    Outcome::Noticed { by, .. } => {
                        let told = format!("{} is listed, and noticed by {by}", found.mutant);
                        self.stale.push(told);
                    }
                    Outcome::Refused { .. } => {
                        let told =
                            format!("{} is listed, and refused by the gateway", found.mutant);
                        self.stale.push(told);
                    }
                }
            }
        }
    }

    /// Whether every mutant was noticed or is listed, and there was one.
    pub fn reached(&self) -> bool {
        let total = self.total();
        total.survived == 0 && total.noticed > 0 && self.stale.is_empty()
    }

    /// The counts of all.
    pub fn total(&self) -> Counts {
        let mut counts = Counts::default();
        self.findings
            .iter()
            .for_each(|found| counts.add(&found.outcome));
        counts
    }

    /// The counts of each fixture.
    pub fn by_fixture(&self) -> BTreeMap<&str, Counts> {
        let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
        for found in &self.findings {
            counts
                .entry(&found.fixture)
                .or_default()
                .add(&found.outcome);
        }
        counts
    }

    /// The whole as JSON.
    ///
    /// # Errors
    /// None that is known: there is no key that is not a string.
    pub fn json(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Document<'a> {
            project: &'static str,
            schema_version: u32,
            suite_version: &'static str,
            reached: bool,
            percent: usize,
            totals: Counts,
            fixtures: BTreeMap<&'a str, Counts>,
            #[serde(flatten)]
            score: &'a Score,
        }
        let document = Document {
            project: "gatecheck",
            schema_version: 1,
            suite_version: env!("CARGO_PKG_VERSION"),
            reached: self.reached(),
            percent: self.total().percent(),
            totals: self.total(),
            fixtures: self.by_fixture(),
            score: self,
        };
        serde_json::to_string_pretty(&document).map(|text| text + "\n")
    }

    /// Writes the table of fixtures, what nobody noticed, and the score.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(
            out,
            "\n{:<24} {:>8} {:>8} {:>8} {:>8} {:>6}",
            "fixture", "noticed", "survived", "listed", "refused", "score"
        )?;
        for (name, counts) in self.by_fixture() {
            row(out, name, counts)?;
        }
        row(out, "all", self.total())?;
        for found in &self.findings {
            let Outcome::Survived { scenarios } = &found.outcome else {
                continue;
            };
            writeln!(out, "\nnobody noticed  {}", found.mutant)?;
            writeln!(out, "    {}", found.told)?;
            writeln!(out, "    {}", ran(scenarios))?;
        }
        for entry in &self.stale {
            writeln!(out, "\nstale entry: {entry}")?;
        }
        let total = self.total();
        writeln!(
            out,
            "\n{} of {} mutants noticed ({} %), {} listed, {} refused, in {} s",
            total.noticed,
            total.all(),
            total.percent(),
            total.listed,
            total.refused,
            self.duration_ms / 1000
        )
    }
}

fn row(out: &mut dyn Write, name: &str, counts: Counts) -> io::Result<()> {
    let Counts {
        noticed,
        survived,
        listed,
        refused,
    } = counts;
    let percent = counts.percent();
    writeln!(
        out,
        "{name:<24} {noticed:>8} {survived:>8} {listed:>8} {refused:>8} {percent:>4} %"
    )
}

fn ran(scenarios: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut shown = scenarios.to_vec();
    shown.dedup();
    let more = shown.len().saturating_sub(SHOWN);
    shown.truncate(SHOWN);
    let told = shown.join(" ");
    match (scenarios.len(), more) {
        (0, _) => "no scenario runs on it".to_owned(),
        (_, 0) => format!("ran: {told}"),
        _ => format!("ran: {told} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn score() -> Score {
        let noticed = Outcome::Noticed {
            by: "KEY-001 no key".to_owned(),
            message: "200 instead of 401".to_owned(),
        };
        let survived = Outcome::Survived {
            scenarios: vec!["KEY-001".to_owned(), "KEY-001".to_owned()],
        };
        let refused = Outcome::Refused {
            message: "no".to_owned(),
        };
        let outcomes = [noticed, survived, refused];
        let findings = outcomes
            .into_iter()
            .zip(["a", "b", "c"])
            .map(|(outcome, name)| Finding {
                fixture: "orders".to_owned(),
                mutant: format!("orders: /{name} removed"),
                place: "plugin".to_owned(),
                told: format!("/{name} (plugin): {{}} removed"),
                outcome,
            });
        Score {
            findings: findings.collect(),
            ..Score::default()
        }
    }

    fn listed(mutant: &'static str) -> [Listed; 1] {
        [Listed {
            mutant,
            reason: "it means the same",
        }]
    }

    #[test]
    fn what_nobody_noticed_is_told() {
        let score = score();
        let counts = Counts {
            noticed: 1,
            survived: 1,
            listed: 0,
            refused: 1,
        };
        assert_eq!((score.total(), score.total().percent()), (counts, 50));
        assert!(!score.reached());
        let mut text = Vec::new();
        score.write(&mut text).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap());
        let json: serde_json::Value = serde_json::from_str(&score.json().unwrap()).unwrap();
        assert_eq!(json["findings"][1]["outcome"], "survived");
        assert_eq!(json["totals"]["refused"], 1);
    }

    #[test]
    fn listed_ones_are_no_gap() {
        let mut score = score();
        score.excuse(&listed("orders: /b removed"), &["orders".to_owned()]);
        assert!(score.reached(), "{score:?}");
        assert_eq!(score.total().listed, 1);
    }

    #[test]
    fn entries_of_the_list_are_held() {
        for (mutant, told) in [
            ("orders: /a removed", "noticed by KEY-001 no key"),
            ("orders: /c removed", "refused"),
            ("orders: /d removed", "names no mutant"),
        ] {
            let mut score = score();
            score.excuse(&listed(mutant), &["orders".to_owned()]);
            score.excuse(&listed("orders: /b removed"), &["orders".to_owned()]);
            assert!(score.stale[0].contains(told), "{:?}", score.stale);
            assert!(!score.reached());
        }
        let mut score = score();
        score.excuse(&listed("cors: /d removed"), &["orders".to_owned()]);
        assert!(
            score.stale.is_empty(),
            "another fixture's mutants were not made"
        );
    }

    #[test]
    fn nothing_noticed_is_nothing_reached() {
        assert!(!Score::default().reached());
    }
}
