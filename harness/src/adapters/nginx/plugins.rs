//! The plugins of a route, as directives: what stands in the `http` block, and what in the location.

use serde_json::Value;

use super::location::{escaped, service_host};
use super::render::{braced, header_variable, line};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::{ApiKey, Callers, Password};
use crate::adapters::common::plugins::{
    BasicAuth, Cors, KeyAuth, Observability, RateLimit, RouteByHeader, Settings as _,
    largest_request,
};
use crate::fixtures::{RouteApi, Service};

/// The plugins of a route.
#[derive(Default)]
pub(super) struct Plugins {
    /// Maps and zones.
    pub http: String,
    /// What comes before the check of the method: a preflight.
    pub before: String,
    /// What comes after it.
    pub after: String,
    /// Request headers that the access log has, as in variables.
    pub logged: Vec<String>,
    /// Files besides the configuration.
    pub files: Vec<(String, String)>,
    /// Whether the service depends on the request.
    pub chooses_service: bool,
    /// The route's place in the configuration, which keeps variables apart.
    pub(super) index: usize,
    authenticates: bool,
    told: Option<String>,
}

impl Plugins {
    /// Translates the plugins of a route.
    pub fn compile(index: usize, route: &RouteApi, callers: &Callers) -> Result<Self, Unsupported> {
        let mut plugins = Self {
            index,
            ..Self::default()
        };
        if route.plugin("basic-auth").is_some() && route.plugin("key-auth").is_some() {
            return Err(Unsupported::new(
                "a key and a password: which of them names the caller can't be said",
            ));
        }
        for plugin in &route.plugins {
            let config = &plugin.config;
            match plugin.name.as_str() {
                "cors" => plugins.cors(&Cors::read(config)?)?,
                "key-auth" => plugins.key_auth(&KeyAuth::read(config)?, callers)?,
                "basic-auth" => plugins.basic_auth(&BasicAuth::read(config)?, callers)?,
                "rate-limit" => plugins.rate_limit(&RateLimit::read(config)?, route)?,
                "route-by-header" => {
                    plugins.route_by_header(&RouteByHeader::read(config)?, route)?
                }
                "observability" => {
                    let Observability { include_header, .. } = Observability::read(config)?;
                    plugins
                        .logged
                        .push(include_header.to_lowercase().replace('-', "_"));
                }
                "request-id" if !is_empty(config) => {
                    return Err(Unsupported::new(
                        "request-id: the log and every answer have it in X-Request-Id",
                    ));
                }
                "request-id" | "request-size-limit" => {}
                other => return Err(without_counterpart(other)),
            }
        }
        plugins.defaults(route, callers)?;
        Ok(plugins)
    }

    /// What `$service` is set to.
    pub fn service(&self, service: &Service) -> String {
        if self.chooses_service {
            format!("$service_{}", self.index)
        } else {
            quoted(&service.name)
        }
    }

    /// What `$caller` is set to.
    pub fn caller(&self) -> String {
        if self.authenticates {
            format!("$consumer_{}", self.index)
        } else {
            "\"\"".to_owned()
        }
    }

    fn key_auth(&mut self, config: &KeyAuth, callers: &Callers) -> Result<(), Unsupported> {
        if config.query.is_some() {
            return Err(Unsupported::new(
                "key-auth: a query keeps what is in it, so a key there would reach the upstream",
            ));
        }
        self.authenticates = true;
        let index = self.index;
        braced(
            &mut self.http,
            1,
            &format!(
                "map {} $consumer_{index} {{",
                header_variable(&config.header)
            ),
        );
        line(&mut self.http, 2, "default \"\"");
        for ApiKey { consumer, secret } in callers.keys.as_ref().map_err(Clone::clone)? {
            let entry = format!("{} {}", exactly(secret), quoted(consumer));
            line(&mut self.http, 2, &entry);
        }
        self.http.push_str("    }\n");
        let challenge = format!("ApiKey realm=\\\"{}\\\"", config.realm);
        braced(
            &mut self.after,
            3,
            &format!("if ($caller = \"\") {{ set $challenge \"{challenge}\"; return 401; }}"),
        );
        self.after(&format!("proxy_set_header {} \"\"", config.header));
        self.tell(&config.consumer_header);
        Ok(())
    }

    fn basic_auth(&mut self, config: &BasicAuth, callers: &Callers) -> Result<(), Unsupported> {
        self.authenticates = true;
        let (index, logins) = (self.index, callers.logins.as_ref().map_err(Clone::clone)?);
        let file = format!("users_{index}");
        braced(
            &mut self.http,
            1,
            &format!("map $remote_user $consumer_{index} {{"),
        );
        line(&mut self.http, 2, "default \"\"");
        let mut lines = String::new();
        for login in logins {
            let entry = format!("{} {}", exactly(&login.user), quoted(&login.consumer));
            line(&mut self.http, 2, &entry);
            let password = match &login.password {
                Password::Plain(plain) => format!("{{PLAIN}}{plain}"),
                // crypt(3) of glibc's libxcrypt knows bcrypt.
                Password::Bcrypt(hash) => hash.clone(),
            };
            lines.push_str(&format!("{}:{password}\n", login.user));
        }
        self.http.push_str("    }\n");
        self.files.push((file.clone(), lines));
        self.after(&format!("auth_basic {}", quoted(&config.realm)));
        self.after(&format!("auth_basic_user_file {file}"));
        if !config.forward {
            self.after("proxy_set_header Authorization \"\"");
        }
        self.tell(&config.consumer_header);
        Ok(())
    }

    /// A bucket that holds `burst` and is refilled at the sustained rate; nginx counts the request at hand beside it. A
    /// limit without a burst is a window that slides, to which the nearest is a bucket of the window's size.
    fn rate_limit(&mut self, config: &RateLimit, route: &RouteApi) -> Result<(), Unsupported> {
        let (rate, unit, seconds) = match config.rate()? {
            (rate, 1) => (rate, "s", 1),
            (rate, 60) => (rate, "m", 60),
            _ => {
                return Err(Unsupported::new(
                    "rate-limit: a rate is by second or by minute",
                ));
            }
        };
        let index = self.index;
        let variable = match config.key.as_str() {
            "ip" => "$binary_remote_addr".to_owned(),
            "consumer" => format!("$consumer_{index}"),
            "key" => match route.plugin("key-auth") {
                Some(config) => header_variable(&KeyAuth::read(config)?.header),
                None => {
                    return Err(Unsupported::new(
                        "rate-limit by key where no key is asked for",
                    ));
                }
            },
            "route" => format!("\"route {index}\""),
            other => match other.strip_prefix("header:") {
                Some(name) => header_variable(name),
                None => return Err(Unsupported::new(format!("rate-limit: the key {other}"))),
            },
        };
        let burst = config.burst.unwrap_or(rate).saturating_sub(1);
        line(
            &mut self.http,
            1,
            &format!("limit_req_zone {variable} zone=limit_{index}:1m rate={rate}r/{unit}"),
        );
        let retry = u32::div_ceil(seconds, rate.max(1));
        braced(
            &mut self.http,
            1,
            &format!(
                "map $limit_req_status $retry_after_{index} {{ default \"\"; REJECTED {retry}; }}"
            ),
        );
        let burst = if burst == 0 {
            String::new()
        } else {
            format!(" burst={burst} nodelay")
        };
        self.after(&format!("limit_req zone=limit_{index}{burst}"));
        self.after(&format!(
            "add_header Retry-After $retry_after_{index} always"
        ));
        Ok(())
    }

    fn route_by_header(
        &mut self,
        config: &RouteByHeader,
        route: &RouteApi,
    ) -> Result<(), Unsupported> {
        let RouteByHeader { header, value, .. } = config;
        let other = config.service(route)?;
        self.chooses_service = true;
        let (index, variable, value) = (self.index, header_variable(header), exactly(value));
        for (name, usual, chosen) in [
            ("service", quoted(&route.service.name), quoted(&other.name)),
            ("host", service_host(&route.service)?, service_host(other)?),
        ] {
            braced(
                &mut self.http,
                1,
                &format!("map {variable} ${name}_{index} {{ default {usual}; {value} {chosen}; }}"),
            );
        }
        Ok(())
    }

    /// What is in force without being written.
    fn defaults(&mut self, route: &RouteApi, callers: &Callers) -> Result<(), Unsupported> {
        // 0 is no limit.
        let size = largest_request(route)?.unwrap_or(0);
        self.after(&format!("client_max_body_size {size}"));
        self.after("add_header X-Request-Id $request_id always");
        self.after("proxy_hide_header X-Request-Id");
        self.after("proxy_set_header X-Request-Id $request_id");
        for header in &callers.headers {
            if !self.tells(header) {
                self.after(&format!("proxy_set_header {header} \"\""));
            }
        }
        Ok(())
    }

    fn tell(&mut self, header: &str) {
        self.after(&format!("proxy_set_header {header} $caller"));
        self.told = Some(header.to_owned());
    }

    /// Whether the upstream is told who calls in this header.
    fn tells(&self, header: &str) -> bool {
        self.told
            .as_ref()
            .is_some_and(|told| told.eq_ignore_ascii_case(header))
    }

    /// Adds a directive to what comes after the check of the method.
    pub(super) fn after(&mut self, directive: &str) {
        line(&mut self.after, 3, directive);
    }
}

fn without_counterpart(plugin: &str) -> Unsupported {
    let why = match plugin {
        "jwt-validate" => {
            "tokens are checked by nginx Plus (auth_jwt) or by modules that distributions don't have"
        }
        "oauth2-introspect" => {
            "auth_request asks without the token in a form, and reads nothing but the status of the answer"
        }
        "mtls-auth" => {
            "a certificate can be compared with a map, but not by the names that it is for"
        }
        "anonymous" => {
            "no plugin of those that are rendered lets a request without credentials pass"
        }
        "authorize" => "there are neither groups nor roles nor scopes",
        _ => "it has no counterpart",
    };
    Unsupported::new(format!("the plugin {plugin}: {why}"))
}

/// A text in quotes.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A map's entry for this very text; a plain one would match upper and lower case alike.
pub(super) fn exactly(text: &str) -> String {
    quoted(&format!("~^{}$", escaped(text)))
}

fn is_empty(config: &Value) -> bool {
    config.is_null() || config.as_object().is_some_and(serde_json::Map::is_empty)
}
