//! A report as text for people, as JSON, and as SARIF 2.1.0 (OASIS) for code-scanning tools.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value, json};

use super::diagnostic::{Diagnostic, Position, Report, Severity};

/// The longest part of a line that is shown, in characters; minified JSON has lines without end.
const EXCERPT: usize = 120;

impl Report {
    /// The report as text: what, where, the line with the place underlined, how to mend it; then the sums. Empty when
    /// nothing is wrong. `colour` adds ANSI colours, which belong on a terminal only.
    pub fn human(&self, colour: bool) -> String {
        let paint = Paint { colour };
        let mut out = String::new();
        for diagnostic in self.sorted() {
            paint
                .diagnostic(&mut out, diagnostic)
                .expect("writing to a String never fails");
            out.push('\n');
        }
        if !self.is_empty() {
            out.push_str(&self.sums());
            out.push('\n');
        }
        out
    }

    /// The report as JSON: `{"diagnostics": [{"severity", "code", "message", "file", "pointer", "line", "column",
    /// "help"}]}`; `line`, `column` and `help` are null where there is none.
    pub fn json(&self) -> Value {
        let diagnostics: Vec<Value> = self.sorted().into_iter().map(entry).collect();
        json!({"diagnostics": diagnostics})
    }

    /// The report as a SARIF 2.1.0 log with one run.
    pub fn sarif(&self) -> Value {
        let sorted = self.sorted();
        let rules: BTreeMap<&str, Value> = sorted
            .iter()
            .map(|of| (of.code, json!({"id": of.code})))
            .collect();
        let results: Vec<Value> = sorted.into_iter().map(result).collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {
                    "name": "gateway",
                    "version": env!("CARGO_PKG_VERSION"),
                    "rules": rules.into_values().collect::<Vec<_>>(),
                }},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        })
    }

    fn sums(&self) -> String {
        let sorted = self.sorted();
        let count = |severity| {
            sorted
                .iter()
                .filter(|diagnostic| diagnostic.severity == severity)
                .count()
        };
        let sums = [
            (count(Severity::Error), "error"),
            (count(Severity::Warning), "warning"),
        ];
        let sums = sums.into_iter().filter(|(count, _)| *count > 0);
        sums.map(|(count, name)| format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

fn entry(of: &Diagnostic) -> Value {
    json!({
        "severity": of.severity.as_str(),
        "code": of.code,
        "message": of.message,
        "file": of.at.file,
        "pointer": of.at.pointer,
        "line": of.at.position.as_ref().map(|position| position.line),
        "column": of.at.position.as_ref().map(|position| position.column),
        "help": of.help,
    })
}

fn result(of: &Diagnostic) -> Value {
    let text = match &of.help {
        Some(help) => format!("{}\n{help}", of.message),
        None => of.message.clone(),
    };
    let mut location = json!({"artifactLocation": {"uri": uri(&of.at.file)}});
    if let Some(Position {
        line,
        column,
        width,
        excerpt,
    }) = &of.at.position
    {
        location["region"] = json!({
            "startLine": line,
            "startColumn": column,
            "endColumn": column + width,
            "snippet": {"text": excerpt},
        });
    }
    json!({
        "ruleId": of.code,
        "level": of.severity.as_str(),
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    })
}

/// A path as the relative reference or file URI that SARIF wants (RFC 3986, RFC 8089).
fn uri(path: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'.')
        .remove(b'-')
        .remove(b'_')
        .remove(b'~');
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    format!(
        "{scheme}{}",
        percent_encoding::utf8_percent_encode(path, KEPT)
    )
}

/// Writes diagnostics, with or without ANSI colours.
struct Paint {
    colour: bool,
}

impl Paint {
    fn diagnostic(&self, out: &mut String, of: &Diagnostic) -> std::fmt::Result {
        let severity = match of.severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
        };
        let head = self.dye(severity, &format!("{}[{}]", of.severity.as_str(), of.code));
        writeln!(out, "{head}: {}", self.dye("1", &plain(&of.message)))?;
        let file = plain(&of.at.file);
        let Some(position) = &of.at.position else {
            writeln!(out, " {} {file}", self.dye("34", "-->"))?;
            return self.help(out, "", of);
        };
        let margin = " ".repeat(position.line.to_string().len());
        let (excerpt, marks) = underlined(position);
        writeln!(
            out,
            "{margin}{} {file}:{}:{}",
            self.dye("34", "-->"),
            position.line,
            position.column
        )?;
        writeln!(out, "{margin} {}", self.dye("34", "|"))?;
        writeln!(
            out,
            "{} {excerpt}",
            self.dye("34", &format!("{} |", position.line))
        )?;
        writeln!(
            out,
            "{margin} {} {}",
            self.dye("34", "|"),
            self.dye(severity, &marks)
        )?;
        self.help(out, &margin, of)
    }

    fn help(&self, out: &mut String, margin: &str, of: &Diagnostic) -> std::fmt::Result {
        let Some(help) = &of.help else { return Ok(()) };
        writeln!(
            out,
            "{margin} {} {}",
            self.dye("34", "= help:"),
            plain(help)
        )
    }

    fn dye(&self, code: &str, text: &str) -> String {
        if self.colour {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// The line to show and the carets below it. Long lines are cut to what is around the place.
fn underlined(position: &Position) -> (String, String) {
    let characters: Vec<char> = position.excerpt.trim_end().chars().collect();
    let start = position.column.saturating_sub(1);
    let from = if characters.len() <= EXCERPT {
        0
    } else {
        start.saturating_sub(EXCERPT / 3).min(characters.len())
    };
    let to = characters.len().min(from + EXCERPT);
    let end = (start + position.width.max(1)).min(to.max(start + 1));

    let mut line = String::from(if from > 0 { "…" } else { "" });
    let mut marks = " ".repeat(line.chars().count());
    for (index, character) in characters[from..to]
        .iter()
        .enumerate()
        .map(|(index, c)| (index + from, *c))
    {
        let shown = if character == '\t' {
            "    ".to_owned()
        } else {
            plain(character.encode_utf8(&mut [0; 4]))
        };
        if index < end {
            let mark = if index < start { " " } else { "^" };
            marks.push_str(&mark.repeat(shown.chars().count()));
        }
        line.push_str(&shown);
    }
    if start >= to {
        marks.push_str(&" ".repeat(start - to));
        marks.push('^');
    }
    if to < characters.len() {
        line.push('…');
    }
    (line, marks)
}

/// Text from a document without what a terminal would obey.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::config::diagnostic::Place;

    fn position(excerpt: &str, column: usize, width: usize) -> Position {
        Position {
            line: 7,
            column,
            width,
            excerpt: excerpt.to_owned(),
        }
    }

    fn sample() -> Report {
        let mut report = Report::default();
        let at = Place {
            pointer: "/route/pathes".to_owned(),
            position: Some(position("  pathes: [/a]", 3, 6)),
            ..Place::file("apis/my orders.yaml")
        };
        report
            .error(at, "unknown-key", "`pathes` is not a key of `route`")
            .help("did you mean `paths`?");
        report.warn(Place::file("/etc/b.yaml"), "odd", "nothing here");
        report
    }

    #[test]
    fn people_see_the_line_with_carets() {
        insta::assert_snapshot!(sample().human(false), @r"
        warning[odd]: nothing here
         --> /etc/b.yaml

        error[unknown-key]: `pathes` is not a key of `route`
         --> apis/my orders.yaml:7:3
          |
        7 |   pathes: [/a]
          |   ^^^^^^
          = help: did you mean `paths`?

        1 error, 1 warning
        ");
    }

    #[test]
    fn colours_only_on_demand() {
        assert!(
            sample()
                .human(true)
                .contains("\u{1b}[1;31merror[unknown-key]\u{1b}[0m")
        );
        assert!(!sample().human(false).contains('\u{1b}'));
    }

    #[test]
    fn a_tab_keeps_the_caret_in_its_place() {
        assert_eq!(
            underlined(&position("\ta: b", 2, 1)),
            ("    a: b".to_owned(), "    ^".to_owned())
        );
    }

    #[test]
    fn a_caret_may_stand_behind_the_end() {
        assert_eq!(
            underlined(&position("a: [", 5, 1)),
            ("a: [".to_owned(), "    ^".to_owned())
        );
        assert_eq!(
            underlined(&position("", 1, 1)),
            (String::new(), "^".to_owned())
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}wrong{}", "a".repeat(500), "b".repeat(500));
        let (line, marks) = underlined(&position(&text, 501, 5));
        assert!(
            line.starts_with('…') && line.ends_with('…') && line.chars().count() < 130,
            "{line}"
        );
        let marked: String = line
            .chars()
            .zip(marks.chars())
            .filter(|(_, mark)| *mark == '^')
            .map(|(c, _)| c)
            .collect();
        assert_eq!(marked, "wrong");
    }

    #[test]
    fn a_terminal_has_nothing_to_obey() {
        assert_eq!(
            underlined(&position("a: \u{1b}[31m", 1, 1)).0,
            "a: \u{fffd}[31m"
        );
    }

    #[test]
    fn json_has_every_part() {
        insta::assert_json_snapshot!(sample().json()["diagnostics"][1], @r#"
        {
          "severity": "error",
          "code": "unknown-key",
          "message": "`pathes` is not a key of `route`",
          "file": "apis/my orders.yaml",
          "pointer": "/route/pathes",
          "line": 7,
          "column": 3,
          "help": "did you mean `paths`?"
        }
        "#);
        assert_eq!(sample().json()["diagnostics"][0]["line"], Value::Null);
    }

    #[test]
    fn sarif_has_the_shape_that_scanners_read() {
        let sarif = sample().sarif();
        assert_eq!(sarif["version"], "2.1.0");
        let run = &sarif["runs"][0];
        assert_eq!(
            run["tool"]["driver"]["rules"],
            json!([{"id": "odd"}, {"id": "unknown-key"}])
        );
        let place = &run["results"][1]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "apis/my%20orders.yaml");
        assert_eq!(place["region"]["startLine"], 7);
        assert_eq!(place["region"]["endColumn"], 9);
        let whole = &run["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(
            whole,
            &json!({"artifactLocation": {"uri": "file:///etc/b.yaml"}})
        );
        assert_eq!(run["results"][0]["level"], "warning");
    }
}
