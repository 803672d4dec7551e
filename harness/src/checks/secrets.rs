//! Secrets of a suite: written as references, resolved just before they are used, never shown.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Looks up an environment variable.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What is encoded in a query: all but the unreserved characters (RFC 3986 §2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What stands for a secret in whatever is shown.
const HIDDEN: &str = "[secret]";

/// A text with references in it: `Bearer ${env:TOKEN}`, `${file:/run/token}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Text(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Plain(String),
    Env(String),
    File(String),
}

/// What is wrong with how a reference is written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what stands in `${{…}}` is no reference")]
pub struct BadReference;

/// A reference that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// No such variable, or an empty one.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// No such file, or one that can't be read.
    #[error("the file {path} can't be read: {reason}")]
    File {
        /// As the suite calls it.
        path: String,
        /// What the system says.
        reason: String,
    },
}

impl Text {
    /// A text without references.
    pub fn plain(text: impl Into<String>) -> Self {
        Self(vec![Piece::Plain(text.into())])
    }

    /// A reference to an environment variable.
    pub fn env(name: impl Into<String>) -> Self {
        Self(vec![Piece::Env(name.into())])
    }

    /// Reads a text, with references where there are any.
    ///
    /// # Errors
    /// When something in `${…}` is neither `env:NAME` nor `file:path`.
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if !before.is_empty() {
                pieces.push(Piece::Plain(before.to_owned()));
            }
            let (inside, behind) = after.split_once('}').ok_or(BadReference)?;
            pieces.push(match inside.split_once(':') {
                Some(("env", name)) if is_variable(name) => Piece::Env(name.to_owned()),
                Some(("file", path)) if !path.is_empty() => Piece::File(path.to_owned()),
                _ => return Err(BadReference),
            });
            rest = behind;
        }
        if !rest.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Plain(rest.to_owned()));
        }
        Ok(Self(pieces))
    }

    /// Whether it has a reference in it.
    pub fn is_reference(&self) -> bool {
        self.0.iter().any(|piece| !matches!(piece, Piece::Plain(_)))
    }

    /// The environment variables that it refers to.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Env(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

/// As it is written, so with references instead of what they stand for.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Plain(text) => f.write_str(text),
            Piece::Env(name) => write!(f, "${{env:{name}}}"),
            Piece::File(path) => write!(f, "${{file:{path}}}"),
        })
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

/// Resolves references and remembers what they stood for, so that it can be kept out of whatever is shown.
#[derive(Clone)]
pub struct Secrets {
    environment: Environment,
    directory: PathBuf,
    values: BTreeSet<String>,
}

impl Secrets {
    /// With this environment; paths of files are relative to `directory`.
    pub fn new(environment: Environment, directory: &Path) -> Self {
        Self {
            environment,
            directory: directory.to_owned(),
            values: BTreeSet::new(),
        }
    }

    /// What a text stands for.
    ///
    /// # Errors
    /// When a reference leads nowhere.
    pub fn resolve(&mut self, text: &Text) -> Result<String, Unresolved> {
        let mut resolved = String::new();
        for piece in &text.0 {
            match piece {
                Piece::Plain(text) => resolved.push_str(text),
                Piece::Env(name) => {
                    let value = (self.environment)(name).filter(|value| !value.is_empty());
                    let value = value.ok_or_else(|| Unresolved::Unset(name.clone()))?;
                    self.hide(&value);
                    resolved.push_str(&value);
                }
                Piece::File(path) => {
                    let value = std::fs::read_to_string(self.directory.join(path));
                    let value = value.map_err(|error| Unresolved::File {
                        path: path.clone(),
                        reason: error.to_string(),
                    })?;
                    let value = value.strip_suffix('\n').unwrap_or(&value);
                    let value = value.strip_suffix('\r').unwrap_or(value);
                    self.hide(value);
                    resolved.push_str(value);
                }
            }
        }
        Ok(resolved)
    }

    /// The file at a path of the suite.
    pub fn path(&self, path: &str) -> PathBuf {
        self.directory.join(path)
    }

    /// Keeps a value out of what is shown, and the forms in which it may come back.
    pub fn hide(&mut self, value: &str) {
        if value.is_empty() {
            return;
        }
        let json = serde_json::Value::from(value).to_string();
        self.values.extend([
            value.to_owned(),
            STANDARD.encode(value),
            URL_SAFE_NO_PAD.encode(value),
            json.trim_matches('"').to_owned(),
            encoded(value),
        ]);
    }

    /// The text without any secret that was resolved so far.
    pub fn redact(&self, text: &str) -> String {
        // The longest first: a secret may be a part of another.
        let mut values: Vec<&String> = self.values.iter().collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values
            .into_iter()
            .fold(text.to_owned(), |text, value| text.replace(value, HIDDEN))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({} hidden)", self.values.len())
    }
}

/// A value as it stands in a query.
pub(super) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, RESERVED).to_string()
}

fn is_variable(name: &str) -> bool {
    let sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    !name.is_empty() && name.chars().all(sign)
}
