//! The configurations that a run rendered, as files beside its report.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use super::model::RunReport;

/// Writes each configuration into a directory of its own below `dir`: `orders`, `tls-2` … What it is a rendering of stands
/// there in `configuration.txt`.
///
/// # Errors
/// When a file can't be written.
pub fn write(report: &RunReport, dir: &Path) -> io::Result<()> {
    let mut taken: HashMap<&str, usize> = HashMap::new();
    for configuration in &report.configurations {
        let fixture = configuration.name.split(' ').next().unwrap_or_default();
        let number = taken.entry(fixture).or_default();
        *number += 1;
        let own = match number {
            1 => dir.join(fixture),
            number => dir.join(format!("{fixture}-{number}")),
        };
        fs::create_dir_all(&own)?;
        fs::write(
            own.join("configuration.txt"),
            format!("{}\n", configuration.name),
        )?;
        for (name, text) in &configuration.files {
            fs::write(own.join(name), text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::report::sample;

    #[test]
    fn each_configuration_has_a_directory() {
        let mut report = sample::run();
        let mut changed = report.configurations[0].clone();
        changed.name += " with /plugins/0 removed";
        report.configurations.push(changed);
        let dir = tempfile::tempdir().unwrap();
        write(&report, dir.path()).unwrap();
        let read = |path: &str| fs::read_to_string(dir.path().join(path)).unwrap();
        assert_eq!(read("api-keys/nginx.conf"), "worker_processes 1;\n");
        assert_eq!(
            read("api-keys-2/configuration.txt"),
            "api-keys with /plugins/0 removed\n"
        );
    }
}
