//! The configuration as written, and its way to the compiled form.

use super::{Introspect, Judge};
use crate::config::secret::SecretText;
use crate::config::units::DurationText;
use crate::config::{At, Secret, raw};
use crate::domain::Mistake;
use crate::identity::egress::{Address, Trust};
use crate::identity::introspection::{Bounds, Client, Proof, Rules, Settings};
use crate::plugin::bearer::{
    Challenge, ClaimHeaders, Places, Refusals, ScopeText, Scopes, Texts, TokenPlaces,
};
use crate::plugin::registry::{CONSUMER_HEADER, Compile};
use crate::plugin::settings::Realm;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// The longest time that a request may have to wait.
const MOST_TIMEOUT: Duration = Duration::from_secs(60);

/// Tokens that a server is asked about.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Config {
    /// The address of the introspection endpoint.
    endpoint: String,
    /// The name by which the authorization server knows the gateway.
    #[schemars(length(min = 1))]
    client_id: String,
    /// The secret that goes with the name; required unless `clientAuth` is `tls`.
    client_secret: Option<SecretText>,
    /// How the gateway shows who it is: by `Authorization: Basic`, by `client_id` and `client_secret` in the form (`post`,
    /// RFC 6749 §2.3.1), or by the certificate of `tls` (RFC 8705 §2).
    #[serde(default)]
    client_auth: ClientAuth,
    /// What the server is told of the token's kind, as in `access_token` (RFC 7662 §2.1); nothing by default.
    #[schemars(length(min = 1))]
    token_type_hint: Option<String>,
    /// Who must have issued the token, exactly as the answer's `iss` says it. Not looked at where absent.
    #[schemars(length(min = 1))]
    issuer: Option<String>,
    /// For whom tokens must be: one of these has to be in the answer's `aud`. Not looked at where absent.
    audience: Option<Texts>,
    /// Scopes that a token must have, all of them; otherwise 403.
    #[serde(default)]
    scopes: Vec<ScopeText>,
    /// Where the token is looked for, if not in `Authorization: Bearer` alone.
    token: Option<TokenPlaces>,
    /// Members of the answer that the upstream is told, each with its header; `a.b` is the member `b` of `a`. The members
    /// of a list are joined by commas; control characters, commas, `%` and what is not ASCII are percent-encoded. Clients'
    /// own headers of these names never pass, on no route.
    #[serde(default)]
    #[schemars(extend("x-expects" = "an object of claims and headers, as in `{sub: X-User-Id}`"))]
    claims_to_headers: IndexMap<String, String>,
    /// The members that are looked for among the `tokens` of consumers, the first first; `sub`, `client_id` and `username`
    /// by default.
    consumer_claim: Option<Texts>,
    /// How long answers are remembered: active tokens for `maxTtl` (5m), never past their own end, and others for
    /// `negativeTtl` (10s); `entries` (100000) of each. For so long a revocation may go unnoticed.
    #[serde(default)]
    cache: CacheConfig,
    /// What becomes of requests while the server cannot be asked, or answers with something unusable: 503 (`closed`), or
    /// they go on unchecked, their tokens with them, as nobody's (`open`). Where the server refuses the gateway's own
    /// credentials it is 503 in any case.
    #[serde(default)]
    on_outage: OnOutage,
    /// How long a request waits for the server, 1m at most.
    #[schemars(extend("default" = "3s"))]
    timeout: Option<DurationText>,
    /// Whether the server may be asked over plain `http` elsewhere than on this machine.
    #[serde(default)]
    allow_http: bool,
    /// Whom to trust and what to show when the server is asked; the system's authorities and nothing by default.
    tls: Option<raw::ClientTls>,
    /// The protection space that challenges name (RFC 9110 §11.5).
    #[serde(default)]
    realm: Realm,
    /// The address of the protected resource's metadata, which challenges tell (RFC 9728 §5.1).
    resource_metadata: Option<String>,
    /// Whether the upstream gets the token.
    #[serde(default = "yes")]
    forward: bool,
}

/// How the gateway shows who it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum ClientAuth {
    #[default]
    Basic,
    Post,
    Tls,
}

/// What becomes of requests while nobody can tell about their tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum OnOutage {
    #[default]
    Closed,
    Open,
}

/// How long answers are remembered, and how many.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CacheConfig {
    /// The longest time for an active token; its own end comes first. `0s`: the server is asked each time.
    #[schemars(extend("default" = "5m"))]
    max_ttl: Option<DurationText>,
    /// The time for a token that is not active. `0s`: the server is asked each time.
    #[schemars(extend("default" = "10s"))]
    negative_ttl: Option<DurationText>,
    /// How many active tokens are remembered, and how many others; of the active ones 64 MiB at most.
    #[schemars(range(min = 1, max = 10_000_000), extend("default" = 100_000))]
    entries: Option<u32>,
}

fn yes() -> bool {
    true
}

impl Config {
    /// The plugin, and what it does in one line; mistakes go to the report.
    pub(super) fn compile(self, compile: &mut Compile<'_, '_>) -> Option<(Introspect, String)> {
        let endpoint = self.endpoint(compile);
        let trust = self.trust(compile);
        let client = self.client(compile);
        let cache = self.cache(compile);
        let timeout = self.timeout(compile);
        let challenge = Challenge::compile(&self.realm, self.resource_metadata.as_deref(), compile);
        let places = Places::compile(self.token.clone(), compile);
        let consumer_header = CONSUMER_HEADER;
        let carries = places
            .as_ref()
            .map(|all| (all.header(), "carries the token"));
        let tells = (&consumer_header, "tells who the consumer is");
        let taken: Vec<_> = carries.into_iter().chain([tells]).collect();
        let claim_headers = ClaimHeaders::compile(&self.claims_to_headers, &taken, compile);
        let settings = Settings {
            endpoint: endpoint?,
            trust: trust?,
            client: client?,
            hint: self.token_type_hint.as_deref().map(Into::into),
            timeout: timeout?,
            cache: cache?,
        };
        let (places, claim_headers) = (places?, claim_headers?);
        let scopes = Scopes::new(&self.scopes);
        let does = self.does(&settings, &places, &scopes, &claim_headers);
        let judge = Judge {
            refusals: Refusals::new(challenge?, &scopes),
            introspector: compile.identities.introspector(settings),
            rules: self.rules(),
            scopes,
            claim_headers,
            consumer_claims: self.consumer_claims(),
            consumer_header,
            consumers: compile.consumers.clone(),
            open: self.on_outage == OnOutage::Open,
        };
        let plugin = Introspect {
            places,
            forward: self.forward,
            judge: Arc::new(judge),
        };
        Some((plugin, does))
    }

    fn endpoint(&self, compile: &mut Compile<'_, '_>) -> Option<Address> {
        let at = compile.at.key("endpoint");
        let mistake = match Address::new(&self.endpoint, self.allow_http) {
            Ok(address) => return Some(address),
            Err(mistake) if self.endpoint.starts_with("http://") => mistake,
            Err(mistake) => Mistake::new(
                mistake.what,
                "write it as in `https://auth.example/introspect`",
            ),
        };
        compile.report.mistake(at, "invalid-url", mistake);
        None
    }

    fn trust(&self, compile: &mut Compile<'_, '_>) -> Option<Trust> {
        let Some(tls) = &self.tls else {
            return Some(Trust::default());
        };
        let at = compile.at.key("tls");
        if self.endpoint.starts_with("http://") {
            let what = "`tls` is given, and the endpoint is asked without TLS";
            compile
                .report
                .error(at.on_key(), "tls-without-https", what)
                .help("write `https://` in the endpoint's URL, or take `tls` away");
            return None;
        }
        let resolved = tls.resolve(at, compile.report)?;
        match Trust::new(resolved) {
            Ok(trust) => Some(trust),
            Err(mistake) => {
                let at = at.key("serverName");
                compile.report.mistake(at, "invalid-server-name", mistake);
                None
            }
        }
    }

    fn client(&self, compile: &mut Compile<'_, '_>) -> Option<Client> {
        let at = compile.at;
        let id = self.client_id.as_str().into();
        let mut wrong = |at: At<'_>, code, what: &str, help: &str| {
            compile.report.error(at, code, what).help(help);
        };
        let proof = match (self.client_auth, &self.client_secret) {
            (ClientAuth::Tls, Some(_)) => {
                let what = "`clientSecret` is given, and `clientAuth: tls` shows a certificate";
                let help = "take it away, or write `clientAuth: basic`";
                wrong(
                    at.key("clientSecret").on_key(),
                    "without-effect",
                    what,
                    help,
                );
                return None;
            }
            (ClientAuth::Tls, None) => {
                let shown = self
                    .tls
                    .as_ref()
                    .is_some_and(|tls| tls.certificate.is_some());
                if !shown {
                    let what = "`clientAuth: tls` shows a certificate, and none is given";
                    let help = "name it, as in `tls: {certificate: gateway.pem, key: gateway.key}`";
                    wrong(at.key("clientAuth"), "missing-certificate", what, help);
                    return None;
                }
                Proof::Tls
            }
            (ClientAuth::Basic | ClientAuth::Post, None) => {
                let what = "the gateway has no secret to show to the endpoint";
                let help = "add `clientSecret: \"${env:NAME}\"`, or write `clientAuth: tls`";
                wrong(at, "missing-secret", what, help);
                return None;
            }
            (auth, Some(text)) => {
                let at = at.key("clientSecret");
                let secret = match text.resolve_at(at, compile.report)? {
                    Secret::Value { value, .. } => value.into(),
                    Secret::Sha256(_) => {
                        let what = "the secret itself is sent, and this is only its digest";
                        let help = "write `${env:NAME}` or `${file:path}`";
                        compile.report.error(at, "invalid-secret", what).help(help);
                        return None;
                    }
                };
                match auth {
                    ClientAuth::Post => Proof::Post(secret),
                    _ => Proof::Basic(secret),
                }
            }
        };
        Some(Client { id, proof })
    }

    fn cache(&self, compile: &mut Compile<'_, '_>) -> Option<Bounds> {
        let at = compile.at.key("cache");
        let seconds = Duration::from_secs;
        let (max, negative) = (&self.cache.max_ttl, &self.cache.negative_ttl);
        let max_ttl = compile.duration(max.as_ref(), seconds(300), at.key("maxTtl"));
        let negative = compile.duration(negative.as_ref(), seconds(10), at.key("negativeTtl"));
        Some(Bounds {
            max_ttl: max_ttl?,
            negative_ttl: negative?,
            entries: self.cache.entries.unwrap_or(100_000),
        })
    }

    fn timeout(&self, compile: &mut Compile<'_, '_>) -> Option<Duration> {
        let at = compile.at.key("timeout");
        let usual = Duration::from_secs(3);
        let timeout = compile.duration(self.timeout.as_ref(), usual, at)?;
        if timeout.is_zero() || timeout > MOST_TIMEOUT {
            let what = "`timeout` is more than nothing and 1m at most";
            compile
                .report
                .error(at, "out-of-range", what)
                .help("write `3s`");
            return None;
        }
        Some(timeout)
    }

    fn rules(&self) -> Rules {
        let audience = self.audience.as_ref().map_or(&[][..], Texts::all);
        Rules {
            issuer: self.issuer.as_deref().map(Into::into),
            audience: audience.iter().map(|name| name.as_str().into()).collect(),
        }
    }

    fn consumer_claims(&self) -> Box<[Box<str>]> {
        match &self.consumer_claim {
            None => ["sub", "client_id", "username"].map(Into::into).into(),
            Some(claims) => claims
                .all()
                .iter()
                .map(|name| name.as_str().into())
                .collect(),
        }
    }

    fn does(
        &self,
        settings: &Settings,
        places: &Places,
        scopes: &Scopes,
        headers: &ClaimHeaders,
    ) -> String {
        let mut does = format!("asks {} about the token in {places}", settings.endpoint);
        if let Some(issuer) = &self.issuer {
            does.push_str(&format!(", which is of {issuer}"));
        }
        if let Some(audience) = &self.audience {
            does.push_str(&format!(", for {}", audience.all().join(" or ")));
        }
        if !scopes.is_empty() {
            does.push_str(&format!(", with the scopes {}", scopes.text()));
        }
        let told: Vec<_> = headers.told().collect();
        if !told.is_empty() {
            does.push_str(&format!(", and tells the upstream {}", told.join(", ")));
        }
        if self.on_outage == OnOutage::Open {
            does.push_str("; requests go on unchecked while it cannot be asked");
        }
        if !self.forward {
            does.push_str("; the token does not go upstream");
        }
        does
    }
}
