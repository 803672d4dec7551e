//! Services, and the policy that passes requests on to them.

use serde_json::{Value, json};

use super::AUTHORITIES;
use super::access::of_request;
use crate::adapters::common::plugins::{RouteByHeader, Settings as _};
use crate::adapters::common::values::duration;
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{RouteApi, Service, ServiceTls, pem_name};

/// How often a target may stand in the list, for its weight.
const MOST: u32 = 100;

/// A service, in its list.
pub(super) fn endpoint(service: &Service, bindings: &Bindings) -> Result<Value, Unsupported> {
    let round = service.balancing.as_ref();
    let plain = [
        (
            "balancing: it goes round",
            round.is_some_and(|balancing| balancing != "round-robin"),
        ),
        ("http2 to a service", service.http2),
        (
            "retries: nothing is sent twice",
            service.retries.attempts.is_some_and(|n| n > 0),
        ),
        (
            "timeouts.connect, total and idle: there is one timeout",
            service.timeouts.connect.is_some()
                || service.timeouts.total.is_some()
                || service.timeouts.idle.is_some(),
        ),
    ];
    if let Some((what, _)) = plain.into_iter().find(|(_, present)| *present) {
        return Err(Unsupported::new(what));
    }
    let mut urls = Vec::new();
    for ((url, _), (authority, weight)) in service.targets().iter().zip(service.authorities()) {
        let address = bindings.upstreams.get(&authority);
        let address =
            address.ok_or_else(|| Unsupported::new(format!("{authority} has no address")))?;
        if weight > MOST {
            return Err(Unsupported::new(format!("a target of the weight {weight}")));
        }
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let base = rest.find('/').map_or("", |slash| &rest[slash..]);
        let base = base.trim_end_matches('/');
        urls.extend((0..weight).map(|_| format!("{scheme}://{address}{base}")));
    }
    Ok(match urls.as_slice() {
        [] => return Err(Unsupported::new("a service without targets")),
        [only] => json!({"url": only}),
        _ => json!({"urls": urls}),
    })
}

/// Whether a service is believed because of the system's authorities.
fn of_the_system(service: &Service) -> bool {
    let own = service.tls.as_ref().is_some_and(|tls| !tls.ca.0.is_empty());
    is_secure(service) && !own
}

/// The proxies, of which the first whose condition holds answers.
pub(super) fn proxies(route: &RouteApi) -> Result<Value, Unsupported> {
    let mut steps = Vec::new();
    if let Some(canary) = RouteByHeader::on(route)? {
        let expression = format!("{} === {}", of_request(&canary.header), json!(canary.value));
        let mut step = proxy(canary.service(route)?)?;
        step["condition"] = json!({"name": "expression", "expression": expression});
        steps.push(step);
    }
    steps.push(proxy(&route.service)?);
    Ok(json!({"proxy": steps}))
}

fn is_secure(service: &Service) -> bool {
    let targets = service.targets();
    targets.iter().any(|(url, _)| url.starts_with("https://"))
}

fn proxy(service: &Service) -> Result<Value, Unsupported> {
    let timeout = service.timeouts.r#try.as_deref().unwrap_or("10s");
    let timeout = duration(timeout)?.as_millis();
    let timeout = u64::try_from(timeout).unwrap_or(u64::MAX);
    let mut action = json!({
        "serviceEndpoint": service.name,
        "proxyTimeout": timeout,
        "changeOrigin": false,
    });
    let host = host(service)?;
    if is_secure(service) {
        let asked = host.as_deref().map(without_port);
        secure(service, asked, &mut action)?;
    }
    if let Some(host) = host {
        action["headers"] = json!({"host": host});
    }
    Ok(json!({"action": action}))
}

/// What Host becomes; none where it stays.
fn host(service: &Service) -> Result<Option<String>, Unsupported> {
    match &service.host {
        Some(Value::String(word)) if word == "preserve" => Ok(None),
        Some(Value::Object(map)) if map.contains_key("set") => {
            Ok(map["set"].as_str().map(str::to_owned))
        }
        _ => match service.authorities().as_slice() {
            [(authority, _)] => Ok(Some(authority.clone())),
            _ => Err(Unsupported::new(
                "host: upstream with several targets: Host is set before the target is chosen",
            )),
        },
    }
}

/// TLS to a service. Node.js asks for the host that is in Host, and expects that in the certificate.
fn secure(service: &Service, asked: Option<&str>, action: &mut Value) -> Result<(), Unsupported> {
    let none = ServiceTls::default();
    let tls = service.tls.as_ref().unwrap_or(&none);
    let authorities = service.authorities();
    let own = match authorities.as_slice() {
        [(authority, _)] => Some(without_port(authority)),
        _ => None,
    };
    let wanted = tls.server_name.as_deref().or(own);
    if wanted.is_none() || wanted != asked {
        return Err(Unsupported::new(
            "tls.serverName: the host in Host is asked for and no other",
        ));
    }
    let file =
        |text: &String| pem_name(text).ok_or_else(|| Unsupported::new("PEM that is not in a file"));
    let mut target = json!({});
    match tls.ca.0.as_slice() {
        [] => {}
        [only] => target["caFile"] = json!(file(only)?),
        _ => return Err(Unsupported::new("tls.ca: one file")),
    }
    if let (Some(certificate), Some(key)) = (&tls.certificate, &tls.key) {
        target["certFile"] = json!(file(certificate)?);
        target["keyFile"] = json!(file(key)?);
    }
    if target != json!({}) {
        action["target"] = target;
    }
    Ok(())
}

fn without_port(authority: &str) -> &str {
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

/// The system's authorities as a file, and the variable that tells Node.js of it, where a service is believed for them.
pub(super) fn believed(routes: &[RouteApi], bindings: &Bindings) -> Option<[(String, String); 2]> {
    let secure = |route: &RouteApi| {
        of_the_system(&route.service) || route.alternatives.iter().any(of_the_system)
    };
    routes.iter().any(secure).then(|| {
        let file = (AUTHORITIES.to_owned(), bindings.authority.clone());
        [
            file,
            ("NODE_EXTRA_CA_CERTS".to_owned(), AUTHORITIES.to_owned()),
        ]
    })
}
