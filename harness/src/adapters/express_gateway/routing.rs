//! What of a request chooses a route besides host, path and method, and what becomes of its path.

use serde_json::{Value, json};

use super::access::of_request;
use super::escaped;
use super::pipeline::expression;
use crate::adapters::Unsupported;
use crate::adapters::common::routes::{End, Path};
use crate::fixtures::{Matcher, RouteApi};

/// What headers and query have to be. A pipeline of which no policy's condition holds leaves the request to the next.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    /// The headers that it looks at.
    pub headers: Vec<String>,
    expression: String,
}

impl Guard {
    /// That of a route; none where every request is welcome.
    pub fn of(route: &RouteApi) -> Result<Option<Self>, Unsupported> {
        let (headers, query) = (&route.route.headers, &route.route.query);
        let mut parts = Vec::new();
        for (name, matcher) in headers {
            parts.push(part(&of_request(name), matcher)?);
        }
        for (name, matcher) in query {
            parts.push(part(&format!("req.query[{}]", json!(name)), matcher)?);
        }
        Ok((!parts.is_empty()).then(|| Self {
            headers: headers.keys().map(|name| name.to_lowercase()).collect(),
            expression: parts.join(" && "),
        }))
    }

    /// One that holds where one of these does.
    pub fn either(guards: &[Self]) -> Self {
        let parts = guards.iter().map(|guard| format!("({})", guard.expression));
        Self {
            headers: guards
                .iter()
                .flat_map(|guard| guard.headers.clone())
                .collect(),
            expression: parts.collect::<Vec<_>>().join(" || "),
        }
    }

    /// The condition.
    pub fn condition(&self) -> Value {
        json!({"name": "expression", "expression": self.expression})
    }
}

/// A parameter may be given several times; one of them is enough.
fn part(value: &str, matcher: &Matcher) -> Result<String, Unsupported> {
    let other = match matcher {
        Matcher::Value(wanted) => {
            return Ok(format!("[].concat({value}).includes({})", json!(wanted)));
        }
        Matcher::Other(other) => other,
    };
    match other.get("regex").and_then(Value::as_str) {
        Some(like) => Ok(format!(
            "{value} !== undefined && [].concat({value}).some(one => RegExp({}).test(one))",
            json!(like)
        )),
        None if other.get("present") == Some(&json!(true)) => Ok(format!("{value} !== undefined")),
        None => Err(Unsupported::new(format!("the condition {other}"))),
    }
}

/// The regular expression of a path.
pub(super) fn path_expression(path: &Path) -> String {
    let beginning = path.expression(escaped, |_| "[^/]+".to_owned());
    let end = match path.end {
        End::Prefix => "(/.*)?$",
        End::Exact => "$",
        End::ExactSlash => "/$",
    };
    format!("^{beginning}{end}")
}

/// The policy that changes the target; `stripPath` looks for a wildcard, and endpoints by expression have none.
pub(super) fn rewriting(route: &RouteApi) -> Result<Option<Value>, Unsupported> {
    let (template, strip) = (&route.route.rewrite, route.route.strip_prefix);
    if template.is_none() && !strip {
        return Ok(None);
    }
    let paths = Path::of(&route.route);
    let [path] = paths.as_slice() else {
        return Err(Unsupported::new("rewriting: of a route with one path"));
    };
    let beginning = path.expression(escaped, |_| "([^/?]+)".to_owned());
    let found = json!(format!("^{beginning}(?=[/?]|$)"));
    let code = match template {
        Some(template) => {
            let target = json!(target(template, path)?);
            format!("req.url = req.url.replace(RegExp({found}), {target})")
        }
        None => {
            format!("req.url = req.url.replace(RegExp({found}), '').replace(/^(?!\\/)/, '/')")
        }
    };
    Ok(Some(expression(&code)))
}

/// The replacement in which the path's parameters are groups.
fn target(template: &str, path: &Path) -> Result<String, Unsupported> {
    use crate::adapters::common::routes::Segment;
    let parameters = path.segments.iter().filter_map(|segment| match segment {
        Segment::Parameter(name) => Some(name),
        Segment::Literal(_) => None,
    });
    let mut target = template.replace('$', "$$");
    for (index, name) in parameters.enumerate() {
        target = target.replace(&format!("{{{name}}}"), &format!("${}", index + 1));
    }
    if target.contains(['{', '}']) {
        return Err(Unsupported::new(format!(
            "rewrite: {template} has a parameter that the path hasn't"
        )));
    }
    Ok(target)
}
