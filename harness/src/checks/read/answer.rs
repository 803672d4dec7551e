//! What is expected: of a step, of an answer, of its headers and its body.

use super::fields::{Fields, Reader, did_you_mean};
use crate::checks::mistake::Mark;
use crate::checks::suite::{
    Among, Answer, Answers, BodyRule, Expect, HeaderRule, JsonRule, Pattern, Status,
};
use crate::checks::yaml::{Node, Value};

const ANSWER: [&str; 4] = ["status", "headers", "body", "within"];
const HEADER: [&str; 9] = [
    "is", "contains", "lacks", "lists", "matches", "atLeast", "atMost", "present", "absent",
];

/// What must come of a step that sends so many requests.
pub(super) fn expect(reader: &Reader<'_>, node: &Node, times: u32) -> Option<Expect> {
    if node.find("handshake").is_some() {
        let fields = reader.fields(node, "`expect` with `handshake`", &["handshake"])?;
        let word = reader.required(fields, "handshake", "`expect`")?;
        reader.word(word, "`handshake`", &["refused"])?;
        return Some(Expect::Refused);
    }
    let several = ["each", "last", "among"];
    if !several.iter().any(|key| node.find(key).is_some()) {
        let each = answer(reader, node, &[])?;
        return Some(Expect::Answers(Box::new(Answers {
            each: Some(each.0),
            ..Answers::default()
        })));
    }
    let fields = reader.fields(node, "`expect`", &several)?;
    let one = |key: &str| answer(reader, fields.at(key)?, &[]).map(|(answer, _)| answer);
    let mut answers = Answers {
        each: one("each"),
        last: one("last"),
        among: Vec::new(),
    };
    if let Some(node) = fields.at("among") {
        for node in reader.one_or_many(node) {
            answers.among.extend(among(reader, node, times));
        }
    }
    Some(Expect::Answers(Box::new(answers)))
}

fn among(reader: &Reader<'_>, node: &Node, times: u32) -> Option<Among> {
    let (answer, fields) = answer(reader, node, &["atLeast", "atMost"])?;
    let count = |key: &str| -> Option<u32> {
        let number = reader.number(fields.at(key)?, &format!("`{key}`"), 0, times.into())?;
        u32::try_from(number).ok()
    };
    let (at_least, at_most) = (count("atLeast"), count("atMost"));
    if at_least == Some(0) && at_most.is_none() {
        let what = "`atLeast: 0` can't fail";
        reader.mistake(node.at, what, "ask for 1 at least, or say `atMost`");
    }
    Some(Among {
        at_least: at_least.unwrap_or(u32::from(at_most.is_none())),
        at_most,
        answer,
    })
}

fn answer<'n>(
    reader: &Reader<'_>,
    node: &'n Node,
    more: &[&'static str],
) -> Option<(Answer, Fields<'n>)> {
    let known: Vec<&str> = ANSWER.iter().chain(more).copied().collect();
    let fields = reader.fields(node, "what is expected", &known)?;
    let mut answer = Answer::default();
    for node in fields
        .at("status")
        .map_or(&[][..], |node| reader.one_or_many(node))
    {
        answer.status.extend(status(reader, node));
    }
    let headers = fields.at("headers");
    let headers = headers.and_then(|node| reader.entries(node, "`headers`"));
    for entry in headers.unwrap_or_default() {
        let name = entry.key.strip_suffix('*').unwrap_or(&entry.key);
        check_name(reader, entry.key_at, name);
        let rules = rules(reader, &entry.value);
        if name.len() < entry.key.len() && rules != [HeaderRule::Absent] {
            let what = "a name that ends in `*` can only be `absent`";
            reader.mistake(entry.value.at, what, "name the header in full");
        }
        answer.headers.insert(entry.key.clone(), rules);
    }
    answer.body = fields
        .at("body")
        .map(|node| body(reader, node))
        .unwrap_or_default();
    answer.within = fields
        .at("within")
        .and_then(|node| reader.duration(node, "`within`"));
    if ANSWER.iter().all(|key| fields.at(key).is_none()) {
        let what = "nothing is expected here, so it can't fail";
        reader.mistake(node.at, what, format!("say one of {}", ANSWER.join(", ")));
    }
    Some((answer, fields))
}

fn status(reader: &Reader<'_>, node: &Node) -> Option<Status> {
    let text = reader.text(node, "`status`")?;
    let status = match text.strip_suffix("xx") {
        Some(class) => class.parse().ok().filter(|class| (1..=5).contains(class)),
        None => text.parse().ok().filter(|code| (100..=599).contains(code)),
    };
    if status.is_none() {
        let what = format!("`{text}` is no status");
        reader.mistake(node.at, what, "write `401`, `2xx` or `[200, 204]`");
    }
    let status = status?;
    Some(match text.ends_with("xx") {
        true => Status::Class(status),
        false => Status::Code(status),
    })
}

fn rules(reader: &Reader<'_>, node: &Node) -> Vec<HeaderRule> {
    if !matches!(&*node.value, Value::Map(_)) {
        let rule = reader
            .text(node, "a header's value")
            .map(|text| match text {
                "present" => HeaderRule::Present,
                "absent" => HeaderRule::Absent,
                value => HeaderRule::Is(value.to_owned()),
            });
        return rule.into_iter().collect();
    }
    let mut rules = Vec::new();
    for entry in reader.entries(node, "a header").unwrap_or_default() {
        let of = format!("`{}`", entry.key);
        for value in reader.one_or_many(&entry.value) {
            rules.extend(rule(reader, (entry.key_at, &entry.key), &of, value));
        }
    }
    if rules.is_empty() {
        let help = format!("say one of {}", HEADER.join(", "));
        reader.mistake(node.at, "nothing is said of the header", help);
    }
    rules
}

fn rule(
    reader: &Reader<'_>,
    (at, key): (Mark, &str),
    of: &str,
    value: &Node,
) -> Option<HeaderRule> {
    let text = || reader.text(value, of).map(str::to_owned);
    let number = || reader.number(value, of, i64::MIN, i64::MAX);
    match key {
        "is" => text().map(HeaderRule::Is),
        "contains" => text().map(HeaderRule::Contains),
        "lacks" => text().map(HeaderRule::Lacks),
        "lists" => text().map(HeaderRule::Lists),
        "matches" => pattern(reader, value, of).map(HeaderRule::Matches),
        "atLeast" => number().map(HeaderRule::AtLeast),
        "atMost" => number().map(HeaderRule::AtMost),
        "present" | "absent" => {
            let what = format!("`{key}` stands alone, without a value");
            reader.mistake(at, what, format!("write `Name: {key}`"));
            None
        }
        _ => {
            let what = format!("a header can't be asked for `{key}`");
            reader.mistake(at, what, did_you_mean(key, &HEADER));
            None
        }
    }
}

fn body(reader: &Reader<'_>, node: &Node) -> Vec<BodyRule> {
    let known = ["empty", "contains", "lacks", "matches", "json"];
    let Some(fields) = reader.fields(node, "`body`", &known) else {
        return Vec::new();
    };
    let many = |key: &str| {
        fields
            .at(key)
            .map_or(&[][..], |node| reader.one_or_many(node))
    };
    let text = |node: &Node| reader.text(node, "a part of the body").map(str::to_owned);
    let mut rules = Vec::new();
    if let Some(node) = fields.at("empty") {
        rules.extend(reader.boolean(node, "`empty`").map(BodyRule::Empty));
    }
    let contains = many("contains").iter().filter_map(text);
    rules.extend(contains.map(BodyRule::Contains));
    rules.extend(many("lacks").iter().filter_map(text).map(BodyRule::Lacks));
    let patterns = many("matches").iter();
    let patterns = patterns.filter_map(|node| pattern(reader, node, "`matches`"));
    rules.extend(patterns.map(BodyRule::Matches));
    let json = fields.at("json");
    let json = json.and_then(|node| reader.entries(node, "`json`"));
    for entry in json.unwrap_or_default() {
        if !entry.key.is_empty() && !entry.key.starts_with('/') {
            let what = format!("`{}` is no JSON Pointer (RFC 6901)", entry.key);
            reader.mistake(entry.key_at, what, format!("write `/{}`", entry.key));
        }
        let rule = json_rule(reader, &entry.value);
        rules.extend(rule.map(|rule| BodyRule::Json(entry.key.clone(), rule)));
    }
    if rules.is_empty() {
        let help = format!("say one of {}", known.join(", "));
        reader.mistake(node.at, "nothing is said of the body", help);
    }
    rules
}

fn json_rule(reader: &Reader<'_>, node: &Node) -> Option<JsonRule> {
    let Value::Scalar { text, plain } = &*node.value else {
        let what = "only single values are compared";
        reader.mistake(node.at, what, "give each place a pointer of its own");
        return None;
    };
    if !plain {
        return Some(JsonRule::Is(text.as_str().into()));
    }
    Some(match text.as_str() {
        "present" => JsonRule::Present,
        "absent" => JsonRule::Absent,
        "" | "~" => JsonRule::Is(serde_json::Value::Null),
        // What is no number, truth value or null is a text.
        other => JsonRule::Is(serde_json::from_str(other).unwrap_or_else(|_| other.into())),
    })
}

fn pattern(reader: &Reader<'_>, node: &Node, of: &str) -> Option<Pattern> {
    match regex::Regex::new(reader.text(node, of)?) {
        Ok(regex) => Some(Pattern(regex)),
        Err(error) => {
            let what = format!("{of} is a regular expression: {error}");
            reader.mistake(node.at, what, "");
            None
        }
    }
}

pub(super) fn header_name(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let name = reader.text(node, "a header's name")?;
    check_name(reader, node.at, name);
    Some(name.to_owned())
}

pub(super) fn check_name(reader: &Reader<'_>, at: Mark, name: &str) {
    if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
        let what = format!("`{name}` is no name of a header");
        reader.mistake(at, what, "letters, digits and `-`");
    }
}
