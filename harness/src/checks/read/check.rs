//! Checks, their steps and requests.

use std::time::Duration;

use indexmap::IndexMap;

use super::answer;
use super::credential::text;
use super::fields::{Fields, Reader, did_you_mean};
use crate::checks::mistake::Mark;
use crate::checks::suite::{
    Body, Check, Credential, Request, Severity, Shown, Step, Tamper, TlsVersion,
};
use crate::checks::yaml::Node;

const CHECK: &[&str] = &[
    "id",
    "name",
    "from",
    "requirement",
    "intrusive",
    "severity",
    "timeout",
    "every",
    "credential",
    "steps",
];

const REQUEST: &[&str] = &[
    "method",
    "path",
    "headers",
    "body",
    "bodySize",
    "credential",
    "tamper",
    "tls",
];

type Credentials = IndexMap<String, Credential>;

/// More than anybody needs, and little enough to be kept in memory.
const MOST_REQUESTS: i64 = 10_000;

pub(super) fn read(reader: &Reader<'_>, node: &Node, credentials: &Credentials) -> Option<Check> {
    let fields = reader.fields(node, "a check", CHECK)?;
    let required = |key: &str| {
        let node = reader.required(fields, key, "the check")?;
        Some((node.at, reader.text(node, &format!("`{key}`"))?))
    };
    let (id, name) = (required("id"), required("name"));
    if let Some((at, id)) = id {
        identifier(reader, at, id, "an id");
    }
    let optional = |key: &str| {
        let node = fields.at(key)?;
        reader.text(node, &format!("`{key}`")).map(str::to_owned)
    };
    let duration =
        |key: &str| -> Option<Duration> { reader.duration(fields.at(key)?, &format!("`{key}`")) };
    let severity = fields.at("severity").and_then(|node| {
        let word = reader.word(node, "`severity`", &["bad", "degraded"])?;
        (word == "degraded").then_some(Severity::Degraded)
    });
    let mut check = Check::new(id.map_or("", |id| id.1), name.map_or("", |name| name.1));
    check.from = optional("from");
    check.requirement = optional("requirement");
    check.intrusive = optional("intrusive");
    check.severity = severity.unwrap_or_default();
    check.timeout = duration("timeout");
    check.every = duration("every");
    let known = |node: &Node| credential(reader, node, credentials);
    check.credential = fields.at("credential").and_then(known);
    let steps = reader.required(fields, "steps", "the check")?;
    let list = reader.list(steps, "`steps`");
    if list.is_empty() {
        let what = "a check without steps can't fail";
        reader.mistake(steps.at, what, "give it a request and what to expect");
    }
    for node in list {
        if let Some(step) = step(reader, node, credentials) {
            tampered(reader, node, &check, &step, credentials);
            check.steps.push(step);
        }
    }
    Some(check)
}

/// Checks a word that becomes a label of metrics and a part of addresses.
pub(super) fn identifier(reader: &Reader<'_>, at: Mark, text: &str, of: &str) {
    let sign = |sign: char| {
        sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, '-' | '_' | '.')
    };
    if text.is_empty() || text.len() > 100 || !text.chars().all(sign) {
        let what = format!("{of} is made of small letters, digits, `-`, `_` and `.`");
        reader.mistake(
            at,
            what,
            "as in `orders-key-missing`, 100 characters at most",
        );
    }
}

fn credential(reader: &Reader<'_>, node: &Node, credentials: &Credentials) -> Option<String> {
    let name = reader.text(node, "`credential`")?;
    if !credentials.contains_key(name) {
        let known: Vec<&str> = credentials.keys().map(String::as_str).collect();
        let help = match known.is_empty() {
            true => "add it to `credentials`".to_owned(),
            false => did_you_mean(name, &known),
        };
        reader.mistake(node.at, format!("there is no credential `{name}`"), help);
    }
    Some(name.to_owned())
}

/// Only tokens can be tampered with.
fn tampered(
    reader: &Reader<'_>,
    node: &Node,
    check: &Check,
    step: &Step,
    credentials: &Credentials,
) {
    let shown = check
        .shown(&step.request)
        .and_then(|name| credentials.get(name));
    if step.request.tamper.is_some() && shown.is_none_or(|shown| shown.token.is_none()) {
        let what = "`tamper` changes a token, and this request shows none";
        reader.mistake(node.at, what, "name a credential that has a `token`");
    }
}

fn step(reader: &Reader<'_>, node: &Node, credentials: &Credentials) -> Option<Step> {
    let known = ["request", "times", "atOnce", "expect"];
    let fields = reader.fields(node, "a step", &known)?;
    let number = |key: &str| -> Option<u32> {
        let number = reader.number(fields.at(key)?, &format!("`{key}`"), 1, MOST_REQUESTS)?;
        u32::try_from(number).ok()
    };
    let (times, at_once) = (number("times"), number("atOnce"));
    let request_node = reader.required(fields, "request", "the step");
    let expect = reader.required(fields, "expect", "the step");
    let bad = fields.at("times").is_some() && times.is_none();
    let sent = times.unwrap_or(if bad { u32::MAX } else { 1 });
    let expect = expect.and_then(|node| answer::expect(reader, node, sent));
    Some(Step {
        request: request_node.and_then(|node| request(reader, node, credentials))?,
        times: times.unwrap_or(1),
        at_once: at_once.unwrap_or(1),
        expect: expect?,
    })
}

fn request(reader: &Reader<'_>, node: &Node, credentials: &Credentials) -> Option<Request> {
    let fields = reader.fields(node, "a request", REQUEST)?;
    let mut request = Request::new("GET", path(reader, fields)?);
    if let Some(node) = fields.at("method") {
        let method = reader.text(node, "`method`")?;
        if reqwest::Method::from_bytes(method.as_bytes()).is_err() {
            let what = format!("`{method}` is no method");
            reader.mistake(node.at, what, "as in `GET`");
        }
        request.method = method.to_owned();
    }
    let headers = fields.at("headers");
    let headers = headers.and_then(|node| reader.entries(node, "`headers`"));
    for entry in headers.unwrap_or_default() {
        answer::check_name(reader, entry.key_at, &entry.key);
        for value in reader.one_or_many(&entry.value) {
            if let Some(value) = text(reader, value, "a header's value") {
                request.headers.push((entry.key.clone(), value));
            }
        }
    }
    request.body = body(reader, fields);
    let shown = |node: &Node| match reader.text(node, "`credential`")? {
        "none" => Some(Shown::Nothing),
        _ => credential(reader, node, credentials).map(Shown::Credential),
    };
    request.credential = fields.at("credential").and_then(shown);
    request.tamper = fields.at("tamper").and_then(|node| {
        let word = reader.word(node, "`tamper`", &Tamper::ALL.map(Tamper::word))?;
        Tamper::ALL.into_iter().find(|one| one.word() == word)
    });
    request.tls_version = fields.at("tls").and_then(|node| {
        let word = reader.word(node, "`tls`", &TlsVersion::ALL.map(TlsVersion::word))?;
        TlsVersion::ALL.into_iter().find(|one| one.word() == word)
    });
    Some(request)
}

fn path(reader: &Reader<'_>, fields: Fields<'_>) -> Option<String> {
    let node = reader.required(fields, "path", "the request")?;
    let path = reader.text(node, "`path`")?;
    let visible = path
        .chars()
        .all(|sign| sign.is_ascii_graphic() && sign != '#');
    if !path.starts_with('/') || path.starts_with("//") || !visible {
        let what = format!("`{path}` is no path");
        let help = "begin it with one `/`, and percent-encode what is not ASCII";
        reader.mistake(node.at, what, help);
        return None;
    }
    Some(path.to_owned())
}

fn body(reader: &Reader<'_>, fields: Fields<'_>) -> Option<Body> {
    match (fields.at("body"), fields.at("bodySize")) {
        (Some(_), Some(size)) => {
            let what = "the request has a `body` and a `bodySize`";
            reader.mistake(size.at, what, "take one of them away");
            None
        }
        (Some(node), None) => text(reader, node, "`body`").map(Body::Text),
        (None, Some(node)) => {
            let size = reader.size(node, "`bodySize`")?;
            let most = 256 << 20;
            if size > most {
                let what = "`bodySize` is 256MiB at most";
                reader.mistake(node.at, what, "test a smaller limit");
            }
            Some(Body::Size(size.min(most)))
        }
        (None, None) => None,
    }
}
