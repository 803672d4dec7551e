//! `route-by-header`: which service answers. From outside that is seen only where services say who they are.

use super::draft::{Sheet, answer};
use crate::checks::secrets::Text;
use crate::checks::suite::{HeaderRule, Request, Status};

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    let Some(plugin) = sheet.in_force("route-by-header") else {
        return;
    };
    let text = |key: &str| plugin.text(key);
    let (Some(header), Some(value), Some(to)) = (text("header"), text("value"), text("toService"))
    else {
        let why = "route-by-header: `header`, `value` or `toService` is missing";
        return sheet.left_out(plugin.place, why);
    };
    let Some(tells) = sheet.draft.options.service_header.clone() else {
        let why = "route-by-header: no answer tells which service made it; where a header does, name it: \
                   --service-header NAME";
        return sheet.left_out(plugin.place, why);
    };
    if !sheet.has_good() {
        return;
    }
    let stable = sheet.route.service.clone();
    let sent = |value: Option<&str>| -> Request {
        let mut request = sheet.sample.request();
        let value = value.map(|value| (header.to_owned(), Text::plain(value)));
        request.headers.extend(value);
        request
    };
    let other = format!("{value}-gatecheck");
    let cases = [
        (
            "stable",
            format!("a request without {header} is answered by {stable}"),
            None,
            &*stable,
            "CANARY-001",
        ),
        (
            "canary",
            format!("a request with {header}: {value} is answered by {to}"),
            Some(value),
            to,
            "CANARY-002",
        ),
        (
            "canary-other",
            format!("a request with another {header} is answered by {stable}"),
            Some(other.as_str()),
            &*stable,
            "CANARY-003",
        ),
    ];
    let cases = cases
        .map(|(what, name, value, by, requirement)| (what, name, sent(value), by, requirement));
    for (what, name, request, by, requirement) in cases {
        let mut check = sheet.check(what, &name, plugin.place);
        check.requirement = Some(requirement.to_owned());
        let expected = answer([Status::Class(2)]).header(&tells, HeaderRule::Is(by.to_owned()));
        let good = sheet.good();
        sheet.passing_with(&mut check, request, good, expected);
        sheet.push(check);
    }
}
