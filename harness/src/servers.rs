//! What stands around a gateway besides its upstreams: the servers of issuers and the introspection endpoints that its
//! configuration names.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::{Map, Value, json};

use crate::fixtures::certificates::{Certificates, Leaf};
use crate::fixtures::introspection_server::IntrospectionServer;
use crate::fixtures::jwks_server::{Document, JwksServer};
use crate::fixtures::tokens::{Algorithm, Draft, Issuer};
use crate::fixtures::{Answer, Authority, Endpoint, Fixture, TrustedIssuer};
use crate::plan::{ServerSettings, TokenPlan, at_present};

/// The servers around a gateway.
#[derive(Debug, Default)]
pub struct Servers {
    /// The issuers that the configuration trusts, in its order.
    pub issuers: Vec<RunningIssuer>,
    /// The introspection endpoints, in its order.
    pub endpoints: Vec<RunningEndpoint>,
}

/// An issuer, and its server where the configuration asks one.
#[derive(Debug)]
pub struct RunningIssuer {
    /// What the configuration says of it.
    pub trusted: TrustedIssuer,
    /// Its keys.
    pub issuer: Arc<Issuer>,
    /// Serves them.
    pub server: Option<JwksServer>,
}

/// An introspection endpoint.
#[derive(Debug)]
pub struct RunningEndpoint {
    /// What the configuration says of it.
    pub endpoint: Endpoint,
    /// Answers.
    pub server: IntrospectionServer,
}

impl Servers {
    /// Starts what a configuration names. `settings` and `answers` go by the names that scenarios call servers.
    ///
    /// # Errors
    /// When a host can't stand in a certificate, no port is free, or two servers have one address.
    pub async fn spawn(
        fixture: &Fixture,
        certificates: &Certificates,
        settings: &BTreeMap<String, ServerSettings>,
        answers: &[(String, Answer)],
    ) -> anyhow::Result<Self> {
        let mut servers = Self::default();
        for trusted in fixture.issuers() {
            let server = RunningIssuer::spawn(trusted, certificates, settings).await?;
            servers.issuers.push(server);
        }
        for endpoint in fixture.introspection_endpoints() {
            let host = host(&endpoint.authority).to_owned();
            let (id, secret) = (&endpoint.client_id, &endpoint.client_secret);
            let server = IntrospectionServer::spawn_for(certificates, &[&host], id, secret).await?;
            servers.endpoints.push(RunningEndpoint { endpoint, server });
        }
        let mut seen = BTreeMap::new();
        for (authority, _) in servers.addresses() {
            let twice = seen.insert(authority.clone(), ()).is_some();
            anyhow::ensure!(
                !twice,
                "two servers of the configuration are at {authority}; give each a host of its own"
            );
        }
        for (name, answer) in answers {
            servers.set_answer(name, answer)?;
        }
        Ok(servers)
    }

    /// Where each is.
    pub fn addresses(&self) -> Vec<(Authority, SocketAddr)> {
        let issuers = self.issuers.iter().filter_map(|issuer| {
            let authority = issuer.trusted.authority.clone()?;
            Some((authority, issuer.server.as_ref()?.address()))
        });
        let endpoints = self.endpoints.iter();
        let endpoints = endpoints.map(|one| (one.endpoint.authority.clone(), one.server.address()));
        issuers.chain(endpoints).collect()
    }

    /// The issuer that a scenario calls `name`; the only one for an empty name.
    ///
    /// # Errors
    /// When there is none, or more than one for an empty name.
    pub fn issuer(&self, name: &str) -> anyhow::Result<&RunningIssuer> {
        let names = || {
            let names = self.issuers.iter();
            let names: Vec<_> = names.map(|one| one.trusted.identifier.as_str()).collect();
            names.join(", ")
        };
        match (name, self.issuers.as_slice()) {
            ("", []) => anyhow::bail!("the configuration trusts no issuer"),
            // The first one signs where nothing else is said.
            ("", [first, ..]) => Ok(first),
            _ => self
                .issuers
                .iter()
                .find(|one| one.trusted.is_called(name))
                .with_context(|| {
                    format!(
                        "the configuration trusts no issuer {name:?}; it trusts {}",
                        names()
                    )
                }),
        }
    }

    /// The introspection endpoint at the host `name`; the first one for an empty name.
    ///
    /// # Errors
    /// When there is none.
    pub fn endpoint(&self, name: &str) -> anyhow::Result<&RunningEndpoint> {
        let mut all = self.endpoints.iter();
        all.find(|one| name.is_empty() || host(&one.endpoint.authority) == name)
            .with_context(|| format!("the configuration has no introspection endpoint {name}"))
    }

    /// Makes an issuer (its key set and its metadata) or an introspection endpoint answer so from now on.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn set_answer(&self, name: &str, answer: &Answer) -> anyhow::Result<()> {
        if let Ok(endpoint) = self.endpoint(name) {
            endpoint.server.set_answer(answer.clone());
            return Ok(());
        }
        let server = self.issuer(name)?.server()?;
        for document in [Document::Keys, Document::OpenId, Document::OAuth] {
            server.set_answer(document, answer.clone());
        }
        Ok(())
    }

    /// Mints a token, or makes the endpoints know it.
    ///
    /// # Errors
    /// When the issuer, the kind or the algorithm is unknown.
    pub fn token(&self, plan: &TokenPlan) -> anyhow::Result<String> {
        if let Some(secret) = &plan.opaque {
            for endpoint in &self.endpoints {
                let answer = endpoint.endpoint.answer(plan);
                endpoint.server.register(secret, answer);
            }
            anyhow::ensure!(
                !self.endpoints.is_empty(),
                "the configuration asks no introspection endpoint"
            );
            return Ok(secret.clone());
        }
        let issuer = self.issuer(&plan.issuer)?;
        let algorithm = match &plan.algorithm {
            Some(name) => name.parse()?,
            None => issuer.trusted.algorithm,
        };
        Ok(plan
            .applied(issuer.issuer.draft(algorithm))
            .mint(&plan.kind)?)
    }

    /// The environment variables that stand for issuers' secrets, with their values.
    pub fn secrets(&self) -> Vec<(String, String)> {
        let of = |issuer: &RunningIssuer| {
            let secrets = issuer.trusted.secrets.iter();
            let values = secrets.filter_map(|(variable, algorithm)| {
                let key = issuer.issuer.key(*algorithm);
                let text = String::from_utf8_lossy(key.secret()?).into_owned();
                Some((variable.clone(), text))
            });
            values.collect::<Vec<_>>()
        };
        self.issuers.iter().flat_map(of).collect()
    }

    /// The public key of an issuer, PEM.
    ///
    /// # Errors
    /// When there is no such issuer or algorithm.
    pub fn public_key(&self, issuer: Option<&str>, algorithm: &str) -> anyhow::Result<String> {
        let upper = match algorithm {
            "eddsa" => "EdDSA".to_owned(),
            other => other.to_uppercase(),
        };
        let issuer = self.issuer(issuer.unwrap_or_default())?;
        let key = issuer.issuer.key(upper.parse::<Algorithm>()?);
        key.public_pem()
            .with_context(|| format!("{algorithm} has no public key"))
    }
}

impl RunningIssuer {
    async fn spawn(
        trusted: TrustedIssuer,
        certificates: &Certificates,
        settings: &BTreeMap<String, ServerSettings>,
    ) -> anyhow::Result<Self> {
        let issuer = Arc::new(Issuer::new(&trusted.identifier, &trusted.audience));
        let server = match &trusted.authority {
            None => None,
            Some(authority) => {
                let wanted = settings.iter().find(|(name, _)| trusted.is_called(name));
                let wanted = wanted.map(|(_, wanted)| wanted.clone()).unwrap_or_default();
                let hosts = wanted
                    .hosts
                    .unwrap_or_else(|| vec![host(authority).to_owned()]);
                let leaf = Leaf::server(hosts.iter().map(String::as_str));
                let certified = certificates.mint(&wanted.variant, &leaf)?;
                Some(JwksServer::spawn_with(issuer.clone(), &certified).await?)
            }
        };
        Ok(Self {
            trusted,
            issuer,
            server,
        })
    }

    /// Its server.
    ///
    /// # Errors
    /// When its keys are in the configuration.
    pub fn server(&self) -> anyhow::Result<&JwksServer> {
        let missing = || {
            format!(
                "nobody asks {}: its keys are in the configuration",
                self.trusted.identifier
            )
        };
        self.server.as_ref().with_context(missing)
    }

    /// How often its keys or its metadata were asked for.
    pub fn fetches(&self) -> anyhow::Result<u64> {
        let server = self.server()?;
        Ok(server.fetches(Document::Keys))
    }
}

impl Endpoint {
    /// What is said of a token: that it is active, who it is about, and what the configuration expects, unless the plan
    /// says otherwise.
    fn answer(&self, plan: &TokenPlan) -> Value {
        let now = crate::plan::seconds();
        let usual = json!({
            "active": true,
            "sub": Draft::SUBJECT,
            "client_id": "client-1",
            "token_type": "Bearer",
            "iat": now,
            "exp": now + Draft::LIFETIME.as_secs(),
        });
        let mut members: Map<String, Value> = usual.as_object().cloned().unwrap_or_default();
        for (name, value) in &self.expected {
            members.insert((*name).to_owned(), value.clone());
        }
        for (name, value) in &plan.claims {
            match value {
                Some(value) => members.insert(name.clone(), at_present(value)),
                None => members.shift_remove(name),
            };
        }
        if members.get("active") == Some(&Value::Bool(false)) {
            // RFC 7662 §2.2: nothing else is told.
            return json!({"active": false});
        }
        Value::Object(members)
    }
}

fn host(authority: &str) -> &str {
    authority
        .rsplit_once(':')
        .map_or(authority, |(host, _)| host)
}

#[cfg(test)]
mod tests;
