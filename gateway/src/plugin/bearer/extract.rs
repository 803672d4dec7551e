//! Where a token is looked for (RFC 6750 §2), and that it is there once.

use crate::identity::Digest;
use crate::plugin::Request;
use crate::plugin::edits::Edits;
use crate::plugin::exchange::Exchange;
use crate::plugin::registry::Compile;
use http::header::{AUTHORIZATION, COOKIE, HeaderName};
use schemars::JsonSchema;
use serde::Deserialize;
use std::borrow::Cow;
use std::sync::Arc;

/// Where the token is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenPlaces {
    /// The header that carries it; `Authorization` by default.
    header: Option<String>,
    /// The scheme in front of it, in any case; `Bearer` by default in `Authorization`, none in another header.
    #[schemars(regex(pattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"))]
    scheme: Option<String>,
    /// A cookie that may carry it instead. Off by default: browsers send cookies with requests that other pages cause.
    #[schemars(regex(pattern = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$"))]
    cookie: Option<String>,
    /// A query parameter that may carry it instead. Off by default: a query ends up in histories and logs (RFC 6750 §5.3).
    /// It never goes upstream, and the response is marked `private`.
    #[schemars(length(min = 1))]
    query: Option<String>,
}

/// The compiled form.
#[derive(Debug, Clone)]
pub struct Places {
    header: HeaderName,
    scheme: Option<Arc<str>>,
    cookie: Option<Arc<str>>,
    query: Option<Arc<str>>,
}

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Presented<'a> {
    /// No token.
    Nothing,
    /// One token, which has the characters that tokens have (RFC 6750 §2.1).
    One {
        /// The token.
        token: Cow<'a, [u8]>,
        /// Whether it was in the query.
        in_query: bool,
    },
    /// What is wrong with the request: 400 `invalid_request`.
    Malformed(&'static str),
}

impl Default for Places {
    fn default() -> Self {
        Self {
            header: AUTHORIZATION,
            scheme: Some("Bearer".into()),
            cookie: None,
            query: None,
        }
    }
}

impl Places {
    /// As `token` says it; mistakes go to the report.
    pub fn compile(places: Option<TokenPlaces>, compile: &mut Compile<'_, '_>) -> Option<Self> {
        let Some(places) = places else {
            return Some(Self::default());
        };
        let outer = compile.at;
        compile.at = outer.key("token");
        let header = match &places.header {
            Some(name) => compile.header("header", name),
            None => Some(AUTHORIZATION),
        };
        compile.at = outer;
        let header = header?;
        let usual = (header == AUTHORIZATION).then(|| "Bearer".to_owned());
        Some(Self {
            header,
            scheme: places.scheme.or(usual).map(Into::into),
            cookie: places.cookie.map(Into::into),
            query: places.query.map(Into::into),
        })
    }

    /// The header that may carry the token.
    #[must_use]
    pub fn header(&self) -> &HeaderName {
        &self.header
    }

    /// Looks for the token. Two of them are refused even when they are the same (RFC 6750 §2): whoever comes behind might
    /// look at the other one.
    #[must_use]
    pub fn find<'a>(&self, request: &Request<'a>) -> Presented<'a> {
        let mut found = Presented::Nothing;
        self.in_header(request, &mut found);
        if let Some(name) = &self.cookie {
            for token in cookies(request, name) {
                found.add(Cow::Borrowed(token), false);
            }
        }
        if let Some(name) = &self.query {
            for token in request.query_values(name) {
                found.add(token, true);
            }
        }
        match &found {
            Presented::One { token, .. } if token.is_empty() => Presented::Nothing,
            Presented::One { token, .. } if !is_token(token) => {
                Presented::Malformed("the token holds characters that no token has")
            }
            _ => found,
        }
    }

    fn in_header<'a>(&self, request: &Request<'a>, found: &mut Presented<'a>) {
        let mut fields = 0;
        for value in request.headers.get_all(&self.header) {
            fields += 1;
            match self.credentials(value.as_bytes()) {
                None => {}
                Some([]) if self.scheme.is_some() => {
                    return *found = Presented::Malformed("there is no token behind the scheme");
                }
                Some(token) => found.add(Cow::Borrowed(token), false),
            }
        }
        // Another scheme beside a token: who reads the header next may take the other.
        if fields > 1 && !matches!(found, Presented::Nothing) {
            *found = TWICE;
        }
    }

    /// What stands behind the scheme (RFC 9110 §11.4), or the whole where there is none; `None` under another scheme.
    fn credentials<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        let Some(scheme) = &self.scheme else {
            return Some(value.trim_ascii());
        };
        let (first, rest) = value.split_at_checked(scheme.len())?;
        let fits = first.eq_ignore_ascii_case(scheme.as_bytes());
        (fits && rest.first().is_none_or(|byte| *byte == b' ')).then(|| rest.trim_ascii())
    }

    /// Takes the token away: what was in the query in any case, and the rest from the upstream, unless it is to be sent
    /// on and somebody vouches for it: the plugin that asks, or another that did the very same token.
    pub fn conceal(
        &self,
        believed: bool,
        forward: bool,
        request: &Request<'_>,
        exchange: &mut Exchange,
    ) {
        if let Some(query) = &self.query {
            exchange.secret_query.push(query.clone());
        }
        if !(forward && (believed || self.vouched_for(request, exchange))) {
            self.remove(&mut exchange.request_edits);
        }
    }

    /// Whether another plugin has vouched for the very token that is in these places.
    fn vouched_for(&self, request: &Request<'_>, exchange: &Exchange) -> bool {
        exchange.credential.is_some_and(|credential| {
            let found = self.find(request);
            matches!(found, Presented::One { token, .. } if Digest::of(&token) == credential)
        })
    }

    fn remove(&self, edits: &mut Edits) {
        match &self.scheme {
            Some(scheme) => edits.remove_scheme(self.header.clone(), scheme.clone()),
            None => edits.remove(self.header.clone()),
        }
        if let Some(cookie) = &self.cookie {
            edits.remove_cookie(cookie.clone());
        }
    }
}

impl std::fmt::Display for Places {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.header)?;
        if let Some(cookie) = &self.cookie {
            write!(f, ", the cookie {cookie}")?;
        }
        match &self.query {
            Some(query) => write!(f, " or the query's {query}"),
            None => Ok(()),
        }
    }
}

const TWICE: Presented<'_> = Presented::Malformed("more than one token was given");

impl<'a> Presented<'a> {
    fn add(&mut self, token: Cow<'a, [u8]>, in_query: bool) {
        *self = match self {
            Self::Nothing => Self::One { token, in_query },
            Self::One { .. } => TWICE,
            Self::Malformed(why) => Self::Malformed(why),
        };
    }
}

/// RFC 6750 §2.1: b64token.
fn is_token(token: &[u8]) -> bool {
    let padding = token.iter().rev().take_while(|byte| **byte == b'=').count();
    let rest = &token[..token.len() - padding];
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    !rest.is_empty() && rest.iter().all(sound)
}

/// The values of the cookies of that name (RFC 6265 §4.2), without quotes around them.
fn cookies<'a>(request: &Request<'a>, wanted: &str) -> impl Iterator<Item = &'a [u8]> {
    let fields = request.headers.get_all(COOKIE).iter();
    let pairs = fields.flat_map(|field| field.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let end = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (pair[..end].trim_ascii(), pair[end + 1..].trim_ascii());
        let bare = value
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""));
        (name == wanted.as_bytes()).then(|| bare.unwrap_or(value))
    })
}
