//! A user's configuration in another gateway's words, with what could not be said told beside it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;

use crate::adapters::{Adapter, Bindings, LeftOut, Rendered, Unsupported};
use crate::fixtures::{Authority, Fixture, PathPattern, RouteApi};
use crate::lab::placeholder_bindings;

/// Where a gateway listens whose configuration doesn't say.
const LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);
/// What stands for the value of an environment variable, before its name.
const VARIABLE: &str = "VALUE_OF_";
/// What can be left out without opening a route, tried in this order.
const DISPENSABLE: [&str; 3] = ["admin", "telemetry", "runtime"];
/// As before, of each listener.
const OF_LISTENERS: [&str; 5] = ["timeouts", "limits", "paths", "trustedProxies", "http2"];

/// A configuration in another gateway's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The files, by name, the main one first.
    pub files: Vec<(String, String)>,
    /// What could not be said, and what is still to be put in.
    pub notes: Vec<String>,
}

/// Translates a configuration. A route that can't be said is not served; never is one open that was guarded.
///
/// # Errors
/// When nothing of it can be said, with the reason.
pub fn translate(adapter: &dyn Adapter, fixture: &Fixture) -> Result<Translation, Unsupported> {
    let mut fixture = fixture.clone();
    for (name, value) in &mut fixture.environment {
        *value = format!("{VARIABLE}{name}");
    }
    let mut notes = Vec::new();
    let (rendered, bindings) = loop {
        let bindings = named(&fixture);
        match adapter.render(&fixture, &bindings) {
            Ok(rendered) => match heir(&fixture, &rendered.left_out) {
                Some((route, heir)) => {
                    without_route(&mut fixture.document, &heir);
                    notes.push(format!(
                        "the route {heir} is not served: requests of {route} would be answered by it"
                    ));
                }
                None => break (rendered, bindings),
            },
            Err(why) => notes.push(lessened(adapter, &mut fixture, why)?),
        }
    };
    notes.extend(
        rendered
            .left_out
            .iter()
            .map(|route| format!("the route {} is not served: {}", route.route, route.reason)),
    );
    let files = files(&rendered, &bindings);
    let used = |name: &&String| {
        let value = format!("{VARIABLE}{name}");
        files.iter().any(|(_, text)| text.contains(&value))
    };
    let variables = fixture.environment.keys().filter(used);
    notes.extend(variables.map(|name| {
        format!("put the value of the environment variable {name} in the place of {VARIABLE}{name}")
    }));
    Ok(Translation { files, notes })
}

/// A route that is left out, and one that would get its requests then, without what guards them.
fn heir(fixture: &Fixture, left_out: &[LeftOut]) -> Option<(String, String)> {
    let routes = fixture.typed().ok()?.routes();
    for route in left_out {
        let gone = |one: &RouteApi| left_out.iter().any(|other| other.route == one.name);
        let mut served = routes.iter().filter(|one| !gone(one));
        let heir = served.find(|one| covers(&one.route.paths, &route.paths));
        if let Some(heir) = heir {
            return Some((route.route.clone(), heir.name.clone()));
        }
    }
    None
}

/// Whether paths of the one are paths of the other too.
fn covers(these: &[PathPattern], those: &[PathPattern]) -> bool {
    let text = |path: &PathPattern| match path {
        PathPattern::Prefix(text) => text.clone(),
        PathPattern::Exact(path) => path.exact.clone(),
    };
    let any = these.is_empty() || those.is_empty();
    any || those
        .iter()
        .any(|that| these.iter().any(|this| this.matches(&text(that))))
}

/// Takes the route of this name out of a document.
fn without_route(document: &mut Value, name: &str) {
    let inner = document.get_mut("apis").and_then(Value::as_array_mut);
    for api in inner.into_iter().flatten() {
        without_route(api, name);
    }
    let service = document.pointer("/service/name").and_then(Value::as_str);
    let service = service.unwrap_or_default().to_owned();
    let named = |route: &Value, index: usize| {
        let own = route.get("name").and_then(Value::as_str).map(str::to_owned);
        let usual = match index {
            0 => service.clone(),
            _ => format!("{service}-{}", index + 1),
        };
        own.unwrap_or(usual) == name
    };
    let single = document.get("route").is_some_and(|route| named(route, 0));
    let first = usize::from(document.get("route").is_some());
    if let Some(routes) = document.get_mut("routes").and_then(Value::as_array_mut) {
        let mut index = first;
        routes.retain(|route| {
            index += 1;
            !named(route, index - 1)
        });
    }
    if let Some(map) = document.as_object_mut().filter(|_| single) {
        map.shift_remove("route");
    }
}

/// Leaves out what keeps the whole from being said, and tells so.
fn lessened(
    adapter: &dyn Adapter,
    fixture: &mut Fixture,
    why: Unsupported,
) -> Result<String, Unsupported> {
    let keys = DISPENSABLE.iter().map(|key| format!("/{key}"));
    let count = fixture
        .document
        .get("listeners")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    let of_listeners = (0..count).flat_map(|index| {
        OF_LISTENERS
            .iter()
            .map(move |key| format!("/listeners/{index}/{key}"))
    });
    for pointer in keys.chain(of_listeners) {
        let mut without = fixture.clone();
        if !removed(&mut without.document, &pointer) {
            continue;
        }
        let next = adapter.render(&without, &named(&without));
        if next.as_ref().err() != Some(&why) {
            *fixture = without;
            return Ok(format!(
                "{} is left out: {}",
                pointer.trim_start_matches('/'),
                why.reason
            ));
        }
    }
    Err(why)
}

fn removed(document: &mut Value, pointer: &str) -> bool {
    let Some((parent, key)) = pointer.rsplit_once('/') else {
        return false;
    };
    let holder = document.pointer_mut(parent).and_then(Value::as_object_mut);
    holder.is_some_and(|map| map.shift_remove(key).is_some())
}

/// Addresses that stand for names: each upstream has one of its own, with its real port.
fn named(fixture: &Fixture) -> Bindings {
    let mut bindings = placeholder_bindings(fixture);
    let listen = fixture
        .document
        .pointer("/listeners/0/address")
        .and_then(Value::as_str);
    bindings.listen = listen.and_then(|text| text.parse().ok()).unwrap_or(LISTEN);
    let names: Vec<Authority> = bindings.upstreams.keys().cloned().collect();
    bindings.upstreams = names
        .into_iter()
        .zip(1_u16..)
        .map(|(name, number)| {
            let [high, low] = number.to_be_bytes();
            let port = name
                .rsplit_once(':')
                .and_then(|(_, port)| port.parse().ok());
            let address =
                SocketAddr::from((Ipv4Addr::new(127, 254, high, low), port.unwrap_or(80)));
            (name, address)
        })
        .collect();
    bindings
}

/// The files with names in the place of addresses, without those that the user has already.
fn files(rendered: &Rendered, bindings: &Bindings) -> Vec<(String, String)> {
    let names: BTreeMap<String, &str> = bindings
        .upstreams
        .iter()
        .map(|(name, address)| {
            let host = name
                .rsplit_once(':')
                .map_or(name.as_str(), |(host, _)| host);
            (address.ip().to_string(), host)
        })
        .collect();
    let own = rendered.files.iter().filter(|(name, text)| {
        let given = bindings.files.contains_key(name);
        !(given || name.ends_with(".pem") && text.is_empty())
    });
    own.map(|(name, text)| {
        // The longest first: 127.254.0.1 begins 127.254.0.10.
        let text = names
            .iter()
            .rev()
            .fold(text.clone(), |text, (address, host)| {
                replaced(&text, address, host)
            });
        (name.clone(), text)
    })
    .collect()
}

/// The text with an address replaced where it stands whole.
fn replaced(text: &str, address: &str, host: &str) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(address) {
        done.push_str(before);
        let whole = !after.starts_with(|c: char| c.is_ascii_digit());
        done.push_str(if whole { host } else { address });
        rest = after;
    }
    done + rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::adapters::nginx::Nginx;

    fn translated(text: &str) -> Result<Translation, Unsupported> {
        translate(&Nginx, &Fixture::parse("shop", text).unwrap())
    }

    #[test]
    fn names_and_ports_are_those_of_the_document() {
        let text = "listeners: [{address: '0.0.0.0:9000'}]\n\
                    service: {name: shop, targets: [{url: 'http://a.internal:81'}, {url: 'http://b.internal:82'}], host: preserve}\n\
                    route: {paths: [/shop], methods: [GET]}\n\
                    consumers: [{name: ann, keys: ['${env:ANN_KEY}']}]\n\
                    plugins: [{name: key-auth}]\n";
        let Translation { files, notes } = translated(text).unwrap();
        let (name, text) = &files[0];
        assert_eq!(name, "nginx.conf");
        for part in [
            "listen 0.0.0.0:9000",
            "server a.internal:81",
            "server b.internal:82",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert_eq!(
            notes,
            ["put the value of the environment variable ANN_KEY in the place of VALUE_OF_ANN_KEY"]
        );
    }

    #[test]
    fn what_cannot_be_said_is_told_and_a_guarded_route_is_not_opened() {
        let text = "admin: {address: '127.0.0.1:0'}\n\
                    apis:\n\
                    - service: {name: open, url: 'http://open:80'}\n  route: {paths: [/open]}\n\
                    - service: {name: guarded, url: 'http://guarded:80'}\n  route: {paths: [/guarded]}\n  plugins: [{name: authorize}]\n";
        let Translation { files, notes } = translated(text).unwrap();
        assert!(notes[0].starts_with("admin is left out: "), "{notes:?}");
        assert!(
            notes[1].starts_with("the route guarded is not served: "),
            "{notes:?}"
        );
        assert!(files[0].1.contains("/open"));
        assert!(!files[0].1.contains("/guarded"));
    }

    #[test]
    fn a_route_that_would_inherit_requests_of_a_guarded_one_is_not_served_either() {
        let text = "apis:\n\
                    - service: {name: open, url: 'http://open:80'}\n  routes: [{paths: [/a]}, {paths: [/other]}]\n\
                    - service: {name: guarded, url: 'http://guarded:80'}\n  route: {paths: [/a/b]}\n  plugins: [{name: authorize}]\n";
        let Translation { files, notes } = translated(text).unwrap();
        assert!(
            notes[0].starts_with("the route open is not served: "),
            "{notes:?}"
        );
        assert!(
            notes[1].starts_with("the route guarded is not served: "),
            "{notes:?}"
        );
        assert!(files[0].1.contains("/other"), "{}", files[0].1);
        assert!(!files[0].1.contains("\"^/a"), "{}", files[0].1);
    }

    #[test]
    fn nothing_at_all_is_an_error() {
        let text = "service: {name: a, url: 'http://a:80'}\nroute: {paths: [/a]}\nplugins: [{name: response-size-limit}]\n";
        let reason = translated(text).unwrap_err().reason;
        assert!(reason.contains("response-size-limit"), "{reason}");
    }
}
