//! The tries by host: exact, then wildcards from the longest on, then routes for any host.

use hashbrown::HashMap;

use super::trie::{Candidate, Found, Node};
use crate::domain::pattern::{HostPattern, PathPattern, without_port};

/// No host name is longer (RFC 1035 §2.3.4), and no pattern either.
const LONGEST: usize = 253;

#[derive(Debug, Default)]
pub(super) struct Hosts {
    exact: HashMap<Box<str>, Node>,
    /// By suffix, with its leading dot.
    wildcard: HashMap<Box<str>, Node>,
    any: Node,
}

impl Hosts {
    pub(super) fn insert(
        &mut self,
        hosts: &[HostPattern],
        pattern: &PathPattern,
        candidate: Candidate,
    ) {
        if hosts.is_empty() {
            self.any.insert(pattern, candidate);
        }
        for host in hosts {
            let node = match host {
                HostPattern::Exact(name) => self.exact.entry(name.clone()).or_default(),
                HostPattern::Wildcard(suffix) => self.wildcard.entry(suffix.clone()).or_default(),
            };
            node.insert(pattern, candidate);
        }
    }

    pub(super) fn find(
        &self,
        host: Option<&str>,
        path: &str,
        fits: &mut impl FnMut(Candidate) -> bool,
    ) -> Option<Found> {
        let named = host.filter(|_| !self.exact.is_empty() || !self.wildcard.is_empty());
        let found = named.and_then(|host| {
            let mut buffer = [0; LONGEST];
            let name = lower_case(without_port(host), &mut buffer)?;
            self.find_named(name, path, fits)
        });
        found.or_else(|| self.any.find(path, 0, fits))
    }

    fn find_named(
        &self,
        name: &str,
        path: &str,
        fits: &mut impl FnMut(Candidate) -> bool,
    ) -> Option<Found> {
        let exact = self
            .exact
            .get(name)
            .and_then(|node| node.find(path, 0, fits));
        if exact.is_some() || self.wildcard.is_empty() {
            return exact;
        }
        // The leading dot of a name that begins with one has no label before it.
        let suffixes = name
            .match_indices('.')
            .filter(|(at, _)| *at > 0)
            .map(|(at, _)| &name[at..]);
        suffixes
            .filter_map(|suffix| self.wildcard.get(suffix))
            .find_map(|node| node.find(path, 0, fits))
    }

    pub(super) fn leaves_mut(&mut self) -> Vec<&mut Vec<Candidate>> {
        let mut leaves = Vec::new();
        let nodes = self.exact.values_mut().chain(self.wildcard.values_mut());
        nodes
            .chain([&mut self.any])
            .for_each(|node| node.leaves_mut(&mut leaves));
        leaves
    }
}

/// `name` in lower case, in `buffer`; `None` when it is longer than any name.
fn lower_case<'a>(name: &str, buffer: &'a mut [u8; LONGEST]) -> Option<&'a str> {
    let lower = buffer.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    std::str::from_utf8(lower).ok()
}
