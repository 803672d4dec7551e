//! API keys: a map from the header, and from the query where keys may be in it. The query is looked at as it was sent, so
//! keys in it are texts that nobody encodes.

use super::conditions::is_plain;
use super::location::escaped;
use super::plugins::{Plugins, exactly, quoted};
use super::render::{braced, header_variable};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::ApiKey;
use crate::adapters::common::plugins::KeyAuth;

impl Plugins {
    /// Looks a key up, and leaves its consumer in the variable.
    pub(super) fn key(
        &mut self,
        config: &KeyAuth,
        variable: &str,
        keys: &[ApiKey],
    ) -> Result<(), Unsupported> {
        let header = header_variable(&config.header);
        let Some(parameter) = &config.query else {
            let entries = keys.iter().map(|key| entry(&exactly(&key.secret), key));
            self.entries(&header, variable, entries);
            return Ok(());
        };
        if !is_plain(parameter) || keys.iter().any(|key| !is_plain(&key.secret)) {
            return Err(Unsupported::new(
                "key-auth: a key in the query that clients encode: it is compared as it was sent",
            ));
        }
        let (index, name) = (self.index, escaped(parameter));
        let in_query = in_query(index);
        let there = quoted(&format!("~(^|&){name}(=|&|$)"));
        self.map(&format!(
            "map $args {in_query} {{ default \"\"; {there} 1; }}"
        ));
        let twice = quoted(&format!("~(^|&){name}(=[^&]*)?&(.*&)?{name}(=|&|$)"));
        let by_query = format!("$query_consumer_{index}");
        let from_query = keys.iter().map(|key| {
            let text = format!("~(^|&){name}={}(&|$)", escaped(&key.secret));
            entry(&quoted(&text), key)
        });
        let from_query = std::iter::once(format!("{twice} \"\"")).chain(from_query);
        self.entries("$args", &by_query, from_query);
        let from_header = keys
            .iter()
            .map(|key| entry(&exactly(&format!(":{}", key.secret)), key));
        let from_header = std::iter::once(format!("1: {by_query}")).chain(from_header);
        self.entries(&format!("{in_query}:{header}"), variable, from_header);
        Ok(())
    }

    /// Keeps the key from the upstream.
    pub(super) fn conceal_key(&mut self, config: &KeyAuth) {
        self.after(&format!("proxy_set_header {} \"\"", config.header));
        let Some(parameter) = &config.query else {
            return;
        };
        self.changes_query = true;
        let name = escaped(parameter);
        for (found, left) in [
            (format!("^(.*)&{name}=[^&]*(&.*)?$"), "$1$2"),
            (format!("^{name}=[^&]*&?(.*)$"), "$1"),
        ] {
            let found = quoted(&found);
            braced(
                &mut self.after,
                3,
                &format!("if ($args ~ {found}) {{ set $args {left}; }}"),
            );
        }
    }
}

/// The variable that is empty where there is no key in the query.
pub(super) fn in_query(index: usize) -> String {
    format!("$key_in_query_{index}")
}

fn entry(pattern: &str, key: &ApiKey) -> String {
    format!("{pattern} {}", quoted(&key.consumer))
}
