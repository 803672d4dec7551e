//! The page about faults, docs/faults.md: its table is written from the list of faults.

use std::fmt::Write as _;

use super::{Place, TABLES};

/// The table of all faults, in Markdown.
pub fn table() -> String {
    let mut text = String::new();
    for (heading, faults) in TABLES {
        write!(
            text,
            "### {heading}\n\n| fault | a gateway that … | between | told by |\n|---|---|---|---|\n"
        )
        .expect("a string takes everything");
        for fault in *faults {
            let between = match fault.defect.place() {
                Place::Front => "client and gateway",
                Place::Back => "gateway and upstream",
            };
            let ids = fault.told_by.join(", ");
            writeln!(
                text,
                "| `{}` | {} | {between} | {ids} |",
                fault.name, fault.about
            )
            .expect("a string takes everything");
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}
