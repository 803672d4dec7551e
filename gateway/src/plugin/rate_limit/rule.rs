//! One limit: what it counts, and by which key.
//!
//! Numbers end where an Integer of a structured field does (RFC 9651 §3.3.1), since `RateLimit-Policy` tells them.

use super::Config;
use crate::config::units::DurationText;
use crate::limit::Quota;
use crate::plugin::Request;
use crate::plugin::exchange::Exchange;
use crate::plugin::registry::Compile;
use http::header::HeaderName;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// One limit as it stands in the document.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Rule {
    /// What is counted apart: `ip` (an IPv6 client by its /64), `consumer` (where a token is no consumer's: its issuer and
    /// subject), `key`, `route`, `header:NAME` or `claim:NAME` (a text, number, true or false of a verified token). Where
    /// a request has no such attribute, its address is taken.
    #[schemars(extend("default" = "ip"))]
    key: Option<KeyText>,
    /// Requests in a second.
    #[schemars(range(max = 999_999_999_999_999_i64))]
    limit_per_second: Option<u64>,
    /// Requests in a minute.
    #[schemars(range(max = 999_999_999_999_999_i64))]
    limit_per_minute: Option<u64>,
    /// Requests in an hour.
    #[schemars(range(max = 999_999_999_999_999_i64))]
    limit_per_hour: Option<u64>,
    /// Requests in a day.
    #[schemars(range(max = 999_999_999_999_999_i64))]
    limit_per_day: Option<u64>,
    /// Requests in `window`.
    #[schemars(range(max = 999_999_999_999_999_i64))]
    limit: Option<u64>,
    /// The time that `limit` is for.
    window: Option<DurationText>,
    /// Makes the limit a token bucket: so many at once, refilled at the limit's rate. Without it the window slides.
    #[schemars(range(max = 999_999_999_999_999_i64))]
    burst: Option<u64>,
    /// Requests at a time.
    concurrent: Option<u64>,
    /// What one request costs; 1 by default.
    cost: Option<u64>,
    /// The limit's name in `RateLimit` and in answers; `default`, or `limit-1`, `limit-2` … in `limits`.
    #[schemars(regex(pattern = "^[A-Za-z0-9_.-]{1,64}$"))]
    name: Option<String>,
}

/// The key's text.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct KeyText(String);

impl JsonSchema for KeyText {
    fn schema_name() -> Cow<'static, str> {
        "LimitKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^(ip|consumer|key|route|header:.+|claim:.+)$",
            "examples": ["ip", "consumer", "header:X-Tenant", "claim:tenant"],
            "x-expects": "`ip`, `consumer`, `key`, `route`, `header:NAME` or `claim:NAME`",
        })
    }
}

/// What is counted apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The client's address.
    Ip,
    /// Who calls.
    Consumer,
    /// The credential that was used.
    Key,
    /// The route, by name.
    Route(Box<str>),
    /// A header's value.
    Header(HeaderName),
    /// What a verified token says.
    Claim(Box<str>),
}

impl KeySource {
    fn parse(text: &str, route: &str) -> Option<Self> {
        Some(match text {
            "ip" => Self::Ip,
            "consumer" => Self::Consumer,
            "key" => Self::Key,
            "route" => Self::Route(route.into()),
            other => match other.strip_prefix("claim:") {
                Some("") => return None,
                Some(claim) => Self::Claim(claim.into()),
                None => Self::Header(other.strip_prefix("header:")?.parse().ok()?),
            },
        })
    }

    /// Hands the parts of the request's key to `make`; the first part keeps sources apart.
    pub fn with<K>(
        &self,
        request: &Request<'_>,
        exchange: &Exchange,
        make: impl FnOnce(&[&[u8]]) -> K,
    ) -> K {
        match self {
            Self::Route(route) => make(&[b"route", route.as_bytes()]),
            Self::Consumer => match &exchange.consumer {
                Some(consumer) => make(&[b"consumer", consumer.name().as_bytes()]),
                None => match exchange.claims.as_deref().and_then(|claims| {
                    let issuer = claims.text("iss").unwrap_or_default();
                    Some((issuer, claims.text("sub")?))
                }) {
                    Some((issuer, subject)) => {
                        make(&[b"subject", issuer.as_bytes(), subject.as_bytes()])
                    }
                    None => with_address(request.client, make),
                },
            },
            Self::Claim(name) => {
                let claims = exchange.claims.as_deref();
                match claims.and_then(|claims| claims.text(name)) {
                    Some(value) => make(&[b"claim", value.as_bytes()]),
                    None => with_address(request.client, make),
                }
            }
            Self::Key => match &exchange.credential {
                Some(credential) => make(&[b"key", &credential.short()]),
                None => with_address(request.client, make),
            },
            Self::Header(name) => match request.headers.get(name) {
                Some(value) => make(&[b"header", value.as_bytes()]),
                None => with_address(request.client, make),
            },
            Self::Ip => with_address(request.client, make),
        }
    }
}

/// An IPv6 client owns its /64 at least, so the rest of the address tells nothing apart.
fn with_address<K>(address: IpAddr, make: impl FnOnce(&[&[u8]]) -> K) -> K {
    match address.to_canonical() {
        IpAddr::V4(v4) => make(&[b"ip", &v4.octets()]),
        IpAddr::V6(v6) => make(&[b"ip", &v6.octets()[..8]]),
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip => f.write_str("ip"),
            Self::Consumer => f.write_str("consumer"),
            Self::Key => f.write_str("key"),
            Self::Route(_) => f.write_str("route"),
            Self::Header(name) => write!(f, "header:{name}"),
            Self::Claim(name) => write!(f, "claim:{name}"),
        }
    }
}

/// A checked limit.
#[derive(Debug)]
pub struct Checked {
    /// What is counted apart.
    pub key: KeySource,
    /// How many in a time.
    pub quota: Option<Quota>,
    /// How many at a time.
    pub concurrent: Option<u64>,
    /// What one request costs.
    pub cost: u64,
    /// The limit's name.
    pub name: String,
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        if let Some(quota) = &self.quota {
            write!(
                f,
                "{} requests per {:?} per {}",
                quota.limit, quota.window, self.key
            )?;
            match quota.burst {
                Some(burst) => write!(f, " (token bucket of {burst})")?,
                None => f.write_str(" (sliding window)")?,
            }
            between = ", ";
        }
        match self.concurrent {
            Some(most) => write!(f, "{between}{most} requests at a time per {}", self.key),
            None => Ok(()),
        }
    }
}

/// Checks the limits of a plugin; mistakes go to the report.
pub fn compile_all(config: &Config, compile: &mut Compile<'_, '_>) -> Option<Vec<Checked>> {
    let at = compile.at;
    if config.limits.is_empty() {
        return Some(vec![check(&config.rule, at, "default", compile)?]);
    }
    if let Some(key) = config.rule.keys_given().next() {
        compile
            .report
            .error(
                at.key(key),
                "two-kinds-of-limits",
                format!("{key} stands beside `limits`"),
            )
            .help("move it into the entries of the list that it is for");
        return None;
    }
    let list = at.key("limits");
    let checked: Vec<_> = config
        .limits
        .iter()
        .enumerate()
        .map(|(place, rule)| {
            check(
                rule,
                list.index(place),
                &format!("limit-{}", place + 1),
                compile,
            )
        })
        .collect();
    let checked: Vec<_> = checked.into_iter().collect::<Option<_>>()?;
    let twice = (1..checked.len()).find(|&place| {
        checked[..place]
            .iter()
            .any(|other| other.name == checked[place].name)
    });
    if let Some(place) = twice {
        let at = list.index(place);
        compile.report.error(
            at,
            "duplicate-name",
            format!("two limits are named {:?}", checked[place].name),
        );
        return None;
    }
    Some(checked)
}

impl Rule {
    fn rates(&self) -> [(&'static str, Option<u64>, Option<Duration>); 5] {
        let seconds = |n| Some(Duration::from_secs(n));
        [
            ("limitPerSecond", self.limit_per_second, seconds(1)),
            ("limitPerMinute", self.limit_per_minute, seconds(60)),
            ("limitPerHour", self.limit_per_hour, seconds(3600)),
            ("limitPerDay", self.limit_per_day, seconds(86400)),
            ("limit", self.limit, None),
        ]
    }

    fn says_something(&self) -> bool {
        self.rates().iter().any(|(_, limit, _)| limit.is_some()) || self.concurrent.is_some()
    }

    /// The names of what is written down.
    fn keys_given(&self) -> impl Iterator<Item = &'static str> {
        let rates = self.rates().map(|(name, limit, _)| (name, limit.is_some()));
        let others = [
            ("key", self.key.is_some()),
            ("window", self.window.is_some()),
            ("burst", self.burst.is_some()),
            ("concurrent", self.concurrent.is_some()),
            ("cost", self.cost.is_some()),
            ("name", self.name.is_some()),
        ];
        let all = rates.into_iter().chain(others);
        all.filter_map(|(name, given)| given.then_some(name))
    }
}

fn check(
    rule: &Rule,
    at: crate::config::At<'_>,
    name: &str,
    compile: &mut Compile<'_, '_>,
) -> Option<Checked> {
    let mistakes = compile.report.len();
    let quota = quota(rule, at, compile);
    let key_text = rule.key.as_ref().map_or("ip", |key| &key.0);
    let key = KeySource::parse(key_text, compile.route);
    let report = &mut *compile.report;
    if key.is_none() {
        report
            .error(
                at.key("key"),
                "invalid-key",
                format!("{key_text:?} is not what a limit can be keyed by"),
            )
            .help("write `ip`, `consumer`, `key`, `route`, `header:NAME` or `claim:NAME`");
    }
    if !rule.says_something() {
        report
            .error(at, "limit-without-number", "the limit has no number")
            .help("add limitPerSecond, limitPerMinute, limitPerHour, limitPerDay, limit with window, or concurrent");
    }
    let zeros = [
        ("concurrent", rule.concurrent),
        ("burst", rule.burst),
        ("cost", rule.cost),
    ];
    for (name, _) in zeros.iter().filter(|(_, number)| *number == Some(0)) {
        report.error(at.key(name), "zero", format!("{name} is 1 at least"));
    }
    let most = quota
        .as_ref()
        .map(|quota| quota.burst.unwrap_or(quota.limit));
    if let (Some(cost), Some(most)) = (rule.cost, most)
        && cost > most
    {
        report
            .error(
                at.key("cost"),
                "cost-over-limit",
                format!("no request could pass: each costs {cost} of {most}"),
            )
            .help("lower the cost or raise the limit");
    }
    (compile.report.len() == mistakes).then(|| Checked {
        key: key.expect("its absence is in the report"),
        quota,
        concurrent: rule.concurrent,
        cost: rule.cost.unwrap_or(1),
        name: rule.name.clone().unwrap_or_else(|| name.to_owned()),
    })
}

fn quota(rule: &Rule, at: crate::config::At<'_>, compile: &mut Compile<'_, '_>) -> Option<Quota> {
    let given: Vec<_> = rule
        .rates()
        .into_iter()
        .filter(|(_, limit, _)| limit.is_some())
        .collect();
    let report = &mut *compile.report;
    if let [_, (second, ..), ..] = given[..] {
        report
            .error(
                at.key(second),
                "two-limits-in-one",
                "one limit counts in one window",
            )
            .help("write `limits: [ … ]` with one entry each");
        return None;
    }
    let window_given = rule.window.as_ref();
    let Some(&(name, Some(limit), fixed)) = given.first() else {
        for (key, given) in [
            ("window", window_given.is_some()),
            ("burst", rule.burst.is_some()),
            ("cost", rule.cost.is_some()),
        ] {
            if given {
                report.error(
                    at.key(key),
                    "limit-without-number",
                    format!("{key} goes with a limit"),
                );
            }
        }
        return None;
    };
    let window = match (fixed, window_given.map(DurationText::parse)) {
        (Some(window), None) => window,
        (None, Some(Ok(window))) if !window.is_zero() => window,
        (None, None) => {
            report
                .error(at.key(name), "limit-without-window", "limit needs a window")
                .help("add `window: 10s`");
            return None;
        }
        (Some(_), Some(_)) => {
            report.error(
                at.key("window"),
                "window-twice",
                format!("{name} names its window already"),
            );
            return None;
        }
        (None, Some(Err(error))) => {
            report.error(at.key("window"), "invalid-duration", error.to_string());
            return None;
        }
        (None, Some(Ok(_))) => {
            report.error(at.key("window"), "zero", "a window is longer than nothing");
            return None;
        }
    };
    if limit == 0 {
        report
            .error(at.key(name), "zero", "a limit is 1 at least")
            .help("to close a route, take it away");
        return None;
    }
    Some(Quota {
        limit,
        window,
        burst: rule.burst,
    })
}
