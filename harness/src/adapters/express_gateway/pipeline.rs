//! The policies of a route, in their order.

use serde_json::{Value, json};

use super::access::{Access, of_request};
use super::routing::{Guard, rewriting};
use super::service::proxies;
use super::{REGEXP, escaped};
use crate::adapters::Unsupported;
use crate::adapters::common::authorization::Person;
use crate::adapters::common::callers::{Callers, OF_CERTIFICATES, spellings};
use crate::adapters::common::plugins::{Cors, Observability, RateLimit, Settings as _};
use crate::adapters::common::values::duration;
use crate::fixtures::RouteApi;

/// What proxies say of who sent a request, and the gateway alone may say here.
const FORWARDING: [&str; 6] = [
    "eg-consumer-id",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
];

/// The pipeline of a route.
pub(super) struct Pipeline {
    /// Its policies.
    pub policies: Vec<Value>,
    /// Whether OPTIONS has to reach it, for preflights.
    pub answers_options: bool,
}

impl Pipeline {
    /// Translates the plugins of a route, with what comes before them.
    pub fn compile(
        route: &RouteApi,
        callers: &Callers,
        people: &[Person],
        (first, guard): (Option<Value>, Option<&Guard>),
    ) -> Result<Self, Unsupported> {
        refuse_others(route)?;
        let removed = removed(callers);
        let mut policies: Vec<Value> = first.into_iter().collect();
        policies.extend(transformer(&removed));
        policies.push(expression(
            "res.setHeader('X-Request-Id', req.egContext.requestID)",
        ));
        if let Some(settings) = Observability::on(route)? {
            policies.push(log(&settings.include_header));
        }
        let cors = Cors::on(route)?;
        policies.extend(cors.as_ref().map(cors_policy).transpose()?);
        let mut access = Access::compile(route, callers, people)?;
        policies.append(&mut access.policies);
        if let Some(limit) = RateLimit::on(route)? {
            policies.push(rate_limit(route, &limit, &access)?);
        }
        let gone: Vec<String> = removed.into_iter().chain(access.secret.clone()).collect();
        if !access.secret.is_empty() {
            policies.push(remove_headers(&access.secret));
        }
        policies.extend(access.told);
        policies.extend(rewriting(route)?);
        policies.push(proxies(route)?);
        if let Some(guard) = guard {
            if guard.headers.iter().any(|header| gone.contains(header)) {
                return Err(Unsupported::new(
                    "routes by header: each policy asks again, and by then this header has gone",
                ));
            }
            for policy in &mut policies {
                on(policy, guard.condition());
            }
        }
        Ok(Self {
            policies,
            answers_options: cors.is_some(),
        })
    }
}

/// Puts a condition on every step of a policy, beside what it has.
pub(super) fn on(policy: &mut Value, condition: Value) {
    let steps = policy
        .as_object_mut()
        .into_iter()
        .flat_map(|all| all.values_mut());
    for step in steps.filter_map(Value::as_array_mut).flatten() {
        step["condition"] = match step.get("condition") {
            None => condition.clone(),
            Some(own) => json!({"name": "allOf", "conditions": [condition, own]}),
        };
    }
}

/// A policy that does what an expression says.
pub(super) fn expression(code: &str) -> Value {
    json!({"expression": [{"action": {"jscode": code}}]})
}

/// A policy that adds headers to the request: names, and expressions of their values.
pub(super) fn add_headers(headers: Value) -> Value {
    json!({"request-transformer": [{"action": {"headers": {"add": headers}}}]})
}

fn remove_headers(names: &[String]) -> Value {
    json!({"request-transformer": [{"action": {"headers": {"remove": names}}}]})
}

fn refuse_others(route: &RouteApi) -> Result<(), Unsupported> {
    for plugin in &route.plugins {
        let configured = plugin
            .config
            .as_object()
            .is_some_and(|config| !config.is_empty());
        if plugin.name == "request-id" && configured {
            return Err(Unsupported::new(
                "request-id: what answers for no route has an id too, so there is one for all",
            ));
        }
        if let Some(why) = without_counterpart(&plugin.name) {
            return Err(Unsupported::new(format!(
                "the plugin {}: {why}",
                plugin.name
            )));
        }
    }
    Ok(())
}

fn without_counterpart(plugin: &str) -> Option<&'static str> {
    match plugin {
        "anonymous" | "authorize" | "basic-auth" | "cors" | "key-auth" | "observability"
        | "rate-limit" | "request-id" | "route-by-header" => None,
        "jwt-validate" => Some("one key in a file; it fetches no key set"),
        "oauth2-introspect" => Some(
            "issuer and audience of an answer are not compared, and a host has no other address",
        ),
        "request-size-limit" => Some("bodies have no limit"),
        _ => Some("it has no counterpart"),
    }
}

/// The headers that clients may not send.
fn removed(callers: &Callers) -> Vec<String> {
    let certificates = OF_CERTIFICATES.iter().map(|name| (*name).to_owned());
    let identity = callers.headers.iter().cloned().chain(certificates);
    let identity = identity.flat_map(|name| spellings(&name.to_lowercase()));
    let forwarding = FORWARDING.into_iter().map(str::to_owned);
    identity.chain(forwarding).collect()
}

/// What clients may not say themselves goes, and the gateway's own words take its place.
fn transformer(removed: &[String]) -> Vec<Value> {
    let add = json!({
        "x-forwarded-for": "req.socket.remoteAddress",
        "x-forwarded-host": "req.headers.host",
        "x-forwarded-proto": "req.protocol",
        "forwarded": "'for=' + req.socket.remoteAddress + ';host=\"' + req.headers.host + '\";proto=' + req.protocol",
        "x-request-id": "req.egContext.requestID",
    });
    vec![remove_headers(removed), add_headers(add)]
}

/// A line that has the header, before anything is decided.
fn log(header: &str) -> Value {
    let message = format!(
        "${{req.method}} ${{req.path}} {header}=${{{} || ''}}",
        of_request(header)
    );
    json!({"log": [{"action": {"message": message}}]})
}

fn cors_policy(cors: &Cors) -> Result<Value, Unsupported> {
    let origin = match cors.origins.as_slice() {
        [any] if any == "*" => json!("*"),
        list => list.iter().map(|origin| pattern(origin)).collect(),
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

/// An origin, or an expression of its labels, as its policy compares them.
fn pattern(origin: &str) -> Value {
    match origin.split_once('*') {
        None => json!(origin),
        Some((before, after)) => {
            let expression = format!("/^{}[^:/]+{}$/", escaped(before), escaped(after));
            json!({REGEXP: expression})
        }
    }
}

fn rate_limit(route: &RouteApi, limit: &RateLimit, access: &Access) -> Result<Value, Unsupported> {
    if limit.burst.is_some() {
        return Err(Unsupported::new(
            "rate-limit: it counts in a window, and has no burst",
        ));
    }
    let (max, seconds) = limit.rate()?;
    let address = "req.socket.remoteAddress".to_owned();
    let by = match (limit.key.as_str(), &access.key_header, &access.caller) {
        ("ip", ..) => address,
        ("route", ..) => "''".to_owned(),
        ("key", Some(header), _) => of_request(header),
        ("consumer", _, Some(caller)) => caller.clone(),
        (key, ..) => match key.strip_prefix("header:") {
            Some(name) => format!("{} || {address}", of_request(name)),
            None => return Err(Unsupported::new(format!("rate-limit: the key {key}"))),
        },
    };
    // All pipelines count in one store.
    let by = format!("{} ${{{by}}}", route.name.replace(['`', '$', '\\'], "_"));
    let action = json!({"max": max, "windowMs": u64::from(seconds) * 1000, "rateLimitBy": by});
    Ok(json!({"rate-limit": [{"action": action}]}))
}
