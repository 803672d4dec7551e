//! Who calls, and what for: keys and passwords by the policies for them, rules by `terminate` with a condition on the
//! caller's name.

use serde_json::{Value, json};

use crate::adapters::Unsupported;
use crate::adapters::common::authorization::{Grant, Grants, Person};
use crate::adapters::common::callers::Callers;
use crate::adapters::common::plugins::{Anonymous, Authorize, BasicAuth, KeyAuth, Settings as _};
use crate::adapters::common::routes::Path;
use crate::fixtures::RouteApi;

use super::pipeline::{add_headers, expression, on};
use super::routing::path_expression;

/// The authentication and authorization of a route.
#[derive(Default)]
pub(super) struct Access {
    /// The policies that let a request in, or don't.
    pub policies: Vec<Value>,
    /// The policies that tell the upstream who calls, once nothing needs the credentials any more.
    pub told: Vec<Value>,
    /// Headers with credentials, which go no further.
    pub secret: Vec<String>,
    /// The header that a key comes in.
    pub key_header: Option<String>,
    /// The expression of the caller's name, where someone is known to call by then.
    pub caller: Option<String>,
}

/// What a route has of plugins that ask who calls.
struct Asked {
    key: Option<KeyAuth>,
    basic: Option<BasicAuth>,
    anonymous: Option<Anonymous>,
}

impl Asked {
    fn on(route: &RouteApi) -> Result<Self, Unsupported> {
        let asked = Self {
            key: KeyAuth::on(route)?,
            basic: BasicAuth::on(route)?,
            anonymous: Anonymous::on(route)?,
        };
        if asked.anonymous.is_some() && asked.key.is_some() == asked.basic.is_some() {
            return Err(Unsupported::new(
                "anonymous: beside one authentication, neither several nor none",
            ));
        }
        Ok(asked)
    }

    /// The header in which a caller is told.
    fn header(&self) -> Result<Option<&str>, Unsupported> {
        let key = self.key.as_ref().map(|key| key.consumer_header.as_str());
        let basic = self.basic.as_ref();
        let basic = basic.map(|basic| basic.consumer_header.as_str());
        match (key, basic) {
            (Some(key), Some(basic)) if key != basic => Err(Unsupported::new(
                "consumerHeader: it depends on the credential",
            )),
            _ => Ok(key.or(basic)),
        }
    }

    /// What a refusal asks for (RFC 9110, 11.6.1): no policy has a setting for it.
    fn challenges(&self) -> Vec<String> {
        let key = self.key.as_ref();
        let key = key.map(|key| format!("ApiKey realm=\"{}\"", key.realm));
        let basic = self.basic.as_ref();
        let basic =
            basic.map(|basic| format!("Basic realm=\"{}\", charset=\"UTF-8\"", basic.realm));
        key.into_iter().chain(basic).collect()
    }
}

impl Access {
    /// Translates the plugins of a route.
    pub fn compile(
        route: &RouteApi,
        callers: &Callers,
        people: &[Person],
    ) -> Result<Self, Unsupported> {
        let asked = Asked::on(route)?;
        let mut access = Self::default();
        if let Some(header) = asked.header()? {
            let challenges = json!(asked.challenges());
            access.policies.push(expression(&format!(
                "res.setHeader('WWW-Authenticate', {challenges})"
            )));
            access.authenticate(route, &asked, header, callers)?;
            let let_in = "res.removeHeader('WWW-Authenticate')";
            access.policies.push(expression(let_in));
            access.tell(&asked, header);
        }
        if let Some(settings) = Authorize::on(route)? {
            let caller = access.caller.clone().ok_or_else(|| {
                Unsupported::new("authorize: nobody asks who calls, so no rule holds")
            })?;
            access.authorize(&Grants::of(&settings, people)?, &caller);
        }
        Ok(access)
    }

    fn authenticate(
        &mut self,
        route: &RouteApi,
        asked: &Asked,
        header: &str,
        callers: &Callers,
    ) -> Result<(), Unsupported> {
        let both = asked.key.is_some() && asked.basic.is_some();
        if let Some(key) = &asked.key {
            let mut policy = self.keys(key, callers)?;
            if both && route.authenticate_any {
                policy["action"]["passThrough"] = json!(true);
            }
            if asked.anonymous.is_some() {
                policy["condition"] = given(&key.header);
            }
            self.policies.push(json!({"key-auth": [policy]}));
        }
        if let Some(basic) = &asked.basic {
            callers.logins.as_ref().map_err(Clone::clone)?;
            let mut policy = json!({"action": {}});
            if asked.anonymous.is_some() {
                policy["condition"] = given("Authorization");
            }
            match (both, route.authenticate_any) {
                (true, true) => policy["condition"] = json!({"name": "anonymous"}),
                (true, false) => self.policies.push(add_headers(
                    json!({header.to_lowercase(): "consumer.username"}),
                )),
                _ => {}
            }
            self.policies.push(json!({"basic-auth": [policy]}));
            if both && !route.authenticate_any {
                // The second caller has taken the place of the first by then.
                let another = format!("{} !== consumer.username", of_request(header));
                self.policies.push(refuse(401, "Unauthorized", &another));
            }
            if !basic.forward {
                self.secret.push("authorization".to_owned());
            }
        }
        self.caller = Some(match &asked.anonymous {
            Some(guest) => format!("(consumer ? consumer.username : {})", json!(guest.consumer)),
            None => "consumer.username".to_owned(),
        });
        Ok(())
    }

    fn keys(&mut self, config: &KeyAuth, callers: &Callers) -> Result<Value, Unsupported> {
        if config.query.is_some() {
            return Err(Unsupported::new(
                "key-auth: a query keeps what is in it, so a key there would reach the upstream",
            ));
        }
        let keys = callers.keys.as_ref().map_err(Clone::clone)?;
        if keys.iter().any(|key| !super::users::is_formed(&key.secret)) {
            return Err(Unsupported::new(
                "key-auth: a key that doesn't have the form id:secret",
            ));
        }
        self.secret.push(config.header.to_lowercase());
        self.key_header = Some(config.header.to_lowercase());
        Ok(json!({"action": {
            "apiKeyHeader": config.header,
            "disableHeadersScheme": true,
            "disableQueryParam": true,
        }}))
    }

    fn tell(&mut self, asked: &Asked, header: &str) {
        let mut policy = add_headers(json!({header.to_lowercase(): "consumer.username"}));
        if let Some(Anonymous {
            consumer,
            consumer_header,
        }) = &asked.anonymous
        {
            on(&mut policy, json!({"name": "authenticated"}));
            let name = json!(consumer).to_string();
            let mut guest = add_headers(json!({consumer_header.to_lowercase(): name}));
            on(&mut guest, json!({"name": "anonymous"}));
            self.told.push(guest);
        }
        self.told.push(policy);
    }

    fn authorize(&mut self, grants: &Grants, caller: &str) {
        for grant in grants.deny.iter().filter(|grant| !grant.is_idle()) {
            let denied = holds(grant, caller);
            self.policies.push(refuse(403, "Forbidden", &denied));
        }
        if let Some(allow) = &grants.allow {
            let allow = allow.iter().filter(|grant| !grant.is_idle());
            let allow = allow.map(|grant| format!("({})", holds(grant, caller)));
            let allowed = allow.collect::<Vec<_>>().join(" || ");
            let not_allowed = match allowed.as_str() {
                "" => "true".to_owned(),
                _ => format!("!({allowed})"),
            };
            self.policies.push(refuse(403, "Forbidden", &not_allowed));
        }
    }
}

/// A condition: the request has a credential in this header.
fn given(header: &str) -> Value {
    let expression = format!("{} !== undefined", of_request(header));
    json!({"name": "expression", "expression": expression})
}

fn refuse(status: u16, message: &str, when: &str) -> Value {
    json!({"terminate": [{
        "condition": {"name": "expression", "expression": when},
        "action": {"statusCode": status, "message": message},
    }]})
}

/// The expression of a request's header.
pub(super) fn of_request(header: &str) -> String {
    format!("req.headers[{}]", json!(header.to_lowercase()))
}

fn holds(grant: &Grant, caller: &str) -> String {
    let mut parts = Vec::new();
    if let Some(consumers) = &grant.consumers {
        parts.push(format!("{}.includes({caller})", json!(consumers)));
    }
    if !grant.methods.is_empty() {
        parts.push(format!("{}.includes(req.method)", json!(grant.methods)));
    }
    if !grant.paths.is_empty() {
        let path = |path: &Path| format!("RegExp({}).test(req.path)", json!(path_expression(path)));
        let paths: Vec<String> = grant.paths.iter().map(path).collect();
        parts.push(format!("({})", paths.join(" || ")));
    }
    match parts.as_slice() {
        [] => "true".to_owned(),
        parts => parts.join(" && "),
    }
}
