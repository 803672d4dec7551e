//! `request-id`: every answer carries an id, and not one that the caller made up. In force where nobody names it.

use super::draft::Sheet;
use crate::checks::secrets::Text;
use crate::checks::suite::{Answer, HeaderRule};

const MADE_UP: &str = "gatecheck-made-this-up";

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    if sheet.route.disabled.iter().any(|name| name == "request-id") {
        return;
    }
    let plugin = sheet.in_force("request-id");
    let place = plugin.map_or(&sheet.route.place, |plugin| plugin.place);
    let header = plugin.and_then(|plugin| plugin.text("header"));
    let header = header.unwrap_or("X-Request-Id");
    if !sheet.guarded() && sheet.sample.writes {
        let why =
            "the request's id: every request that the route takes is carried out by the service";
        return sheet.left_out(place, why);
    }
    let bare = sheet.bare();
    let mut check = sheet.check("request-id", "every answer has an id", place);
    check.requirement = Some("OBS-001".to_owned());
    let present = Answer::default().header(header, HeaderRule::Present);
    sheet.refused(&mut check, sheet.sample.request(), bare.clone(), present);
    sheet.push(check);
    let listeners = &sheet.draft.configuration.listeners;
    if listeners.iter().any(|listener| listener.trusts_proxies) {
        let why = "that made-up ids are not believed: a listener has `trustedProxies`, and the suite may run there";
        return sheet.left_out(place, why);
    }
    let name = "an id that the caller made up is not believed";
    let mut check = sheet.check("request-id-made-up", name, place);
    check.requirement = Some("OBS-002".to_owned());
    let mut request = sheet.sample.request();
    request
        .headers
        .push((header.to_owned(), Text::plain(MADE_UP)));
    let other = Answer::default()
        .header(header, HeaderRule::Lacks(MADE_UP.to_owned()))
        .header(header, HeaderRule::Matches(super::draft::anything()));
    sheet.refused(&mut check, request, bare, other);
    sheet.push(check);
}
