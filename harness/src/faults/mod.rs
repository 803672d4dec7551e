//! Faults by name, for tests of the harness: a proxy between client and gateway, and one between gateway and upstream,
//! that do one thing wrong. The suite has to tell each of them, by the requirements that it breaks and by no others.
//!
//! [`TABLES`] is the list of all; [`trial::Bench`] holds the suite against them. Connections with TLS and HTTP/2 pass
//! untouched, and so does whatever isn't a message of HTTP/1.1.

pub mod document;
mod exchange;
mod faulty;
mod framing;
mod ledger;
mod link;
pub mod message;
mod proxy;
mod surroundings;
mod table;
pub mod trial;
mod wire;

use std::net::Ipv4Addr;

pub use faulty::Faulty;
pub use ledger::{Ledger, Scheme, Seen};
pub use table::TABLES;

use message::{Request, Response};

use crate::checks::mistake::nearest;

/// One thing that a gateway may do wrong.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name, in small letters with hyphens.
    pub name: &'static str,
    /// What it does, as the end of a sentence: "a gateway that …".
    pub about: &'static str,
    /// The ids of the requirements that fail because of it.
    pub told_by: &'static [&'static str],
    /// How it is done.
    pub defect: Defect,
}

/// How a fault is done.
#[derive(Clone, Copy, Debug)]
pub enum Defect {
    /// Changes the request before the gateway sees it.
    Inward(fn(&mut Request)),
    /// Sends the request to the gateway from another address.
    Disguises(fn(&Request) -> Option<Ipv4Addr>),
    /// Changes the request that the gateway sends to an upstream.
    Onward(fn(&Seen, &mut Request)),
    /// Changes the body that the gateway sends to an upstream.
    Garbles(fn(&mut Vec<u8>)),
    /// Sends some of such requests to another upstream: the first of so many.
    Strays(usize, fn(&Request) -> bool),
    /// Sends such a request to the upstream once more; the second argument is the status, if there was an answer.
    Repeats(fn(&Request, Option<u16>) -> bool),
    /// Changes the head of the response that the client gets.
    Outward(fn(&Seen, &mut Response)),
    /// Changes the body as well, of such responses.
    Rewrites(
        fn(&Seen, &Response) -> bool,
        fn(&Seen, &mut Response, &mut Vec<u8>),
    ),
    /// Lets an upstream answer where the gateway answers so.
    Admits(fn(&Seen, &Response) -> bool),
    /// Sends the request to an upstream although the gateway answers so.
    Betrays(fn(&Seen, &Response) -> bool),
    /// Keeps the body of such a response until it has come to its end.
    Hoards(fn(&Seen, &Response) -> bool),
    /// Sends `100 Continue` whether the gateway does or not.
    Encourages,
    /// Sends a body after a response without one, such as that to HEAD.
    Rambles(fn(&Seen, &Response) -> bool),
}

/// Where a proxy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Between client and gateway.
    Front,
    /// Between gateway and upstream.
    Back,
}

impl Defect {
    /// Where the proxy is that does it.
    pub fn place(&self) -> Place {
        match self {
            Self::Onward(_) | Self::Garbles(_) | Self::Strays(..) | Self::Repeats(_) => Place::Back,
            _ => Place::Front,
        }
    }
}

/// Every fault, in the order of the tables.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    TABLES.iter().flat_map(|(_, faults)| faults.iter())
}

/// The fault of this name.
pub fn by_name(name: &str) -> Option<&'static Fault> {
    all().find(|fault| fault.name == name)
}

/// That there is no fault of this name, and where the names stand.
pub fn unknown(name: &str) -> String {
    let known: Vec<_> = all().map(|fault| fault.name).collect();
    let meant = nearest(name, &known);
    let meant = meant.map_or_else(String::new, |known| format!(", did you mean {known:?}?"));
    format!("there is no fault {name:?}{meant}; `gatecheck faults --list` names them")
}

#[cfg(test)]
mod tests;
