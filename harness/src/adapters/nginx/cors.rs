//! CORS (Fetch §3.2) by maps on the origin.

use super::plugins::{Plugins, exactly, quoted};
use super::render::{braced, line};
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::Cors;
use crate::adapters::common::values::duration;

impl Plugins {
    /// Translates the CORS protocol: maps from the origin, and headers that are empty, so absent, for others.
    pub(super) fn cors(&mut self, config: &Cors) -> Result<(), Unsupported> {
        let index = self.index;
        braced(
            &mut self.http,
            1,
            &format!("map $http_origin $origin_{index} {{"),
        );
        line(&mut self.http, 2, "default \"\"");
        for origin in &config.origins {
            let entry = match origin.as_str() {
                "*" => "~. \"*\"".to_owned(),
                pattern if pattern.contains('*') => {
                    let expression = regex_of(pattern);
                    format!("{} $http_origin", quoted(&format!("~^{expression}$")))
                }
                origin => format!("{} {}", exactly(origin), quoted(origin)),
            };
            line(&mut self.http, 2, &entry);
        }
        self.http.push_str("    }\n");
        let name = "$request_method:$http_origin:$http_access_control_request_method";
        braced(
            &mut self.http,
            1,
            &format!(
                "map {} $preflight_{index} {{ default \"\"; \"~^OPTIONS:.+:[^:]+$\" preflight; }}",
                quoted(name)
            ),
        );
        braced(
            &mut self.http,
            1,
            &format!(
                "map $preflight_{index} $vary_{index} {{ default Origin; preflight \"Origin, \
             Access-Control-Request-Method, Access-Control-Request-Headers\"; }}"
            ),
        );
        self.only(config, index)?;
        braced(
            &mut self.before,
            3,
            &format!("if ($preflight_{index}) {{ return 204; }}"),
        );
        Ok(())
    }

    /// The headers that an allowed origin gets, and in a preflight alone.
    fn only(&mut self, config: &Cors, index: usize) -> Result<(), Unsupported> {
        let seconds = duration(&config.max_age)?.as_secs().to_string();
        let credentials = if config.allow_credentials { "true" } else { "" };
        let allowed = [
            (
                "Access-Control-Allow-Credentials",
                credentials.to_owned(),
                "~:.",
            ),
            (
                "Access-Control-Expose-Headers",
                config.expose_headers.join(", "),
                "~^:.",
            ),
            (
                "Access-Control-Allow-Methods",
                config.methods.join(", "),
                "~^preflight:.",
            ),
            (
                "Access-Control-Allow-Headers",
                config.headers.join(", "),
                "~^preflight:.",
            ),
            ("Access-Control-Max-Age", seconds, "~^preflight:."),
        ];
        self.after(&format!(
            "add_header Access-Control-Allow-Origin $origin_{index} always"
        ));
        self.after(&format!("add_header Vary $vary_{index} always"));
        self.after("proxy_hide_header Access-Control-Allow-Origin");
        for (name, value, when) in allowed {
            self.after(&format!("proxy_hide_header {name}"));
            if value.is_empty() {
                continue;
            }
            let variable = format!("${}_{index}", name.to_lowercase().replace('-', "_"));
            braced(
                &mut self.http,
                1,
                &format!(
                    "map \"$preflight_{index}:$origin_{index}\" {variable} {{ default \"\"; {} {}; }}",
                    quoted(when),
                    quoted(&value)
                ),
            );
            self.after(&format!("add_header {name} {variable} always"));
        }
        Ok(())
    }
}

/// `*` stands for one or more labels.
fn regex_of(pattern: &str) -> String {
    let literal = |part: &str| part.replace('.', "\\.");
    pattern
        .split('*')
        .map(literal)
        .collect::<Vec<_>>()
        .join("[A-Za-z0-9.-]+")
}
