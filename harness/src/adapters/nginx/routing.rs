//! Which route takes a request: a server for each host, in it the locations by path, and where routes of one path differ by
//! method, header or query a map that names one of several locations. What is returned there is
//! an error that nothing else is, for `error_page` to pass on.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::conditions::Condition;
use super::location::escaped;
use super::plugins::quoted;
use super::render::{braced, line};
use crate::adapters::common::routes::{End, Path, Segment};

/// A route's location for one of its paths.
pub(super) struct Location {
    /// Its name where it is chosen by more than its path.
    pub name: String,
    /// The hosts it is for; none: any.
    pub hosts: Vec<String>,
    /// Its path.
    pub path: Path,
    /// Its path as a regular expression.
    pub pattern: String,
    /// The methods it takes; none: any.
    pub methods: Vec<String>,
    /// What else a request has to have.
    pub conditions: Vec<Condition>,
    /// How many of these there are on headers and on the query: more are more specific.
    pub specificity: (usize, usize),
    /// The largest body of a request, in bytes; 0 for no limit.
    pub largest: u64,
    /// What is in it.
    pub body: String,
}

/// The servers, and the maps that they refer to.
#[derive(Default)]
pub(super) struct Servers {
    /// The servers.
    pub text: String,
    /// The maps.
    pub maps: String,
    known: Vec<String>,
}

impl Servers {
    /// One server for each host; those routes that name no host, or a wider one, stand in each. `listen` is how it
    /// listens, `head` what is in force in all of it.
    pub fn of(all: &[Location], listen: &str, head: &str) -> Self {
        let mut servers = Self::default();
        let hosts: BTreeSet<&String> = all.iter().flat_map(|location| &location.hosts).collect();
        for host in std::iter::once(None).chain(hosts.into_iter().map(Some)) {
            servers.server(all, host, listen, head);
        }
        servers
    }

    fn server(&mut self, all: &[Location], host: Option<&String>, listen: &str, head: &str) {
        let default = if host.is_none() {
            " default_server"
        } else {
            ""
        };
        let mut block = "    server {\n".to_owned();
        line(&mut block, 2, &format!("listen {listen}{default}"));
        let name = host.map_or("_", String::as_str);
        line(&mut block, 2, &format!("server_name {name}"));
        block.push_str(head);
        let ranked = all
            .iter()
            .filter_map(|location| Some((location.host_rank(host)?, location)));
        let mut chosen: Vec<_> = ranked.collect();
        chosen.sort_by_key(|(rank, location)| (*rank, location.path.order()));
        let mut groups: Vec<(usize, Vec<&Location>)> = Vec::new();
        for (rank, location) in chosen {
            let mut known = groups.iter_mut();
            match known.find(|(_, group)| group[0].pattern == location.pattern) {
                Some((of, group)) if *of == rank => group.push(location),
                // No request gets past the location of a nearer host.
                Some(_) => {}
                None => groups.push((rank, vec![location])),
            }
        }
        for (_, mut group) in groups {
            group.sort_by_key(|location| location.rank());
            self.group(&mut block, &group);
        }
        block.push_str("        location / { return 404; }\n    }\n");
        self.text.push_str(&block);
    }

    /// The locations of one path.
    fn group(&mut self, block: &mut String, group: &[&Location]) {
        let pattern = quoted(&format!("^{}", group[0].pattern));
        if let [only] = group
            && only.conditions.is_empty()
        {
            named(block, &format!("~ {pattern}"), &only.body);
            return;
        }
        let (chosen, always) = self.choice(group);
        let mut dispatch = String::new();
        if !always {
            let unless = format!("if ({chosen} = \"\") {{ return 404; }}");
            braced(&mut dispatch, 3, &unless);
        }
        // What a body's length is announced as is compared here, and no more in a named location.
        let largest = group.iter().map(|location| location.largest).max();
        let size = format!("client_max_body_size {}", largest.unwrap_or_default());
        line(&mut dispatch, 3, &size);
        line(&mut dispatch, 3, &format!("error_page 418 = {chosen}"));
        line(&mut dispatch, 3, "return 418");
        named(block, &format!("~ {pattern}"), &dispatch);
        for location in group {
            named(block, &format!("@{}", location.name), &location.body);
        }
    }

    /// The variable with the name of the location, and whether there always is one; otherwise it is empty where none fits.
    /// What fits but for its method is the last to be chosen: it refuses the method.
    fn choice(&mut self, group: &[&Location]) -> (String, bool) {
        let mut conditions: Vec<&Condition> = Vec::new();
        for condition in group.iter().flat_map(|location| &location.conditions) {
            if !conditions.contains(&condition) {
                conditions.push(condition);
            }
        }
        let variables: Vec<String> = conditions
            .iter()
            .map(|condition| self.map("fits", &condition.from, "0", &condition.entries))
            .collect();
        let fitting = group.iter().map(|one| (one.methods.as_slice(), one));
        let refusing = group.iter().filter(|one| !one.methods.is_empty());
        let refusing = refusing.map(|one| (&[][..], one));
        let (mut entries, mut rest) = (Vec::new(), None);
        for (methods, location) in fitting.chain(refusing) {
            if methods.is_empty() && location.conditions.is_empty() {
                rest = Some(format!("@{}", location.name));
                break;
            }
            entries.push(entry(location, methods, &conditions));
        }
        let from = match variables.as_slice() {
            [] => "$request_method".to_owned(),
            _ => format!("\"$request_method:{}\"", variables.concat()),
        };
        let default = rest.as_deref().unwrap_or("\"\"");
        (self.map("chosen", &from, default, &entries), rest.is_some())
    }

    /// The variable of a map; the same for the same map.
    fn map(&mut self, name: &str, from: &str, default: &str, entries: &[String]) -> String {
        let mut body = String::new();
        line(&mut body, 2, &format!("default {default}"));
        for entry in entries {
            line(&mut body, 2, entry);
        }
        let key = format!("{from} {body}");
        let known = self.known.iter().position(|known| *known == key);
        let variable = format!("${name}_{}", known.unwrap_or(self.known.len()));
        if known.is_none() {
            self.known.push(key);
            braced(&mut self.maps, 1, &format!("map {from} {variable} {{"));
            self.maps.push_str(&body);
            self.maps.push_str("    }\n");
        }
        variable
    }
}

impl Location {
    /// How far its hosts are from this one: none if they are others, less for the same than for wider ones.
    fn host_rank(&self, host: Option<&String>) -> Option<usize> {
        const ANY: usize = usize::MAX;
        let Some(host) = host else {
            return self.hosts.is_empty().then_some(ANY);
        };
        if self.hosts.is_empty() {
            return Some(ANY);
        }
        let ranks = self.hosts.iter().filter_map(|own| {
            let wider = own.strip_prefix('*').is_some_and(|end| host.ends_with(end));
            (own == host || wider).then_some(if own == host { 0 } else { ANY - own.len() })
        });
        ranks.min()
    }

    /// Less is more specific.
    fn rank(&self) -> impl Ord + use<> {
        (self.methods.is_empty(), Reverse(self.specificity))
    }
}

/// The regular expression of a path.
pub(super) fn pattern(path: &Path) -> String {
    let beginning = path.expression(escaped, |name| format!("(?<{name}>[^/]+)"));
    let end = match path.end {
        End::Prefix => "(?<rest>/.*)?$",
        End::Exact => "$",
        End::ExactSlash => "/$",
    };
    beginning + end
}

/// Whether there may be a request that is of both paths.
pub(super) fn overlap(one: &Path, other: &Path) -> bool {
    let (short, long) = if one.segments.len() <= other.segments.len() {
        (one, other)
    } else {
        (other, one)
    };
    let mut pairs = short.segments.iter().zip(&long.segments);
    let alike = pairs.all(|pair| match pair {
        (Segment::Literal(one), Segment::Literal(other)) => one == other,
        _ => true,
    });
    alike && (short.end == End::Prefix || short.segments.len() == long.segments.len())
}

/// The entry of a map for what fits a location, of all these conditions.
fn entry(location: &Location, methods: &[String], conditions: &[&Condition]) -> String {
    let methods = match methods {
        [] => "[^:]+".to_owned(),
        methods => format!("({})", methods.join("|")),
    };
    let fits = conditions.iter().map(|condition| {
        let needed = location.conditions.contains(condition);
        if needed { '1' } else { '.' }
    });
    let fits: String = fits.collect();
    let separator = if fits.is_empty() { "" } else { ":" };
    format!("\"~^{methods}{separator}{fits}$\" @{}", location.name)
}

fn named(block: &mut String, name: &str, body: &str) {
    braced(block, 2, &format!("location {name} {{"));
    block.push_str(body);
    block.push_str("        }\n");
}
