//! The policies of a route, in their order.

use serde_json::{Value, json};

use crate::adapters::Unsupported;
use crate::adapters::common::callers::Callers;
use crate::adapters::common::plugins::{Cors, RateLimit, RouteByHeader, Settings as _};
use crate::adapters::common::values::duration;
use crate::fixtures::{RouteApi, Service};

/// The pipeline of a route.
pub(super) struct Pipeline {
    /// Its policies.
    pub policies: Vec<Value>,
    /// Whether OPTIONS has to reach it, for preflights.
    pub answers_options: bool,
}

impl Pipeline {
    /// Translates the plugins of a route.
    pub fn compile(route: &RouteApi, callers: &Callers) -> Result<Self, Unsupported> {
        for plugin in &route.plugins {
            let configured = plugin
                .config
                .as_object()
                .is_some_and(|config| !config.is_empty());
            if plugin.name == "request-id" && configured {
                return Err(Unsupported::new(
                    "request-id: its id goes to the upstream in one header",
                ));
            }
            if let Some(why) = without_counterpart(&plugin.name) {
                return Err(Unsupported::new(format!(
                    "the plugin {}: {why}",
                    plugin.name
                )));
            }
        }
        let mut policies = vec![transformer(callers)];
        let cors = Cors::on(route)?;
        policies.extend(cors.as_ref().map(cors_policy).transpose()?);
        if let Some(limit) = RateLimit::on(route)? {
            policies.push(rate_limit(&limit)?);
        }
        policies.push(proxies(route)?);
        Ok(Self {
            policies,
            answers_options: cors.is_some(),
        })
    }
}

fn without_counterpart(plugin: &str) -> Option<&'static str> {
    match plugin {
        "cors" | "rate-limit" | "route-by-header" | "request-id" => None,
        "key-auth" => Some("keys are made by its admin interface, in the form id:secret"),
        "basic-auth" => Some("users are made by its admin interface"),
        "jwt-validate" => Some("one key in a file; it fetches no key set"),
        "oauth2-introspect" => {
            Some("it asks without saying who asks, and looks at the status alone")
        }
        "request-size-limit" => Some("bodies have no limit"),
        "observability" => Some("its log is text"),
        _ => Some("it has no counterpart"),
    }
}

/// What clients may not say themselves goes, and the gateway's own words take its place.
fn transformer(callers: &Callers) -> Value {
    let forwarding = [
        "client-cert",
        "client-cert-chain",
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
    ];
    let identity = callers.headers.iter().map(|name| name.to_lowercase());
    let removed: Vec<String> = forwarding
        .map(str::to_owned)
        .into_iter()
        .chain(identity)
        .collect();
    let remove = json!({"action": {"headers": {"remove": removed}}});
    let add = json!({"action": {"headers": {"add": {
        "x-forwarded-for": "req.socket.remoteAddress",
        "x-forwarded-host": "req.headers.host",
        "x-forwarded-proto": "req.protocol",
        "forwarded": "'for=' + req.socket.remoteAddress + ';host=\"' + req.headers.host + '\";proto=' + req.protocol",
        "x-request-id": "req.egContext.requestID",
    }}}});
    json!({"request-transformer": [remove, add]})
}

fn cors_policy(cors: &Cors) -> Result<Value, Unsupported> {
    if cors
        .origins
        .iter()
        .any(|origin| origin.contains('*') && origin != "*")
    {
        return Err(Unsupported::new(
            "cors: a pattern of origins needs an expression of YAML that its schema refuses",
        ));
    }
    let origin = match cors.origins.as_slice() {
        [any] if any == "*" => json!("*"),
        list => json!(list),
    };
    let mut action = json!({
        "origin": origin,
        "methods": cors.methods,
        "allowedHeaders": cors.headers,
        "exposedHeaders": cors.expose_headers,
        "maxAge": duration(&cors.max_age)?.as_secs(),
    });
    if cors.allow_credentials {
        action["credentials"] = json!(true);
    }
    Ok(json!({"cors": [{"action": action}]}))
}

fn rate_limit(limit: &RateLimit) -> Result<Value, Unsupported> {
    if limit.burst.is_some() {
        return Err(Unsupported::new(
            "rate-limit: it counts in a window, and has no burst",
        ));
    }
    let (max, seconds) = limit.rate()?;
    let by = match limit.key.as_str() {
        "ip" => "${req.socket.remoteAddress}".to_owned(),
        "route" => "route".to_owned(),
        key => match key.strip_prefix("header:") {
            Some(name) => format!("${{req.headers['{}']}}", name.to_lowercase()),
            None => return Err(Unsupported::new(format!("rate-limit: the key {key}"))),
        },
    };
    let action = json!({"max": max, "windowMs": u64::from(seconds) * 1000, "rateLimitBy": by});
    Ok(json!({"rate-limit": [{"action": action}]}))
}

/// The proxies, of which the first whose condition holds answers.
fn proxies(route: &RouteApi) -> Result<Value, Unsupported> {
    let mut steps = Vec::new();
    if let Some(canary) = RouteByHeader::on(route)? {
        let expression = format!(
            "req.headers['{}'] === {}",
            canary.header.to_lowercase(),
            json!(canary.value)
        );
        let mut step = proxy(canary.service(route)?)?;
        step["condition"] = json!({"name": "expression", "expression": expression});
        steps.push(step);
    }
    steps.push(proxy(&route.service)?);
    Ok(json!({"proxy": steps}))
}

fn proxy(service: &Service) -> Result<Value, Unsupported> {
    let timeout = service.timeouts.r#try.as_deref().unwrap_or("10s");
    let timeout = duration(timeout)?.as_millis();
    let timeout = u64::try_from(timeout).unwrap_or(u64::MAX);
    let mut action = json!({"serviceEndpoint": service.name, "proxyTimeout": timeout});
    match &service.host {
        Some(Value::String(word)) if word == "preserve" => {}
        Some(Value::Object(map)) if map.contains_key("set") => {
            action["headers"] = json!({"host": map["set"]});
        }
        _ => match service.authorities().as_slice() {
            [(authority, _)] => action["headers"] = json!({"host": authority}),
            _ => {
                return Err(Unsupported::new(
                    "host: upstream with several targets: Host is set before the target is chosen",
                ));
            }
        },
    }
    Ok(json!({"action": action}))
}
