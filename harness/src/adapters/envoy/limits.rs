//! Rate limits: local token buckets, one for each value of what is counted by. They are filled steadily, so a limit without
//! a burst, which is a window that slides, has a bucket of its size for the nearest.

use serde_json::{Value, json};

use super::render::put;
use super::tokens::{NAMESPACE, PAYLOAD};
use super::values::typed;
use crate::adapters::Unsupported;
use crate::adapters::common::plugins::{KeyAuth, RateLimit, Settings as _};
use crate::fixtures::RouteApi;

/// How many buckets there are at a time; the one that was used longest ago makes room.
const BUCKETS: u32 = 100_000;

/// The settings of a route's limits.
pub(super) fn filter(config: &Value, route: &RouteApi) -> Result<Value, Unsupported> {
    let (config, cost) = with_cost(config)?;
    let config = RateLimit::read(&config)?;
    let (rate, seconds) = config.rate()?;
    if rate == 0 {
        return Err(Unsupported::new(
            "rate-limit: a bucket that is never filled",
        ));
    }
    let size = config.burst.unwrap_or(rate);
    let bucket = json!({
        "max_tokens": size,
        "tokens_per_fill": rate,
        "fill_interval": format!("{seconds}s"),
    });
    let always = json!({"default_value": {"numerator": 100, "denominator": "HUNDRED"}});
    let retry = (seconds * cost).div_ceil(rate).max(1);
    let mut settings = json!({
        "stat_prefix": "limits",
        "token_bucket": bucket,
        "filter_enabled": always,
        "filter_enforced": always,
        "response_headers_to_add": [super::values::header("retry-after", &retry.to_string())],
    });
    let ways = counted_by(&config, route)?;
    let mut counted = Vec::new();
    let mut descriptors = Vec::new();
    for Way { actions, entries } in ways {
        let mut limit = json!({"actions": actions});
        if cost > 1 {
            put(&mut limit, "hits_addend", json!({"number": cost}));
        }
        counted.push(limit);
        descriptors.push(json!({"entries": entries, "token_bucket": bucket}));
    }
    if !counted.is_empty() {
        put(&mut settings, "rate_limits", counted);
        put(&mut settings, "descriptors", descriptors);
        put(&mut settings, "max_dynamic_descriptors", BUCKETS);
        put(&mut settings, "always_consume_default_token_bucket", false);
    }
    Ok(typed(
        "extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
        settings,
    ))
}

/// Whether a route's limit counts by the key itself.
pub(super) fn by_key(route: &RouteApi) -> bool {
    let config = route.plugin("rate-limit");
    config.and_then(|config| config.get("key")?.as_str()) == Some("key")
}

/// The configuration without what a request costs, and that.
fn with_cost(config: &Value) -> Result<(Value, u32), Unsupported> {
    let mut config = config.clone();
    let cost = config
        .as_object_mut()
        .and_then(|map| map.shift_remove("cost"));
    match cost.as_ref().map(Value::as_u64) {
        None => Ok((config, 1)),
        Some(Some(cost)) if (1..=1000).contains(&cost) => {
            Ok((config, u32::try_from(cost).unwrap_or(1)))
        }
        Some(_) => Err(Unsupported::new("rate-limit: cost")),
    }
}

/// What a request is counted by: the values that are taken from it, and the names of those in the bucket's key.
struct Way {
    actions: Vec<Value>,
    entries: Vec<Value>,
}

impl Way {
    fn by(action: Value, key: &str) -> Self {
        Self {
            actions: vec![action],
            entries: vec![json!({"key": key})],
        }
    }
}

fn counted_by(config: &RateLimit, route: &RouteApi) -> Result<Vec<Way>, Unsupported> {
    match config.key.as_str() {
        "ip" => Ok(vec![Way::by(address(), "masked_remote_address")]),
        "route" => Ok(Vec::new()),
        "consumer" => {
            let header = match route.plugin(KeyAuth::PLUGIN) {
                Some(auth) => KeyAuth::read(auth)?.consumer_header,
                None => "X-Consumer-Name".to_owned(),
            };
            Ok(vec![
                Way::by(of_header(&header, "consumer"), "consumer"),
                without(&header),
            ])
        }
        "key" => {
            let auth = route.plugin(KeyAuth::PLUGIN);
            let auth = auth
                .ok_or_else(|| Unsupported::new("rate-limit by key where no key is asked for"))?;
            let auth = KeyAuth::read(auth)?;
            if auth.query.is_some() {
                return Err(Unsupported::new(
                    "rate-limit by key: a key in the query is not seen",
                ));
            }
            Ok(vec![Way::by(of_header(&auth.header, "key"), "key")])
        }
        other => match (other.strip_prefix("header:"), other.strip_prefix("claim:")) {
            (Some(name), _) => Ok(vec![
                Way::by(of_header(name, "header"), "header"),
                without(name),
            ]),
            (None, Some(name)) => Ok(vec![Way::by(of_claim(name), "claim")]),
            (None, None) => Err(Unsupported::new(format!("rate-limit: the key {other}"))),
        },
    }
}

fn of_header(name: &str, key: &str) -> Value {
    json!({"request_headers": {"header_name": name, "descriptor_key": key}})
}

/// Tokens without the claim share the bucket of the route.
fn of_claim(name: &str) -> Value {
    let path = std::iter::once(PAYLOAD).chain(name.split('.'));
    let path: Vec<Value> = path.map(|key| json!({"key": key})).collect();
    json!({"metadata": {
        "descriptor_key": "claim",
        "metadata_key": {"key": NAMESPACE, "path": path},
        "source": "DYNAMIC",
    }})
}

/// IPv6 by network.
fn address() -> Value {
    json!({"masked_remote_address": {"v4_prefix_mask_len": 32, "v6_prefix_mask_len": 64}})
}

/// Requests without the header, by address.
fn without(name: &str) -> Way {
    let absent = json!({"header_value_match": {
        "descriptor_key": "absent",
        "descriptor_value": name,
        "headers": [{"name": name, "present_match": true, "invert_match": true}],
    }});
    Way {
        actions: vec![absent, address()],
        entries: vec![
            json!({"key": "absent", "value": name}),
            json!({"key": "masked_remote_address"}),
        ],
    }
}
