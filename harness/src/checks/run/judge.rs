//! Holds answers against what is expected of them.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use super::exchange::{ALERT, Exchanged, Received};
use super::outcome::{Failure, Reason};
use crate::checks::suite::{Answer, Answers, BodyRule, HeaderRule, JsonRule};

/// Judges the answers of a step, one after the other.
pub(super) struct Judge<'a> {
    expected: &'a Answers,
    within: Option<Duration>,
    times: u32,
    seen: u32,
    /// For each of `among`: how many were like it, and why the last one that wasn't was not.
    counts: Vec<(u32, Option<Failure>)>,
    slow: Option<Failure>,
}

impl<'a> Judge<'a> {
    /// Of a step that sends so many requests; `within` is for answers that say nothing themselves.
    pub(super) fn new(expected: &'a Answers, times: u32, within: Option<Duration>) -> Self {
        Self {
            expected,
            within,
            times,
            seen: 0,
            counts: vec![(0, None); expected.among.len()],
            slow: None,
        }
    }

    /// Takes the next answer in.
    pub(super) fn take(&mut self, answer: &Received, took: Duration) -> Result<(), Failure> {
        self.seen += 1;
        let last = (self.seen == self.times).then_some(self.expected.last.as_ref());
        let asked = self.expected.each.iter().chain(last.flatten());
        let mut within = self.within;
        for expected in asked {
            within = expected.within.or(within);
            hold(expected, answer).map_err(|failure| self.numbered(failure))?;
        }
        for (among, (count, other)) in self.expected.among.iter().zip(&mut self.counts) {
            match hold(&among.answer, answer) {
                Ok(()) => *count += 1,
                Err(failure) => *other = Some(failure),
            }
        }
        if let Some(within) = within.filter(|within| took > *within) {
            let message = format!(
                "it took {} ms, more than {} ms",
                took.as_millis(),
                within.as_millis()
            );
            let slow = self.numbered(Failure::new(Reason::Slow, message));
            self.slow.get_or_insert(slow);
        }
        Ok(())
    }

    /// After the last answer: whether there were enough of each kind; what was slow, if anything.
    pub(super) fn finish(self) -> Result<Option<Failure>, Failure> {
        for (among, (count, other)) in self.expected.among.iter().zip(self.counts) {
            let what = described(&among.answer);
            let of = self.times;
            if count < among.at_least {
                let least = among.at_least;
                let message = format!("{count} of {of} answers {what}, not {least} at least");
                return Err(match other {
                    Some(other) => Failure::new(
                        other.reason,
                        format!("{message}; of another, {}", other.message),
                    ),
                    None => Failure::new(Reason::Status, message),
                });
            }
            if let Some(most) = among.at_most.filter(|most| count > *most) {
                let message = format!("{count} of {of} answers {what}, not {most} at most");
                return Err(Failure::new(Reason::Status, message));
            }
        }
        Ok(self.slow)
    }

    fn numbered(&self, failure: Failure) -> Failure {
        match self.times {
            1 => failure,
            times => failure.of(&format!("request {} of {times}", self.seen)),
        }
    }
}

/// Holds a connection that must be refused against that.
pub(super) fn refused(exchanged: Result<Exchanged, Failure>) -> Result<Option<Failure>, Failure> {
    match exchanged {
        Err(failure) if failure.reason == Reason::Tls && failure.message.starts_with(ALERT) => {
            Ok(None)
        }
        Err(failure) => Err(failure),
        Ok(Exchanged { answer, .. }) => {
            let status = answer.status;
            let message = format!("the TLS connection was not refused: the answer is {status}");
            Err(Failure::new(Reason::Tls, message))
        }
    }
}

fn described(answer: &Answer) -> String {
    match answer.status[..] {
        [] => "are as expected".to_owned(),
        _ => format!("are {}", statuses(answer)),
    }
}

fn statuses(answer: &Answer) -> String {
    let words: Vec<String> = answer.status.iter().map(ToString::to_string).collect();
    words.join(" or ")
}

fn hold(expected: &Answer, answer: &Received) -> Result<(), Failure> {
    let status = answer.status;
    if !expected.status.is_empty() && !expected.status.iter().any(|one| one.holds(status)) {
        let message = format!("the status is {status}, not {}", statuses(expected));
        return Err(Failure::new(Reason::Status, message));
    }
    for (name, rules) in &expected.headers {
        let header = match name.strip_suffix('*') {
            Some(start) => begins(start, &answer.headers),
            None => rules
                .iter()
                .try_for_each(|rule| header(name, rule, &answer.headers)),
        };
        header.map_err(|message| Failure::new(Reason::Header, message))?;
    }
    for rule in &expected.body {
        body(rule, &answer.body).map_err(|message| Failure::new(Reason::Body, message))?;
    }
    Ok(())
}

fn begins(start: &str, headers: &HeaderMap) -> Result<(), String> {
    let start = start.to_ascii_lowercase();
    match headers
        .keys()
        .find(|name| name.as_str().starts_with(&start))
    {
        Some(name) => Err(format!("there is a header {name}")),
        None => Ok(()),
    }
}

fn header(name: &str, rule: &HeaderRule, headers: &HeaderMap) -> Result<(), String> {
    let values: Vec<String> = headers
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    // What a session or a caller is known by is not for logs, whoever's it is.
    let quiet = ["set-cookie", "authorization"].contains(&name.to_ascii_lowercase().as_str());
    let found = match values[..] {
        [] => "absent".to_owned(),
        _ if quiet => "another".to_owned(),
        _ => format!("{:?}", values.join(", ")),
    };
    let number = || match &values[..] {
        [value] => value.trim().parse::<i64>().ok(),
        _ => None,
    };
    let members = || {
        values
            .iter()
            .flat_map(|value| value.split(','))
            .map(str::trim)
    };
    let (holds, wanted) = match rule {
        HeaderRule::Present => (!values.is_empty(), "present".to_owned()),
        HeaderRule::Absent => (values.is_empty(), "absent".to_owned()),
        HeaderRule::Is(wanted) => (values[..] == [wanted.as_str()], format!("{wanted:?}")),
        HeaderRule::Contains(part) => (
            values.iter().any(|value| value.contains(part)),
            format!("one with {part:?} in it"),
        ),
        HeaderRule::Lacks(part) => (
            !values.iter().any(|value| value.contains(part)),
            format!("one without {part:?}"),
        ),
        HeaderRule::Lists(member) => (
            members().any(|one| one.eq_ignore_ascii_case(member)),
            format!("a list with {member:?}"),
        ),
        HeaderRule::Matches(pattern) => (
            values.iter().any(|value| pattern.0.is_match(value)),
            format!("one that fits {:?}", pattern.0.as_str()),
        ),
        HeaderRule::AtLeast(least) => (
            number().is_some_and(|number| number >= *least),
            format!("a whole number of at least {least}"),
        ),
        HeaderRule::AtMost(most) => (
            number().is_some_and(|number| number <= *most),
            format!("a whole number of at most {most}"),
        ),
    };
    match holds {
        true => Ok(()),
        false => Err(format!("the header {name} is {found}, not {wanted}")),
    }
}

/// Bodies are not quoted: they may hold what is not for logs.
fn body(rule: &BodyRule, body: &[u8]) -> Result<(), String> {
    let length = body.len();
    let text = String::from_utf8_lossy(body);
    let (holds, message) = match rule {
        BodyRule::Empty(empty) => (
            (length == 0) == *empty,
            match empty {
                true => format!("the body has {length} bytes, not none"),
                false => "the body is empty".to_owned(),
            },
        ),
        BodyRule::Contains(part) => (
            text.contains(part),
            format!("{part:?} is not in the body of {length} bytes"),
        ),
        BodyRule::Lacks(part) => (!text.contains(part), format!("{part:?} is in the body")),
        BodyRule::Matches(pattern) => (
            pattern.0.is_match(&text),
            format!(
                "{:?} fits nowhere in the body of {length} bytes",
                pattern.0.as_str()
            ),
        ),
        BodyRule::Json(pointer, rule) => return json(pointer, rule, body),
    };
    match holds {
        true => Ok(()),
        false => Err(message),
    }
}

fn json(pointer: &str, rule: &JsonRule, body: &[u8]) -> Result<(), String> {
    let document: Value =
        serde_json::from_slice(body).map_err(|_| "the body is no JSON".to_owned())?;
    let found = document.pointer(pointer);
    match rule {
        JsonRule::Present if found.is_none() => Err(format!("nothing is at {pointer} of the body")),
        JsonRule::Absent if found.is_some() => {
            Err(format!("something is at {pointer} of the body"))
        }
        JsonRule::Is(wanted) if found != Some(wanted) => {
            Err(format!("at {pointer} of the body is not {wanted}"))
        }
        _ => Ok(()),
    }
}
