//! Claims as headers. The filter jwt_authn writes lists in base64, so it writes into headers that go no further, and those
//! that are asked for are made of these, or of the members of a list. What would have to be escaped is refused.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::claims::{payload, text};
use super::values::header;
use crate::adapters::Unsupported;

/// How many members of a list are told; a token with more is refused.
const MEMBERS: usize = 8;
/// Visible ASCII and spaces, without `%` and commas.
const PLAIN: &str = "matches('^[ -$&-+.-~-]*$')";

/// A claim, and the header that tells it.
pub(super) struct Told<'a> {
    header: &'a str,
    claim: &'a str,
    /// The claim in an expression, and whether it is there.
    value: String,
    there: String,
}

impl<'a> Told<'a> {
    /// Those of a route.
    pub fn all(claims: &'a BTreeMap<String, String>) -> Result<Vec<Self>, Unsupported> {
        let one = |(claim, header): (&'a String, &'a String)| {
            let (mut value, mut there) = (payload(), Vec::new());
            for member in claim.split('.') {
                let member = text(member)?;
                there.push(format!("{member} in {value}"));
                value = format!("{value}[{member}]");
            }
            Ok(Self {
                header,
                claim,
                there: there.join(" && "),
                value,
            })
        };
        claims.iter().map(one).collect()
    }

    /// What jwt_authn is told.
    pub fn setting(&self) -> Value {
        json!({"header_name": self.passing(), "claim_name": self.claim})
    }

    /// What a token has to be like for the claim to be told.
    pub fn rule(&self) -> String {
        let Self { value, there, .. } = self;
        let members = (0..MEMBERS)
            .map(|n| format!("(size({value}) <= {n} || {value}[{n}].{PLAIN})"))
            .collect::<Vec<_>>()
            .join(" && ");
        format!(
            "(!({there}) || {value} == null || type({value}) in [bool, double] \
             || (type({value}) == string && {value}.{PLAIN}) \
             || (type({value}) == list && size({value}) <= {MEMBERS} && {members}))"
        )
    }

    /// The changes of headers.
    pub fn mutations(&self) -> [Value; 2] {
        let Self { value, there, .. } = self;
        let passing = self.passing();
        let is_list = format!("{there} && type({value}) == list");
        let mut written = format!(
            "%CEL({is_list} ? (size({value}) > 0 ? {value}[0] : '') \
             : '{passing}' in request.headers ? request.headers['{passing}'] : '')%"
        );
        for n in 1..MEMBERS {
            let more = format!("{is_list} && size({value}) > {n}");
            written += &format!("%CEL({more} ? ',' : '')%%CEL({more} ? {value}[{n}] : '')%");
        }
        [
            json!({"append": header(self.header, &written)}),
            json!({"remove": passing}),
        ]
    }

    fn passing(&self) -> String {
        format!("claim-of-{}", self.header.to_lowercase())
    }
}
