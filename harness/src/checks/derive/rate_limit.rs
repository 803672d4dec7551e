//! `rate-limit`: what answers tell of the limit, and 429 past it (RFC 6585 §4). The latter spends the limit of a key of
//! its own, so it is marked intrusive, and waits until the limit is whole again.

use std::time::Duration;

use super::callers;
use super::configuration::Place;
use super::draft::{InForce, Sheet, answer, code};
use crate::checks::read::fields::Fields;
use crate::checks::secrets::Text;
use crate::checks::suite::{
    Among, Answer, Answers, Check, Expect, HeaderRule, Request, Severity, Status, Step,
};
use crate::checks::units;

/// More requests than that are no check but a load test.
const MOST: u64 = 1000;
/// A window that is shorter may end while its requests are sent.
const SHORT: Duration = Duration::from_secs(10);
/// How many requests are sent side by side where it has to be quick.
const AT_ONCE: u32 = 10;

/// One limit.
pub(super) struct Limit {
    pub place: Place,
    key: String,
    pub quota: u64,
    pub window: Duration,
    burst: Option<u64>,
    pub cost: u64,
}

/// Gives the limit that is reached first.
pub(super) fn derive(sheet: &mut Sheet<'_, '_>) -> Option<Limit> {
    let plugin = sheet.in_force("rate-limit")?;
    if plugin.says("dryRun") {
        let why = "rate-limit: a rehearsal refuses nobody and tells nothing";
        sheet.left_out(plugin.place, why);
        return None;
    }
    let several = plugin.config.at("limits");
    let several = several.map_or(&[][..], |node| plugin.reader.list(node, "`limits`"));
    let known = super::plugins::options("rate-limit").unwrap_or_default();
    let all = several
        .iter()
        .filter_map(|node| plugin.reader.fields(node, "a limit", known));
    let all = match several.is_empty() {
        true => vec![plugin.config],
        false => all.collect(),
    };
    let mut limits = Vec::new();
    for fields in all {
        let place = match several.is_empty() {
            true => plugin.place.clone(),
            false => plugin.place_of(fields.node),
        };
        match limit(&plugin, fields, place.clone()) {
            Some(limit) => limits.push(limit),
            None => sheet.left_out(
                &place,
                "rate-limit: how many requests at a time are too many",
            ),
        }
    }
    for limit in &limits {
        told(sheet, limit);
    }
    // The others can't be reached before the least one refuses.
    limits.sort_by_key(Limit::allowed);
    for (rank, limit) in limits.iter().enumerate() {
        let allowed = limit.allowed();
        if rank > 0 {
            let why = "rate-limit: that it refuses; another limit does so first";
            sheet.left_out(&limit.place, why);
        } else if allowed == 0 || allowed > MOST {
            let why = format!("rate-limit: that it refuses; it takes more than {MOST} requests");
            sheet.left_out(&limit.place, &why);
        } else {
            exceeded(sheet, limit);
        }
    }
    limits.into_iter().next()
}

fn limit(plugin: &InForce<'_>, fields: Fields<'_>, place: Place) -> Option<Limit> {
    let number = |key: &str| -> Option<u64> {
        let number = plugin
            .reader
            .number(fields.at(key)?, &format!("`{key}`"), 1, i64::MAX)?;
        u64::try_from(number).ok()
    };
    let second = Duration::from_secs(1);
    let per = [
        ("limitPerSecond", second),
        ("limitPerMinute", second * 60),
        ("limitPerHour", second * 3600),
        ("limitPerDay", second * 86400),
    ];
    let per = per
        .into_iter()
        .find_map(|(key, window)| Some((number(key)?, window)));
    let free = || {
        let window = plugin.reader.duration(fields.at("window")?, "`window`")?;
        Some((number("limit")?, window))
    };
    let (quota, window) = per.or_else(free)?;
    let key = fields
        .at("key")
        .and_then(|node| plugin.reader.text(node, "`key`"));
    Some(Limit {
        place,
        key: key.unwrap_or("ip").to_owned(),
        quota,
        window,
        burst: number("burst"),
        cost: number("cost").unwrap_or(1),
    })
}

impl Limit {
    /// How many requests pass at once.
    pub fn allowed(&self) -> u64 {
        self.burst.unwrap_or(self.quota) / self.cost
    }

    /// Whether all callers that the suite has are counted together.
    pub fn shared(&self) -> bool {
        matches!(self.key.as_str(), "ip" | "route")
    }

    /// The time after which everything may be spent again.
    fn whole_again(&self) -> Duration {
        match self.burst {
            None => self.window,
            Some(burst) => self.window.mul_f64(burst as f64 / self.quota as f64),
        }
    }
}

/// The fields that tell callers how they stand (draft-ietf-httpapi-ratelimit-headers-10).
fn told(sheet: &mut Sheet<'_, '_>, limit: &Limit) {
    if !sheet.has_good() {
        return;
    }
    let name = "answers tell the limit and what is left of it";
    let mut check = sheet.check("limit-told", name, &limit.place);
    check.requirement = Some("RATE-021".to_owned());
    check.severity = Severity::Degraded;
    let policy = format!(
        "q={};w={}(,|;|$)",
        limit.quota,
        limit.window.as_secs().max(1)
    );
    let policy = regex::Regex::new(&policy).expect("digits and signs are an expression");
    let expected = answer([Status::Class(2)])
        .header("RateLimit", HeaderRule::Present)
        .header(
            "RateLimit-Policy",
            HeaderRule::Matches(crate::checks::suite::Pattern(policy)),
        );
    let good = sheet.good();
    sheet.passing_with(&mut check, sheet.sample.request(), good, expected);
    sheet.push(check);
}

fn exceeded(sheet: &mut Sheet<'_, '_>, limit: &Limit) {
    let allowed = limit.allowed();
    let whose = whose(limit);
    let name = match limit.burst {
        None => format!(
            "request {} within {} of {whose} is refused",
            allowed + 1,
            units::duration_text(limit.window)
        ),
        Some(_) => format!("past {allowed} requests at once of {whose}, the next are refused"),
    };
    let mut check = sheet.check("limit", &name, &limit.place);
    check.requirement = Some(
        if limit.burst.is_some() {
            "RATE-001"
        } else {
            "RATE-020"
        }
        .to_owned(),
    );
    let mut request = sheet.sample.request();
    let shown = probe(sheet, limit, &mut request);
    let writes = match sheet.sample.writes {
        true => format!(
            ", and sends {} requests that the service carries out",
            request.method
        ),
        false => String::new(),
    };
    let shared = match limit.key.as_str() {
        "ip" => ", so other checks from there are refused until it is whole again",
        "route" => ", who are refused until it is whole again",
        _ => "",
    };
    check.intrusive = Some(format!("spends the limit of {whose}{writes}{shared}"));
    check.every = Some((limit.whole_again() * 2).max(Duration::from_secs(2)));
    check.timeout = Some(limit.window.clamp(SHORT, Duration::from_secs(60)) / 2);
    check.credential = shown;
    match limit.burst {
        None if limit.window >= SHORT => exactly(&mut check, request, allowed),
        None => about(&mut check, request, allowed, allowed + 1),
        Some(_) => {
            let refilled = limit.quota as f64 / limit.window.as_secs_f64() * 5.0;
            let more = (refilled.ceil() as u64 / limit.cost + 1).clamp(10, MOST);
            about(&mut check, request, allowed, more);
        }
    }
    sheet.push(check);
}

fn refused() -> Answer {
    answer([code(429)]).header("Retry-After", HeaderRule::AtLeast(1))
}

fn exactly(check: &mut Check, request: Request, allowed: u64) {
    let mut passing = Step::new(request.clone(), answer([Status::Class(2)]));
    passing.times = u32::try_from(allowed).unwrap_or(u32::MAX);
    check.steps.push(passing);
    check.steps.push(Step::new(request, refused()));
}

/// So many pass at least, and of the further ones one at least is refused: time goes by while they are sent.
fn about(check: &mut Check, request: Request, allowed: u64, more: u64) {
    let allowed = u32::try_from(allowed).unwrap_or(u32::MAX);
    let times = allowed.saturating_add(u32::try_from(more).unwrap_or(u32::MAX));
    let among = |at_least: u32, answer: Answer| Among {
        at_least,
        at_most: None,
        answer,
    };
    check.steps.push(Step {
        request,
        times,
        at_once: AT_ONCE,
        expect: Expect::Answers(Box::new(Answers {
            each: Some(answer([Status::Class(2), code(429)])),
            last: None,
            among: vec![
                among(allowed, answer([Status::Class(2)])),
                among(1, refused()),
            ],
        })),
    });
}

fn whose(limit: &Limit) -> String {
    match limit.key.as_str() {
        "ip" => "the address it runs from".to_owned(),
        "consumer" => "its own consumer".to_owned(),
        "key" => "its own key".to_owned(),
        "route" => "all callers of the route".to_owned(),
        other => match other.split_once(':') {
            Some(("header", name)) => format!("its own value of {name}"),
            Some((_, name)) => format!("its own value of the claim {name}"),
            None => other.to_owned(),
        },
    }
}

/// What the requests show: who is counted apart is nobody else.
fn probe(sheet: &mut Sheet<'_, '_>, limit: &Limit, request: &mut Request) -> Option<String> {
    if let Some(name) = limit.key.strip_prefix("header:") {
        let value = Text::plain("gatecheck-limit-probe");
        request.headers.push((name.to_owned(), value));
        return sheet.good();
    }
    if !sheet.guarded() || matches!(limit.key.as_str(), "ip" | "route") {
        return sheet.good();
    }
    let name = "limit-probe";
    let needed = callers::needed(sheet.route);
    let credential = callers::credential(sheet.draft, sheet.route, &needed, name, None);
    sheet.draft.credential(name, credential)
}
