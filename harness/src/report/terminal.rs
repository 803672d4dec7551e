//! The report on a terminal: a line for each scenario as it ends, then a table, the failures and one line that says it
//! all.

use std::io::{self, IsTerminal, Write};

use super::model::{RunReport, ScenarioReport, Totals, Verdict};
use super::plain;

/// Whether standard output should be coloured: it is a terminal that can, and `NO_COLOR` (no-color.org) is not set.
pub fn colours() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal()
        && !set("NO_COLOR")
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Writes the report of a run while it happens and when it ended.
#[derive(Debug)]
pub struct Terminal<W> {
    out: W,
    style: Style,
}

impl<W: Write> Terminal<W> {
    /// Writes to `out`, coloured or not (see [`colours`]).
    pub fn new(out: W, coloured: bool) -> Self {
        Self {
            out,
            style: Style { coloured },
        }
    }

    /// Writes the line of a scenario that has ended.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn scenario(&mut self, scenario: &ScenarioReport) -> io::Result<()> {
        let label = self.style.verdict(
            &scenario.verdict,
            &format!("{:<15}", scenario.verdict.label()),
        );
        let took = self
            .style
            .dim(&format!("({})", plain::duration(scenario.duration_ms)));
        writeln!(
            self.out,
            "{label} {} {} {took}",
            scenario.id,
            printable(&scenario.name)
        )?;
        self.out.flush()
    }

    /// Writes the table, the failures and the outcome.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn summary(&mut self, report: &RunReport) -> io::Result<()> {
        let style = self.style;
        writeln!(
            self.out,
            "\n{}",
            style.bold(&format!("{} by capability", plain::target(report)))
        )?;
        write!(self.out, "\n{}", table(report, style))?;
        let failures: Vec<_> = report
            .scenarios
            .iter()
            .filter(|scenario| scenario.verdict.fails_run())
            .collect();
        if !failures.is_empty() {
            writeln!(self.out, "\n{}", style.bold("What fails the run"))?;
        }
        for group in alike(&failures) {
            let text = match group.as_slice() {
                [scenario] => failure(scenario, style),
                group => not_set_up(group, style),
            };
            write!(self.out, "\n{text}")?;
        }
        for fault in plain::other_faults(report) {
            writeln!(self.out, "\n{}", style.red(&fault))?;
        }
        writeln!(self.out, "\n{}", outcome(report, style))?;
        self.out.flush()
    }
}

/// Capabilities down, verdicts across.
fn table(report: &RunReport, style: Style) -> String {
    let groups = report.by_capability();
    let rows = groups
        .iter()
        .map(|(name, scenarios)| (*name, Totals::of(scenarios.iter().copied())));
    let rows: Vec<_> = rows.chain([("all", report.totals())]).collect();
    let width = rows
        .iter()
        .map(|(name, _)| name.len())
        .max()
        .unwrap_or(0)
        .max("capability".len());
    let head: String = columns(&Totals::default())
        .iter()
        .map(|(label, _)| format!("  {label}"))
        .collect();
    let mut table = format!(
        "{}\n",
        style.dim(&format!("{:<width$}{head}", "capability"))
    );
    for (name, totals) in &rows {
        table += &format!("{name:<width$}");
        for (label, count) in columns(totals) {
            let cell = if count == 0 {
                "·".to_owned()
            } else {
                count.to_string()
            };
            let cell = format!("  {cell:>width$}", width = label.len());
            table += &if count == 0 { style.dim(&cell) } else { cell };
        }
        table.push('\n');
    }
    table
}

fn columns(totals: &Totals) -> [(&'static str, usize); 6] {
    [
        ("pass", totals.pass),
        ("fail", totals.fail),
        ("unsupported", totals.unsupported),
        ("known-failing", totals.known_failing),
        ("unexpected-pass", totals.unexpected_pass),
        ("setup-failed", totals.setup_failed),
    ]
}

fn failure(scenario: &ScenarioReport, style: Style) -> String {
    let title = format!("{} {}", scenario.id, printable(&scenario.name));
    let place = format!("features/{}:{}", scenario.file, scenario.line);
    let mut text = format!(
        "{} {}\n  {}\n",
        style.verdict(&scenario.verdict, scenario.verdict.label()),
        style.bold(&title),
        style.dim(&place)
    );
    let detail = plain::steps(scenario) + &plain::exchanges(scenario);
    text += &format!("{}\n", plain::indented(&printable(&detail), "  "));
    text + &format!("  run it alone: {}\n", scenario.rerun)
}

/// Scenarios whose target could not be set up for one and the same reason together, all others by themselves.
fn alike<'a>(failures: &[&'a ScenarioReport]) -> Vec<Vec<&'a ScenarioReport>> {
    let mut groups: Vec<Vec<&ScenarioReport>> = Vec::new();
    for scenario in failures {
        let setup = matches!(scenario.verdict, Verdict::SetupFailed { .. });
        let same = groups
            .iter_mut()
            .find(|group| setup && group[0].verdict == scenario.verdict);
        match same {
            Some(group) => group.push(scenario),
            None => groups.push(vec![scenario]),
        }
    }
    groups
}

/// Why some scenarios say nothing of the target.
fn not_set_up(group: &[&ScenarioReport], style: Style) -> String {
    let verdict = &group[0].verdict;
    let (first, last) = (&group[0].id, &group[group.len() - 1].id);
    let detail = printable(&plain::explanation(verdict));
    format!(
        "{} {}\n{}\n",
        style.verdict(verdict, verdict.label()),
        style.bold(&format!(
            "{}, from {first} to {last}",
            plain::counted(group.len(), "scenario")
        )),
        plain::indented(&detail, "  "),
    )
}

fn outcome(report: &RunReport, style: Style) -> String {
    let counts = columns(&report.totals())
        .into_iter()
        .filter(|(_, count)| *count > 0);
    let counts: Vec<_> = counts
        .map(|(label, count)| format!("{count} {label}"))
        .collect();
    let ran = format!(
        "{} in {}{}{}",
        plain::counted(report.scenarios.len(), "scenario"),
        plain::duration(report.duration_ms),
        if counts.is_empty() { "" } else { ": " },
        counts.join(", ")
    );
    let word = if report.succeeded() {
        style.green("conforms")
    } else {
        style.red("fails")
    };
    format!(
        "{} {word}; {ran}\nrun it again: {}",
        style.bold(&plain::target(report)),
        plain::command(report)
    )
}

/// Makes control characters visible, which would otherwise reach the terminal.
fn printable(text: &str) -> String {
    let visible = |c: char| {
        if c.is_control() && c != '\n' && c != '\t' {
            c.escape_default().to_string()
        } else {
            c.into()
        }
    };
    text.chars().map(visible).collect()
}

#[derive(Debug, Clone, Copy)]
struct Style {
    coloured: bool,
}

impl Style {
    fn verdict(self, verdict: &Verdict, text: &str) -> String {
        match verdict {
            Verdict::Pass => self.green(text),
            Verdict::Unsupported { .. } => self.dim(text),
            Verdict::KnownFailing { .. } => self.paint("33", text),
            Verdict::Fail { .. } | Verdict::UnexpectedPass { .. } | Verdict::SetupFailed { .. } => {
                self.red(text)
            }
        }
    }

    fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn green(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn red(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.coloured {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::report::sample;

    fn written(report: &RunReport, coloured: bool) -> String {
        let mut terminal = Terminal::new(Vec::new(), coloured);
        report
            .scenarios
            .iter()
            .for_each(|scenario| terminal.scenario(scenario).unwrap());
        terminal.summary(report).unwrap();
        String::from_utf8(terminal.out).unwrap()
    }

    #[test]
    fn tells_a_run_that_fails() {
        insta::assert_snapshot!(written(&sample::run(), false));
    }

    #[test]
    fn tells_a_run_that_succeeds() {
        insta::assert_snapshot!(written(&sample::good(), false));
    }

    #[test]
    fn tells_a_run_of_nothing() {
        let mut report = sample::good();
        report.scenarios.clear();
        report.target.version = None;
        report.interrupted = Some("SIGINT".to_owned());
        insta::assert_snapshot!(written(&report, false));
    }

    #[test]
    fn tells_once_why_nothing_could_be_set_up() {
        let mut report = sample::good();
        for scenario in &mut report.scenarios {
            scenario.verdict = Verdict::SetupFailed {
                message: "nginx can't be run: no such file".to_owned(),
                help: Some("install it: apt-get install nginx".to_owned()),
            };
        }
        insta::assert_snapshot!(written(&report, false));
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let coloured = written(&sample::run(), true);
        assert!(coloured.contains("\x1b[1;31mfail"));
        let mut stripped = String::new();
        for (n, part) in coloured.split("\x1b[").enumerate() {
            stripped += if n == 0 {
                part
            } else {
                part.split_once('m').unwrap().1
            };
        }
        assert_eq!(stripped, written(&sample::run(), false));
    }
}
