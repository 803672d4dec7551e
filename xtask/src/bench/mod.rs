//! `cargo xtask bench`: what the gateway costs, as ratios to its yardsticks.
//!
//! A machine's own speed drifts by a tenth within minutes, so contenders take turns in short runs, each turn gives a
//! ratio, and the median of the ratios is what is told. Absolute numbers stand beside them for orientation only.

pub mod cost;
pub mod memory;
pub mod routes;
pub mod stall;
pub mod tls;
pub mod tokens;

mod contender;
mod envoy;
mod haproxy;
mod load;
mod material;
mod nginx;
mod silent;
mod usage;

use std::process::ExitCode;

use crate::table::Table;
use crate::{Result, setup, workspace};

/// Counts allocations in the plugin chain, in process.
pub fn allocations() -> Result<ExitCode> {
    setup::install(setup::EVERYTHING)?;
    workspace::run(&mut workspace::cargo(&[
        "bench",
        "--package",
        "gateway",
        "--bench",
        "chain",
    ])?)?;
    Ok(ExitCode::SUCCESS)
}

/// Installs what a benchmark needs and builds the release programs.
fn prepare() -> Result {
    setup::install(setup::EVERYTHING)?;
    if !cfg!(target_os = "linux") {
        return Err("benchmarks read /proc and run on Linux only".into());
    }
    let build = ["build", "--release", "--package", "gateway"];
    let programs = ["--bin", "gateway", "--example", "bare-pingora"];
    let minting = ["--example", "mint-tokens"];
    workspace::run(&mut workspace::cargo(
        &[&build[..], &programs[..], &minting[..]].concat(),
    )?)
}

/// Prints a table, and writes it as Markdown to `bench/NAME.md` in the target directory.
fn publish(table: &Table, name: &str, notes: &str) -> Result {
    let text = table.markdown();
    println!("\n{text}\n{notes}");
    let path = workspace::scratch("bench")?.join(format!("{name}.md"));
    std::fs::write(&path, format!("{text}\n{notes}\n"))?;
    println!("\nMarkdown: {}", path.display());
    Ok(())
}

/// The middle of the values; the mean of the two in the middle when their number is even.
fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_ignores_outliers() {
        assert_eq!(median([1.0, 900.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
