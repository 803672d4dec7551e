//! Credentials looked up in maps: each leaves the consumer that it is of in a variable of its own.

use super::people::{By, People};
use super::rules::{Rules, Source};
use super::words::{line, word};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::Password;
use crate::adapters::common::plugins::{BasicAuth, KeyAuth, MtlsAuth};

/// One way to find out who calls.
pub(super) enum Way {
    /// By an API key.
    Key(KeyAuth),
    /// By the client's certificate.
    Certificate(MtlsAuth),
    /// By a name and a password.
    Password(BasicAuth),
}

impl Way {
    /// The variable with the consumer.
    pub fn variable(&self) -> &'static str {
        match self {
            Self::Key(_) => "txn.by_key",
            Self::Certificate(_) => "txn.by_certificate",
            Self::Password(_) => "txn.by_password",
        }
    }

    /// The header in which the upstream is told of the consumer.
    pub fn consumer_header(&self) -> &str {
        match self {
            Self::Key(config) => &config.consumer_header,
            Self::Certificate(config) => &config.consumer_header,
            Self::Password(config) => &config.consumer_header,
        }
    }

    /// The challenge (RFC 9110 §11.6.1) of a refusal, where it has one.
    pub fn challenge(&self) -> Option<String> {
        match self {
            Self::Key(config) => Some(format!("ApiKey realm=\"{}\"", config.realm)),
            Self::Certificate(_) => None,
            Self::Password(config) => Some(format!(
                "Basic realm=\"{}\", charset=\"UTF-8\"",
                config.realm
            )),
        }
    }

    /// The conditions of which one holds where such a credential is given, right or wrong.
    pub fn given(&self) -> Vec<String> {
        match self {
            Self::Key(config) => {
                let query = config.query.iter();
                let query = query.map(|name| format!("urlp({name}) -m found"));
                let header = format!("req.fhdr({}) -m found", config.header);
                std::iter::once(header).chain(query).collect()
            }
            Self::Certificate(_) => vec!["ssl_c_used".to_owned()],
            Self::Password(_) => vec!["req.fhdr(Authorization) -m found".to_owned()],
        }
    }

    /// The condition that holds where it is right.
    pub fn passes(&self) -> String {
        match self {
            Self::Certificate(config) if !config.consumer_required => "{ ssl_c_used }".to_owned(),
            _ => format!("{{ var({}) -m found }}", self.variable()),
        }
    }

    /// Adds the rules that look it up.
    pub fn look_up(&self, rules: &mut Rules, source: &Source<'_>) -> Result<(), Unsupported> {
        match self {
            Self::Key(config) => key(rules, source, config),
            Self::Certificate(_) => certificate(rules, source),
            Self::Password(_) => password(rules, source),
        }
    }

    /// Adds the rules that keep it from the upstream.
    pub fn conceal(&self, rules: &mut Rules) {
        match self {
            Self::Key(config) => {
                rules.add(&format!("http-request del-header {}", config.header));
                if let Some(query) = &config.query {
                    for (found, left) in [
                        (
                            format!("^([^?]*[?].*&|[^?]*[?]){query}=[^&]*&(.*)$"),
                            "\\1\\2",
                        ),
                        (format!("^([^?]*[?].*|[^?]*)[?&]{query}=[^&]*$"), "\\1"),
                    ] {
                        let (found, left) = (word(&found), word(left));
                        rules.add(&format!("http-request replace-pathq {found} {left}"));
                    }
                }
            }
            Self::Certificate(config) if config.forward_certificate => {
                rules.add(
                    "http-request set-header Client-Cert ':%[ssl_c_der,base64]:' if { ssl_c_used }",
                );
            }
            Self::Certificate(_) => {}
            Self::Password(config) if config.forward => {
                rules.add(
                    "http-request del-header Authorization unless { var(txn.by_password) -m found }",
                );
            }
            Self::Password(_) => rules.add("http-request del-header Authorization"),
        }
    }
}

/// A key in the one place where one is given; two are one too many.
fn key(rules: &mut Rules, source: &Source<'_>, config: &KeyAuth) -> Result<(), Unsupported> {
    let KeyAuth { header, query, .. } = config;
    let digest = "sha2(256),hex,lower";
    let alone = format!("{{ req.fhdr_cnt({header}) eq 1 }}");
    match query {
        None => rules.add(&format!(
            "http-request set-var(txn.key) req.fhdr({header}),{digest} if {alone}"
        )),
        Some(name) => {
            let asked = rules
                .acls
                .one("key_in_query", format!("urlp({name}) -m found"));
            let twice = word(&format!("(^|&){name}=.*&{name}="));
            let twice = rules
                .acls
                .one("keys_in_query", format!("query -m reg {twice}"));
            rules.add(&format!(
                "http-request set-var(txn.key) req.fhdr({header}),{digest} if {alone} !{asked}"
            ));
            rules.add(&format!(
                "http-request set-var(txn.key) urlp({name}),url_dec,{digest} \
                 if {asked} !{twice} !{{ req.fhdr({header}) -m found }}"
            ));
        }
    }
    let keys = source.people.keys.as_ref().map_err(Clone::clone)?;
    let entries = keys.iter().map(|key| (&key.digest, key.consumer.clone()));
    let map = map(rules, "keys.map", entries);
    rules.add(&format!(
        "http-request set-var(txn.by_key) var(txn.key),map_str({map})"
    ));
    let ends = keys
        .iter()
        .filter_map(|key| Some((&key.digest, key.ends?.to_string())));
    let ends: Vec<_> = ends.collect();
    if !ends.is_empty() {
        let map = self::map(rules, "key-ends.map", ends.into_iter());
        rules.add(&format!(
            "http-request set-var(txn.key_ends) var(txn.key),map_str_int({map})"
        ));
        rules.add("http-request set-var(txn.now) date");
        rules.add(
            "http-request unset-var(txn.by_key) if { var(txn.key_ends) -m found } \
             { var(txn.key_ends),sub(txn.now) le 0 }",
        );
    }
    Ok(())
}

/// By the whole certificate or by its subject; where these are of two consumers, it is nobody's.
fn certificate(rules: &mut Rules, source: &Source<'_>) -> Result<(), Unsupported> {
    let People { certificates, .. } = source.people;
    let certificates = certificates.as_ref().map_err(Clone::clone)?;
    for (by, variable, expression) in [
        (
            By::Fingerprint,
            "txn.by_fingerprint",
            "ssl_c_der,sha2(256),hex,lower",
        ),
        (By::Subject, "txn.by_subject", "ssl_c_s_dn(,0,rfc2253)"),
    ] {
        let of_kind = certificates.iter().filter(|shown| shown.by == by);
        let entries = of_kind.map(|shown| (&shown.value, shown.consumer.clone()));
        let map = map(
            rules,
            &format!("{}.map", &variable[4..].replace('_', "-")),
            entries,
        );
        rules.add(&format!(
            "http-request set-var({variable}) {expression},map_str({map}) if {{ ssl_c_used }}"
        ));
    }
    for (variable, unless) in [
        ("txn.by_fingerprint", "txn.by_subject"),
        ("txn.by_subject", "txn.by_fingerprint"),
    ] {
        rules.add(&format!(
            "http-request set-var(txn.by_certificate) var({variable}) if {{ var({variable}) -m found }} \
             !{{ var({unless}) -m found }}"
        ));
    }
    rules.add(
        "http-request set-var(txn.by_certificate) var(txn.by_subject) \
         if { var(txn.by_subject),strcmp(txn.by_fingerprint) eq 0 }",
    );
    Ok(())
}

fn password(rules: &mut Rules, source: &Source<'_>) -> Result<(), Unsupported> {
    let logins = source.callers.logins.as_ref().map_err(Clone::clone)?;
    let list = format!("{}_users", source.name);
    let mut users = Vec::new();
    rules.userlists.push_str(&format!("\nuserlist {list}\n"));
    for login in logins {
        if login.user.contains(char::is_whitespace) {
            return Err(Unsupported::new(
                "a user's name with a space: maps are split there",
            ));
        }
        let password = match &login.password {
            Password::Plain(plain) => format!("insecure-password {}", word(plain)),
            // crypt(3) of glibc's libxcrypt knows bcrypt.
            Password::Bcrypt(hash) => format!("password {}", word(hash)),
        };
        let user = word(&login.user);
        line(&mut rules.userlists, &format!("user {user} {password}"));
        users.push((&login.user, login.consumer.clone()));
    }
    let map = map(rules, "users.map", users.into_iter());
    rules.add(&format!(
        "http-request set-var(txn.by_password) http_auth_user,map_str({map}) if {{ http_auth({list}) }}"
    ));
    Ok(())
}

/// Adds a map, and gives its name.
fn map<'a>(
    rules: &mut Rules,
    file: &str,
    entries: impl Iterator<Item = (&'a String, String)>,
) -> String {
    let lines = entries.map(|(key, value)| format!("{key} {value}\n"));
    rules.files.push((file.to_owned(), lines.collect()));
    file.to_owned()
}
