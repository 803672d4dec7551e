//! What a constructor of this module says when a text can't become the type.

use std::borrow::Cow;

/// A value that was refused, and what to write instead. Where it stood is known to the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Mistake {
    /// What is wrong, with the value in it.
    pub what: String,
    /// How to mend it.
    pub help: Cow<'static, str>,
}

impl Mistake {
    /// A mistake with its mend.
    pub fn new(what: impl Into<String>, help: impl Into<Cow<'static, str>>) -> Self {
        Self {
            what: what.into(),
            help: help.into(),
        }
    }
}
