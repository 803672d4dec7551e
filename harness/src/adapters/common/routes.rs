//! A route's paths and methods, in the form that configurations are written from.

use crate::fixtures::{PathPattern, Route};

/// A path of a route, segment by segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Path {
    /// Its segments.
    pub segments: Vec<Segment>,
    /// How it ends.
    pub end: End,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) enum Segment {
    /// This text.
    Literal(String),
    /// Any text, by this name.
    Parameter(String),
}

/// How a path ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::adapters) enum End {
    /// Whatever comes on a segment's border.
    Prefix,
    /// Here.
    Exact,
    /// Here, with a slash.
    ExactSlash,
}

impl Path {
    /// The paths of a route; every path where it names none.
    pub fn of(route: &Route) -> Vec<Self> {
        if route.paths.is_empty() {
            return vec![Self {
                segments: Vec::new(),
                end: End::Prefix,
            }];
        }
        route.paths.iter().map(Self::from).collect()
    }

    /// A key that sorts more specific paths first: segment by segment, literal (0) before parameter (1) before the end of
    /// a prefix (2); an exact path ends before a prefix does.
    pub fn order(&self) -> Vec<u8> {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Parameter(_) => 1,
        });
        segments
            .chain((self.end == End::Prefix).then_some(2))
            .collect()
    }

    /// A regular expression of its beginning, without anchors, as PCRE and RE2 know it. `escape` makes a text match itself
    /// alone, `parameter` writes the group of a parameter.
    pub fn expression(
        &self,
        escape: impl Fn(&str) -> String,
        parameter: impl Fn(&str) -> String,
    ) -> String {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => format!("/{}", escape(text)),
            Segment::Parameter(name) => format!("/{}", parameter(name)),
        });
        segments.collect()
    }

    /// Its text, where it has no parameters: `/api/v1`, and `/` for every path.
    pub fn literal(&self) -> Option<String> {
        let segments = self.segments.iter().map(|segment| match segment {
            Segment::Literal(text) => Some(format!("/{text}")),
            Segment::Parameter(_) => None,
        });
        let text: String = segments.collect::<Option<_>>()?;
        match self.end {
            End::ExactSlash => Some(text + "/"),
            _ if text.is_empty() => Some("/".to_owned()),
            _ => Some(text),
        }
    }
}

impl From<&PathPattern> for Path {
    fn from(pattern: &PathPattern) -> Self {
        let (text, end) = match pattern {
            PathPattern::Prefix(text) => (text, End::Prefix),
            PathPattern::Exact(path) if path.exact.ends_with('/') => (&path.exact, End::ExactSlash),
            PathPattern::Exact(path) => (&path.exact, End::Exact),
        };
        let segments = text.split('/').filter(|segment| !segment.is_empty());
        let segment = |text: &str| {
            let name = text.strip_prefix('{');
            match name.and_then(|rest| rest.strip_suffix('}')) {
                Some(name) => Segment::Parameter(name.to_owned()),
                None => Segment::Literal(text.to_owned()),
            }
        };
        Self {
            segments: segments.map(segment).collect(),
            end,
        }
    }
}

/// The methods that a route allows, HEAD following GET; none: every method.
pub(in crate::adapters) fn methods(route: &Route) -> Vec<&str> {
    let mut allowed: Vec<&str> = route.methods.iter().map(String::as_str).collect();
    if allowed.contains(&"GET") && !allowed.contains(&"HEAD") {
        allowed.push("HEAD");
    }
    allowed
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn path(text: &str) -> Path {
        Path::from(&PathPattern::Prefix(text.to_owned()))
    }

    #[test]
    fn more_specific_paths_come_first() {
        let mut paths = ["/", "/a/{id}", "/a", "/a/b"].map(path);
        paths.sort_by_key(Path::order);
        assert_eq!(paths, ["/a/b", "/a/{id}", "/a", "/"].map(path));
    }

    #[test]
    fn a_path_with_parameters_is_an_expression_and_no_text() {
        let path = path("/a.b/{id}");
        let expression = path.expression(
            |text| text.replace('.', "\\."),
            |name| format!("(?<{name}>[^/]+)"),
        );
        assert_eq!(expression, "/a\\.b/(?<id>[^/]+)");
        assert_eq!(path.literal(), None);
        assert_eq!(self::path("/a/b/").literal().unwrap(), "/a/b");
    }
}
