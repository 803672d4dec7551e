//! Step patterns: literal text with `{string}` (in quotes, or in single ones) and `{int}`, a small part of Cucumber
//! Expressions.

use std::str::FromStr;

use cucumber::gherkin::Step;

use super::StepFailure;

/// What a step carries besides its fixed text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arguments {
    values: Vec<String>,
    table: Option<Vec<Vec<String>>>,
    docstring: Option<String>,
}

impl Arguments {
    /// The argument at `index`, counted from 0; empty if the pattern has none there.
    pub fn text(&self, index: usize) -> &str {
        self.values.get(index).map_or("", String::as_str)
    }

    /// The argument at `index` as a number.
    ///
    /// # Errors
    /// When it doesn't fit the type.
    pub fn number<T: FromStr>(&self, index: usize) -> Result<T, StepFailure> {
        let text = self.text(index);
        text.parse()
            .map_err(|_| StepFailure(format!("{text} is not a number that fits here")))
    }

    /// The rows of the step's table; empty without one.
    pub fn rows(&self) -> &[Vec<String>] {
        self.table.as_deref().unwrap_or_default()
    }

    /// The step's table as pairs.
    ///
    /// # Errors
    /// When a row doesn't have two cells.
    pub fn pairs(&self) -> Result<Vec<(&str, &str)>, StepFailure> {
        self.rows()
            .iter()
            .map(|row| match row.as_slice() {
                [name, value] => Ok((name.as_str(), value.as_str())),
                _ => Err(StepFailure(format!(
                    "the table's row {row:?} needs two cells"
                ))),
            })
            .collect()
    }

    /// The step's text block.
    pub fn docstring(&self) -> Option<&str> {
        self.docstring.as_deref()
    }
}

/// The arguments of `step` if its text is of the form `pattern`.
pub(super) fn arguments(pattern: &str, step: &Step) -> Option<Arguments> {
    let values = values(pattern, &step.value)?;
    // Gherkin's text block begins on the line of the quotes; what counts begins on the next.
    let docstring = step
        .docstring
        .as_deref()
        .map(|text| text.strip_prefix('\n').unwrap_or(text).to_owned());
    Some(Arguments {
        values,
        table: step.table.as_ref().map(|table| table.rows.clone()),
        docstring,
    })
}

/// A step's text with its quoted parts and numbers made placeholders, to compare with patterns.
pub(super) fn shape(text: &str) -> String {
    let mut shape = String::new();
    for (index, part) in text.split('"').enumerate() {
        if index % 2 == 1 {
            shape.push_str("{string}");
            continue;
        }
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 {
                shape.push(' ');
            }
            let number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit());
            shape.push_str(if number { "{int}" } else { word });
        }
    }
    shape
}

fn values(mut pattern: &str, mut text: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    while let Some(start) = pattern.find('{') {
        let (literal, rest) = pattern.split_at(start);
        text = text.strip_prefix(literal)?;
        let (value, after) = if let Some(rest) = rest.strip_prefix("{string}") {
            pattern = rest;
            let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            text.strip_prefix(quote)?.split_once(quote)?
        } else {
            pattern = rest.strip_prefix("{int}")?;
            text.split_at(
                text.find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(text.len()),
            )
        };
        if value.is_empty() && !text.starts_with(['"', '\'']) {
            return None;
        }
        values.push(value.to_owned());
        text = after;
    }
    (pattern == text).then_some(values)
}
