//! Who calls.

use http::HeaderValue;
use indexmap::IndexMap;

/// Somebody who calls the gateway and owns credentials.
#[derive(Debug, Clone)]
pub struct Consumer {
    name: Box<str>,
    header: HeaderValue,
    groups: Vec<String>,
    roles: Vec<String>,
    metadata: IndexMap<String, String>,
}

/// A consumer's name that cannot be written into a header.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a consumer's name is made of visible ASCII characters, and {0:?} is not")]
pub struct NameError(String);

impl Consumer {
    /// A consumer whose `name` can be told upstream in a header.
    ///
    /// # Errors
    /// When the name is empty or holds anything but visible ASCII characters.
    pub fn new(
        name: &str,
        groups: Vec<String>,
        metadata: IndexMap<String, String>,
    ) -> Result<Self, NameError> {
        let sound = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
        let header = HeaderValue::from_str(name).ok().filter(|_| sound);
        let header = header.ok_or_else(|| NameError(name.to_owned()))?;
        Ok(Self {
            name: name.into(),
            header,
            groups,
            roles: vec![],
            metadata,
        })
    }

    /// The same consumer with these roles.
    #[must_use]
    pub fn with_roles(mut self, roles: Vec<String>) -> Self {
        self.roles = roles;
        self
    }

    /// The name, as in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name as a header's value, made once.
    #[must_use]
    pub fn header(&self) -> &HeaderValue {
        &self.header
    }

    /// The groups the consumer is in.
    #[must_use]
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// The roles the consumer has, whatever its credential says.
    #[must_use]
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// What else the configuration says of the consumer.
    #[must_use]
    pub fn metadata(&self) -> &IndexMap<String, String> {
        &self.metadata
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_name_must_fit_a_header() {
        assert!(Consumer::new("alice", vec![], IndexMap::new()).is_ok());
        for name in ["", "al ice", "a\r\nX-Admin: 1", "älice"] {
            assert!(
                Consumer::new(name, vec![], IndexMap::new()).is_err(),
                "{name:?}"
            );
        }
    }
}
