//! What a route takes and what it doesn't: 404 beside its path, 405 for another method (RFC 9110 §15.5.5 and §15.5.6).

use super::draft::{Sheet, answer, code};
use super::sample;
use crate::checks::suite::{BodyRule, HeaderRule, Request};

/// A method that only reads (RFC 4918 §9.1), for routes that take GET: should it pass, nothing is changed.
const HARMLESS: &str = "PROPFIND";

/// Methods that change something: one of them too many is what matters.
const COMMON: [&str; 4] = ["POST", "PUT", "PATCH", "DELETE"];

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    served(sheet);
    not_found(sheet);
    other_method(sheet);
}

/// Where nobody asks who calls, that a request is answered is a check of its own.
fn served(sheet: &mut Sheet<'_, '_>) {
    if sheet.guarded() {
        return;
    }
    let place = sheet.route.paths.first();
    let place = place.map_or(&sheet.route.place, |(.., place)| place);
    let mut check = sheet.check("served", "a request is answered", place);
    let bare = sheet.bare();
    sheet.passing(&mut check, sheet.sample.request(), bare);
    sheet.push(check);
}

fn not_found(sheet: &mut Sheet<'_, '_>) {
    let Some((pattern, exact, place)) = sheet.route.paths.first() else {
        return;
    };
    let beside = format!("{}-gatecheck", sample::path(pattern).trim_end_matches('/'));
    let beside = beside
        .strip_prefix('-')
        .map_or(beside.clone(), |rest| format!("/{rest}"));
    let takers = sample::takers(sheet.draft.configuration, sheet.route, &beside);
    if !takers.is_empty() || (pattern == "/" && !exact) {
        let why = "404: another route takes what is beside this path";
        return sheet.left_out(place, why);
    }
    let name = "what is beside the path is not found, and the answer does not tell what is behind the gateway";
    let mut check = sheet.check("not-found", name, place);
    check.requirement = Some("ROUTE-002".to_owned());
    let mut request = Request::new("GET", &beside);
    request.headers.clone_from(&sheet.sample.headers);
    let mut expected = answer([code(404)])
        .header("Server", HeaderRule::Lacks("/".to_owned()))
        .header("X-Powered-By", HeaderRule::Absent);
    let hidden = sheet.route.addresses.iter().cloned();
    expected.body.extend(hidden.map(BodyRule::Lacks));
    let bare = sheet.bare();
    sheet.refused(&mut check, request, bare, expected);
    sheet.push(check);
}

fn other_method(sheet: &mut Sheet<'_, '_>) {
    if sheet.route.methods.is_empty() {
        return;
    }
    let takers = sample::takers(sheet.draft.configuration, sheet.route, &sheet.sample.path);
    let place = &sheet.route.methods_place;
    if takers.iter().any(|route| route.methods.is_empty()) {
        let why = "405: another route takes this path with any method";
        return sheet.left_out(place, why);
    }
    let mut allowed: Vec<&str> = Vec::new();
    for method in takers.iter().flat_map(|route| &route.methods) {
        if !allowed.contains(&method.as_str()) {
            allowed.push(method);
        }
    }
    let Some(method) = ["GET", HARMLESS]
        .into_iter()
        .find(|method| !allowed.contains(method))
    else {
        return;
    };
    let name = format!("{method} is not allowed, and the answer tells what is");
    let mut check = sheet.check("method", &name, place);
    check.requirement = Some("ROUTE-020".to_owned());
    let mut expected = answer([code(405)]);
    for method in &allowed {
        expected = expected.header("Allow", HeaderRule::Lists((*method).to_owned()));
    }
    for method in COMMON.iter().filter(|method| !allowed.contains(method)) {
        expected = expected.header("Allow", HeaderRule::Lacks((*method).to_owned()));
    }
    let good = sheet.good();
    sheet.refused(&mut check, sheet.sample.with(method), good, expected);
    sheet.push(check);
}
