//! What is asked of a token besides what the filter jwt_authn looks at, as an expression of CEL over what it has read. Only
//! where the expression is true does the token count; an error in it is as good as false.

use serde_json::{Value, json};

use super::tokens::{HEADER, NAMESPACE, PAYLOAD};
use super::values::typed;
use crate::adapters::Unsupported;
use crate::adapters::common::tokens::TokenIssuer;
use crate::adapters::common::values;

/// Under this name the next filter finds whether the token is good.
const STATE: &str = "gateway.token";
/// The policy that turns a token away, by which its answer is known.
pub(super) const POLICY: &str = "invalid-token";
/// The last second of the year 9999: what lies behind is no date.
const LATEST: &str = "253402300799.0";
/// What a header may not have: keys of its own, and what would have to be understood.
const REFUSED: [&str; 6] = ["crit", "b64", "jwk", "jku", "x5u", "x5c"];
/// What RFC 9068 §2.2 asks for besides `iss` and `exp`.
const PROFILE: [&str; 5] = ["sub", "client_id", "iat", "jti", "aud"];
/// Keys that are published are no secrets.
const SECRET: &str = "['HS256', 'HS384', 'HS512']";

/// The settings of the two filters of a route: the one that finds out, and the one that turns away.
pub(super) fn filters(expression: &str) -> [Value; 2] {
    let state = json!({
        "object_key": STATE,
        "factory_key": "envoy.string",
        "format_string": {"text_format_source": {"inline_string": format!("%CEL({expression})%")}},
    });
    let good = json!({"filter_state": {"key": STATE, "string_match": {"exact": "true"}}});
    let policy = json!({"permissions": [{"any": true}], "principals": [{"not_id": good}]});
    [
        typed(
            "extensions.filters.http.set_filter_state.v3.Config",
            json!({"on_request_headers": [state]}),
        ),
        typed(
            "extensions.filters.http.rbac.v3.RBACPerRoute",
            json!({"rbac": {"rules": {"action": "DENY", "policies": {POLICY: policy}}}}),
        ),
    ]
}

/// What the tokens of an issuer have to be like. `fetched` says whether its keys are published.
pub(super) fn rules(issuer: &TokenIssuer, fetched: bool) -> Result<String, Unsupported> {
    let mut rules = vec![format!("{} == {}", claim("iss"), text(&issuer.issuer)?)];
    rules.extend(REFUSED.map(|name| format!("!({})", has(HEADER, name))));
    // An empty name is taken for none. A token that is bound to a certificate is nobody's without one.
    rules.push(format!(
        "(!({}) || {} != '')",
        has(HEADER, "kid"),
        header("kid")
    ));
    rules.push(format!("!({})", has_claim("cnf")));
    if fetched {
        rules.push(format!("!({} in {SECRET})", header("alg")));
    }
    if let Some(algorithms) = &issuer.algorithms {
        rules.push(format!("{} in {}", header("alg"), list(algorithms)?));
    }
    rules.push(kind(issuer.typ.as_deref())?);
    rules.extend(dates(issuer)?);
    rules.extend(audience(issuer)?);
    let profile = issuer.typ.as_deref().is_some_and(is_profile);
    let profile = profile.then_some(PROFILE).into_iter().flatten();
    let required = issuer.required_claims.iter().map(String::as_str);
    for name in profile.chain(required) {
        let path = format!("{}[{}]", root(PAYLOAD), text(name)?);
        rules.push(format!("{} in {}", text(name)?, root(PAYLOAD)));
        rules.push(format!("{path} != null"));
    }
    Ok(rules.join(" && "))
}

/// A text in an expression.
pub(super) fn text(text: &str) -> Result<String, Unsupported> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '\'' | '\\' | '%' | '(' | ')');
    if text.chars().all(plain) {
        Ok(format!("'{text}'"))
    } else {
        Err(Unsupported::new(format!(
            "the name {text:?} in an expression"
        )))
    }
}

/// All claims of the token.
pub(super) fn payload() -> String {
    root(PAYLOAD)
}

/// A claim of the token.
pub(super) fn claim(name: &str) -> String {
    format!("{}['{name}']", root(PAYLOAD))
}

/// Whether the token has a claim.
pub(super) fn has_claim(name: &str) -> String {
    has(PAYLOAD, name)
}

fn root(part: &str) -> String {
    format!("metadata.filter_metadata['{NAMESPACE}']['{part}']")
}

fn header(name: &str) -> String {
    format!("{}['{name}']", root(HEADER))
}

fn has(part: &str, name: &str) -> String {
    format!("'{name}' in {}", root(part))
}

fn list(texts: &[String]) -> Result<String, Unsupported> {
    let texts: Vec<String> = texts
        .iter()
        .map(|each| text(each))
        .collect::<Result<_, _>>()?;
    Ok(format!("[{}]", texts.join(", ")))
}

fn is_profile(typ: &str) -> bool {
    short(typ).eq_ignore_ascii_case("at+jwt")
}

fn short(typ: &str) -> &str {
    typ.strip_prefix("application/").unwrap_or(typ)
}

/// Types are media types, compared without regard to case, and `application/` may be left away (RFC 7515 §4.1.9).
fn kind(wanted: Option<&str>) -> Result<String, Unsupported> {
    let typ = header("typ");
    let matches =
        |expression: &str| format!("{typ}.matches('(?i)^(application/)?({expression})$')");
    match wanted {
        None => Ok(format!(
            "(!({}) || {})",
            has(HEADER, "typ"),
            matches("jwt|at[+]jwt")
        )),
        Some(wanted) => {
            text(wanted)?;
            let escape = |c: char| match c {
                '+' | '.' | '*' | '?' | '|' | '[' | ']' | '{' | '}' | '^' | '$' => format!("[{c}]"),
                c => c.to_string(),
            };
            let wanted: String = short(wanted).chars().map(escape).collect();
            Ok(matches(&wanted))
        }
    }
}

/// The filter compares dates as well, but takes no leeway for the usual one, and looks at no `iat`.
fn dates(issuer: &TokenIssuer) -> Result<Vec<String>, Unsupported> {
    let leeway = leeway(issuer)?;
    let now = "double(int(request.time))";
    let expires = claim("exp");
    let mut rules = vec![
        format!("{expires} <= {LATEST}"),
        format!("{expires} + {leeway}.0 > {now}"),
    ];
    for name in ["nbf", "iat"] {
        let (has, date) = (has_claim(name), claim(name));
        rules.push(format!(
            "(!({has}) || ({date} <= {LATEST} && {date} <= {now} + {leeway}.0))"
        ));
    }
    if let Some(longest) = &issuer.max_lifetime {
        let longest = values::duration(longest)?.as_secs();
        rules.push(has_claim("iat"));
        rules.push(format!("{expires} - {} <= {longest}.0", claim("iat")));
    }
    Ok(rules)
}

/// How far the clocks may be apart, in seconds.
pub(super) fn leeway(issuer: &TokenIssuer) -> Result<u64, Unsupported> {
    let leeway = issuer.leeway.as_deref().unwrap_or("30s");
    Ok(values::duration(leeway)?.as_secs())
}

/// The filter compares audiences without `https://` before and a slash behind.
fn audience(issuer: &TokenIssuer) -> Result<Option<String>, Unsupported> {
    let Some(audience) = &issuer.audience else {
        return Ok(None);
    };
    let found = claim("aud");
    let mut any = vec![format!("{found} in {}", list(&audience.0)?)];
    for each in &audience.0 {
        any.push(format!("{} in {found}", text(each)?));
    }
    Ok(Some(format!("({})", any.join(" || "))))
}
