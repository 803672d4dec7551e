//! What becomes of the part of a path that a route's pattern took.

use std::borrow::Cow;

use super::path::{literal, parse_name};
use super::{Params, PathPattern};
use crate::domain::Mistake;

/// A template that replaces the matched part of a path; what lies behind it stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    pieces: Box<[Piece]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Param(Box<str>),
}

impl Rewrite {
    /// `template` is a path in which `{name}` stands for a parameter that every one of `patterns` has.
    pub fn new(template: &str, patterns: &[PathPattern]) -> Result<Self, Mistake> {
        if !template.starts_with('/') {
            let what = format!("the rewrite `{template}` doesn't start with `/`");
            return Err(Mistake::new(what, format!("write `/{template}`")));
        }
        if template.contains(['?', '#']) {
            let what = format!("the rewrite `{template}` has a query or a fragment");
            return Err(Mistake::new(
                what,
                "rewrite the path alone: the query is kept as it is",
            ));
        }
        let mut pieces = Vec::new();
        let mut rest = template;
        while let Some((text, behind)) = rest.split_once('{') {
            let Some((name, behind)) = behind.split_once('}') else {
                let what = format!("the rewrite `{template}` opens a `{{` that nothing closes");
                return Err(Mistake::new(
                    what,
                    "write a parameter as in `/internal/{id}`",
                ));
            };
            push_text(&mut pieces, text, template)?;
            pieces.push(Piece::Param(known_name(name, template, patterns)?.into()));
            rest = behind;
        }
        push_text(&mut pieces, rest, template)?;
        Ok(Self {
            pieces: pieces.into(),
        })
    }

    /// The new path: the template filled in, and behind it `rest`, the part of the path that the pattern left.
    pub fn apply(&self, params: Params<'_>, rest: &str) -> String {
        let mut path = String::with_capacity(64 + rest.len());
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Param(name) => path.push_str(params.value(name).unwrap_or_default()),
            }
        }
        let rest = if path.ends_with('/') {
            rest.strip_prefix('/').unwrap_or(rest)
        } else {
            rest
        };
        path.push_str(rest);
        path
    }
}

/// `path` without its first `matched_len` bytes, and `/` when nothing is left.
pub fn strip(path: &str, matched_len: usize) -> &str {
    match &path[matched_len..] {
        "" => "/",
        rest => rest,
    }
}

fn known_name<'a>(
    name: &'a str,
    template: &str,
    patterns: &[PathPattern],
) -> Result<&'a str, Mistake> {
    let name = parse_name(name, template)?;
    match patterns
        .iter()
        .find(|pattern| pattern.params().all(|known| known != name))
    {
        None => Ok(name),
        Some(pattern) => {
            let names: Vec<String> = pattern
                .params()
                .map(|known| format!("`{{{known}}}`"))
                .collect();
            let help: Cow<'static, str> = match names.len() {
                0 => "name a segment of the route's path, as in `/users/{id}`".into(),
                _ => format!("it has {}", names.join(", ")).into(),
            };
            let what = format!(
                "the rewrite `{template}` uses `{{{name}}}`, which the path `{pattern}` doesn't have"
            );
            Err(Mistake::new(what, help))
        }
    }
}

/// Literal text in normal form, segment by segment.
fn push_text(pieces: &mut Vec<Piece>, text: &str, template: &str) -> Result<(), Mistake> {
    let mut normal = String::with_capacity(text.len());
    for (at, segment) in text.split('/').enumerate() {
        if at > 0 {
            normal.push('/');
        }
        if !segment.is_empty() {
            normal.push_str(&literal(segment, template)?);
        }
    }
    if !normal.is_empty() {
        pieces.push(Piece::Text(normal.into()));
    }
    Ok(())
}
