//! From a [`Suite`] to YAML that people review: what is short stands on one line, what is not said is left out, and what
//! is written reads back as the same suite.

mod flow;

use std::collections::BTreeMap;

use super::suite::{
    Answer, Answers, Body, BodyRule, Check, Credential, Expect, HeaderRule, JsonRule, KeyPlace,
    Must, Request, Severity, Shown, Status, Step, Suite, Token,
};
use super::units::{duration_text, size_text};
use flow::{Map, Value, literal, sentence, text};

/// What is written between the lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comments {
    /// At the top.
    pub head: Vec<String>,
    /// Before the credentials.
    pub credentials: Vec<String>,
    /// Before the check of this place in the list.
    pub before: BTreeMap<usize, String>,
    /// At the end.
    pub tail: Vec<String>,
}

/// Writes a suite.
pub fn suite(suite: &Suite, comments: &Comments) -> String {
    let mut out = String::new();
    let comment = |out: &mut String, indent: &str, line: &str| {
        let line = format!("{indent}# {line}");
        out.push_str(line.trim_end());
        out.push('\n');
    };
    comments
        .head
        .iter()
        .for_each(|line| comment(&mut out, "", line));
    out.push_str(&settings(suite).block(0));
    if !suite.credentials.is_empty() {
        out.push('\n');
        comments
            .credentials
            .iter()
            .for_each(|line| comment(&mut out, "", line));
        let mut credentials = Map::new();
        for (name, one) in &suite.credentials {
            credentials.put(name, credential(one));
        }
        let mut all = Map::new();
        all.put("credentials", Value::Map(credentials));
        out.push_str(&all.block(0));
    }
    out.push_str("\nchecks:\n");
    for (index, one) in suite.checks.iter().enumerate() {
        if let Some(line) = comments.before.get(&index) {
            comment(&mut out, "  ", line);
        }
        out.push_str(&check(one).element(2));
    }
    if !comments.tail.is_empty() {
        out.push('\n');
        comments
            .tail
            .iter()
            .for_each(|line| comment(&mut out, "", line));
    }
    out
}

fn settings(suite: &Suite) -> Map {
    let mut map = Map::new();
    map.put("name", text(&suite.name));
    if let Some(url) = &suite.url {
        map.put("url", text(url.as_str().trim_end_matches('/')));
    }
    map.put("timeout", literal(duration_text(suite.timeout)));
    if let Some(within) = suite.within {
        map.put("within", literal(duration_text(within)));
    }
    if suite.max_body != Suite::MAX_BODY {
        map.put("maxBody", literal(size_text(suite.max_body)));
    }
    let mut tls = Map::new();
    if let Some(ca) = &suite.tls.ca {
        tls.put("ca", text(ca));
    }
    if suite.tls.insecure {
        tls.put("insecure", literal("true"));
    }
    map.put_some("tls", tls);
    map
}

fn credential(credential: &Credential) -> Value {
    let mut map = Map::new();
    if let Some(key) = &credential.key {
        let value = text(&key.value.to_string());
        match &key.place {
            KeyPlace::Header(name) if name == Suite::KEY_HEADER => map.put("key", value),
            place => {
                let mut key = Map::new();
                key.put("value", value);
                match place {
                    KeyPlace::Header(name) => key.put("header", text(name)),
                    KeyPlace::Query(name) => key.put("query", text(name)),
                }
                map.put("key", Value::Map(key));
            }
        }
    }
    if let Some(token) = &credential.token {
        map.put("token", self::token(token));
    }
    if let Some(basic) = &credential.basic {
        let mut pair = Map::new();
        pair.put("username", text(&basic.username.to_string()));
        pair.put("password", text(&basic.password.to_string()));
        map.put("basic", Value::Map(pair));
    }
    if let Some(files) = &credential.certificate {
        let mut pair = Map::new();
        pair.put("certificate", text(&files.certificate));
        pair.put("key", text(&files.key));
        map.put("certificate", Value::Map(pair));
    }
    Value::Map(map)
}

fn token(token: &Token) -> Value {
    let value = text(&token.value.to_string());
    let mut map = Map::new();
    match &token.must {
        None => return value,
        Some(Must::HaveEnded) => {
            map.put("value", value);
            map.put("ended", literal("true"));
        }
        Some(Must::NotBeFor(audiences)) => {
            map.put("value", value);
            let audiences = audiences.iter().map(|audience| text(audience));
            map.put("notFor", Value::one_or_many(audiences.collect()));
        }
    }
    Value::Map(map)
}

fn check(check: &Check) -> Map {
    let mut map = Map::new();
    map.put("id", text(&check.id));
    map.put("name", sentence(&check.name));
    let texts = [
        ("from", &check.from),
        ("requirement", &check.requirement),
        ("intrusive", &check.intrusive),
    ];
    for (key, value) in texts {
        if let Some(value) = value {
            map.put(key, sentence(value));
        }
    }
    if check.severity == Severity::Degraded {
        map.put("severity", literal("degraded"));
    }
    for (key, value) in [("timeout", check.timeout), ("every", check.every)] {
        if let Some(value) = value {
            map.put(key, literal(duration_text(value)));
        }
    }
    if let Some(credential) = &check.credential {
        map.put("credential", text(credential));
    }
    map.put(
        "steps",
        Value::List(
            check
                .steps
                .iter()
                .map(|one| Value::Map(step(one)))
                .collect(),
        ),
    );
    map
}

fn step(step: &Step) -> Map {
    let mut map = Map::new();
    map.put("request", Value::Map(request(&step.request)));
    for (key, number) in [("times", step.times), ("atOnce", step.at_once)] {
        if number != 1 {
            map.put(key, literal(number));
        }
    }
    let expect = match &step.expect {
        Expect::Refused => {
            let mut refused = Map::new();
            refused.put("handshake", literal("refused"));
            refused
        }
        Expect::Answers(answers) => self::answers(answers),
    };
    map.put("expect", Value::Map(expect));
    map
}

fn request(request: &Request) -> Map {
    let mut map = Map::new();
    map.put("method", text(&request.method));
    map.put("path", text(&request.path));
    let mut headers: BTreeMap<usize, (String, Vec<Value>)> = BTreeMap::new();
    for (name, value) in &request.headers {
        let known = headers.values().position(|(known, _)| known == name);
        let place = known.unwrap_or(headers.len());
        let (_, values) = headers
            .entry(place)
            .or_insert_with(|| (name.clone(), Vec::new()));
        values.push(text(&value.to_string()));
    }
    let mut fields = Map::new();
    for (name, values) in headers.into_values() {
        fields.put(&name, Value::one_or_many(values));
    }
    map.put_some("headers", fields);
    match &request.body {
        None => {}
        Some(Body::Text(body)) => map.put("body", text(&body.to_string())),
        Some(Body::Size(size)) => map.put("bodySize", literal(size_text(*size))),
    }
    match &request.credential {
        None => {}
        Some(Shown::Nothing) => map.put("credential", literal("none")),
        Some(Shown::Credential(name)) => map.put("credential", text(name)),
    }
    if let Some(tamper) = request.tamper {
        map.put("tamper", literal(tamper.word()));
    }
    if let Some(version) = request.tls_version {
        map.put("tls", literal(format!("\"{}\"", version.word())));
    }
    map
}

fn answers(answers: &Answers) -> Map {
    if let Answers {
        each: Some(each),
        last: None,
        among,
    } = answers
        && among.is_empty()
    {
        return answer(each);
    }
    let mut map = Map::new();
    for (key, one) in [("each", &answers.each), ("last", &answers.last)] {
        if let Some(one) = one {
            map.put(key, Value::Map(answer(one)));
        }
    }
    let among = answers.among.iter().map(|among| {
        let mut counted = Map::new();
        if among.at_least > 0 {
            counted.put("atLeast", literal(among.at_least));
        }
        if let Some(most) = among.at_most {
            counted.put("atMost", literal(most));
        }
        counted.extend(answer(&among.answer));
        Value::Map(counted)
    });
    let among: Vec<Value> = among.collect();
    if !among.is_empty() {
        map.put("among", Value::List(among));
    }
    map
}

fn answer(answer: &Answer) -> Map {
    let mut map = Map::new();
    let status = |status: &Status| literal(status);
    let status: Vec<Value> = answer.status.iter().map(status).collect();
    if !status.is_empty() {
        map.put("status", Value::one_or_many(status));
    }
    let mut headers = Map::new();
    for (name, rules) in &answer.headers {
        headers.put(name, header(rules));
    }
    map.put_some("headers", headers);
    map.put_some("body", body(&answer.body));
    if let Some(within) = answer.within {
        map.put("within", literal(duration_text(within)));
    }
    map
}

fn header(rules: &[HeaderRule]) -> Value {
    match rules {
        [HeaderRule::Present] => return literal("present"),
        [HeaderRule::Absent] => return literal("absent"),
        [HeaderRule::Is(value)] if !matches!(value.as_str(), "present" | "absent") => {
            return text(value);
        }
        _ => {}
    }
    let mut map = Map::new();
    for rule in rules {
        match rule {
            HeaderRule::Is(value) => map.add("is", text(value)),
            HeaderRule::Contains(part) => map.add("contains", text(part)),
            HeaderRule::Lacks(part) => map.add("lacks", text(part)),
            HeaderRule::Lists(member) => map.add("lists", text(member)),
            HeaderRule::Matches(pattern) => map.add("matches", text(pattern.0.as_str())),
            HeaderRule::AtLeast(least) => map.add("atLeast", literal(least)),
            HeaderRule::AtMost(most) => map.add("atMost", literal(most)),
            // They stand alone: anything beside them says the same, or can't hold.
            HeaderRule::Present | HeaderRule::Absent => {}
        }
    }
    Value::Map(map)
}

fn body(rules: &[BodyRule]) -> Map {
    let (mut map, mut json) = (Map::new(), Map::new());
    for rule in rules {
        match rule {
            BodyRule::Empty(empty) => map.put("empty", literal(empty)),
            BodyRule::Contains(part) => map.add("contains", text(part)),
            BodyRule::Lacks(part) => map.add("lacks", text(part)),
            BodyRule::Matches(pattern) => map.add("matches", text(pattern.0.as_str())),
            BodyRule::Json(pointer, JsonRule::Present) => json.put(pointer, literal("present")),
            BodyRule::Json(pointer, JsonRule::Absent) => json.put(pointer, literal("absent")),
            BodyRule::Json(pointer, JsonRule::Is(value)) => json.put(pointer, literal(value)),
        }
    }
    map.put_some("json", json);
    map
}

#[cfg(test)]
mod tests;
