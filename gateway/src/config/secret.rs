//! Secrets in documents: `${env:NAME}`, `${file:path}`, `sha256:<hex>` or, flagged, plain text.
//!
//! A reference that leads nowhere is an error, never an empty secret: a gateway that starts with an empty key would
//! let everyone in. Neither [`SecretText`] nor [`Secret`] shows its value in `Debug`, and neither has `Display`.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::{fmt, io, path::Path};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{diagnostic::Report, source::At};

/// A secret or a reference to one, as it stands in a document.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend("x-expects" = "a secret such as `${env:NAME}`, `${file:path}` or `sha256:<64 hex digits>`")
)]
pub struct SecretText(String);

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Members of a plugin's config whose text is a [`SecretText`].
pub(super) const SECRETS: [&str; 3] = ["secret", "clientSecret", "password"];

/// Puts what `shown` makes of each secret in a plugin's config into its place, so that the rest can be shown.
pub fn conceal(config: &mut Value, shown: &impl Fn(&SecretText) -> String) {
    match config {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if SECRETS.contains(&name.as_str()) => {
                        *text = shown(&SecretText(std::mem::take(text)));
                    }
                    value => conceal(value, shown),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| conceal(item, shown)),
        _ => {}
    }
}

/// A secret, resolved.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The secret itself.
    Value {
        /// What the client has to send.
        value: String,
        /// Whether it stands in the document itself, where everyone can read it.
        plain_text: bool,
    },
    /// Only the SHA-256 digest of the secret is known.
    Sha256([u8; 32]),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value { plain_text, .. } => {
                write!(f, "Secret::Value {{ plain_text: {plain_text}, .. }}")
            }
            Self::Sha256(_) => f.write_str("Secret::Sha256(…)"),
        }
    }
}

/// Why a secret can't be had. No variant carries any part of a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text is empty.
    #[error("the secret is empty")]
    Empty,
    /// `${…}` with something else than `env:NAME` or `file:path` in it, or with something around it.
    #[error("the reference of the secret can't be read")]
    Malformed,
    /// `sha256:` with something else than 64 hexadecimal digits behind it.
    #[error("the digest of the secret is not 64 hexadecimal digits")]
    Digest,
    /// The environment has no such variable.
    #[error("the environment variable `{0}` is not set")]
    Unset(String),
    /// The variable is set to nothing.
    #[error("the environment variable `{0}` is empty")]
    EmptyVariable(String),
    /// The file can't be read as text.
    #[error("the secret file `{path}` can't be read: {reason}")]
    File {
        /// As in the document.
        path: String,
        /// The system's reason.
        reason: io::Error,
    },
    /// The file holds nothing but, perhaps, a line break.
    #[error("the secret file `{0}` is empty")]
    EmptyFile(String),
}

impl SecretError {
    /// The next step of whoever has to mend it.
    pub fn help(&self) -> String {
        match self {
            Self::Empty | Self::Malformed => {
                "write `${env:NAME}`, `${file:path}` or `sha256:<64 hex digits>`, with nothing around it".to_owned()
            }
            Self::Digest => "print the digest with: printf %s \"$KEY\" | sha256sum".to_owned(),
            Self::Unset(name) | Self::EmptyVariable(name) => format!("set `{name}` before the gateway starts"),
            Self::File { .. } => "the path is relative to the file that names it".to_owned(),
            Self::EmptyFile(_) => "write the secret into the file".to_owned(),
        }
    }
}

impl SecretText {
    /// Whether the secret itself stands in the document, where everyone can read it.
    #[must_use]
    pub fn is_plain_text(&self) -> bool {
        !self.0.is_empty() && !self.0.starts_with("sha256:") && !self.0.contains("${")
    }

    /// Whether it is a hash of a password, as in `$argon2id$…` and `$2b$…`.
    #[must_use]
    pub fn is_hash(&self) -> bool {
        let name = self
            .0
            .strip_prefix('$')
            .and_then(|rest| rest.split_once('$'));
        name.is_some_and(|(name, _)| name.starts_with("argon2") || name.starts_with('2'))
    }

    /// What tells this secret from another without telling it: the reference, or the beginning of a digest.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = match self.0.strip_prefix("sha256:") {
            Some(hex) => hex.to_owned(),
            None if self.is_plain_text() => hex(&Sha256::digest(&self.0)),
            // A reference with something around it may hold a part of a secret.
            None if self.0.starts_with("${") && self.0.ends_with('}') => return self.0.clone(),
            None => return "malformed".to_owned(),
        };
        let start: String = digest.chars().take(8).collect();
        format!("sha256:{start}…")
    }

    /// As [`SecretText::fingerprint`], for a password: a digest of one that stands in the document would help to guess it,
    /// so what tells it from another there means nothing outside of this process.
    #[must_use]
    pub fn password_fingerprint(&self) -> String {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        if self.is_plain_text() && !self.is_hash() {
            let digest = KEY.hash_one(&self.0);
            return format!("plain text ({:08x})", digest >> 32);
        }
        self.fingerprint()
    }

    /// The secret that is meant. Files are relative to `directory`, the one of the document; their last line break is
    /// dropped.
    ///
    /// # Errors
    /// When the text is empty or malformed, or what it refers to is absent, unreadable or empty.
    pub fn resolve(&self, directory: &Path) -> Result<Secret, SecretError> {
        self.resolve_with(directory, |name| std::env::var(name).ok())
    }

    /// As [`SecretText::resolve`], for a secret that stands `at` this place of a document; tells the report when it
    /// can't be had.
    pub fn resolve_at(&self, at: At<'_>, report: &mut Report) -> Option<Secret> {
        if let Some(path) = self.file() {
            report.reads(at.source().directory().join(path));
        }
        match self.resolve(at.source().directory()) {
            Ok(secret) => Some(secret),
            Err(error) => {
                report
                    .error(at, "unresolved-secret", error.to_string())
                    .help(error.help());
                None
            }
        }
    }

    fn file(&self) -> Option<&str> {
        let path = self.0.strip_prefix("${file:")?.strip_suffix('}')?;
        (!path.is_empty()).then_some(path)
    }

    fn resolve_with(
        &self,
        directory: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Secret, SecretError> {
        let text = self.0.as_str();
        if text.is_empty() {
            return Err(SecretError::Empty);
        }
        if let Some(hex) = text.strip_prefix("sha256:") {
            return digest(hex).map(Secret::Sha256).ok_or(SecretError::Digest);
        }
        let reference = text
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        match reference.and_then(|reference| reference.split_once(':')) {
            Some(("env", name)) if !name.is_empty() => from_environment(name, environment),
            Some(("file", path)) if !path.is_empty() => from_file(path, directory),
            _ if text.contains("${") => Err(SecretError::Malformed),
            _ => Ok(Secret::Value {
                value: text.to_owned(),
                plain_text: true,
            }),
        }
    }
}

fn from_environment(
    name: &str,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Secret, SecretError> {
    match environment(name) {
        None => Err(SecretError::Unset(name.to_owned())),
        Some(value) if value.is_empty() => Err(SecretError::EmptyVariable(name.to_owned())),
        Some(value) => Ok(Secret::Value {
            value,
            plain_text: false,
        }),
    }
}

fn from_file(path: &str, directory: &Path) -> Result<Secret, SecretError> {
    let text =
        std::fs::read_to_string(directory.join(path)).map_err(|reason| SecretError::File {
            path: path.to_owned(),
            reason,
        })?;
    let value = text.strip_suffix('\n').map_or(text.as_str(), |text| {
        text.strip_suffix('\r').unwrap_or(text)
    });
    if value.is_empty() {
        return Err(SecretError::EmptyFile(path.to_owned()));
    }
    Ok(Secret::Value {
        value: value.to_owned(),
        plain_text: false,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.len() != 32 || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let digit = |digit: u8| {
            char::from(digit)
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn resolve(text: &str, directory: &Path) -> Result<Secret, SecretError> {
        SecretText(text.to_owned()).resolve_with(directory, |name| match name {
            "SET" => Some("from-env".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn each_form_is_resolved() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("key"), "from-file\r\n").unwrap();
        let value = |value: &str, plain_text| Secret::Value {
            value: value.to_owned(),
            plain_text,
        };
        assert_eq!(
            resolve("${env:SET}", directory.path()).unwrap(),
            value("from-env", false)
        );
        assert_eq!(
            resolve("${file:key}", directory.path()).unwrap(),
            value("from-file", false)
        );
        assert_eq!(
            resolve("pa$$word", directory.path()).unwrap(),
            value("pa$$word", true)
        );
        let hex = "00ff".repeat(16);
        let Secret::Sha256(bytes) = resolve(&format!("sha256:{hex}"), directory.path()).unwrap()
        else {
            panic!()
        };
        assert_eq!(bytes[..2], [0, 255]);
    }

    #[test]
    fn only_the_last_line_break_of_a_file_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("key"), "a\n\n").unwrap();
        let Secret::Value { value, .. } = resolve("${file:key}", directory.path()).unwrap() else {
            panic!()
        };
        assert_eq!(value, "a\n");
    }

    #[test]
    fn what_leads_nowhere_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("empty"), "\n").unwrap();
        let wrong = [
            ("", "the secret is empty"),
            ("${env:UNSET}", "`UNSET` is not set"),
            ("${env:EMPTY}", "`EMPTY` is empty"),
            ("${env:}", "can't be read"),
            ("${ENV:SET}", "can't be read"),
            ("x${env:SET}", "can't be read"),
            ("${env:SET", "can't be read"),
            ("${file:absent}", "`absent` can't be read"),
            ("${file:empty}", "`empty` is empty"),
            ("sha256:00", "64 hexadecimal digits"),
            ("sha256:+1", "64 hexadecimal digits"),
        ];
        for (text, part) in wrong {
            let error = resolve(text, directory.path()).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
        let signed = format!("sha256:{}", "+f".repeat(32));
        assert!(matches!(
            resolve(&signed, directory.path()),
            Err(SecretError::Digest)
        ));
    }

    #[test]
    fn a_file_is_noted_whether_it_is_there_or_not() {
        let mut report = Report::default();
        let text = br#"["${file:absent}", "${env:PATH}"]"#.to_vec();
        let source = crate::config::Source::parse(Path::new("d/a.json"), "a", text, &mut report);
        let source = source.unwrap();
        for (place, text) in ["${file:absent}", "${env:PATH}"].iter().enumerate() {
            let at = At::root(&source).index(place);
            SecretText((*text).to_owned()).resolve_at(at, &mut report);
        }
        let noted: Vec<_> = report.files().iter().collect();
        assert_eq!(noted, [Path::new("d/absent")]);
    }

    #[test]
    fn a_fingerprint_tells_secrets_apart_and_tells_none() {
        let of = |text: &str| SecretText(text.to_owned()).fingerprint();
        assert_eq!(of("${env:KEY}"), "${env:KEY}");
        assert_eq!(of("hunter2"), "sha256:f52fbd32…");
        assert_ne!(of("hunter2"), of("hunter3"));
        let digest = "f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7";
        assert_eq!(of(&format!("sha256:{digest}")), of("hunter2"));
        assert_eq!(of("hunter2 ${env:KEY"), "malformed");
    }

    #[test]
    fn secrets_in_plugins_are_concealed_wherever_they_stand() {
        let mut value = serde_json::json!({"plugins": [
            {"config": {"clientSecret": "hunter2", "clientId": "gateway"}},
            {"config": {"keys": [{"secret": "${env:KEY}", "kid": "a"}]}},
        ]});
        conceal(&mut value, &SecretText::fingerprint);
        let wanted = serde_json::json!({"plugins": [
            {"config": {"clientSecret": "sha256:f52fbd32…", "clientId": "gateway"}},
            {"config": {"keys": [{"secret": "${env:KEY}", "kid": "a"}]}},
        ]});
        assert_eq!(value, wanted);
    }

    #[test]
    fn a_password_is_told_from_another_and_cannot_be_guessed_by_its_fingerprint() {
        let of = |text: &str| SecretText(text.to_owned()).password_fingerprint();
        assert!(of("hunter2").starts_with("plain text (") && of("hunter2") == of("hunter2"));
        assert_ne!(of("hunter2"), of("hunter3"));
        assert_eq!(of("${env:KEY}"), "${env:KEY}");
        assert!(of("$2b$04$salt").starts_with("sha256:"));
    }

    #[test]
    fn debug_never_shows_a_value() {
        let text = SecretText("hunter2".to_owned());
        let secret = text.resolve(Path::new(".")).unwrap();
        let shown = format!("{text:?} {secret:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn a_config_is_shown_without_its_secrets() {
        let mut config = serde_json::json!({
            "keys": [{"secret": "hunter2", "kid": "a"}, {"secret": "${env:KEY}"}],
            "clientSecret": "hunter2",
            "issuer": "auth.example",
        });
        conceal(&mut config, &SecretText::fingerprint);
        let shown = config.to_string();
        assert!(!shown.contains("hunter2"), "{shown}");
        for kept in ["${env:KEY}", "auth.example", r#""kid":"a""#] {
            assert!(shown.contains(kept), "{shown}");
        }
    }
}
