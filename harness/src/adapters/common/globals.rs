//! What stands outside of routes and isn't theirs: refused where a gateway has nothing like it.

use serde_json::Value;

use super::plugins::{RequestId, Settings as _};
use crate::adapters::Unsupported;
use crate::fixtures::{Document, Plugin};

/// Refuses what a gateway of one listener, without an interface of its own, has no counterpart for.
///
/// # Errors
/// When the document has an admin interface, telemetry or the like, several listeners, a request id for some routes
/// alone, or no limit for bodies anywhere.
pub(in crate::adapters) fn refuse(document: &Document, gateway: &str) -> Result<(), Unsupported> {
    let inner = inner_plugins(document);
    if inner.iter().any(|plugin| plugin.name == RequestId::PLUGIN) {
        return Err(Unsupported::new(
            "request-id: what answers for no route has an id too, so there is one for all",
        ));
    }
    let mut all = document.plugins.iter().chain(inner);
    if all.any(|plugin| plugin.name == "request-size-limit" && !plugin.enabled) {
        return Err(Unsupported::new(
            "request-size-limit: it is in force everywhere, if only as unlimited",
        ));
    }
    let present = [
        ("admin", document.admin.is_some()),
        ("telemetry", document.telemetry.is_some()),
        ("runtime", document.runtime.is_some()),
        ("several listeners", document.listeners.len() > 1),
    ];
    match present.into_iter().find(|(_, present)| *present) {
        Some((name, _)) => Err(Unsupported::new(format!(
            "{name}: nothing in {gateway} corresponds to it"
        ))),
        None => Ok(()),
    }
}

/// The header that carries the request's id; none where ids are switched off.
///
/// # Errors
/// When the plugin has an option that is not known.
pub(in crate::adapters) fn request_id(document: &Document) -> Result<Option<String>, Unsupported> {
    let mut own = document.plugins.iter();
    let config = match own.find(|plugin| plugin.name == RequestId::PLUGIN) {
        Some(plugin) if !plugin.enabled => return Ok(None),
        Some(plugin) => &plugin.config,
        None => &Value::Null,
    };
    Ok(Some(RequestId::read(config)?.header))
}

fn inner_plugins(document: &Document) -> Vec<&Plugin> {
    let apis = document.apis.iter();
    let of_apis = apis.clone().flat_map(|api| &api.plugins);
    let routes = apis.flat_map(|api| api.route.iter().chain(&api.routes));
    let routes = routes.chain(&document.route).chain(&document.routes);
    of_apis
        .chain(routes.flat_map(|route| &route.plugins))
        .collect()
}
