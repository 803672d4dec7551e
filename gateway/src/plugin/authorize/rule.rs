//! One rule: from the document to what is asked of a caller and a request.

use super::RawRule;
use crate::config::{At, raw, suggest};
use crate::domain::Mistake;
use crate::domain::pattern::{Methods, PathPattern};
use crate::identity::{Claims, Consumer};
use crate::plugin::Request;
use crate::plugin::registry::Compile;
use http::HeaderValue;
use serde_json::{Map, Value};
use std::fmt;

/// The claims that tell roles, groups and scopes.
pub struct Names {
    pub roles: Box<[Box<str>]>,
    pub groups: Box<[Box<str>]>,
    pub scopes: Box<[Box<str>]>,
}

/// Who calls, as far as it is known.
pub struct Caller<'a> {
    pub consumer: Option<&'a Consumer>,
    pub claims: Option<&'a Claims>,
    pub names: &'a Names,
}

/// A rule that can be held against a request. A field that is none asks for nothing.
#[derive(Default)]
pub struct Rule {
    roles: Option<Box<[String]>>,
    groups: Option<Box<[String]>>,
    scopes: Option<Box<[String]>>,
    consumers: Option<Box<[String]>>,
    claims: Option<Box<[Wanted]>>,
    methods: Option<Methods>,
    paths: Option<Box<[PathPattern]>>,
    /// What is told where only the scopes are missing.
    challenge: Option<HeaderValue>,
}

/// A claim, and what it may be.
struct Wanted {
    claim: Box<str>,
    values: Box<[String]>,
}

impl RawRule {
    /// Whether anything is written down.
    pub fn says_something(&self) -> bool {
        let lists = [&self.roles, &self.groups, &self.scopes, &self.consumers];
        lists.iter().any(|list| list.is_some())
            || self.claims.is_some()
            || self.methods.is_some()
            || self.paths.is_some()
    }
}

/// Reads a rule; mistakes go to the report, and the route is closed then.
pub fn read(raw: &RawRule, at: At<'_>, compile: &mut Compile<'_, '_>) -> Rule {
    if !raw.says_something() {
        let message = "a rule without a field would hold for everyone";
        compile
            .report
            .confined_error(at, "empty-rule", message)
            .help("say whom or what it is for, as in `roles: [admin]`, or take it away");
    }
    let mut reader = Reader { at, compile };
    let scopes = reader.list("scopes", &raw.scopes);
    Rule {
        roles: reader.list("roles", &raw.roles),
        groups: reader.list("groups", &raw.groups),
        consumers: reader.consumers(&raw.consumers),
        claims: reader.claims(&raw.claims),
        methods: reader.methods(&raw.methods),
        paths: reader.paths(&raw.paths),
        challenge: scopes
            .as_deref()
            .and_then(|scopes| reader.challenge(scopes)),
        scopes,
    }
}

struct Reader<'r, 'p, 'a, 'c> {
    at: At<'p>,
    compile: &'r mut Compile<'a, 'c>,
}

impl Reader<'_, '_, '_, '_> {
    fn mistake(&mut self, at: At<'_>, code: &'static str, mistake: Mistake) {
        self.compile
            .report
            .confined_error(at, code, mistake.what)
            .help(mistake.help);
    }

    /// A list that has members, none of them empty.
    fn list(&mut self, key: &str, list: &Option<Vec<String>>) -> Option<Box<[String]>> {
        let list = list.as_ref()?;
        let at = self.at.key(key);
        if list.is_empty() {
            let what = format!("no one of `{key}` is named, so the rule never holds");
            self.mistake(
                at,
                "empty-list",
                Mistake::new(what, "name one, or leave the field out"),
            );
        }
        for (place, _) in list.iter().enumerate().filter(|(_, one)| one.is_empty()) {
            let mistake = Mistake::new(format!("one of `{key}` is empty"), "take it away");
            self.mistake(at.index(place), "empty-list", mistake);
        }
        Some(list.as_slice().into())
    }

    fn consumers(&mut self, list: &Option<Vec<String>>) -> Option<Box<[String]>> {
        let names = self.list("consumers", list)?;
        let at = self.at.key("consumers");
        for (place, name) in names.iter().enumerate() {
            let consumers = self.compile.consumers;
            if consumers.named(name).is_none() {
                let help = suggest(name, consumers.names());
                let mistake = Mistake::new(format!("no consumer is named `{name}`"), help);
                self.mistake(at.index(place), "unknown-consumer", mistake);
            }
        }
        Some(names)
    }

    fn claims(&mut self, claims: &Option<Map<String, Value>>) -> Option<Box<[Wanted]>> {
        let claims = claims.as_ref()?;
        let at = self.at.key("claims");
        if claims.is_empty() {
            let what = "no claim is named";
            let mistake = Mistake::new(what, "write them as in `claims: {tenant: acme}`");
            self.mistake(at, "empty-list", mistake);
        }
        let mut wanted = vec![];
        for (claim, value) in claims {
            match values(value) {
                Some(values) => wanted.push(Wanted {
                    claim: claim.as_str().into(),
                    values,
                }),
                None => {
                    let what = format!("`{claim}` can't be compared with this");
                    let help = "write a text, a number, true or false, or a list of those";
                    self.mistake(at.key(claim), "invalid-claim", Mistake::new(what, help));
                }
            }
        }
        Some(wanted.into())
    }

    fn methods(&mut self, methods: &Option<Vec<String>>) -> Option<Methods> {
        let methods = methods.as_ref()?;
        match Methods::new(methods.iter().map(String::as_str)) {
            Ok(methods) => Some(methods),
            Err(mistake) => {
                self.mistake(self.at.key("methods"), "invalid-method", mistake);
                None
            }
        }
    }

    fn paths(&mut self, paths: &Option<Vec<raw::PathPattern>>) -> Option<Box<[PathPattern]>> {
        let paths = paths.as_ref()?;
        let at = self.at.key("paths");
        if paths.is_empty() {
            let what = "no path is named, so the rule never holds";
            let mistake = Mistake::new(what, "name one, or leave the field out");
            self.mistake(at, "empty-list", mistake);
        }
        let mut patterns = vec![];
        for (place, path) in paths.iter().enumerate() {
            let pattern = match path {
                raw::PathPattern::Prefix(path) => PathPattern::prefix(path),
                raw::PathPattern::Exact(path) => PathPattern::exact(&path.exact),
            };
            match pattern {
                Ok(pattern) => patterns.push(pattern),
                Err(mistake) => self.mistake(at.index(place), "invalid-path", mistake),
            }
        }
        Some(patterns.into())
    }

    /// RFC 6750 §3, with the realm of the plugin that reads tokens here.
    fn challenge(&mut self, scopes: &[String]) -> Option<HeaderValue> {
        // RFC 6749 §3.3.
        let sound = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let at = self.at.key("scopes");
        for (place, scope) in scopes.iter().enumerate() {
            if !scope.bytes().all(sound) {
                let what = format!("{scope:?} is no scope");
                let help = "a scope has no spaces, `\"` and `\\`; name several one by one";
                self.mistake(at.index(place), "invalid-scope", Mistake::new(what, help));
            }
        }
        let realms = self.compile.siblings.iter();
        let realm = realms
            .filter(|(name, _)| TOKEN_PLUGINS.contains(name))
            .find_map(|(_, config)| config.get("realm")?.as_str());
        let realm = realm.unwrap_or("gateway");
        let scopes = scopes.join(" ");
        let text =
            format!("Bearer realm=\"{realm}\", error=\"insufficient_scope\", scope=\"{scopes}\"");
        HeaderValue::try_from(text).ok()
    }
}

/// The plugins that bring claims.
const TOKEN_PLUGINS: &[&str] = &["jwt-validate", "oauth2-introspect"];

fn values(value: &Value) -> Option<Box<[String]>> {
    match value {
        Value::Array(list) if !list.is_empty() => list.iter().map(text).collect(),
        one => Some([text(one)?].into()),
    }
}

/// Texts as they are, numbers, true and false as JSON writes them.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

impl Rule {
    /// Whether it looks at more than the request.
    pub fn asks_who_calls(&self) -> bool {
        let lists = [&self.roles, &self.groups, &self.scopes, &self.consumers];
        self.claims.is_some() || lists.iter().any(|list| list.is_some())
    }

    /// Whether every field holds.
    pub fn holds(&self, caller: &Caller<'_>, request: &Request<'_>) -> bool {
        self.holds_but_scopes(caller, request) && each(&self.scopes, |all| caller.has_scopes(all))
    }

    /// Whether every field but the scopes holds.
    pub fn holds_but_scopes(&self, caller: &Caller<'_>, request: &Request<'_>) -> bool {
        let takes = |path: &PathPattern| path.matched_len(request.path).is_some();
        each(&self.methods, |methods| methods.takes(request.method))
            && each(&self.paths, |paths| paths.iter().any(takes))
            && each(&self.consumers, |names| caller.is_one_of(names))
            && each(&self.roles, |roles| caller.has_role(roles))
            && each(&self.groups, |groups| caller.has_group(groups))
            && each(&self.claims, |all| all.iter().all(|one| caller.claims(one)))
    }

    /// What is told where only the scopes are missing; none for a rule without scopes.
    pub fn challenge(&self) -> Option<&HeaderValue> {
        self.challenge.as_ref()
    }
}

/// A field that is none asks for nothing.
fn each<T>(field: &Option<T>, holds: impl FnOnce(&T) -> bool) -> bool {
    field.as_ref().is_none_or(holds)
}

impl Caller<'_> {
    /// Whether a token was shown.
    pub fn has_token(&self) -> bool {
        self.claims.is_some()
    }

    fn is_one_of(&self, names: &[String]) -> bool {
        self.consumer
            .is_some_and(|consumer| names.iter().any(|name| name == consumer.name()))
    }

    fn has_role(&self, roles: &[String]) -> bool {
        let own = self.consumer.map_or(&[][..], Consumer::roles);
        own.iter().any(|role| roles.contains(role)) || self.listed(&self.names.roles, roles)
    }

    fn has_group(&self, groups: &[String]) -> bool {
        let own = self.consumer.map_or(&[][..], Consumer::groups);
        own.iter().any(|group| groups.contains(group)) || self.listed(&self.names.groups, groups)
    }

    fn has_scopes(&self, scopes: &[String]) -> bool {
        let one = |scope: &String| self.listed(&self.names.scopes, std::slice::from_ref(scope));
        scopes.iter().all(one)
    }

    /// Whether one of these claims lists one of the wanted.
    fn listed(&self, claims: &[Box<str>], wanted: &[String]) -> bool {
        let Some(all) = self.claims else {
            return false;
        };
        let mut members = claims.iter().flat_map(|claim| all.list(claim));
        members.any(|member| wanted.iter().any(|one| one == member))
    }

    fn claims(&self, wanted: &Wanted) -> bool {
        let is = |value: &Value| text(value).is_some_and(|text| wanted.values.contains(&text));
        match self.claims.and_then(|claims| claims.find(&wanted.claim)) {
            Some(Value::Array(members)) => members.iter().any(is),
            Some(value) => is(value),
            None => false,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lists = [
            ("roles", &self.roles),
            ("groups", &self.groups),
            ("scopes", &self.scopes),
            ("consumers", &self.consumers),
        ];
        let mut parts: Vec<String> = vec![];
        for (name, list) in lists {
            parts.extend(list.iter().map(|list| format!("{name} {}", list.join("|"))));
        }
        for wanted in self.claims.iter().flatten() {
            parts.push(format!("{} {}", wanted.claim, wanted.values.join("|")));
        }
        parts.extend(
            self.methods
                .iter()
                .map(|methods| format!("methods {methods}")),
        );
        if let Some(paths) = &self.paths {
            let paths: Vec<String> = paths.iter().map(ToString::to_string).collect();
            parts.push(format!("paths {}", paths.join("|")));
        }
        f.write_str(&parts.join(" and "))
    }
}
