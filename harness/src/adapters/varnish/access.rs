//! Who calls, by a key, and who may do what.

use super::rules::{Source, path_condition};
use super::words::text;
use crate::adapters::Unsupported;
use crate::adapters::common::authorization::{Grant, Grants};
use crate::adapters::common::callers::Callers;
use crate::adapters::common::plugins::{Anonymous, Authorize, KeyAuth, Settings as _};

/// Adds what a route asks of callers.
pub(super) fn add(body: &mut String, source: &Source<'_>) -> Result<(), Unsupported> {
    let guest = Anonymous::on(source.route)?;
    let authorize = Authorize::on(source.route)?;
    let Some(config) = KeyAuth::on(source.route)? else {
        return if guest.is_some() || authorize.is_some() {
            Err(Unsupported::new(
                "rules about callers where nobody asks who calls",
            ))
        } else {
            Ok(())
        };
    };
    let header = &config.consumer_header;
    if guest
        .as_ref()
        .is_some_and(|guest| guest.consumer_header != *header)
    {
        return Err(Unsupported::new("several consumerHeader on one route"));
    }
    key(body, &config, source.callers, guest.as_ref())?;
    if let Some(authorize) = authorize {
        authorized(body, source, &authorize)?;
    }
    body.push_str(&format!(
        "    set req.http.{header} = req.http.Gateway-Consumer;\n"
    ));
    Ok(())
}

/// A key in its header. A request without one is the guest's, where there is one.
fn key(
    body: &mut String,
    config: &KeyAuth,
    callers: &Callers,
    guest: Option<&Anonymous>,
) -> Result<(), Unsupported> {
    if config.query.is_some() {
        return Err(Unsupported::new(
            "key-auth: a key in the query would stand in the log",
        ));
    }
    let header = &config.header;
    // Two keys make a text that is nobody's.
    body.push_str(&format!("    std.collect(req.http.{header});\n"));
    let mut word = "if";
    for key in callers.keys.as_ref().map_err(Clone::clone)? {
        let (secret, consumer) = (text(&key.secret)?, text(&key.consumer)?);
        body.push_str(&format!(
            "    {word} (req.http.{header} == {secret}) {{\n        set req.http.Gateway-Consumer = {consumer};\n    }}\n"
        ));
        word = "elseif";
    }
    if let Some(Anonymous { consumer, .. }) = guest {
        body.push_str(&format!(
            "    if (!req.http.{header}) {{\n        set req.http.Gateway-Consumer = {};\n    }}\n",
            text(consumer)?
        ));
    }
    let challenge = text(&format!("ApiKey realm=\"{}\"", config.realm))?;
    body.push_str(&format!(
        "    if (!req.http.Gateway-Consumer) {{
        set req.http.Gateway-Challenge = {challenge};
        return (synth(401));
    }}
    set req.http.Gateway-Key = req.http.{header};
    unset req.http.{header};\n"
    ));
    Ok(())
}

/// Deny beats allow; with any allow rule, what none allows is refused.
fn authorized(
    body: &mut String,
    source: &Source<'_>,
    authorize: &Authorize,
) -> Result<(), Unsupported> {
    let Grants { allow, deny } = Grants::of(authorize, source.people)?;
    if let Some(condition) = any(&deny)? {
        body.push_str(&format!(
            "    if ({condition}) {{\n        return (synth(403));\n    }}\n"
        ));
    }
    let Some(allow) = allow else { return Ok(()) };
    body.push_str(&match any(&allow)? {
        Some(condition) => {
            format!("    if (!({condition})) {{\n        return (synth(403));\n    }}\n")
        }
        None => "    return (synth(403));\n".to_owned(),
    });
    Ok(())
}

/// The condition that one of these rules holds; none where none of them ever does.
fn any(grants: &[Grant]) -> Result<Option<String>, Unsupported> {
    let mut conditions = Vec::new();
    for grant in grants.iter().filter(|grant| !grant.is_idle()) {
        let mut parts = Vec::new();
        if let Some(consumers) = &grant.consumers {
            let mut names = Vec::new();
            for name in consumers {
                names.push(format!("req.http.Gateway-Consumer == {}", text(name)?));
            }
            parts.push(format!("({})", names.join(" || ")));
        }
        if !grant.methods.is_empty() {
            parts.push(format!("req.method ~ \"^({})$\"", grant.methods.join("|")));
        }
        if !grant.paths.is_empty() {
            let paths: Vec<String> = grant.paths.iter().map(path_condition).collect();
            parts.push(format!("({})", paths.join(" || ")));
        }
        conditions.push(format!("({})", parts.join(" && ")));
    }
    Ok((!conditions.is_empty()).then(|| conditions.join(" || ")))
}
