//! `gateway schema`: the JSON Schema of a document, for editors.

use super::print;
use gateway::plugin::registry;
use std::process::ExitCode;

/// Prints the schema.
pub fn run() -> ExitCode {
    print(&format!("{:#}\n", registry::schema().value()))
}
