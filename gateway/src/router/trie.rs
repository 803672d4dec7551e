//! Path patterns by segment: one hash lookup a segment, whatever the number of routes.

use hashbrown::HashMap;

use crate::domain::pattern::{PathPattern, Segment};

/// A route and one of its paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    route: u32,
    path: u32,
}

impl Candidate {
    pub(super) fn new(route: usize, path: usize) -> Self {
        let narrow =
            |at| u32::try_from(at).expect("a configuration has fewer than 2³² routes and paths");
        Self {
            route: narrow(route),
            path: narrow(path),
        }
    }

    pub(super) fn route(self) -> usize {
        self.route as usize
    }

    pub(super) fn path(self) -> usize {
        self.path as usize
    }
}

/// A candidate that took the request, and how much of its path.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) candidate: Candidate,
    pub(super) matched_len: usize,
}

/// The patterns that share the segments up to here.
#[derive(Debug, Default)]
pub(super) struct Node {
    literals: HashMap<Box<str>, Node>,
    param: Option<Box<Node>>,
    /// Routes whose exact path ends here, the most specific first.
    exact: Vec<Candidate>,
    /// Routes whose prefix ends here, the most specific first.
    prefix: Vec<Candidate>,
}

impl Node {
    pub(super) fn insert(&mut self, pattern: &PathPattern, candidate: Candidate) {
        let mut node = self;
        for segment in pattern.segments() {
            node = match segment {
                Segment::Literal(literal) => node.literals.entry(literal.clone()).or_default(),
                Segment::Param(_) => node.param.get_or_insert_default(),
            };
        }
        let leaf = if pattern.is_exact() {
            &mut node.exact
        } else {
            &mut node.prefix
        };
        // Two paths of one route may differ only in the names of their parameters: the first one counts.
        if leaf.last().is_none_or(|last| last.route != candidate.route) {
            leaf.push(candidate);
        }
    }

    /// The first candidate, from the most specific on, that `fits`. Everything behind `path[..at]` is still to match.
    pub(super) fn find(
        &self,
        path: &str,
        at: usize,
        fits: &mut impl FnMut(Candidate) -> bool,
    ) -> Option<Found> {
        let take = |candidates: &[Candidate], fits: &mut dyn FnMut(Candidate) -> bool| {
            let candidate = *candidates.iter().find(|candidate| fits(**candidate))?;
            Some(Found {
                candidate,
                matched_len: at,
            })
        };
        match path[at..].strip_prefix('/') {
            None => take(&self.exact, fits).or_else(|| take(&self.prefix, fits)),
            Some(rest) => {
                let segment = &rest[..rest.find('/').unwrap_or(rest.len())];
                let next = at + 1 + segment.len();
                let literal = self
                    .literals
                    .get(segment)
                    .and_then(|node| node.find(path, next, fits));
                if literal.is_some() {
                    return literal;
                }
                let param = self.param.as_ref().filter(|_| !segment.is_empty());
                param
                    .and_then(|node| node.find(path, next, fits))
                    .or_else(|| take(&self.prefix, fits))
            }
        }
    }

    /// Every list of candidates in the order of the walk.
    pub(super) fn leaves_mut<'a>(&'a mut self, leaves: &mut Vec<&'a mut Vec<Candidate>>) {
        leaves.extend([&mut self.exact, &mut self.prefix]);
        let children = self.literals.values_mut().chain(self.param.as_deref_mut());
        children.for_each(|node| node.leaves_mut(leaves));
    }
}
