//! Where a gateway's program is.

use std::env;
use std::path::{Path, PathBuf};

/// Where distributions put programs that only administrators' PATH leads to.
const USUAL: [&str; 4] = ["/usr/local/sbin", "/usr/sbin", "/usr/local/bin", "/usr/bin"];
/// Where `cargo xtask setup` puts what no distribution has, in the project's directory.
const SET_UP: &str = ".tools/bin";

/// The program `name`: that of the environment variable `GATECHECK_NAME`; else the one on the PATH; else where
/// distributions and the set-up put it; else `name` itself, which will then be told to be missing.
pub(super) fn find(name: &str) -> PathBuf {
    let variable = format!("GATECHECK_{}", name.to_uppercase().replace('-', "_"));
    if let Some(given) = env::var_os(variable) {
        let given = PathBuf::from(given);
        // It runs in a directory of its own, where a path from here would lead elsewhere.
        return std::path::absolute(&given).unwrap_or(given);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let listed: Vec<PathBuf> = env::split_paths(&path).collect();
    let own = env::current_exe().unwrap_or_default();
    let set_up = own.ancestors().map(|directory| directory.join(SET_UP));
    listed
        .into_iter()
        .chain(USUAL.map(PathBuf::from))
        .chain(set_up)
        .chain(project())
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| PathBuf::from(name))
}

/// The set-up of the project that this program was built in, wherever it has been built to.
fn project() -> Option<PathBuf> {
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join(SET_UP))
}
