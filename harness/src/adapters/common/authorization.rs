//! Who may do what, as far as it depends on consumers that are known when a configuration is written: rules in which
//! roles and groups have become names.

use super::plugins::{Authorize, Rule};
use super::routes::{Path, methods};
use crate::adapters::Unsupported;
use crate::fixtures::{Document, Fixture, Route};

/// A consumer, with what rules speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Person {
    /// Its name.
    pub name: String,
    groups: Vec<String>,
    roles: Vec<String>,
}

/// A rule: it holds when all of its parts do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Grant {
    /// The consumers it speaks of; none: whoever calls.
    pub consumers: Option<Vec<String>>,
    /// The methods, HEAD following GET; empty for any.
    pub methods: Vec<String>,
    /// The paths; empty for any.
    pub paths: Vec<Path>,
}

/// The rules of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct Grants {
    /// One of these has to hold; none: nothing has to.
    pub allow: Option<Vec<Grant>>,
    /// None of these may hold.
    pub deny: Vec<Grant>,
}

/// All consumers.
pub(in crate::adapters) fn people(fixture: &Fixture, document: &Document) -> Vec<Person> {
    let declared = document.consumers.iter().map(|consumer| Person {
        name: consumer.name.clone(),
        groups: consumer.groups.clone(),
        roles: consumer.roles.clone(),
    });
    let own = fixture.consumers.iter().map(|consumer| Person {
        name: consumer.name.clone(),
        groups: consumer.groups.clone(),
        roles: consumer.roles.clone(),
    });
    declared.chain(own).collect()
}

impl Grants {
    /// The rules of `settings`, about these consumers.
    ///
    /// # Errors
    /// When a rule can't be carried out.
    pub fn of(settings: &Authorize, people: &[Person]) -> Result<Self, Unsupported> {
        let Authorize {
            allow,
            deny,
            roles,
            groups,
        } = settings;
        let short = (roles.is_some() || groups.is_some()).then(|| Rule {
            roles: roles.clone(),
            groups: groups.clone(),
            ..Rule::default()
        });
        let allow: Vec<Rule> = allow.iter().cloned().chain(short).collect();
        let grants = |rules: &[Rule]| -> Result<Vec<Grant>, Unsupported> {
            rules.iter().map(|rule| Grant::of(rule, people)).collect()
        };
        Ok(Self {
            allow: match allow.as_slice() {
                [] => None,
                rules => Some(grants(rules)?),
            },
            deny: grants(deny)?,
        })
    }
}

impl Grant {
    fn of(rule: &Rule, people: &[Person]) -> Result<Self, Unsupported> {
        let Rule {
            roles,
            groups,
            consumers,
            methods: of_methods,
            paths,
        } = rule;
        let broken = || Unsupported::new("authorize: a rule that can't be carried out");
        let known = |name: &String| people.iter().any(|person| person.name == *name);
        let empty = [roles, groups, consumers, of_methods]
            .into_iter()
            .flatten()
            .any(Vec::is_empty);
        let nothing = roles.is_none() && groups.is_none() && consumers.is_none();
        let anything = nothing && of_methods.is_none() && paths.is_none();
        let unknown = consumers.iter().flatten().any(|name| !known(name));
        if empty || anything || unknown || paths.as_ref().is_some_and(Vec::is_empty) {
            return Err(broken());
        }
        let one_of = |wanted: &Option<Vec<String>>, has: &[String]| {
            let wanted = wanted.as_ref();
            wanted.is_none_or(|wanted| has.iter().any(|each| wanted.contains(each)))
        };
        let fits = |person: &&Person| {
            one_of(roles, &person.roles)
                && one_of(groups, &person.groups)
                && one_of(consumers, std::slice::from_ref(&person.name))
        };
        let names = people.iter().filter(fits).map(|person| person.name.clone());
        let route = Route {
            methods: of_methods.clone().unwrap_or_default(),
            paths: paths.clone().unwrap_or_default(),
            ..Route::default()
        };
        Ok(Self {
            consumers: (!nothing).then(|| names.collect()),
            methods: methods(&route).into_iter().map(str::to_owned).collect(),
            paths: match route.paths.as_slice() {
                [] => Vec::new(),
                _ => Path::of(&route),
            },
        })
    }

    /// Whether it speaks of nobody who is there.
    pub fn is_idle(&self) -> bool {
        self.consumers.as_ref().is_some_and(Vec::is_empty)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::super::plugins::Settings as _;
    use super::*;

    fn people() -> Vec<Person> {
        let person = |name: &str, role: &str, group: &str| Person {
            name: name.to_owned(),
            roles: vec![role.to_owned()],
            groups: vec![group.to_owned()],
        };
        vec![
            person("ann", "admin", "staff"),
            person("sam", "admin", "suspended"),
        ]
    }

    fn grants(settings: serde_json::Value) -> Result<Grants, Unsupported> {
        Grants::of(&Authorize::read(&settings).unwrap(), &people())
    }

    #[test]
    fn roles_and_groups_become_names() {
        let grants = grants(json!({
            "allow": [{"roles": ["admin"], "groups": ["staff"], "methods": ["GET"]}],
            "deny": [{"groups": ["suspended"]}],
        }));
        let grants = grants.unwrap();
        let allow = grants.allow.unwrap();
        assert_eq!(allow[0].consumers, Some(vec!["ann".to_owned()]));
        assert_eq!(allow[0].methods, ["GET", "HEAD"]);
        assert_eq!(grants.deny[0].consumers, Some(vec!["sam".to_owned()]));
    }

    #[test]
    fn a_rule_of_which_nobody_has_the_role_is_idle() {
        let grants = grants(json!({"roles": ["nobody-has-it"]})).unwrap();
        assert!(grants.allow.unwrap()[0].is_idle());
    }

    #[test]
    fn broken_rules_are_refused() {
        for rule in [
            json!({}),
            json!({"roles": []}),
            json!({"consumers": ["nobody-there"]}),
            json!({"roles": ["admin"], "paths": []}),
        ] {
            assert!(grants(json!({"allow": [rule]})).is_err());
        }
        assert!(Authorize::read(&json!({"scopes": ["a"]})).is_err());
    }
}
