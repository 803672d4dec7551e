//! The plugins of a route, as directives: what stands in the `http` block, and what in the location.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::callers::Callers;
use super::location::{escaped, service_host};
use super::render::{braced, header_variable, line};
use crate::adapters::Unsupported;
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
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeyAuth {
    #[serde(default = "key_header")]
    header: String,
    #[serde(default = "realm")]
    realm: String,
    #[serde(default = "consumer_header")]
    consumer_header: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BasicAuth {
    #[serde(default = "realm")]
    realm: String,
    #[serde(default = "consumer_header")]
    consumer_header: String,
    #[serde(default)]
    forward: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RateLimit {
    #[serde(default = "ip")]
    key: String,
    limit_per_second: Option<u32>,
    limit_per_minute: Option<u32>,
    burst: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RouteByHeader {
    header: String,
    value: String,
    to_service: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Observability {
    include_header: String,
    #[serde(default)]
    #[expect(dead_code, reason = "only metrics depend on it, and nginx has none")]
    values: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct RequestSizeLimit {
    max_bytes: Option<Value>,
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
                "cors" => plugins.cors(&read("cors", config)?)?,
                "key-auth" => plugins.key_auth(&read("key-auth", config)?, &callers.keys),
                "basic-auth" => plugins.basic_auth(&read("basic-auth", config)?, callers)?,
                "rate-limit" => plugins.rate_limit(&read("rate-limit", config)?, route)?,
                "route-by-header" => {
                    plugins.route_by_header(&read("route-by-header", config)?, route)?
                }
                "observability" => {
                    let Observability { include_header, .. } = read("observability", config)?;
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
        plugins.defaults(route)?;
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

    fn key_auth(&mut self, config: &KeyAuth, consumers: &[(String, String)]) {
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
        for (name, key) in consumers {
            line(
                &mut self.http,
                2,
                &format!("{} {}", exactly(key), quoted(name)),
            );
        }
        self.http.push_str("    }\n");
        let challenge = format!("ApiKey realm=\\\"{}\\\"", config.realm);
        braced(
            &mut self.after,
            3,
            &format!("if ($caller = \"\") {{ set $challenge \"{challenge}\"; return 401; }}"),
        );
        self.after(&format!("proxy_set_header {} \"\"", config.header));
        self.after(&format!(
            "proxy_set_header {} $caller",
            config.consumer_header
        ));
    }

    fn basic_auth(&mut self, config: &BasicAuth, callers: &Callers) -> Result<(), Unsupported> {
        self.authenticates = true;
        let (index, logins) = (
            self.index,
            callers.passwords.as_ref().map_err(Clone::clone)?,
        );
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
            lines.push_str(&format!("{}:{}\n", login.user, login.password));
        }
        self.http.push_str("    }\n");
        self.files.push((file.clone(), lines));
        self.after(&format!("auth_basic {}", quoted(&config.realm)));
        self.after(&format!("auth_basic_user_file {file}"));
        if !config.forward {
            self.after("proxy_set_header Authorization \"\"");
        }
        self.after(&format!(
            "proxy_set_header {} $caller",
            config.consumer_header
        ));
        Ok(())
    }

    /// A bucket that holds `burst` and is refilled at the sustained rate; nginx counts the request at hand beside it. A
    /// limit without a burst is a window that slides, to which the nearest is a bucket of the window's size.
    fn rate_limit(&mut self, config: &RateLimit, route: &RouteApi) -> Result<(), Unsupported> {
        let (rate, unit, seconds) = match (config.limit_per_second, config.limit_per_minute) {
            (Some(rate), None) => (rate, "s", 1),
            (None, Some(rate)) => (rate, "m", 60),
            _ => {
                return Err(Unsupported::new(
                    "rate-limit: one limit, by second or by minute",
                ));
            }
        };
        let index = self.index;
        let variable = match config.key.as_str() {
            "ip" => "$binary_remote_addr".to_owned(),
            "consumer" => format!("$consumer_{index}"),
            "key" => match route.plugin("key-auth") {
                Some(config) => header_variable(&read::<KeyAuth>("key-auth", config)?.header),
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
        let RouteByHeader {
            header,
            value,
            to_service,
        } = config;
        let unknown =
            || Unsupported::new(format!("route-by-header: there is no service {to_service}"));
        let other = route
            .alternatives
            .iter()
            .find(|service| service.name == *to_service)
            .ok_or_else(unknown)?;
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
    fn defaults(&mut self, route: &RouteApi) -> Result<(), Unsupported> {
        let size = match route
            .plugins
            .iter()
            .find(|plugin| plugin.name == "request-size-limit")
        {
            Some(plugin) => {
                read::<RequestSizeLimit>("request-size-limit", &plugin.config)?.max_bytes
            }
            None => None,
        };
        let size = match size {
            None => 10 << 20,
            Some(Value::String(word)) if word == "unlimited" => 0,
            Some(value) => bytes(&value)?,
        };
        self.after(&format!("client_max_body_size {size}"));
        self.after("add_header X-Request-Id $request_id always");
        self.after("proxy_hide_header X-Request-Id");
        self.after("proxy_set_header X-Request-Id $request_id");
        if !self.authenticates {
            self.after("proxy_set_header X-Consumer-Name \"\"");
        }
        Ok(())
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

/// A plugin without a configuration has an empty one.
fn read<T: DeserializeOwned>(name: &str, config: &Value) -> Result<T, Unsupported> {
    let config = if config.is_null() {
        json!({})
    } else {
        config.clone()
    };
    serde_json::from_value(config).map_err(|error| {
        let text = error.to_string();
        let reason = match text.split_once(", expected") {
            Some((unknown, _)) => unknown.replace("unknown field", "nothing corresponds to"),
            None => text,
        };
        Unsupported::new(format!("{name}: {reason}"))
    })
}

fn bytes(value: &Value) -> Result<u64, Unsupported> {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" => Some(1),
        "kB" => Some(1000),
        "KiB" => Some(1 << 10),
        "MB" => Some(1_000_000),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number = digits.parse::<u64>().ok();
    number
        .zip(factor)
        .map(|(number, factor)| number * factor)
        .ok_or_else(|| Unsupported::new(format!("the size {text}")))
}

fn key_header() -> String {
    "X-API-Key".to_owned()
}

fn realm() -> String {
    "gateway".to_owned()
}

fn consumer_header() -> String {
    "X-Consumer-Name".to_owned()
}

fn ip() -> String {
    "ip".to_owned()
}
