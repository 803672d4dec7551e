//! `authorize`: for every kind of caller one request that is allowed and one that is not (403), with the line that
//! decides.

use super::callers::Caller;
use super::configuration::Place;
use super::draft::{Sheet, answer, code};
use super::rules::Rules;
use super::sample;

/// A request and what the rules say of it.
struct Decided {
    method: String,
    path: String,
    allowed: bool,
    place: Place,
}

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    let Some(rules) = sheet.rules.take() else {
        return;
    };
    if sheet.guarded() {
        for caller in sheet.callers.clone() {
            decided(sheet, &rules, &caller);
        }
    }
    for rule in rules.allow.iter().chain(&rules.deny) {
        if rule.claims {
            let why = "authorize: a rule about claims; nobody can say what tokens of callers claim";
            sheet.left_out(&rule.place, why);
        }
    }
    sheet.rules = Some(rules);
}

/// The requests of a caller: those that only read come first.
fn requests(sheet: &Sheet<'_, '_>, rules: &Rules, caller: &Caller) -> Vec<Decided> {
    let route = sheet.route;
    let mut methods: Vec<&str> = route.methods.iter().map(String::as_str).collect();
    if methods.is_empty() {
        methods = vec!["GET", "POST", "PUT", "DELETE"];
    }
    methods.sort_by_key(|method| !matches!(*method, "GET" | "HEAD"));
    let of_route = route
        .paths
        .iter()
        .map(|(pattern, ..)| sample::path(pattern));
    let of_rules = rules
        .allow
        .iter()
        .chain(&rules.deny)
        .flat_map(|rule| &rule.paths);
    let of_rules = of_rules.map(|(pattern, _)| sample::path(pattern));
    let taken = |path: &String| {
        let patterns = route.paths.iter();
        patterns
            .into_iter()
            .any(|(pattern, exact, _)| sample::fits(pattern, *exact, path))
    };
    let mut paths: Vec<String> = Vec::new();
    for path in of_route.chain(of_rules).filter(taken) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let mut found = Vec::new();
    for method in methods {
        for path in &paths {
            let (allowed, place) = rules.decide(caller, method, path);
            found.push(Decided {
                method: method.to_owned(),
                path: path.clone(),
                allowed,
                place: place.clone(),
            });
        }
    }
    found
}

fn decided(sheet: &mut Sheet<'_, '_>, rules: &Rules, caller: &Caller) {
    let requests = requests(sheet, rules, caller);
    let shown = sheet
        .draft
        .credential(&caller.name, caller.credential.clone());
    let name = caller
        .name
        .strip_prefix(&format!("{}-", super::draft::slug(&sheet.route.name)));
    let name = name.unwrap_or(&caller.name).to_owned();
    let mut whole = sheet.sample.clone();
    if let Some(one) = requests.iter().find(|one| one.allowed) {
        let told = format!("{} may send {} {}", caller.called, one.method, one.path);
        let mut check = sheet.check(&format!("allowed-{name}"), &told, &one.place);
        check.requirement = Some("AUTHZ-001".to_owned());
        whole.target.clone_from(&one.path);
        sheet.passing(&mut check, whole.with(&one.method), shown.clone());
        sheet.push(check);
    }
    if let Some(one) = requests.iter().find(|one| !one.allowed) {
        let told = format!("{} may not send {} {}", caller.called, one.method, one.path);
        let mut check = sheet.check(&format!("denied-{name}"), &told, &one.place);
        check.requirement = Some("AUTHZ-001".to_owned());
        if !matches!(one.method.as_str(), "GET" | "HEAD") {
            let method = &one.method;
            let reason =
                format!("sends a {method} that the service carries out, should the rule not hold");
            check.intrusive = Some(reason);
        }
        whole.target.clone_from(&one.path);
        sheet.refused(
            &mut check,
            whole.with(&one.method),
            shown,
            answer([code(403)]),
        );
        sheet.push(check);
    }
}
