//! Who calls, and what for: keys by a map, passwords by `basicauth`, rules by matchers on the caller's name.

use super::lines::{Lines, escaped, literal, word};
use crate::adapters::Unsupported;
use crate::adapters::common::authorization::{Grant, Grants, Person};
use crate::adapters::common::callers::{ApiKey, Callers};
use crate::adapters::common::plugins::{Anonymous, Authorize, BasicAuth, KeyAuth, Settings as _};
use crate::adapters::common::routes::{End, Path};
use crate::fixtures::RouteApi;

/// The placeholder of the caller's name.
pub(super) const CALLER: &str = "{caller}";
const OF_KEY: &str = "{caller_by_key}";
const OF_PASSWORD: &str = "{caller_by_password}";
const USER: &str = "{http.auth.user.id}";

/// The authentication and authorization of a route.
#[derive(Default)]
pub(super) struct Access {
    /// Directives, in the order in which Caddy comes to them.
    pub lines: Lines,
    /// Changes of the headers that go upstream.
    pub edits: Lines,
    /// The header that tells the upstream who calls.
    pub told: Option<String>,
    /// Headers with keys, which the access log leaves out.
    pub secret: Vec<String>,
}

impl Access {
    /// Translates the plugins of a route.
    pub fn compile(
        route: &RouteApi,
        callers: &Callers,
        people: &[Person],
    ) -> Result<Self, Unsupported> {
        let mut access = Self::default();
        let key = KeyAuth::on(route)?;
        let basic = BasicAuth::on(route)?;
        let anonymous = Anonymous::on(route)?;
        if anonymous.is_some() && (basic.is_some() || key.is_none()) {
            return Err(Unsupported::new(
                "anonymous: no authentication but by keys lets a request without credentials pass",
            ));
        }
        let headers = [
            key.as_ref().map(|key| &key.consumer_header),
            basic.as_ref().map(|basic| &basic.consumer_header),
            anonymous
                .as_ref()
                .map(|anonymous| &anonymous.consumer_header),
        ];
        let mut headers: Vec<&String> = headers.into_iter().flatten().collect();
        headers.dedup();
        if headers.len() > 1 {
            return Err(Unsupported::new(
                "consumerHeader: it depends on the credential",
            ));
        }
        match (&key, &basic) {
            (None, None) => {}
            (Some(key), None) => {
                access.keys(key, CALLER, anonymous.as_ref(), callers)?;
                access.demand("@anonymous", CALLER, Some(&key.realm))?;
            }
            (None, Some(basic)) => access.passwords(basic, CALLER, "", callers)?,
            (Some(key), Some(basic)) if route.authenticate_any => {
                access.keys(key, OF_KEY, None, callers)?;
                access
                    .lines
                    .line(format!("@without_key vars {OF_KEY} \"\""));
                access.passwords(basic, OF_PASSWORD, "@without_key ", callers)?;
                // A request with a right key has no user.
                access.join(
                    &format!("{OF_KEY}{OF_PASSWORD}"),
                    |name| name.to_owned(),
                    people,
                )?;
            }
            (Some(key), Some(basic)) => {
                access.keys(key, OF_KEY, None, callers)?;
                access.passwords(basic, OF_PASSWORD, "", callers)?;
                access.demand("@without_key", OF_KEY, Some(&key.realm))?;
                let source = format!("{OF_KEY} {OF_PASSWORD}");
                access.join(&source, |name| format!("{name} {name}"), people)?;
                access.demand("@of_two", CALLER, None)?;
            }
        }
        if let Some(header) = headers.first() {
            access
                .edits
                .line(format!("header_up {} {CALLER}", literal(header)?));
            access.told = Some((*header).clone());
        }
        if let Some(settings) = Authorize::on(route)? {
            if access.told.is_none() {
                return Err(Unsupported::new(
                    "authorize: nobody asks who calls, so no rule holds",
                ));
            }
            access.authorize(route, &Grants::of(&settings, people)?)?;
        }
        Ok(access)
    }

    /// Maps the key to its owner's name; no key to the guest's, where there is one.
    fn keys(
        &mut self,
        config: &KeyAuth,
        name: &str,
        anonymous: Option<&Anonymous>,
        callers: &Callers,
    ) -> Result<(), Unsupported> {
        if config.query.is_some() {
            return Err(Unsupported::new(
                "key-auth: a query keeps what is in it, so a key there would reach the upstream",
            ));
        }
        let mut entries = Lines::default();
        for ApiKey { consumer, secret } in callers.keys.as_ref().map_err(Clone::clone)? {
            entries.line(format!("{} {}", entry(secret)?, literal(consumer)?));
        }
        if let Some(anonymous) = anonymous {
            entries.line(format!("\"\" {}", literal(&anonymous.consumer)?));
        }
        entries.line("default \"\"");
        let header = literal(&config.header)?;
        self.lines
            .block(format!("map {{header.{header}}} {name}"), entries);
        self.edits.line(format!("header_up -{header}"));
        self.secret.push(header);
        Ok(())
    }

    fn passwords(
        &mut self,
        config: &BasicAuth,
        name: &str,
        matcher: &str,
        callers: &Callers,
    ) -> Result<(), Unsupported> {
        let (mut entries, mut users) = (Lines::default(), Lines::default());
        for login in callers.logins.as_ref().map_err(Clone::clone)? {
            entries.line(format!(
                "{} {}",
                entry(&login.user)?,
                literal(&login.consumer)?
            ));
            users.line(format!(
                "{} {}",
                literal(&login.user)?,
                word(&login.bcrypt()?)?
            ));
        }
        if users.is_empty() {
            return Err(Unsupported::new("basic-auth: nobody has a password"));
        }
        entries.line("default \"\"");
        self.lines.block(format!("map {USER} {name}"), entries);
        let realm = literal(&config.realm)?;
        self.lines
            .block(format!("basicauth {matcher}bcrypt {realm}"), users);
        if !config.forward {
            self.edits.line("header_up -Authorization");
        }
        Ok(())
    }

    /// Maps what several credentials say to the caller.
    fn join(
        &mut self,
        source: &str,
        input: impl Fn(&str) -> String,
        people: &[Person],
    ) -> Result<(), Unsupported> {
        let mut entries = Lines::default();
        for person in people {
            entries.line(format!(
                "{} {}",
                entry(&input(&person.name))?,
                literal(&person.name)?
            ));
        }
        entries.line("default \"\"");
        self.lines
            .block(format!("map {} {CALLER}", word(source)?), entries);
        Ok(())
    }

    /// Refuses a request for which a name is empty, with a challenge for a key where there is a realm.
    fn demand(
        &mut self,
        matcher: &str,
        name: &str,
        realm: Option<&str>,
    ) -> Result<(), Unsupported> {
        self.lines.line(format!("{matcher} vars {name} \"\""));
        let mut answer = Lines::default();
        if let Some(realm) = realm {
            let challenge = literal(&format!("ApiKey realm=\"{realm}\""))?;
            answer.line(format!("header WWW-Authenticate {challenge}"));
        }
        answer.line("respond 401");
        self.lines.block(format!("handle {matcher}"), answer);
        Ok(())
    }

    fn authorize(&mut self, route: &RouteApi, grants: &Grants) -> Result<(), Unsupported> {
        let changes = route.route.strip_prefix || route.route.rewrite.is_some();
        let mut all = grants.deny.iter().chain(grants.allow.iter().flatten());
        if changes && all.any(|grant| !grant.paths.is_empty()) {
            return Err(Unsupported::new(
                "authorize: paths are matched as they have become by then",
            ));
        }
        let deny = grants.deny.iter().filter(|grant| !grant.is_idle());
        for (index, grant) in deny.enumerate() {
            let matcher = format!("@denied_{index}");
            self.lines.matcher(&matcher, conditions(grant)?);
            self.lines.line(format!("respond {matcher} 403"));
        }
        let Some(allow) = &grants.allow else {
            return Ok(());
        };
        let mut none = Lines::default();
        for grant in allow.iter().filter(|grant| !grant.is_idle()) {
            none.matcher("not", conditions(grant)?);
        }
        if none.is_empty() {
            self.lines.line("respond 403");
        } else {
            self.lines.matcher("@not_allowed", none);
            self.lines.line("respond @not_allowed 403");
        }
        Ok(())
    }
}

fn conditions(grant: &Grant) -> Result<Lines, Unsupported> {
    let mut lines = Lines::default();
    if let Some(consumers) = &grant.consumers {
        let names: Result<Vec<String>, _> = consumers.iter().map(|name| literal(name)).collect();
        lines.line(format!("vars {CALLER} {}", names?.join(" ")));
    }
    if !grant.methods.is_empty() {
        lines.line(format!("method {}", grant.methods.join(" ")));
    }
    if !grant.paths.is_empty() {
        let paths: Vec<String> = grant.paths.iter().map(expression).collect();
        let expression = match paths.as_slice() {
            [only] => format!("^{only}$"),
            several => format!("^({})$", several.join("|")),
        };
        lines.line(format!("path_regexp {}", word(&expression)?));
    }
    Ok(lines)
}

/// The regular expression of a path, without anchors.
pub(super) fn expression(path: &Path) -> String {
    let beginning = path.expression(escaped, |_| "[^/]+".to_owned());
    let end = match path.end {
        End::Prefix => "(/.*)?",
        End::Exact => "",
        End::ExactSlash => "/",
    };
    beginning + end
}

/// A text as the input of a map, where a tilde would begin a regular expression.
fn entry(text: &str) -> Result<String, Unsupported> {
    if text.starts_with('~') {
        return Err(Unsupported::new(format!(
            "{text:?}: it would be a regular expression"
        )));
    }
    literal(text)
}
