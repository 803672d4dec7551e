//! Express Gateway, from npm: pipelines of policies on Node.js. Users and keys are no part of its configuration: they stand
//! in a file that the launcher hands to the gateway's own services, as its admin interface does.

mod access;
mod declarations;
mod pipeline;
mod render;
mod routing;
mod secure;
mod service;
mod users;

use std::path::Path;

use async_trait::async_trait;
use serde_json::Value;
use serde_yaml::value::{Tag, TaggedValue};
use tokio::process::Command;

use super::process::{Process, checked, printed};
use super::{
    Adapter, Bindings, Declaration, KnownFailing, Rendered, Running, SetupError, Site, Unsupported,
    binary,
};
use crate::fixtures::Fixture;

const GATEWAY: &str = "gateway.config.yml";
const SYSTEM: &str = "system.config.yml";
const USERS: &str = "users.json";
/// The system's authorities.
const AUTHORITIES: &str = "authorities.pem";
/// The tag of a regular expression in YAML, but for a mark; a map with this one member stands for one.
const REGEXP: &str = "!js/regexp";

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub struct ExpressGateway;

#[async_trait]
impl Adapter for ExpressGateway {
    fn name(&self) -> &'static str {
        "express-gateway"
    }

    async fn version(&self) -> Result<String, SetupError> {
        let mut command = command();
        command.arg("--version");
        match printed(command).await {
            Ok((true, version)) => Ok(version),
            Ok((false, output)) => Err(SetupError::with_help(
                format!("express-gateway doesn't start: {output}"),
                "install it: cargo xtask setup",
            )),
            Err(error) => Err(SetupError::with_help(
                format!("express-gateway can't be run: {error}"),
                "install it: cargo xtask setup",
            )),
        }
    }

    fn render(&self, fixture: &Fixture, bindings: &Bindings) -> Result<Rendered, Unsupported> {
        let mut rendered = render::configuration(fixture, bindings)?;
        rendered.files.extend(bindings.files.clone());
        Ok(rendered)
    }

    async fn start(&self, rendered: &Rendered, site: Site) -> Result<Running, SetupError> {
        let Site { dir, port } = site;
        let address = port.address();
        let mut command = command();
        command
            .arg(dir.path())
            .env("EG_DISABLE_CONFIG_WATCH", "true")
            .env("LOG_LEVEL", "info");
        let mut process = Process::start("express-gateway", command, rendered, dir)?;
        process.accepts(address).await?;
        drop(port);
        Ok(Running::new(process, vec![address]))
    }

    async fn check(&self, rendered: &Rendered, dir: &Path) -> Result<(), SetupError> {
        let mut command = command();
        command.arg("--check").arg(dir).current_dir(dir);
        checked("express-gateway", command, rendered).await
    }

    fn key(&self, made_up: String) -> String {
        users::formed(&made_up)
    }

    fn unsupported(&self) -> &'static [Declaration] {
        declarations::UNSUPPORTED
    }

    fn known_failing(&self) -> &'static [KnownFailing] {
        declarations::KNOWN_FAILING
    }
}

fn command() -> Command {
    Command::new(binary::find("express-gateway"))
}

/// The value in YAML, in which a tag of the language itself has two marks, and one that is written has one.
fn yaml(value: Value) -> String {
    let text = serde_yaml::to_string(&tagged(value));
    let text = text.expect("a value with texts as keys can be written");
    text.replace(&format!("{REGEXP} /"), &format!("!{REGEXP} /"))
}

fn tagged(value: Value) -> serde_yaml::Value {
    match value {
        Value::Object(map) => match map.get(REGEXP) {
            Some(expression) => serde_yaml::Value::Tagged(Box::new(TaggedValue {
                tag: Tag::new(REGEXP),
                value: tagged(expression.clone()),
            })),
            None => map
                .into_iter()
                .map(|(name, value)| (name.into(), tagged(value)))
                .collect::<serde_yaml::Mapping>()
                .into(),
        },
        Value::Array(list) => list.into_iter().map(tagged).collect::<Vec<_>>().into(),
        Value::String(text) => text.into(),
        Value::Bool(bool) => bool.into(),
        Value::Number(number) => serde_yaml::to_value(number).unwrap_or_default(),
        Value::Null => serde_yaml::Value::Null,
    }
}

/// A text as an expression that it alone matches.
fn escaped(text: &str) -> String {
    let special = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    text.chars().fold(String::new(), |mut escaped, c| {
        if special(c) {
            escaped.push('\\');
        }
        escaped.push(c);
        escaped
    })
}

#[cfg(test)]
mod tests;
