//! `basic-auth`: 401 without a password and with a wrong one, an answer with the right one (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::draft::{Sheet, answer, code};
use crate::checks::secrets::Text;
use crate::checks::suite::{Answer, HeaderRule};

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    let Some(plugin) = sheet.in_force("basic-auth") else {
        return;
    };
    let without = sheet.good_but("without-password", |credential| credential.basic = None);
    if sheet.missing_is_refused("basic-auth") {
        let name = "a request without a password is refused";
        let mut check = sheet.check("password-missing", name, plugin.place);
        check.requirement = Some("BASIC-001".to_owned());
        sheet.refused(
            &mut check,
            sheet.sample.request(),
            without.clone(),
            challenged(),
        );
        sheet.push(check);
    }
    let known = sheet
        .good_caller()
        .and_then(|caller| caller.credential.basic.clone());
    let username = known.map_or_else(
        || "gatecheck".to_owned(),
        |basic| basic.username.to_string(),
    );
    let name = "a request with a wrong password is refused";
    let mut check = sheet.check("password-wrong", name, plugin.place);
    check.requirement = Some("BASIC-003".to_owned());
    let wrong = STANDARD.encode(format!("{username}:gatecheck-no-such-password"));
    let mut request = sheet.sample.request();
    let value = Text::plain(format!("Basic {wrong}"));
    request.headers.push(("Authorization".to_owned(), value));
    sheet.refused(&mut check, request, without, challenged());
    sheet.push(check);
    let name = "a request with the right password is answered";
    sheet.right("basic-auth", "password-right", name, "BASIC-002");
}

fn challenged() -> Answer {
    answer([code(401)]).header("WWW-Authenticate", HeaderRule::Contains("Basic".to_owned()))
}
