//! Who may do what: one map over consumer, method and path, of which the first rule that fits decides. It is read before
//! a rewrite changes the path, which is in its normal form by then.

use super::location::escaped;
use super::people::People;
use super::plugins::{Plugins, quoted};
use super::render::{braced, line};
use crate::adapters::Unsupported;
use crate::adapters::common::authorization::{Grant, Grants};
use crate::adapters::common::plugins::Authorize;
use crate::adapters::common::routes::{End, Path};

impl Plugins {
    /// Translates rules: deny beats allow; with any allow rule, what none allows is refused.
    pub(super) fn authorize(
        &mut self,
        settings: &Authorize,
        people: &People,
    ) -> Result<(), Unsupported> {
        if people.all.iter().any(|person| person.name.contains(':')) {
            return Err(Unsupported::new(
                "authorize: a consumer's name with a colon, which stands between name and method",
            ));
        }
        let Grants { allow, deny } = Grants::of(settings, &people.all)?;
        let index = self.index;
        braced(
            &mut self.http,
            1,
            &format!("map \"$consumer_{index}:$request_method:$uri\" $forbidden_{index} {{"),
        );
        let default = u8::from(allow.is_some());
        line(&mut self.http, 2, &format!("default {default}"));
        for (grants, forbidden) in [(deny, 1), (allow.unwrap_or_default(), 0)] {
            for grant in grants.iter().filter(|grant| !grant.is_idle()) {
                let entry = format!("{} {forbidden}", quoted(&format!("~{}", pattern(grant))));
                line(&mut self.http, 2, &entry);
            }
        }
        self.http.push_str("    }\n");
        braced(
            &mut self.after,
            3,
            &format!("if ($forbidden_{index}) {{ return 403; }}"),
        );
        Ok(())
    }
}

/// A regular expression of what a rule speaks of.
fn pattern(grant: &Grant) -> String {
    let one_of = |all: &[String]| {
        let all: Vec<String> = all.iter().map(|text| escaped(text)).collect();
        format!("({})", all.join("|"))
    };
    let consumers = grant.consumers.as_deref();
    let consumers = consumers.map_or_else(|| "[^:]*".to_owned(), one_of);
    let methods = match grant.methods.as_slice() {
        [] => "[^:]+".to_owned(),
        methods => one_of(methods),
    };
    let paths: Vec<String> = grant.paths.iter().map(path).collect();
    match paths.as_slice() {
        [] => format!("^{consumers}:{methods}:"),
        [only] => format!("^{consumers}:{methods}:{only}"),
        _ => format!("^{consumers}:{methods}:({})", paths.join("|")),
    }
}

fn path(path: &Path) -> String {
    let end = match path.end {
        End::Prefix => "(/|$)",
        End::Exact => "$",
        End::ExactSlash => "/$",
    };
    path.expression(escaped, |_| "[^/]+".to_owned()) + end
}
