//! The faults, by what they do harm to. A new one is one entry; the features that tell it are named beside it.

mod answers;
mod bodies;
mod cors;
mod forwarding;
mod identity;
mod limits;
mod paths;
mod tokens;

use super::Fault;

/// Every fault, under the headings of docs/faults.md.
pub const TABLES: &[(&str, &[Fault])] = &[
    ("CORS", cors::FAULTS),
    ("Keys and callers", identity::FAULTS),
    ("Tokens and rights", tokens::FAULTS),
    ("Limits", limits::FAULTS),
    ("Paths and methods", paths::FAULTS),
    ("Requests on their way to the upstream", forwarding::FAULTS),
    ("Answers of the gateway's own", answers::FAULTS),
    ("Answers of upstreams", bodies::FAULTS),
];
