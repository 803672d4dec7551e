//! Placeholders: `{token t}` and the like, by which steps refer to what is made up for a run. They may stand within one
//! another: `{base64 {consumer ann}:{password ann}}`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Plan;
use crate::steps::StepFailure;

/// What stands for a word and a name; none: it is no placeholder, and stays as it is.
pub type Lookup<'a> = dyn Fn(&str, &str) -> Result<Option<String>, StepFailure> + 'a;

/// The text with every placeholder that `lookup` knows replaced, the innermost first.
///
/// # Errors
/// When the word is known and the name is not.
pub fn expand(text: &str, lookup: &Lookup<'_>) -> Result<String, StepFailure> {
    let mut text = text.to_owned();
    let mut from = 0;
    while let Some(close) = text[from..].find('}').map(|at| from + at) {
        from = close + 1;
        let Some(open) = text[..close].rfind('{') else {
            continue;
        };
        let Some((word, name)) = text[open + 1..close].split_once(' ') else {
            continue;
        };
        let value = match word {
            "base64" => Some(STANDARD.encode(name)),
            _ => lookup(word, name)?,
        };
        if let Some(value) = value {
            text.replace_range(open..=close, &value);
            from = open + value.len();
        }
    }
    Ok(text)
}

impl Plan {
    /// What a placeholder stands for that is known before the gateway runs.
    ///
    /// # Errors
    /// When nothing of that name was given.
    pub fn lookup(&self, word: &str, name: &str) -> Result<Option<String>, StepFailure> {
        let consumer = || self.consumer_called(name);
        Ok(Some(match word {
            "consumer" => consumer()?.name.clone(),
            "key" => {
                let key = consumer()?.key("");
                let missing = || StepFailure(format!("the consumer {name:?} has no key"));
                key.ok_or_else(missing)?.secret.clone()
            }
            "password" => {
                let password = consumer()?.password.as_ref();
                let missing = || StepFailure(format!("the consumer {name:?} has no password"));
                password.ok_or_else(missing)?.secret.clone()
            }
            "fingerprint" => self.certificate(name)?.fingerprint(),
            "thumbprint" => self.certificate(name)?.thumbprint(),
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn known(word: &str, name: &str) -> Result<Option<String>, StepFailure> {
        match (word, name) {
            ("token", "t") => Ok(Some("a}b{c".to_owned())),
            ("user", _) => Ok(Some("ann".to_owned())),
            ("token", other) => Err(StepFailure(format!("no token {other}"))),
            _ => Ok(None),
        }
    }

    #[test]
    fn what_is_known_is_replaced_and_the_rest_stays() {
        let expanded = |text| expand(text, &known).unwrap();
        assert_eq!(expanded("/a?t={token t}&u={user x}"), "/a?t=a}b{c&u=ann");
        assert_eq!(
            expanded("{\"a\": {\"b\": 1}} {id} {3} }"),
            "{\"a\": {\"b\": 1}} {id} {3} }"
        );
        assert_eq!(expanded("{base64 {user x}:pass}"), "YW5uOnBhc3M=");
        assert!(expand("{token u}", &known).is_err());
    }
}
