//! Timeouts and retries of a service. Envoy's retry policies know no methods, so a route is two where a failure is only
//! tried again for some of them: for those, and for all others, of which only what was never sent is.

use serde_json::{Value, json};

use super::render::put;
use super::values::duration;
use crate::adapters::Unsupported;
use crate::fixtures::{Retries, Service};

const IDEMPOTENT: [&str; 6] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];
/// How often another target than those already tried is looked for.
const LOOKS: u32 = 20;

/// What holds for the requests that meet conditions.
pub(super) struct Part {
    /// On headers.
    pub when: Vec<Value>,
    /// Of the route's action.
    pub settings: Value,
}

/// The timeouts and retries of a service.
pub(super) fn parts(service: &Service) -> Result<Vec<Part>, Unsupported> {
    let Retries {
        attempts,
        on,
        methods,
        backoff,
        budget,
    } = &service.retries;
    if backoff.is_some() || budget.is_some() {
        return Err(Unsupported::new(
            "retries.backoff, retries.budget: Envoy's have other measures",
        ));
    }
    // No target is tried twice.
    let others = u32::try_from(service.targets().len().saturating_sub(1)).unwrap_or(u32::MAX);
    let tries = attempts.unwrap_or(1).min(others);
    if tries == 0 {
        return Ok(vec![part(service, Vec::new(), None, tries)?]);
    }
    let default = [Value::from("connect"), Value::from("reset")];
    let conditions = Conditions::read(on.as_deref().unwrap_or(&default))?;
    let unsent = conditions.connect.then(|| Conditions {
        connect: true,
        ..Conditions::default()
    });
    if !conditions.resets && conditions.statuses.is_empty() {
        return Ok(vec![part(service, Vec::new(), unsent.as_ref(), tries)?]);
    }
    let named = methods.as_ref().map(|methods| methods.join("|"));
    let repeated = named.unwrap_or_else(|| IDEMPOTENT.join("|"));
    let repeated = json!({"name": ":method", "string_match": {"safe_regex": {"regex": repeated}}});
    Ok(vec![
        part(service, vec![repeated], Some(&conditions), tries)?,
        part(service, Vec::new(), unsent.as_ref(), tries)?,
    ])
}

/// When a failure is tried again.
#[derive(Default)]
struct Conditions {
    connect: bool,
    /// Where nothing was answered: the connection broke, or the time of the try was over. Envoy has one word for both.
    resets: bool,
    statuses: Vec<u64>,
}

impl Conditions {
    fn read(list: &[Value]) -> Result<Self, Unsupported> {
        let mut read = Self::default();
        for condition in list {
            match (condition.as_str(), condition.as_u64()) {
                (Some("connect"), _) => read.connect = true,
                (Some("reset" | "timeout"), _) => read.resets = true,
                (_, Some(status)) => read.statuses.push(status),
                _ => return Err(Unsupported::new(format!("retries.on {condition}"))),
            }
        }
        Ok(read)
    }

    fn words(&self) -> String {
        let words = [
            (self.connect, "connect-failure,refused-stream"),
            (self.resets, "reset"),
            (!self.statuses.is_empty(), "retriable-status-codes"),
        ];
        let words: Vec<&str> = words
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, word)| *word)
            .collect();
        words.join(",")
    }
}

/// A try has its time until its answer begins. What a whole exchange may take would end streams as well, so it is said only
/// where tries could add up to more.
fn part(
    service: &Service,
    when: Vec<Value>,
    on: Option<&Conditions>,
    tries: u32,
) -> Result<Part, Unsupported> {
    let timeouts = &service.timeouts;
    let or = |given: &Option<String>, default: &str| duration(given.as_deref().unwrap_or(default));
    let (each, total) = (or(&timeouts.r#try, "10s")?, or(&timeouts.total, "30s")?);
    let mut policy = json!({"per_try_timeout": each});
    let mut settings = json!({"timeout": "0s", "idle_timeout": or(&timeouts.idle, "5m")?});
    if let Some(on) = on {
        settings["timeout"] = total.into();
        put(&mut policy, "retry_on", on.words());
        put(&mut policy, "num_retries", tries);
        put(&mut policy, "retriable_status_codes", on.statuses.clone());
        put(&mut policy, "host_selection_retry_max_attempts", LOOKS);
        policy["retry_host_predicate"] = json!([super::values::extension(
            "envoy.retry_host_predicates.previous_hosts",
            "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
            json!({}),
        )]);
    }
    put(&mut settings, "retry_policy", policy);
    Ok(Part { when, settings })
}
