//! Who calls, by keys, certificates and passwords: a map for each way to find out, and one of what they say together.

use super::keys::in_query;
use super::people::People;
use super::plugins::{Plugins, exactly, quoted};
use super::render::{braced, header_variable};
use crate::adapters::Unsupported;
use crate::adapters::common::callers::{Login, Password};
use crate::adapters::common::plugins::{
    Anonymous, Authorize, BasicAuth, KeyAuth, MtlsAuth, Settings as _,
};
use crate::fixtures::RouteApi;

/// What a route asks of callers.
pub(super) struct Access {
    ways: Vec<Way>,
    any: bool,
    anonymous: Option<Anonymous>,
    authorize: Option<Authorize>,
}

/// One way to find out who calls.
enum Way {
    /// By an API key.
    Key(KeyAuth),
    /// By the client's certificate.
    Certificate(MtlsAuth),
    /// By a name and a password, which nginx looks at last, when all maps have been read.
    Password(BasicAuth),
}

impl Access {
    /// That of a route.
    ///
    /// # Errors
    /// When it can't be said.
    pub fn of(route: &RouteApi) -> Result<Self, Unsupported> {
        let mut ways = Vec::new();
        ways.extend(KeyAuth::on(route)?.map(Way::Key));
        ways.extend(MtlsAuth::on(route)?.map(Way::Certificate));
        ways.extend(BasicAuth::on(route)?.map(Way::Password));
        let access = Self {
            any: route.authenticate_any && ways.len() > 1,
            ways,
            anonymous: Anonymous::on(route)?,
            authorize: Authorize::on(route)?,
        };
        access.can_be_said()?;
        Ok(access)
    }

    fn can_be_said(&self) -> Result<(), Unsupported> {
        let lenient = |way: &Way| matches!(way, Way::Certificate(of) if !of.consumer_required);
        let forwards = |way: &Way| matches!(way, Way::Password(of) if of.forward);
        let password = |way: &Way| matches!(way, Way::Password(_));
        let first = self.ways.first().map(Way::consumer_header);
        let other = |way: &Way| Some(way.consumer_header()) != first;
        let single = self.ways.len() == 1 && self.anonymous.is_none();
        let reason = if self.ways.is_empty()
            && (self.anonymous.is_some() || self.authorize.is_some())
        {
            "rules about callers where nobody asks who calls"
        } else if self.ways.iter().any(password) && self.authorize.is_some() {
            "authorize: rules are looked at before passwords are, so a wrong one would be refused with 403"
        } else if !single && self.ways.iter().any(lenient) {
            "mtls-auth: a certificate of nobody beside another credential"
        } else if !single && self.ways.iter().any(forwards) {
            "basic-auth: a password that is passed on where it isn't always looked at"
        } else if self.ways.iter().any(other) {
            "several consumerHeader on one route"
        } else {
            return Ok(());
        };
        Err(Unsupported::new(reason))
    }

    /// The ways besides a password, of which each makes one needless; with them the guest.
    fn instead_of_password(&self, index: usize) -> Vec<String> {
        let others = self.ways.iter().filter(|_| self.any);
        let others = others.filter(|way| !matches!(way, Way::Password(_)));
        let guest = self.anonymous.iter().map(|_| format!("$guest_{index}"));
        others.map(|way| way.variable(index)).chain(guest).collect()
    }
}

impl Way {
    fn variable(&self, index: usize) -> String {
        let by = match self {
            Self::Key(_) => "key",
            Self::Certificate(_) => "certificate",
            Self::Password(_) => "password",
        };
        format!("${by}_consumer_{index}")
    }

    fn consumer_header(&self) -> &str {
        match self {
            Self::Key(config) => &config.consumer_header,
            Self::Certificate(config) => &config.consumer_header,
            Self::Password(config) => &config.consumer_header,
        }
    }

    /// The challenge (RFC 9110 §11.6.1) of a refusal, where it has one.
    fn challenge(&self) -> Option<String> {
        match self {
            Self::Key(config) => Some(format!("ApiKey realm=\"{}\"", config.realm)),
            Self::Certificate(_) => None,
            Self::Password(config) => Some(format!("Basic realm=\"{}\"", config.realm)),
        }
    }

    /// The variables that are empty where no such credential is given.
    fn given(&self, index: usize) -> String {
        match self {
            Self::Key(config) if config.query.is_some() => {
                format!("{}{}", header_variable(&config.header), in_query(index))
            }
            Self::Key(config) => header_variable(&config.header),
            Self::Certificate(_) => "$ssl_client_s_dn".to_owned(),
            Self::Password(_) => "$http_authorization".to_owned(),
        }
    }
}

impl Plugins {
    /// Translates what a route asks of callers.
    pub(super) fn access(&mut self, access: &Access, people: &People) -> Result<(), Unsupported> {
        let index = self.index;
        let single = access.ways.len() == 1 && access.anonymous.is_none();
        self.authenticates = !access.ways.is_empty();
        for way in &access.ways {
            let variable = if single {
                format!("$consumer_{index}")
            } else {
                way.variable(index)
            };
            self.look_up(way, &variable, people)?;
        }
        if self.authenticates && !single {
            self.together(access);
        }
        self.ask(access);
        if let Some(authorize) = &access.authorize {
            self.authorize(authorize, people)?;
        }
        for way in &access.ways {
            self.conceal(way);
        }
        self.tell_all(access);
        Ok(())
    }

    fn look_up(&mut self, way: &Way, variable: &str, people: &People) -> Result<(), Unsupported> {
        let entry = |credential: &str, consumer: &str| {
            format!("{} {}", exactly(credential), quoted(consumer))
        };
        match way {
            Way::Key(config) => {
                let keys = people.callers.keys.as_ref().map_err(Clone::clone)?;
                self.key(config, variable, keys)?;
            }
            Way::Certificate(config) => {
                if config.forward_certificate {
                    return Err(Unsupported::new(
                        "mtls-auth: a certificate is told in PEM alone, of which no Client-Cert (RFC 9440) can be made",
                    ));
                }
                let subjects = people.subjects.as_ref().map_err(Clone::clone)?;
                let entries = subjects.iter().map(|(subject, of)| entry(subject, of));
                self.entries("$ssl_client_s_dn", variable, entries);
            }
            Way::Password(_) => {
                let logins = people.callers.logins.as_ref().map_err(Clone::clone)?;
                let entries = logins.iter().map(|one| entry(&one.user, &one.consumer));
                self.entries("$remote_user", variable, entries);
                self.users(logins);
            }
        }
        Ok(())
    }

    fn users(&mut self, logins: &[Login]) {
        let lines = logins.iter().map(|login| {
            let password = match &login.password {
                Password::Plain(plain) => format!("{{PLAIN}}{plain}"),
                // crypt(3) of glibc's libxcrypt knows bcrypt.
                Password::Bcrypt(hash) => hash.clone(),
            };
            format!("{}:{password}\n", login.user)
        });
        let file = format!("users_{}", self.index);
        self.files.push((file, lines.collect()));
    }

    /// The consumer of several credentials: of the first that has one where one is enough, otherwise of all of them.
    fn together(&mut self, access: &Access) {
        let index = self.index;
        let mut named: Vec<String> = access.ways.iter().map(|way| way.variable(index)).collect();
        if !access.any && named.len() > 1 {
            let agreed = match access.anonymous {
                Some(_) => format!("$agreed_consumer_{index}"),
                None => format!("$consumer_{index}"),
            };
            let rest = ":\\1".repeat(named.len() - 1);
            let (first, all) = (named[0].clone(), named.join(":"));
            self.map(&format!(
                "map \"{all}\" {agreed} {{ default \"\"; {} {first}; }}",
                quoted(&format!("~^(.+){rest}$"))
            ));
            named = vec![agreed];
        }
        if let Some(anonymous) = &access.anonymous {
            let given: String = access.ways.iter().map(|way| way.given(index)).collect();
            let guest = quoted(&anonymous.consumer);
            self.map(&format!(
                "map {given} $guest_{index} {{ default \"\"; \"\" {guest}; }}"
            ));
            named.push(format!("$guest_{index}"));
        }
        let last = named.pop().unwrap_or_default();
        let mut rest = last;
        for (place, name) in named.iter().enumerate().rev() {
            let variable = match place {
                0 => format!("$consumer_{index}"),
                _ => format!("$consumer_{index}_{place}"),
            };
            self.map(&format!(
                "map {name} {variable} {{ default {name}; \"\" {rest}; }}"
            ));
            rest = variable;
        }
    }

    /// Refuses who hasn't said who calls. Where a password may do it, nginx's own check of it is the last to refuse.
    fn ask(&mut self, access: &Access) {
        let index = self.index;
        let password = access.ways.iter().find_map(|way| match way {
            Way::Password(config) => Some(config),
            _ => None,
        });
        let challenges: Vec<String> = access.ways.iter().filter_map(Way::challenge).collect();
        let challenge = quoted(&challenges.join(", "));
        let needless = access.instead_of_password(index);
        match (password, access.ways.as_slice()) {
            (None, [Way::Certificate(config)]) if !config.consumer_required => {
                braced(
                    &mut self.after,
                    3,
                    "if ($ssl_client_verify != SUCCESS) { return 401; }",
                );
            }
            (None, []) | (Some(_), [_]) => {}
            (Some(_), _) if access.any => {
                let others = access.ways.iter();
                let others = others.filter(|way| !matches!(way, Way::Password(_)));
                let others: Vec<String> = others.filter_map(Way::challenge).collect();
                self.map(&format!(
                    "map \"$upstream_status:$status\" $challenge_{index} {{ default \"\"; \":401\" {}; }}",
                    quoted(&others.join(", "))
                ));
                self.after(&format!(
                    "add_header WWW-Authenticate $challenge_{index} always"
                ));
            }
            _ => {
                let set = if challenges.is_empty() {
                    String::new()
                } else {
                    format!("set $challenge {challenge}; ")
                };
                braced(
                    &mut self.after,
                    3,
                    &format!("if ($caller = \"\") {{ {set}return 401; }}"),
                );
            }
        }
        if let Some(config) = password {
            self.password(config, &needless);
        }
    }

    fn password(&mut self, config: &BasicAuth, needless: &[String]) {
        let (index, mut realm) = (self.index, quoted(&config.realm));
        if !needless.is_empty() {
            self.map(&format!(
                "map {} $realm_{index} {{ default off; \"\" {realm}; }}",
                needless.concat()
            ));
            realm = format!("$realm_{index}");
        }
        self.after(&format!("auth_basic {realm}"));
        self.after(&format!("auth_basic_user_file users_{index}"));
    }

    fn conceal(&mut self, way: &Way) {
        match way {
            Way::Key(config) => self.conceal_key(config),
            Way::Password(config) if !config.forward => {
                self.after("proxy_set_header Authorization \"\"");
            }
            Way::Certificate(_) | Way::Password(_) => {}
        }
    }

    /// Tells the upstream who calls; the guest may have a header of its own. One that is empty is not sent.
    fn tell_all(&mut self, access: &Access) {
        let Some(header) = access.ways.first().map(Way::consumer_header) else {
            return;
        };
        match &access.anonymous {
            Some(guest) if !guest.consumer_header.eq_ignore_ascii_case(header) => {
                let index = self.index;
                self.map(&format!(
                    "map $guest_{index} $known_{index} {{ default \"\"; \"\" $caller; }}"
                ));
                self.tell(header, &format!("$known_{index}"));
                self.tell(&guest.consumer_header, &format!("$guest_{index}"));
            }
            _ => self.tell(header, "$caller"),
        }
    }
}
