//! Where in a document a value stands, as what it means: `/apis/0/plugins/1/config/origins/2` is `cors.origins[]`.
//!
//! Options of one kind have one place wherever they may stand: those of each of `jwt-validate`'s `issuers` are those of
//! the plugin itself, as are those of each of `rate-limit`'s `limits`; the rules under `allow`, `deny` and the short
//! forms of `authorize` are `authorize.rule`.

use serde_json::{Map, Value};

/// Mappings whose keys are the user's own.
const MAPS: [&str; 6] = [
    "route.headers",
    "route.query",
    "consumer.metadata",
    "jwt-validate.claimsToHeaders",
    "oauth2-introspect.claimsToHeaders",
    "authorize.rule.claims",
];

/// Lists whose elements have the options of another place.
const SAME: [(&str, &str); 4] = [
    ("jwt-validate.issuers", "jwt-validate"),
    ("rate-limit.limits", "rate-limit"),
    ("authorize.allow", "authorize.rule"),
    ("authorize.deny", "authorize.rule"),
];

/// The short forms of `authorize`, which are a rule's fields.
const SHORT: [&str; 4] = ["roles", "groups", "scopes", "claims"];

/// A value in a document.
#[derive(Clone, Debug)]
pub struct Spot<'a> {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What that means.
    pub place: String,
    /// What stands there; for a plugin without a configuration, `null`.
    pub value: &'a Value,
}

/// Every value of a document, those that hold others first.
pub fn spots(document: &Value) -> Vec<Spot<'_>> {
    let mut found = Vec::new();
    level(document, "", &mut found);
    found
}

/// What stands at `key` of a mapping at `place`.
pub fn member(place: &str, key: &str) -> String {
    if MAPS.contains(&place) {
        return format!("{place}.*");
    }
    if place == "authorize" && SHORT.contains(&key) {
        return format!("authorize.rule.{key}");
    }
    format!("{place}.{key}")
}

/// Where the options of a list's elements stand.
pub fn within_element(list: &str) -> String {
    let same = SAME.iter().find(|(name, _)| *name == list);
    same.map_or_else(|| format!("{list}[]"), |(_, place)| (*place).to_owned())
}

/// A document, or an API in it.
fn level<'a>(value: &'a Value, pointer: &str, found: &mut Vec<Spot<'a>>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let pointer = format!("{pointer}/{key}");
        match key.as_str() {
            "service" | "altService" => below(value, pointer, "service", found),
            "route" => route(value, pointer, found),
            "altServices" => elements(value, &pointer, |value, at| {
                below(value, at, "service", found)
            }),
            "routes" => elements(value, &pointer, |value, at| route(value, at, found)),
            "plugins" => elements(value, &pointer, |value, at| plugin(value, at, found)),
            "apis" => elements(value, &pointer, |value, at| level(value, &at, found)),
            "listeners" => elements(value, &pointer, |value, at| {
                below(value, at, "listener", found)
            }),
            "consumers" => elements(value, &pointer, |value, at| {
                below(value, at, "consumer", found)
            }),
            _ => below(value, pointer, key, found),
        }
    }
}

fn elements<'a>(list: &'a Value, pointer: &str, mut visit: impl FnMut(&'a Value, String)) {
    for (index, value) in list.as_array().into_iter().flatten().enumerate() {
        visit(value, format!("{pointer}/{index}"));
    }
}

fn route<'a>(value: &'a Value, pointer: String, found: &mut Vec<Spot<'a>>) {
    let own = |key: &str| key != "plugins";
    found.push(spot(value, &pointer, "route"));
    if let Some(map) = value.as_object() {
        members(map, &pointer, "route", &own, found);
    }
    if let Some(plugins) = value.get("plugins") {
        elements(plugins, &format!("{pointer}/plugins"), |value, at| {
            plugin(value, at, found)
        });
    }
}

fn plugin<'a>(value: &'a Value, pointer: String, found: &mut Vec<Spot<'a>>) {
    found.push(spot(value, &pointer, "plugin"));
    let Some(name) = value.get("name").and_then(Value::as_str) else {
        return;
    };
    let config = value.get("config").unwrap_or(&Value::Null);
    below(config, format!("{pointer}/config"), name, found);
}

fn below<'a>(value: &'a Value, pointer: String, place: &str, found: &mut Vec<Spot<'a>>) {
    found.push(spot(value, &pointer, place));
    inside(value, &pointer, place, found);
}

fn inside<'a>(value: &'a Value, pointer: &str, place: &str, found: &mut Vec<Spot<'a>>) {
    match value {
        Value::Object(map) => members(map, pointer, place, &|_| true, found),
        Value::Array(_) => {
            let (element, options) = (format!("{place}[]"), within_element(place));
            elements(value, pointer, |value, at| {
                found.push(spot(value, &at, &element));
                inside(value, &at, &options, found);
            });
        }
        _ => {}
    }
}

fn members<'a>(
    map: &'a Map<String, Value>,
    pointer: &str,
    place: &str,
    own: &dyn Fn(&str) -> bool,
    found: &mut Vec<Spot<'a>>,
) {
    for (key, value) in map.iter().filter(|(key, _)| own(key)) {
        let escaped = key.replace('~', "~0").replace('/', "~1");
        below(
            value,
            format!("{pointer}/{escaped}"),
            &member(place, key),
            found,
        );
    }
}

fn spot<'a>(value: &'a Value, pointer: &str, place: &str) -> Spot<'a> {
    Spot {
        pointer: pointer.to_owned(),
        place: place.to_owned(),
        value,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    #[test]
    fn options_are_found_by_what_they_mean() {
        let document = json!({
            "service": {"name": "a", "retries": {"on": [503]}},
            "route": {"paths": ["/a"], "headers": {"X-A": {"regex": "b"}}, "plugins": [{"name": "key-auth"}]},
            "apis": [{"plugins": [
                {"name": "jwt-validate", "config": {"issuers": [{"claimsToHeaders": {"a/b": "X-B"}}]}},
                {"name": "authorize", "config": {"deny": [{"groups": ["g"]}], "roles": ["r"]}},
            ]}],
        });
        let found: Vec<(String, String)> = spots(&document)
            .into_iter()
            .map(|spot| (spot.pointer, spot.place))
            .collect();
        for (pointer, place) in [
            ("/service/retries/on/0", "service.retries.on[]"),
            ("/route/headers/X-A/regex", "route.headers.*.regex"),
            ("/route/plugins/0", "plugin"),
            ("/route/plugins/0/config", "key-auth"),
            (
                "/apis/0/plugins/0/config/issuers/0",
                "jwt-validate.issuers[]",
            ),
            (
                "/apis/0/plugins/0/config/issuers/0/claimsToHeaders/a~1b",
                "jwt-validate.claimsToHeaders.*",
            ),
            (
                "/apis/0/plugins/1/config/deny/0/groups/0",
                "authorize.rule.groups[]",
            ),
            ("/apis/0/plugins/1/config/roles/0", "authorize.rule.roles[]"),
        ] {
            let expected = (pointer.to_owned(), place.to_owned());
            assert!(found.contains(&expected), "{expected:?} in {found:#?}");
        }
        for (pointer, _) in found {
            // A plugin without a configuration has a place for one.
            let there = document.pointer(&pointer).is_some();
            assert!(there || pointer == "/route/plugins/0/config", "{pointer}");
        }
    }
}
