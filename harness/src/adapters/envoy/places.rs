//! Where a token is looked for, and what can be none there: the filter jwt_authn takes a token however it is written, and
//! one of several.

use serde_json::{Value, json};

use super::claims::POLICY;
use super::render::put;
use super::values::{escaped, typed};
use crate::adapters::Unsupported;
use crate::adapters::common::tokens::TokenPlace;

/// The policy that turns away what can be no token, by which its answer is known.
pub(super) const MALFORMED: &str = "invalid-request";
/// Under this name the next filter finds what was gathered.
const STATE: &str = "gateway.offered";
/// What a token may be written with (RFC 6750 §2.1).
const WRITTEN: &str = "[A-Za-z0-9._~+/-]+=*";
/// A part of a token: base64url without padding, whose last character has no bits that nobody reads (RFC 4648 §3.5).
const PART: &str = "([A-Za-z0-9_-]{4})*([A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?";

/// Where the filter looks. By itself it would take a token from the query as well.
pub(super) fn looked_at(
    place: Option<&TokenPlace>,
    forward: bool,
) -> Result<(&'static str, Value), Unsupported> {
    let usual = TokenPlace::default();
    let place = place.unwrap_or(&usual);
    match (&place.cookie, &place.query) {
        (None, None) => {
            let (name, scheme) = header(place);
            let mut place = json!({"name": name});
            if let Some(scheme) = scheme {
                put(&mut place, "value_prefix", format!("{scheme} "));
            }
            Ok(("from_headers", json!([place])))
        }
        (Some(name), None) if forward => Ok(("from_cookies", json!([name]))),
        (None, Some(name)) if forward => Ok(("from_params", json!([name]))),
        _ => Err(Unsupported::new(
            "jwt-validate.forward: only a token of a header is taken away",
        )),
    }
}

/// The settings of the filter that gathers what a request has in the header of its token: a matcher of headers looks at the
/// first of one name alone.
pub(super) fn gathered(place: Option<&TokenPlace>) -> Value {
    let usual = TokenPlace::default();
    let (name, _) = header(place.unwrap_or(&usual));
    let name = name.to_lowercase();
    let expression = format!("'{name}' in request.headers ? request.headers['{name}'] : ''");
    typed(
        "extensions.filters.http.set_filter_state.v3.Config",
        json!({"on_request_headers": [{
            "object_key": STATE,
            "factory_key": "envoy.string",
            "format_string": {"text_format_source": {"inline_string": format!("%CEL({expression})%")}},
            "skip_if_empty": true,
        }]}),
    )
}

/// What a route turns away before that: what can be no token, and tokens in two places (RFC 6750 §2).
pub(super) fn turned_away(place: Option<&TokenPlace>) -> Value {
    let usual = TokenPlace::default();
    let place = place.unwrap_or(&usual);
    let authorization = is("authorization", &offered(Some("Bearer")));
    let mut policies = json!({});
    let malformed = match (&place.cookie, &place.query) {
        (Some(name), _) => {
            let one = format!("(.*[;,])? *{}=.*", escaped(name));
            let two = format!("{one}[;,] *{}=.*", escaped(name));
            vec![is("cookie", &two), all([is("cookie", &one), authorization])]
        }
        (_, Some(name)) => {
            let one = format!(".*[?&]{}=.*", encoded(name));
            let two = format!(".*[?&]{0}=.*&{0}=.*", encoded(name));
            vec![is(":path", &two), all([is(":path", &one), authorization])]
        }
        (None, None) => {
            let (_, scheme) = header(place);
            let before = scheme.map(|scheme| format!("(?i:{}) +", escaped(scheme)));
            let before = before.unwrap_or_default();
            let is_there = has(&offered(scheme));
            let written = has(&format!("{before}{WRITTEN}"));
            let whole = has(&format!("{before}{PART}[.]{PART}[.]{PART}"));
            policies[POLICY] = policy(vec![all([written.clone(), not(whole)])]);
            vec![all([is_there, not(written)])]
        }
    };
    policies[MALFORMED] = policy(malformed);
    typed(
        "extensions.filters.http.rbac.v3.RBACPerRoute",
        json!({"rbac": {"rules": {"action": "DENY", "policies": policies}}}),
    )
}

/// The header, and the scheme that is before the token.
fn header(place: &TokenPlace) -> (&str, Option<&str>) {
    match (&place.header, &place.scheme) {
        (name, Some(scheme)) => (name.as_deref().unwrap_or("Authorization"), Some(scheme)),
        (None, None) => ("Authorization", Some("Bearer")),
        (Some(name), None) => (name, None),
    }
}

/// Where something of the scheme stands, alone or beside others: headers of one name come with commas between.
fn offered(scheme: Option<&str>) -> String {
    scheme.map_or_else(
        || ".+".to_owned(),
        |scheme| format!("(?i)(.*, *)?{}( .*)?", escaped(scheme)),
    )
}

/// A name in a query, of which any character may be escaped.
fn encoded(name: &str) -> String {
    name.bytes()
        .map(|byte| {
            format!(
                "({}|%(?i:{byte:02x}))",
                escaped(&char::from(byte).to_string())
            )
        })
        .collect()
}

fn is(name: &str, expression: &str) -> Value {
    json!({"header": {"name": name, "string_match": {"safe_regex": {"regex": expression}}}})
}

fn has(expression: &str) -> Value {
    json!({"filter_state": {"key": STATE, "string_match": {"safe_regex": {"regex": expression}}}})
}

fn not(one: Value) -> Value {
    json!({"not_id": one})
}

fn all(ids: [Value; 2]) -> Value {
    json!({"and_ids": {"ids": ids}})
}

fn policy(principals: Vec<Value>) -> Value {
    json!({"permissions": [{"any": true}], "principals": principals})
}
