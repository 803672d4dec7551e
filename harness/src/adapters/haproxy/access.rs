//! Who calls, by keys, certificates and passwords; and who may do what.

use super::lookups::Way;
use super::rules::{Rules, Source, path_conditions};
use super::words::{format_word, name};
use crate::adapters::Unsupported;
use crate::adapters::common::authorization::{Grant, Grants};
use crate::adapters::common::plugins::{
    Anonymous, Authorize, BasicAuth, KeyAuth, MtlsAuth, Settings as _,
};

const KNOWN: &str = "{ var(txn.consumer) -m found }";

/// The ways in which a route finds out who calls, and what it allows them.
pub(super) struct Access {
    ways: Vec<Way>,
    any: bool,
    anonymous: Option<Anonymous>,
    authorize: Option<Authorize>,
}

impl Access {
    /// Those of a route.
    pub fn of(source: &Source<'_>) -> Result<Self, Unsupported> {
        let route = source.route;
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
        access.can_be_said(source)?;
        Ok(access)
    }

    fn can_be_said(&self, source: &Source<'_>) -> Result<(), Unsupported> {
        let lenient = |way: &Way| matches!(way, Way::Certificate(of) if !of.consumer_required);
        let certificate = |way: &Way| matches!(way, Way::Certificate(_));
        let header = self.header();
        let other = |way: &Way| Some(way.consumer_header()) != header;
        let reason =
            if self.ways.is_empty() && (self.anonymous.is_some() || self.authorize.is_some()) {
                "rules about callers where nobody asks who calls"
            } else if self.ways.iter().any(certificate) && !source.certificates {
                "mtls-auth on a listener that asks for no certificates"
            } else if self.ways.len() > 1 && self.ways.iter().any(lenient) {
                "mtls-auth: a certificate of nobody beside another credential"
            } else if self.ways.iter().any(other) {
                "several consumerHeader on one route"
            } else {
                return Ok(());
            };
        Err(Unsupported::new(reason))
    }

    fn header(&self) -> Option<&str> {
        let anonymous = self.anonymous.as_ref();
        let anonymous = anonymous.map(|anonymous| anonymous.consumer_header.as_str());
        anonymous.or_else(|| self.ways.first().map(Way::consumer_header))
    }

    /// Adds the rules.
    pub fn add(&self, rules: &mut Rules, source: &Source<'_>) -> Result<(), Unsupported> {
        for way in &self.ways {
            way.look_up(rules, source)?;
        }
        self.guest(rules)?;
        if self.any {
            self.one_is_enough(rules);
        } else {
            self.all_are_needed(rules);
        }
        if let Some(authorize) = &self.authorize {
            authorized(rules, source, authorize)?;
        }
        for way in &self.ways {
            way.conceal(rules);
        }
        if let Some(header) = self.header() {
            rules.add(&format!(
                "http-request set-header {header} %[var(txn.consumer)] if {KNOWN}"
            ));
        }
        Ok(())
    }

    /// A request without any credential is the guest's.
    fn guest(&self, rules: &mut Rules) -> Result<(), Unsupported> {
        let Some(anonymous) = &self.anonymous else {
            return Ok(());
        };
        let given: Vec<String> = self.ways.iter().flat_map(Way::given).collect();
        let given = rules.acls.any("credential_given", given);
        rules.add(&format!(
            "http-request set-var(txn.consumer) str({}) unless {given}",
            name(&anonymous.consumer)?
        ));
        Ok(())
    }

    fn one_is_enough(&self, rules: &mut Rules) {
        for way in &self.ways {
            let by = way.variable();
            rules.add(&format!(
                "http-request set-var(txn.consumer) var({by}) if {{ var({by}) -m found }} !{KNOWN}"
            ));
        }
        let challenges: String = self.ways.iter().map(challenge).collect();
        rules.add(&format!(
            "http-request return status 401{challenges} unless {KNOWN}"
        ));
    }

    fn all_are_needed(&self, rules: &mut Rules) {
        let guest = if self.anonymous.is_some() {
            format!(" or {KNOWN}")
        } else {
            String::new()
        };
        for way in &self.ways {
            let challenge = challenge(way);
            rules.add(&format!(
                "http-request return status 401{challenge} unless {}{guest}",
                way.passes()
            ));
        }
        let Some((first, others)) = self.ways.split_first() else {
            return;
        };
        let first = first.variable();
        for other in others {
            let other = other.variable();
            rules.add(&format!(
                "http-request return status 401 unless {{ var({first}),strcmp({other}) eq 0 }}{guest}"
            ));
        }
        rules.add(&format!(
            "http-request set-var(txn.consumer) var({first}) if {{ var({first}) -m found }}"
        ));
    }
}

fn challenge(way: &Way) -> String {
    let challenge = way.challenge();
    challenge.map_or_else(String::new, |challenge| {
        format!(" hdr WWW-Authenticate {}", format_word(&challenge))
    })
}

/// Deny beats allow; with any allow rule, what none allows is refused.
fn authorized(
    rules: &mut Rules,
    source: &Source<'_>,
    authorize: &Authorize,
) -> Result<(), Unsupported> {
    let Grants { allow, deny } = Grants::of(authorize, &source.people.all)?;
    for (grants, word, kind) in [(Some(deny), "if", "deny"), (allow, "unless", "allow")] {
        let grants = grants.unwrap_or_default();
        let numbered = (1..).zip(&grants);
        let conditions: Vec<String> = numbered
            .map(|(number, grant)| {
                let file = format!("{}-{kind}-{number}.lst", source.name);
                condition(rules, grant, file)
            })
            .collect();
        if !conditions.is_empty() {
            rules.add(&format!(
                "http-request return status 403 {word} {}",
                conditions.join(" or ")
            ));
        }
    }
    Ok(())
}

/// The ACLs that hold together when a rule does; the file lists those it speaks of.
fn condition(rules: &mut Rules, grant: &Grant, file: String) -> String {
    let mut acls = Vec::new();
    if let Some(consumers) = &grant.consumers {
        let lines = consumers.iter().map(|name| format!("{name}\n")).collect();
        let wish = file.trim_end_matches(".lst");
        let expression = format!("var(txn.consumer) -m str -f {file}");
        acls.push(rules.acls.one(wish, expression));
        rules.files.push((file, lines));
    }
    if !grant.methods.is_empty() {
        let wish = format!("method_{}", grant.methods.join("_"));
        let expression = format!("method {}", grant.methods.join(" "));
        acls.push(rules.acls.one(&wish, expression));
    }
    if !grant.paths.is_empty() {
        let conditions = grant.paths.iter().flat_map(path_conditions).collect();
        acls.push(rules.acls.any("path", conditions));
    }
    acls.join(" ")
}
