//! One issuer or several: rules and keys.

use super::{IssuerConfig, KeySetConfig, keys};
use crate::config::At;
use crate::config::units::DurationText;
use crate::identity::egress::{Address, Trust};
use crate::identity::jwks::{Bounds, Place, Settings};
use crate::identity::token::{Rules, Typ};
use crate::plugin::bearer::Texts;
use crate::plugin::jwt_validate::issuer::{Issuer, Keys};
use crate::plugin::registry::Compile;
use std::time::Duration;

/// The leeway where nobody says another.
const LEEWAY: Duration = Duration::from_secs(30);
/// More than that is no difference of clocks.
const MOST_LEEWAY: Duration = Duration::from_secs(300);

/// The issuers; mistakes go to the report, and there is nothing then.
pub fn compile(
    one: &IssuerConfig,
    several: &[IssuerConfig],
    compile: &mut Compile<'_, '_>,
) -> Option<Vec<Issuer>> {
    let at = compile.at;
    if several.is_empty() {
        return Some(vec![issuer(one, at, compile)?]);
    }
    let beside: Vec<_> = one.given().collect();
    for key in &beside {
        compile
            .report
            .error(
                at.key(key),
                "two-forms",
                format!("`{key}` stands beside `issuers`"),
            )
            .help("move it into the entries of the list that it is for");
    }
    let list = at.key("issuers");
    let mut issuers: Vec<Option<Issuer>> = vec![];
    for (place, raw) in several.iter().enumerate() {
        let twice = several[..place]
            .iter()
            .any(|other| other.issuer == raw.issuer);
        if let (true, Some(name)) = (twice, &raw.issuer) {
            compile
                .report
                .error(
                    list.index(place).key("issuer"),
                    "duplicate-issuer",
                    format!("the issuer `{name}` is there already"),
                )
                .help("make one entry of both; its `audience` and `keys` may be lists");
        }
        issuers.push(issuer(raw, list.index(place), compile));
    }
    issuers
        .into_iter()
        .collect::<Option<Vec<_>>>()
        .filter(|_| beside.is_empty())
}

impl IssuerConfig {
    /// The names of what is written down.
    fn given(&self) -> impl Iterator<Item = &'static str> {
        let all = [
            ("issuer", self.issuer.is_some()),
            ("jwks", self.jwks.is_some()),
            ("discovery", self.discovery.is_some()),
            ("keys", self.keys.is_some()),
            ("audience", self.audience.is_some()),
            ("algorithms", self.algorithms.is_some()),
            ("leeway", self.leeway.is_some()),
            ("requiredClaims", self.required_claims.is_some()),
            ("maxLifetime", self.max_lifetime.is_some()),
            ("typ", self.typ.is_some()),
            ("allowHttp", self.allow_http.is_some()),
            ("tls", self.tls.is_some()),
            ("keySet", self.key_set.is_some()),
        ];
        all.into_iter()
            .filter_map(|(name, given)| given.then_some(name))
    }
}

fn issuer(raw: &IssuerConfig, at: At<'_>, compile: &mut Compile<'_, '_>) -> Option<Issuer> {
    let Some(name) = &raw.issuer else {
        compile
            .report
            .error(
                at,
                "issuer-missing",
                "it does not say whose tokens are accepted",
            )
            .help("add `issuer`, exactly as `iss` is in the tokens, or a list `issuers`");
        return None;
    };
    let rules = rules(raw, name, at, compile);
    let keys = keys_of(raw, name, at, compile);
    let (rules, keys) = (rules?, keys?);
    check_algorithms(&rules, &keys, at, compile)?;
    Some(Issuer { rules, keys })
}

fn rules(
    raw: &IssuerConfig,
    name: &str,
    at: At<'_>,
    compile: &mut Compile<'_, '_>,
) -> Option<Rules> {
    let leeway = compile.duration(raw.leeway.as_ref(), LEEWAY, at.key("leeway"));
    let most = raw.max_lifetime.as_ref();
    let max_lifetime = most.map(|text| compile.duration(Some(text), LEEWAY, at.key("maxLifetime")));
    if leeway.is_some_and(|leeway| leeway > MOST_LEEWAY) {
        compile
            .report
            .error(
                at.key("leeway"),
                "leeway-too-long",
                "clocks are not more than 5m apart",
            )
            .help("set the clocks by NTP, and write `30s`");
        return None;
    }
    let algorithms = raw.algorithms.iter().flatten();
    Some(Rules {
        issuer: name.to_owned(),
        audience: raw
            .audience
            .as_ref()
            .map_or(vec![], |all| Texts::all(all).to_vec()),
        // The schema knows the names.
        algorithms: algorithms.filter_map(|one| one.0.parse().ok()).collect(),
        typ: raw.typ.clone().map_or(Typ::Usual, Typ::Exactly),
        required: raw.required_claims.clone().unwrap_or_default(),
        leeway: leeway?,
        max_lifetime: match max_lifetime {
            Some(most) => Some(most?),
            None => None,
        },
    })
}

/// HMAC needs a secret that nobody publishes; and what is listed must be in reach of some key.
fn check_algorithms(
    rules: &Rules,
    keys: &Keys,
    at: At<'_>,
    compile: &mut Compile<'_, '_>,
) -> Option<()> {
    let mut sound = true;
    for (place, algorithm) in rules.algorithms.iter().enumerate() {
        let what = match keys {
            Keys::Fetched(_) if algorithm.is_symmetric() => {
                format!("{algorithm} is checked with a secret, and published keys are none")
            }
            Keys::Fixed(keys) if !keys.keys().iter().any(|key| key.allows(*algorithm)) => {
                format!("none of the keys allows {algorithm}")
            }
            _ => continue,
        };
        sound = false;
        compile
            .report
            .error(
                at.key("algorithms").index(place),
                "algorithm-without-key",
                what,
            )
            .help("take it out, or add a key for it to `keys`");
    }
    sound.then_some(())
}

fn keys_of(
    raw: &IssuerConfig,
    name: &str,
    at: At<'_>,
    compile: &mut Compile<'_, '_>,
) -> Option<Keys> {
    let (key, text) = match (&raw.jwks, &raw.discovery, &raw.keys) {
        (None, None, Some(list)) => {
            unused(raw, at, compile)?;
            return keys::compile(list, at.key("keys"), compile).map(Keys::Fixed);
        }
        (Some(jwks), None, None) => ("jwks", jwks),
        (None, Some(discovery), None) => ("discovery", discovery),
        _ => {
            let what = "it does not say in one way where the issuer's keys are";
            compile
                .report
                .error(at, "keys-missing", what)
                .help("give one of `jwks`, `discovery` and `keys`, and only one");
            return None;
        }
    };
    let place = Address::new(text, raw.allow_http.unwrap_or(false));
    let place = place.and_then(|address| match key {
        "jwks" => Ok(Place::Keys(address)),
        _ => Place::discovered(address),
    });
    let place = match place {
        Ok(place) => Some(place),
        Err(mistake) => {
            compile.report.mistake(at.key(key), "invalid-url", mistake);
            None
        }
    };
    let trust = trust(raw, at, compile);
    let bounds = bounds(raw.key_set.as_ref(), at.key("keySet"), compile);
    let settings = Settings {
        issuer: name.into(),
        place: place?,
        trust: trust?,
        bounds: bounds?,
    };
    Some(Keys::Fetched(compile.identities.key_source(settings)))
}

/// What is about fetching has no meaning for keys that stand here.
fn unused(raw: &IssuerConfig, at: At<'_>, compile: &mut Compile<'_, '_>) -> Option<()> {
    let about = ["allowHttp", "tls", "keySet"];
    let given: Vec<_> = raw.given().filter(|name| about.contains(name)).collect();
    for name in &given {
        compile
            .report
            .error(
                at.key(name),
                "without-effect",
                format!("`{name}` is about keys that are fetched"),
            )
            .help("take it away, or replace `keys` by `jwks` or `discovery`");
    }
    given.is_empty().then_some(())
}

fn trust(raw: &IssuerConfig, at: At<'_>, compile: &mut Compile<'_, '_>) -> Option<Trust> {
    let Some(tls) = &raw.tls else {
        return Some(Trust::default());
    };
    let tls = tls.resolve(at.key("tls"), compile.report)?;
    match Trust::new(tls) {
        Ok(trust) => Some(trust),
        Err(mistake) => {
            let at = at.key("tls").key("serverName");
            compile.report.mistake(at, "invalid-server-name", mistake);
            None
        }
    }
}

fn bounds(raw: Option<&KeySetConfig>, at: At<'_>, compile: &mut Compile<'_, '_>) -> Option<Bounds> {
    let usual = Bounds::default();
    let Some(raw) = raw else {
        return Some(usual);
    };
    let mut read = |text: &Option<DurationText>, usual, key| {
        compile.duration(text.as_ref(), usual, at.key(key))
    };
    let min_ttl = read(&raw.min_ttl, usual.min_ttl, "minTtl");
    let max_ttl = read(&raw.max_ttl, usual.max_ttl, "maxTtl");
    let stale = read(&raw.stale, usual.stale, "stale");
    let cooldown = read(&raw.cooldown, usual.cooldown, "cooldown");
    let timeout = read(&raw.timeout, usual.timeout, "timeout");
    let bounds = Bounds {
        min_ttl: min_ttl?,
        max_ttl: max_ttl?,
        stale: stale?,
        cooldown: cooldown?,
        timeout: timeout?,
    };
    let seconds = [
        ("minTtl", bounds.min_ttl),
        ("maxTtl", bounds.max_ttl),
        ("cooldown", bounds.cooldown),
    ];
    let mut sound = true;
    let mut wrong = |key, what: String, help: &'static str| {
        sound = false;
        compile
            .report
            .error(at.key(key), "out-of-range", what)
            .help(help);
    };
    for (key, value) in seconds {
        if value < Duration::from_secs(1) {
            wrong(
                key,
                format!("`{key}` is 1s at least"),
                "the issuer must not be asked all the time",
            );
        }
    }
    if bounds.timeout.is_zero() || bounds.timeout > Duration::from_secs(60) {
        wrong(
            "timeout",
            "`timeout` is more than nothing and 1m at most".to_owned(),
            "write `5s`",
        );
    }
    if bounds.min_ttl > bounds.max_ttl {
        wrong(
            "minTtl",
            "`minTtl` is longer than `maxTtl`".to_owned(),
            "make it shorter",
        );
    }
    sound.then_some(bounds)
}
