//! Challenges (RFC 9110 §11.6.1): several may share a field, and commas stand between challenges and parameters alike.

/// One challenge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// Its scheme: `Bearer`.
    pub scheme: String,
    /// Its parameters, unquoted.
    pub parameters: Vec<(String, String)>,
}

/// Reads the field's value; what can't be read as a challenge becomes a scheme of that text, so that it is told.
pub(super) fn challenges(text: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    for part in split(text) {
        let (scheme, rest) = match part.split_once(' ') {
            // `Bearer realm="x"` begins a challenge, `error = "x"` doesn't.
            Some((scheme, rest)) if !scheme.contains('=') && !rest.trim().starts_with('=') => {
                (Some(scheme), rest.trim())
            }
            None if !part.contains('=') => (Some(part.as_str()), ""),
            _ => (None, part.as_str()),
        };
        if let Some(scheme) = scheme {
            found.push(Challenge {
                scheme: scheme.to_owned(),
                parameters: Vec::new(),
            });
        }
        let parameter = rest
            .split_once('=')
            .map(|(name, value)| (name.trim().to_owned(), unquoted(value.trim())));
        match found.last_mut() {
            Some(challenge) => challenge.parameters.extend(parameter),
            None => found.push(Challenge {
                scheme: part.clone(),
                parameters: Vec::new(),
            }),
        }
    }
    found
}

/// The parts between commas outside of quotes.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for c in text.chars() {
        match c {
            ',' if !quoted => parts.push(std::mem::take(&mut part)),
            _ => {
                quoted ^= c == '"' && !escaped;
                escaped = quoted && c == '\\' && !escaped;
                part.push(c);
            }
        }
    }
    parts.push(part);
    let parts = parts.iter().map(|part| part.trim().to_owned());
    parts.filter(|part| !part.is_empty()).collect()
}

fn unquoted(value: &str) -> String {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(inner) = inner else {
        return value.to_owned();
    };
    let mut text = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.push(if c == '\\' {
            chars.next().unwrap_or(c)
        } else {
            c
        });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(scheme: &str, parameters: &[(&str, &str)]) -> Challenge {
        let parameters = parameters.iter();
        Challenge {
            scheme: scheme.to_owned(),
            parameters: parameters
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
        }
    }

    #[test]
    fn challenges_share_a_field() {
        assert_eq!(
            challenges(
                r#"Bearer realm="a, b", error=invalid_token,Basic realm="say \"hi\"", ApiKey"#
            ),
            [
                challenge("Bearer", &[("realm", "a, b"), ("error", "invalid_token")]),
                challenge("Basic", &[("realm", "say \"hi\"")]),
                challenge("ApiKey", &[]),
            ]
        );
    }

    #[test]
    fn a_bare_scheme_is_a_challenge_and_nothing_is_none() {
        assert_eq!(challenges("Bearer"), [challenge("Bearer", &[])]);
        assert_eq!(challenges(" , "), []);
        assert_eq!(challenges("error=x"), [challenge("error=x", &[])]);
    }
}
