//! Who calls, and what for: keys by a map of mod_rewrite, passwords by mod_auth_basic, rules by `Require expr`.

use super::text::{Lines, escaped, literal};
use crate::adapters::Unsupported;
use crate::adapters::common::authorization::{Grant, Grants, Person};
use crate::adapters::common::callers::Callers;
use crate::adapters::common::plugins::{Anonymous, Authorize, BasicAuth, KeyAuth, Settings as _};
use crate::adapters::common::routes::{End, Path};
use crate::fixtures::RouteApi;

/// The file with the owner of each key, for mod_rewrite.
pub(super) const KEYS: &str = "keys.txt";
/// The file with the users' passwords.
const USERS: &str = "users";
/// The caller of a request without a right key.
const NOBODY: &str = "-";

/// The authentication and authorization of a route.
#[derive(Debug, Default)]
pub(super) struct Access {
    /// Rules of mod_rewrite.
    pub rules: Lines,
    /// Directives for the whole server.
    pub global: Lines,
    /// Directives of the route's section.
    pub section: Lines,
    /// The files that they name.
    pub files: Vec<(String, String)>,
}

impl Access {
    /// Translates the plugins of the route called `name` here.
    pub fn compile(
        route: &RouteApi,
        name: &str,
        callers: &Callers,
        people: &[Person],
    ) -> Result<Self, Unsupported> {
        let mut access = Self::default();
        let (key, basic) = (KeyAuth::on(route)?, BasicAuth::on(route)?);
        let anonymous = Anonymous::on(route)?;
        if anonymous.is_some() && (basic.is_some() || key.is_none()) {
            return Err(Unsupported::new(
                "anonymous: no authentication but by keys lets a request without credentials pass",
            ));
        }
        let told = [
            key.as_ref().map(|key| &key.consumer_header),
            basic.as_ref().map(|basic| &basic.consumer_header),
            anonymous.as_ref().map(|guest| &guest.consumer_header),
        ];
        let mut told: Vec<&String> = told.into_iter().flatten().collect();
        told.dedup();
        if told.len() > 1 {
            return Err(Unsupported::new(
                "consumerHeader: it depends on the credential",
            ));
        }
        let any = route.authenticate_any && basic.is_some();
        if let Some(key) = &key {
            access.keys(key, anonymous.as_ref(), callers)?;
            if !any {
                access.demand(key, name)?;
            }
        }
        let mut requirement = Lines::default();
        if let Some(basic) = &basic {
            requirement = access.passwords(basic, key.is_some(), any, callers)?;
        }
        if let Some(header) = told.first() {
            access.tell(&literal(header)?, key.is_some(), basic.is_some());
        }
        match Authorize::on(route)? {
            None => {}
            Some(_) if key.is_none() || basic.is_some() => {
                return Err(Unsupported::new(
                    "authorize: callers are known by their keys when rules are looked at, and by nothing else",
                ));
            }
            Some(settings) => requirement = authorization(&Grants::of(&settings, people)?)?,
        }
        access.section.append(requirement);
        Ok(access)
    }

    /// Maps the key to its owner's name, and no key to the guest's, where there is one.
    fn keys(
        &mut self,
        config: &KeyAuth,
        anonymous: Option<&Anonymous>,
        callers: &Callers,
    ) -> Result<(), Unsupported> {
        if config.query.is_some() {
            return Err(Unsupported::new(
                "key-auth: a key in the query would reach the upstream",
            ));
        }
        let mut owners = String::new();
        for key in callers.keys.as_ref().map_err(Clone::clone)? {
            owners += &format!("{} {}\n", token(&key.secret)?, token(&key.consumer)?);
        }
        self.files.push((KEYS.to_owned(), owners));
        let header = literal(&config.header)?;
        self.rules.line(format!(
            "RewriteCond ${{keys:%{{HTTP:{header}}}|{NOBODY}}} ^(.*)$"
        ));
        self.rules.line("RewriteRule ^ - [E=caller:%1]");
        if let Some(guest) = anonymous {
            self.rules
                .line(format!("RewriteCond %{{HTTP:{header}}} ^$"));
            self.rules.line(format!(
                "RewriteRule ^ - [E=caller:{}]",
                token(&guest.consumer)?
            ));
        }
        self.section.line(format!("RequestHeader unset {header}"));
        Ok(())
    }

    /// Refuses a request of nobody, with a challenge.
    fn demand(&mut self, config: &KeyAuth, name: &str) -> Result<(), Unsupported> {
        self.rules
            .line(format!("RewriteCond %{{ENV:caller}} ={NOBODY}"));
        self.rules
            .line(format!("RewriteRule ^ - [E=challenge:{name},R=401,L]"));
        self.global.line(format!(
            "Header always set WWW-Authenticate \"ApiKey realm=\\\"{}\\\"\" \"expr=reqenv('challenge') == '{name}'\"",
            literal(&config.realm)?
        ));
        Ok(())
    }

    fn passwords(
        &mut self,
        config: &BasicAuth,
        keyed: bool,
        any: bool,
        callers: &Callers,
    ) -> Result<Lines, Unsupported> {
        let logins = callers.logins.as_ref().map_err(Clone::clone)?;
        if logins.iter().any(|login| login.user != login.consumer) {
            return Err(Unsupported::new(
                "a user name that is not the consumer's: the upstream is told the user's",
            ));
        }
        let mut users = String::new();
        for login in logins {
            if login.user.contains([':', '\n']) {
                return Err(Unsupported::new("a user name with a colon"));
            }
            users += &format!("{}:{}\n", login.user, login.bcrypt()?);
        }
        self.files.push((USERS.to_owned(), users));
        self.section.line("AuthType Basic");
        self.section
            .line(format!("AuthName \"{}\"", literal(&config.realm)?));
        self.section.line("AuthBasicProvider file");
        self.section.line(format!("AuthUserFile {USERS}"));
        if !config.forward {
            self.section.line("RequestHeader unset Authorization");
        }
        let mut requirement = Lines::default();
        let mut each = Lines::default();
        match (keyed, any) {
            (true, true) => {
                each.line(format!("Require expr \"reqenv('caller') != '{NOBODY}'\""));
                each.line("Require valid-user");
                requirement.section("RequireAny", "", each);
            }
            (true, false) => {
                each.line("Require valid-user");
                each.line("Require expr \"%{REMOTE_USER} == reqenv('caller')\"");
                requirement.section("RequireAll", "", each);
            }
            (false, _) => requirement.line("Require valid-user"),
        }
        Ok(requirement)
    }

    /// Tells the upstream who calls: by the key, or else by the password.
    fn tell(&mut self, header: &str, keyed: bool, basic: bool) {
        let mut tell = |value: &str, condition: &str| {
            self.section.line(format!(
                "RequestHeader set {header} \"expr={value}\"{condition}"
            ));
        };
        match (keyed, basic) {
            (true, true) => {
                tell("%{REMOTE_USER}", "");
                let keyed = format!(" \"expr=reqenv('caller') != '{NOBODY}'\"");
                tell("%{reqenv:caller}", &keyed);
            }
            (true, false) => tell("%{reqenv:caller}", ""),
            (false, _) => tell("%{REMOTE_USER}", ""),
        }
    }
}

/// A text without anything that ends a word.
fn token(text: &str) -> Result<String, Unsupported> {
    if text.is_empty() || text.contains([' ', '\t', ',', ']', '#']) {
        return Err(Unsupported::new(format!("{text:?} is not one word")));
    }
    literal(text)
}

fn authorization(grants: &Grants) -> Result<Lines, Unsupported> {
    let mut all = Lines::default();
    match &grants.allow {
        None => all.line("Require all granted"),
        Some(allow) => {
            let mut any = Lines::default();
            for grant in allow.iter().filter(|grant| !grant.is_idle()) {
                any.line(format!("Require expr \"{}\"", expression(grant)?));
            }
            if any == Lines::default() {
                any.line("Require all denied");
            }
            all.section("RequireAny", "", any);
        }
    }
    let mut none = Lines::default();
    for grant in grants.deny.iter().filter(|grant| !grant.is_idle()) {
        none.line(format!("Require expr \"{}\"", expression(grant)?));
    }
    all.section("RequireNone", "", none);
    let mut lines = Lines::default();
    lines.section("RequireAll", "", all);
    Ok(lines)
}

fn expression(grant: &Grant) -> Result<String, Unsupported> {
    let list = |words: &[String]| -> Result<String, Unsupported> {
        let words: Result<Vec<String>, _> = words
            .iter()
            .map(|word| Ok(format!("'{}'", literal(word)?)))
            .collect();
        Ok(format!("{{{}}}", words?.join(",")))
    };
    let mut parts = Vec::new();
    if let Some(consumers) = &grant.consumers {
        parts.push(format!("reqenv('caller') in {}", list(consumers)?));
    }
    if !grant.methods.is_empty() {
        parts.push(format!("%{{REQUEST_METHOD}} in {}", list(&grant.methods)?));
    }
    if !grant.paths.is_empty() {
        let paths: Vec<String> = grant.paths.iter().map(pattern).collect();
        let paths = paths.join("|");
        if paths.contains(['#', '"']) {
            return Err(Unsupported::new("authorize: a path with # or a quote"));
        }
        parts.push(format!("%{{REQUEST_URI}} =~ m#^({paths})$#"));
    }
    Ok(parts.join(" && "))
}

/// The regular expression of a path, without anchors.
pub(super) fn pattern(path: &Path) -> String {
    let beginning = path.expression(escaped, |_| "[^/]+".to_owned());
    let end = match path.end {
        End::Prefix => "(/.*)?",
        End::Exact => "",
        End::ExactSlash => "/",
    };
    beginning + end
}
