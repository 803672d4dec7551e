//! `anonymous`: a request without any credential passes as this consumer.
//!
//! A credential that is there and wrong is refused all the same: nobody becomes a guest by a mistake. How it goes together
//! with several auth plugins is told in [`super::authenticate`].

use super::authenticate::Identity;
use super::chain::Phases;
use super::registry::{self, Compile, Plugin};
use super::settings::ConsumerHeader;
use crate::config::suggest;
use http::header::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// Requests without a credential.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The consumer that such requests are of, by name.
    #[schemars(length(min = 1))]
    consumer: String,
    /// The header that tells the upstream who calls.
    #[serde(default)]
    consumer_header: ConsumerHeader,
}

/// The plugin: what it is compiled to is a part of the route's authentication.
pub struct Anonymous;

impl Plugin for Anonymous {
    const NAME: &'static str = "anonymous";
    const SUMMARY: &'static str = "A request without any credential passes as one consumer, and a wrong one is still refused.";
    const EXAMPLE: &'static str = r#"{name: anonymous, config: {consumer: guest}}"#;
    type Config = Config;

    fn identity_headers(config: &Value) -> Vec<HeaderName> {
        registry::consumer_header(config)
    }

    fn compile(
        config: Config,
        compile: &mut Compile<'_, '_>,
        phases: &mut Phases,
    ) -> Option<String> {
        let consumer_header = config.consumer_header.compile(compile);
        let consumer = compile.consumers.named(&config.consumer);
        if consumer.is_none() {
            let at = compile.at.key("consumer");
            let name = &config.consumer;
            compile
                .report
                .error(
                    at,
                    "unknown-consumer",
                    format!("no consumer is named `{name}`"),
                )
                .help(suggest(name, compile.consumers.names()));
        }
        let authenticated = compile.authenticated();
        if !authenticated {
            compile
                .report
                .error(
                    compile.at,
                    "anonymous-without-auth",
                    format!(
                        "nothing on the route `{}` asks who calls, so everyone passes as nobody",
                        compile.route
                    ),
                )
                .help("add an auth plugin such as key-auth, or take this one away from the route with `enabled: false`");
        }
        phases.anonymous(Identity {
            consumer: Some(consumer.filter(|_| authenticated)?.clone()),
            consumer_header: Some(consumer_header?),
            ..Identity::default()
        });
        Some(format!(
            "takes a request without any credential for one of {}",
            config.consumer
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use crate::plugin::testing::{Call, Surroundings, edited, mistakes_among};
    use crate::reason::Reason;
    use serde_json::json;

    fn surroundings() -> Surroundings {
        Surroundings::default()
            .key("alice-1", "alice", None)
            .consumer("guest", &[], &[])
    }

    #[test]
    fn a_guest_passes_and_a_wrong_key_does_not() {
        let plugins = json!([
            {"name": "anonymous", "config": {"consumer": "guest", "consumerHeader": "X-Caller"}},
            {"name": "key-auth"},
        ]);
        let chain = surroundings().compile(&plugins).unwrap();
        let guest = Call::get().on(&chain);
        assert_eq!(guest.exchange.consumer.as_deref().unwrap().name(), "guest");
        let upstream = edited(&[("x-caller", "root")], &guest.exchange.request_edits);
        assert_eq!(upstream, ["x-caller: guest"]);
        let alice = Call::get().header("x-api-key", "alice-1").on(&chain);
        assert_eq!(alice.exchange.consumer.as_deref().unwrap().name(), "alice");
        let wrong = Call::get().header("x-api-key", "alice-2").on(&chain);
        assert_eq!(wrong.reason(), Some(Reason::CredentialInvalid));
    }

    #[test]
    fn the_consumer_and_an_auth_plugin_must_be_there() {
        let entry = |name: &str| json!({"name": "anonymous", "config": {"consumer": name}});
        let alone = mistakes_among(surroundings(), json!([entry("guest")]));
        assert_eq!(alone, ["anonymous-without-auth at "]);
        let plugins = json!([entry("gest"), {"name": "key-auth"}]);
        assert_eq!(
            mistakes_among(surroundings(), plugins),
            ["unknown-consumer at /consumer"]
        );
    }
}
