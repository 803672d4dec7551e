//! Samples in the Prometheus text format, as the last response's body.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::steps::when::ask_again;
use crate::steps::{Arguments, StepResult, expect};
use crate::world::World;

/// How long a request may take to be counted: that happens after its response.
const COUNTED_WITHIN: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) async fn is(world: &mut World, arguments: &Arguments) -> StepResult {
    let begun = Instant::now();
    loop {
        let Err(failure) = adds_up(world, arguments) else {
            return Ok(());
        };
        if begun.elapsed() > COUNTED_WITHIN {
            return Err(failure);
        }
        sleep(LOOK_EVERY).await;
        ask_again(world).await?;
    }
}

fn adds_up(world: &World, arguments: &Arguments) -> StepResult {
    let (name, wanted): (_, f64) = (arguments.text(0), arguments.number(1)?);
    let (labels, text) = (arguments.pairs()?, world.response()?.text());
    let samples: Vec<(&str, f64)> = text.lines().filter_map(|line| sample(line, name)).collect();
    expect(!samples.is_empty(), || {
        format!("there is no sample of the metric {name}")
    })?;
    let fits = |given: &str| {
        labels
            .iter()
            .all(|(label, value)| given.contains(&format!("{label}=\"{value}\"")))
    };
    let found: f64 = samples
        .iter()
        .filter(|(given, _)| fits(given))
        .map(|(_, value)| value)
        .sum();
    expect((found - wanted).abs() < f64::EPSILON, || {
        let all: Vec<String> = samples
            .iter()
            .map(|(given, value)| format!("{{{given}}} {value}"))
            .collect();
        format!(
            "the metric {name} should be {wanted} there, but is {found}; its samples are {}",
            all.join(", ")
        )
    })
}

/// The labels and the value of a sample of this name.
fn sample<'a>(line: &'a str, name: &str) -> Option<(&'a str, f64)> {
    let rest = line.strip_prefix(name)?;
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => rest.rsplit_once("} ")?,
        None => ("", rest.strip_prefix(' ')?),
    };
    Some((labels, value.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_by_their_whole_name() {
        assert_eq!(
            sample("a_total{x=\"1\",y=\"}\"} 3", "a_total"),
            Some(("x=\"1\",y=\"}\"", 3.0))
        );
        assert_eq!(sample("a_total 4", "a_total"), Some(("", 4.0)));
        assert_eq!(sample("a_total_more 4", "a_total"), None);
        assert_eq!(sample("# HELP a_total text", "a_total"), None);
    }
}
