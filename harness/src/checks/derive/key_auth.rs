//! `key-auth`: 401 without a key and with a wrong one, an answer with the right one (RFC 9110 §15.5.2).

use super::callers;
use super::draft::{Sheet, answer, code};
use crate::checks::secrets::Text;
use crate::checks::suite::{Answer, HeaderRule};

/// Nobody's key.
const WRONG: &str = "gatecheck-no-such-key";

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    let Some(plugin) = sheet.in_force("key-auth") else {
        return;
    };
    if sheet.missing_is_refused("key-auth") {
        let mut check = sheet.check(
            "key-missing",
            "a request without a key is refused",
            plugin.place,
        );
        check.requirement = Some("KEY-001".to_owned());
        let without = sheet.good_but("without-key", |credential| credential.key = None);
        sheet.refused(&mut check, sheet.sample.request(), without, challenged());
        sheet.push(check);
    }
    let mut check = sheet.check(
        "key-wrong",
        "a request with a wrong key is refused",
        plugin.place,
    );
    check.requirement = Some("KEY-002".to_owned());
    let mut request = sheet.sample.request();
    let header = callers::key_header(sheet.route);
    request.headers.push((header, Text::plain(WRONG)));
    let without = sheet.good_but("without-key", |credential| credential.key = None);
    sheet.refused(&mut check, request, without, challenged());
    sheet.push(check);
    sheet.right(
        "key-auth",
        "key-right",
        "a request with the right key is answered",
        "KEY-003",
    );
}

/// 401, with a challenge.
pub(super) fn challenged() -> Answer {
    answer([code(401)]).header("WWW-Authenticate", HeaderRule::Present)
}
