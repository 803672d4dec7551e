//! Two routes of one rank that could both match one request: nothing but their order would decide.

use super::trie::Candidate;
use super::{RouteMatch, rank};

/// Two routes that tie. Displays the reason and the mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Conflict {
    /// The place of the earlier route in the list.
    pub first: usize,
    /// The place of the later one.
    pub second: usize,
    reason: String,
}

/// Adds the conflicts among the routes that share `leaf`: one host pattern and one path shape, sorted by rank.
pub(super) fn collect(leaf: &[Candidate], rules: &[RouteMatch], conflicts: &mut Vec<Conflict>) {
    for (at, &left) in leaf.iter().enumerate() {
        let equals = leaf[at + 1..].iter();
        let equals =
            equals.take_while(|right| rank(&rules[right.route()]) == rank(&rules[left.route()]));
        for &right in equals.filter(|right| right.route() != left.route()) {
            if overlap(&rules[left.route()], &rules[right.route()]) {
                let (first, second) = if left.route() < right.route() {
                    (left, right)
                } else {
                    (right, left)
                };
                conflicts.push(describe(first, second, rules));
            }
        }
    }
}

fn overlap(left: &RouteMatch, right: &RouteMatch) -> bool {
    let methods = match (&left.methods, &right.methods) {
        (Some(left), Some(right)) => left.overlaps(right),
        _ => true,
    };
    methods
        && left.headers.iter().all(|(name, value)| {
            let mut same = right.headers.iter().filter(|(other, _)| other == name);
            same.all(|(_, other)| value.overlaps(other))
        })
        && left.query.iter().all(|(name, value)| {
            let mut same = right.query.iter().filter(|(other, _)| other == name);
            same.all(|(_, other)| value.overlaps(other))
        })
}

fn describe(first: Candidate, second: Candidate, rules: &[RouteMatch]) -> Conflict {
    let (left, right) = (&rules[first.route()], &rules[second.route()]);
    let (ours, theirs) = (&left.paths[first.path()], &right.paths[second.path()]);
    let paths = if ours.to_string() == theirs.to_string() {
        format!("both take the path `{ours}`")
    } else {
        format!("the paths `{ours}` and `{theirs}` take the same requests")
    };
    let same = match (&left.methods, left.headers.len() + left.query.len()) {
        (None, 0) => "",
        (Some(_), 0) => " and they have a method in common (GET takes HEAD too)",
        (None, _) => " and their conditions can hold at once",
        (Some(_), _) => " and their methods and conditions can hold at once",
    };
    let reason = format!(
        "two routes tie: {paths}{same}. Give one of them a host, a longer path, other methods or one condition more"
    );
    Conflict {
        first: first.route(),
        second: second.route(),
        reason,
    }
}
