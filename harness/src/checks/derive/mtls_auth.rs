//! `mtls-auth`: where connections without a certificate are let in, requests over them are not; with the right one they
//! are answered.

use super::draft::{Sheet, answer, code};

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    let Some(plugin) = sheet.in_force("mtls-auth") else {
        return;
    };
    if sheet.missing_is_refused("mtls-auth") && !sheet.draft.certificate_required() {
        let name = "a request without a client certificate is refused";
        let mut check = sheet.check("certificate-missing", name, plugin.place);
        check.requirement = Some("MTLS-023".to_owned());
        let without = sheet.good_but("without-certificate", |credential| {
            credential.certificate = None;
        });
        sheet.refused(
            &mut check,
            sheet.sample.request(),
            without,
            answer([code(401)]),
        );
        sheet.push(check);
    }
    let name = "a request with the right client certificate is answered";
    sheet.right("mtls-auth", "certificate-right", name, "MTLS-020");
}
