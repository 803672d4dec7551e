//! When a request is sent to another target: proxy_next_upstream. nginx never tries the same one twice, and by default
//! nothing that isn't idempotent.

use serde_json::Value;

use crate::adapters::Unsupported;
use crate::fixtures::Retries;

/// The methods that nginx tries again unless told otherwise.
const IDEMPOTENT: [&str; 6] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];

/// When requests of a service are tried again.
pub(super) struct Policy {
    on: Vec<&'static str>,
    tries: u64,
    /// The methods that it is for; none: those that `on` says.
    pub methods: Option<Vec<String>>,
}

impl Policy {
    /// That of a service.
    ///
    /// # Errors
    /// When it can't be said.
    pub fn of(retries: &Retries) -> Result<Self, Unsupported> {
        if retries.backoff.is_some() || retries.budget.is_some() {
            return Err(Unsupported::new(
                "retries: there is neither back-off nor a budget",
            ));
        }
        let mut on = Vec::new();
        let default = [Value::from("connect"), Value::from("reset")];
        for given in retries.on.as_deref().unwrap_or(&default) {
            on.push(condition(given)?);
        }
        let mut policy = Self {
            on,
            tries: u64::from(retries.attempts.unwrap_or(1)) + 1,
            methods: None,
        };
        if let Some(methods) = &retries.methods {
            policy.limit(methods)?;
        }
        policy.on.dedup();
        Ok(policy)
    }

    /// All idempotent methods, with or without the others, are said in nginx's own words; for some of them it takes a
    /// location of their own.
    fn limit(&mut self, methods: &[String]) -> Result<(), Unsupported> {
        let has = |name: &&&str| methods.iter().any(|one| one == *name);
        let all = IDEMPOTENT.iter().filter(has).count() == IDEMPOTENT.len();
        let others = ["POST", "PATCH"].iter().filter(has).count();
        if others > 0 {
            self.on.push("non_idempotent");
        }
        if !(all && matches!(others, 0 | 2)) {
            if self.on.contains(&"error") {
                return Err(Unsupported::new(
                    "retries.methods: where no connection can be made any method is tried again, and that is one \
                     condition with a connection that breaks",
                ));
            }
            self.methods = Some(methods.to_vec());
        }
        Ok(())
    }

    /// The directives, where it applies or doesn't.
    pub fn directives(&self, applies: bool) -> [String; 2] {
        let on = if applies && self.tries > 1 {
            self.on.join(" ")
        } else {
            "off".to_owned()
        };
        [
            format!("proxy_next_upstream {on}"),
            format!("proxy_next_upstream_tries {}", self.tries),
        ]
    }
}

fn condition(given: &Value) -> Result<&'static str, Unsupported> {
    Ok(match (given.as_str(), given.as_u64()) {
        (Some("connect" | "reset"), _) => "error",
        (Some("timeout"), _) => "timeout",
        (_, Some(500)) => "http_500",
        (_, Some(502)) => "http_502",
        (_, Some(503)) => "http_503",
        (_, Some(504)) => "http_504",
        (_, Some(403)) => "http_403",
        (_, Some(404)) => "http_404",
        (_, Some(429)) => "http_429",
        _ => {
            return Err(Unsupported::new(format!(
                "retries.on {given}: there is no such condition"
            )));
        }
    })
}
