//! CORS (Fetch §3.2): a map from the origin, and headers for those that it knows.

use super::lines::{Lines, escaped, literal, word};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::Cors;
use crate::adapters::common::values;

const ALLOWED: &str = "{allowed_origin}";

/// What of a route's plugin stands where requests pass, and what answers preflights.
pub(super) struct CrossOrigin {
    origins: Lines,
    methods: String,
    headers: String,
    exposed: String,
    credentials: bool,
    seconds: u64,
}

impl CrossOrigin {
    /// Translates the plugin.
    pub fn compile(config: &Cors) -> Result<Self, Unsupported> {
        let mut entries = Lines::default();
        for origin in &config.origins {
            entries.line(match origin.as_str() {
                "*" => "~. *".to_owned(),
                pattern if pattern.contains('*') => {
                    let parts: Vec<String> = pattern.split('*').map(escaped).collect();
                    // `*` stands for one or more labels.
                    let expression = format!("~^{}$", parts.join("[A-Za-z0-9.-]+"));
                    format!("{} ${{0}}", word(&expression)?)
                }
                origin => format!("{0} {0}", literal(origin)?),
            });
        }
        entries.line("default \"\"");
        let mut origins = Lines::default();
        origins.block(format!("map {{header.Origin}} {ALLOWED}"), entries);
        origins.line(format!("@allowed_origin not vars {ALLOWED} \"\""));
        Ok(Self {
            origins,
            methods: literal(&config.methods.join(", "))?,
            headers: literal(&config.headers.join(", "))?,
            exposed: literal(&config.expose_headers.join(", "))?,
            credentials: config.allow_credentials,
            seconds: values::duration(&config.max_age)?.as_secs(),
        })
    }

    /// What is said on every response.
    pub fn responses(&self) -> Lines {
        let mut lines = self.origins.clone();
        lines.line("header Vary Origin");
        let mut allowed = self.allowed();
        if self.exposed != "\"\"" {
            allowed.line(format!("Access-Control-Expose-Headers {}", self.exposed));
        }
        lines.block("header @allowed_origin", allowed);
        lines
    }

    /// The answer to a preflight.
    pub fn preflight(&self) -> Lines {
        let mut lines = self.origins.clone();
        lines.line(
            "header Vary \"Origin, Access-Control-Request-Method, Access-Control-Request-Headers\"",
        );
        let mut allowed = self.allowed();
        allowed.line(format!("Access-Control-Allow-Methods {}", self.methods));
        if self.headers != "\"\"" {
            allowed.line(format!("Access-Control-Allow-Headers {}", self.headers));
        }
        allowed.line(format!("Access-Control-Max-Age {}", self.seconds));
        lines.block("header @allowed_origin", allowed);
        lines.line("respond 204");
        lines
    }

    fn allowed(&self) -> Lines {
        let mut lines = Lines::default();
        lines.line(format!("Access-Control-Allow-Origin {ALLOWED}"));
        if self.credentials {
            lines.line("Access-Control-Allow-Credentials true");
        }
        lines
    }
}
