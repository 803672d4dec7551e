//! What a refusal carries: the challenge of the route, which local replies find in its metadata (RFC 6750 §3).

use serde_json::{Map, Value, json};

use super::claims::POLICY;
use super::places::MALFORMED;
use super::render::put;
use super::values::extension;

/// The namespace of what routes say for local replies and for the log.
const OWN: &str = "gateway";
/// How jwt_authn tells that it turns a request away.
const DENIED: &str = "jwt_authn_access_denied";
/// How a policy tells it.
const TURNED_AWAY: &str = "rbac_access_denied_matched_policy";
/// In how many seconds keys that could not be fetched may be there.
const SOON: &str = "1";

/// The challenges of a route.
#[derive(Default)]
pub(super) struct Challenges {
    by_cause: Map<String, Value>,
    /// What every challenge about tokens says besides.
    realm: Option<String>,
    metadata: Option<String>,
}

impl Challenges {
    /// That of a key which is not there or not known.
    pub fn of_keys(&mut self, realm: &str) {
        self.put("challenge", format!("ApiKey realm=\"{realm}\""));
    }

    /// Those of tokens that are not there, and of such as are not accepted.
    pub fn of_tokens(&mut self, realm: &str, metadata: Option<&str>) {
        self.realm = Some(realm.to_owned());
        self.metadata = metadata.map(str::to_owned);
        self.put("challenge", self.bearer(""));
        let invalid = ", error=\"invalid_token\", error_description=\"the token is not accepted\"";
        self.put("invalid", self.bearer(invalid));
        let malformed = ", error=\"invalid_request\", error_description=\"that can be no token\"";
        self.put("malformed", self.bearer(malformed));
    }

    /// That of a token which doesn't reach so far (RFC 6750 §3.1).
    pub fn of_scopes(&mut self, scopes: &[String]) {
        let scopes = scopes.join(" ");
        let error = format!(", error=\"insufficient_scope\", scope=\"{scopes}\"");
        self.put("insufficient", self.bearer(&error));
    }

    /// Puts them where local replies find them.
    pub fn put_into(&self, route: &mut Value) {
        if !self.by_cause.is_empty() {
            put(
                route,
                "metadata",
                json!({"filter_metadata": {OWN: self.by_cause}}),
            );
        }
    }

    fn put(&mut self, cause: &str, challenge: String) {
        self.by_cause.insert(cause.to_owned(), challenge.into());
    }

    fn bearer(&self, error: &str) -> String {
        let realm = self.realm.as_deref().unwrap_or("gateway");
        let metadata = self.metadata.as_ref();
        let metadata = metadata.map(|url| format!(", resource_metadata=\"{url}\""));
        format!(
            "Bearer realm=\"{realm}\"{error}{}",
            metadata.unwrap_or_default()
        )
    }
}

/// The local replies: the first that fits counts. By itself a token for another audience would be forbidden, and one whose
/// keys can't be fetched wrong.
pub(super) fn replies(with_tokens: bool) -> Value {
    let mut all = Vec::new();
    if with_tokens {
        all.push(json!({
            "filter": because(&format!("response.code_details == '{DENIED}{{Jwks_remote_fetch_is_failed}}'")),
            "status_code": 503,
            "headers_to_add": [added("retry-after", SOON.to_owned())],
        }));
        all.push(json!({
            "filter": because(&format!("response.code_details == '{TURNED_AWAY}[{MALFORMED}]'")),
            "status_code": 400,
            "headers_to_add": [challenge("malformed")],
        }));
        all.push(json!({
            "filter": because(&format!(
                "(response.code_details.startsWith('{DENIED}') && response.code_details != '{DENIED}{{Jwt_is_missing}}') \
                 || response.code_details == '{TURNED_AWAY}[{POLICY}]'"
            )),
            "status_code": 401,
            "headers_to_add": [challenge("invalid")],
        }));
    }
    for (status, cause) in [(401, "challenge"), (403, "insufficient")] {
        all.push(json!({
            "filter": {"status_code_filter": {"comparison": {
                "op": "EQ",
                "value": {"default_value": status, "runtime_key": "gateway.challenge"},
            }}},
            "headers_to_add": [challenge(cause)],
        }));
    }
    all.into()
}

fn challenge(cause: &str) -> Value {
    added(
        "www-authenticate",
        format!("%METADATA(ROUTE:{OWN}:{cause})%"),
    )
}

fn added(name: &str, value: String) -> Value {
    json!({"header": {"key": name, "value": value}, "append_action": "ADD_IF_ABSENT"})
}

fn because(expression: &str) -> Value {
    json!({"extension_filter": extension(
        "cel",
        "extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        json!({"expression": expression}),
    )})
}
