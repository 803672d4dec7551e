//! Derives a suite of checks from a gateway's configuration: what every line of it promises to callers, as far as it can
//! be seen from outside. Each check names the line; what can't be checked is told at the end of the suite, with the
//! reason.

mod authorize;
mod basic_auth;
mod callers;
mod canary;
mod configuration;
mod cors;
mod draft;
mod key_auth;
mod listener;
mod mtls_auth;
mod plugins;
mod rate_limit;
mod request_id;
mod routing;
mod rules;
mod sample;
mod size_limit;
mod source;
mod spare;
mod tokens;

use std::path::Path;

use super::mistake::Mistakes;
use super::read;
use super::read::fields::Reader;
use super::suite::Suite;
use super::write::{self, Comments};
use configuration::Configuration;
use draft::{Draft, Sheet};

/// What the configuration does not say.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the gateway is.
    pub url: Option<String>,
    /// A response header in which each service tells its name, as the configuration has it.
    pub service_header: Option<String>,
}

/// A suite, as written and as meant.
#[derive(Clone, Debug)]
pub struct Derived {
    /// What it means.
    pub suite: Suite,
    /// What it says.
    pub text: String,
    /// What could not be checked: the place and the reason.
    pub left_out: Vec<String>,
}

/// Why there is no suite.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DeriveFailure {
    /// The configuration has mistakes.
    #[error(transparent)]
    Mistakes(#[from] Mistakes),
    /// The address is none.
    #[error("the address {0}")]
    Url(String),
    /// The header is none.
    #[error("{0:?} is no name of a header")]
    Header(String),
    /// There is nothing to be checked.
    #[error(
        "{0} has no route, so there is nothing to check; a configuration begins with `service` and `route`"
    )]
    Empty(String),
}

/// Derives a suite from a configuration file and whatever it includes.
///
/// # Errors
/// When the configuration can't be read, has unknown keys or plugins, or no routes.
pub fn derive(path: &Path, options: &Options) -> Result<Derived, DeriveFailure> {
    let url = options.url.as_deref().map(read::base);
    if let Some(header) = &options.service_header
        && http::HeaderName::from_bytes(header.as_bytes()).is_err()
    {
        return Err(DeriveFailure::Header(header.clone()));
    }
    let url = url.transpose().map_err(DeriveFailure::Url)?;
    let named = |mistakes| with_directory(mistakes, path);
    let sources = source::read(path).map_err(named)?;
    let readers: Vec<Reader<'_>> = sources
        .iter()
        .map(|source| Reader::new(&source.name))
        .collect();
    let configuration = configuration::read(&sources, &readers);
    let shown = path.display().to_string();
    let mut draft = Draft::new(&configuration, &sources, &readers, options);
    draft.suite.name = path
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    checks(&configuration, &mut draft);
    let (mut suite, before, left_out) = draft.finish();
    configuration::finish(readers, ()).map_err(named)?;
    if configuration.routes.is_empty() {
        return Err(DeriveFailure::Empty(shown));
    }
    suite.url = url.or_else(|| sample::address(&configuration));
    let text = write::suite(
        &suite,
        &Comments {
            head: head(&shown),
            credentials: CREDENTIALS.map(str::to_owned).to_vec(),
            before,
            tail: tail(&left_out),
        },
    );
    Ok(Derived {
        suite,
        text,
        left_out,
    })
}

/// The files of mistakes as whoever gave the path would call them.
fn with_directory(Mistakes(mut mistakes): Mistakes, path: &Path) -> Mistakes {
    let base = path.parent().unwrap_or(Path::new(""));
    for mistake in &mut mistakes {
        mistake.file = base.join(&mistake.file).display().to_string();
    }
    Mistakes(mistakes)
}

fn checks<'a>(configuration: &'a Configuration, draft: &mut Draft<'a>) {
    listener::derive(draft);
    for route in &configuration.routes {
        let first = draft.suite.checks.len();
        let Some(mut sheet) = Sheet::new(draft, route) else {
            continue;
        };
        routing::derive(&mut sheet);
        request_id::derive(&mut sheet);
        cors::derive(&mut sheet);
        size_limit::derive(&mut sheet);
        key_auth::derive(&mut sheet);
        mtls_auth::derive(&mut sheet);
        tokens::derive(&mut sheet);
        basic_auth::derive(&mut sheet);
        callers::derive_anonymous(&mut sheet);
        authorize::derive(&mut sheet);
        let limit = rate_limit::derive(&mut sheet);
        canary::derive(&mut sheet);
        if let Some(limit) = limit {
            spare::derive(&mut sheet, &limit, first);
        }
        for (plugin, why) in UNSEEN {
            if let Some(found) = route.plugins.get(*plugin) {
                sheet.left_out(&found.place, &format!("{plugin}: {why}"));
            }
        }
    }
}

/// Plugins that no answer tells of.
const UNSEEN: &[(&str, &str)] = &[
    (
        "observability",
        "what logs and metrics say is not seen from outside",
    ),
    (
        "response-size-limit",
        "it takes an answer of the service that is too large",
    ),
];

fn head(file: &str) -> Vec<String> {
    [
        format!("Derived from {file} by gatecheck."),
        "Read it before it runs: it says what the configuration promises to callers, not whether that was wanted.".to_owned(),
        "docs/synthetic-checks.md tells what can be said here.".to_owned(),
    ]
    .to_vec()
}

const CREDENTIALS: [&str; 2] = [
    "From the environment of whoever runs the suite. Better than those of a real caller are those of a consumer of the",
    "suite's own, in the same groups and with the same roles: checks count against limits as other requests do.",
];

fn tail(left_out: &[String]) -> Vec<String> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let lines = left_out.iter().map(|line| format!("- {line}"));
    std::iter::once("Not checked:".to_owned())
        .chain(lines)
        .collect()
}

#[cfg(test)]
mod tests;
