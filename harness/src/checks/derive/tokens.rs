//! `jwt-validate` and `oauth2-introspect`: 401 without a token and with a wrong one (RFC 6750 §3), an answer with a good
//! one. Wrong tokens are made from the good one, as far as nobody's key is needed; the others have to be provided.

use super::callers::{self, variable};
use super::configuration::Place;
use super::draft::{InForce, Sheet, answer, code, slug};
use crate::checks::secrets::Text;
use crate::checks::suite::{Answer, HeaderRule, Must, Tamper, Token};

const TAMPERED: [(Tamper, &str, &str, &str); 4] = [
    (
        Tamper::AlgNone,
        "alg-none",
        "a token that says `alg: none`",
        "JWT-020",
    ),
    (
        Tamper::Signature,
        "signature",
        "a token with another signature",
        "JWT-020",
    ),
    (
        Tamper::Claims,
        "claims",
        "a token with changed claims",
        "JWT-020",
    ),
    (
        Tamper::Cut,
        "cut",
        "a token without its signature",
        "JWT-026",
    ),
];

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    for plugin in ["jwt-validate", "oauth2-introspect"] {
        let Some(found) = sheet.in_force(plugin) else {
            continue;
        };
        if found.config.at("token").is_some() {
            let why = format!(
                "{plugin}: `token` says where tokens stand, and suites send them as bearer tokens"
            );
            sheet.left_out(found.place, &why);
            continue;
        }
        match plugin {
            "jwt-validate" => signed(sheet, &found),
            _ => opaque(sheet, &found),
        }
    }
}

fn signed(sheet: &mut Sheet<'_, '_>, plugin: &InForce<'_>) {
    missing(sheet, plugin.place, "jwt-validate", "JWT-001");
    let name = "what is no token is refused";
    garbage(sheet, plugin.place, "token-garbage", name, "JWT-062");
    if !callers::needed(sheet.route).contains(&"jwt-validate") {
        let why = "jwt-validate: which tokens are wrong; another credential is enough, and the suite shows that one";
        return sheet.left_out(plugin.place, why);
    }
    for (tamper, what, subject, requirement) in TAMPERED {
        // The good request before it is the control: a token that has run out would be refused anyhow.
        let name = format!("{subject} is refused, and the good one is not");
        let mut check = sheet.check(&format!("token-{what}"), &name, plugin.place);
        check.requirement = Some(requirement.to_owned());
        let good = sheet.good();
        sheet.passing(&mut check, sheet.sample.request(), good.clone());
        let mut request = sheet.sample.request();
        request.tamper = Some(tamper);
        let status = match tamper {
            Tamper::Cut => vec![code(400), code(401)],
            _ => vec![code(401)],
        };
        sheet.refused(&mut check, request, good, bearer(answer(status)));
        sheet.push(check);
    }
    let ended = ("expired", "a token that has ended is refused", "JWT-003");
    provided(sheet, plugin.place, ended, Must::HaveEnded);
    let audiences = plugin.texts("audience");
    match audiences.first() {
        Some((_, place)) => {
            let other = (
                "other-audience",
                "a good token for another audience is refused",
                "JWT-045",
            );
            let known = audiences.iter().map(|(text, _)| (*text).to_owned());
            provided(sheet, place, other, Must::NotBeFor(known.collect()));
        }
        None => sheet.left_out(
            plugin.place,
            "jwt-validate: there is no `audience` that a token could lack",
        ),
    }
    for key in ["issuers", "scopes", "maxLifetime"] {
        if let Some(node) = plugin.config.at(key) {
            let place = plugin.place_of(node);
            let why = format!(
                "jwt-validate: what `{key}` refuses, for which tokens of the issuer's are needed"
            );
            sheet.left_out(&place, &why);
        }
    }
    let name = "a request with a good token is answered";
    sheet.right("jwt-validate", "token-right", name, "JWT-002");
}

fn opaque(sheet: &mut Sheet<'_, '_>, plugin: &InForce<'_>) {
    missing(sheet, plugin.place, "oauth2-introspect", "INTRO-003");
    let name = "a token that the authorization server does not know is refused";
    garbage(sheet, plugin.place, "token-unknown", name, "INTRO-013");
    let name = "a request with an active token is answered";
    sheet.right("oauth2-introspect", "token-active", name, "INTRO-010");
}

fn missing(sheet: &mut Sheet<'_, '_>, place: &Place, plugin: &str, requirement: &str) {
    if !sheet.missing_is_refused(plugin) {
        return;
    }
    let mut check = sheet.check(
        "token-missing",
        "a request without a token is refused",
        place,
    );
    check.requirement = Some(requirement.to_owned());
    let without = sheet.good_but("without-token", |credential| credential.token = None);
    sheet.refused(
        &mut check,
        sheet.sample.request(),
        without,
        bearer(answer([code(401)])),
    );
    sheet.push(check);
}

fn garbage(sheet: &mut Sheet<'_, '_>, place: &Place, what: &str, name: &str, requirement: &str) {
    let mut check = sheet.check(what, name, place);
    check.requirement = Some(requirement.to_owned());
    let mut request = sheet.sample.request();
    let value = Text::plain("Bearer gatecheck-no-such-token");
    request.headers.push(("Authorization".to_owned(), value));
    let without = sheet.good_but("without-token", |credential| credential.token = None);
    sheet.refused(
        &mut check,
        request,
        without,
        bearer(answer([code(400), code(401)])),
    );
    sheet.push(check);
}

/// A wrong token that the issuer has to make.
fn provided(
    sheet: &mut Sheet<'_, '_>,
    place: &Place,
    (what, name, requirement): (&str, &str, &str),
    must: Must,
) {
    let mut check = sheet.check(&format!("token-{what}"), name, place);
    check.requirement = Some(requirement.to_owned());
    let token = Text::env(variable(
        &slug(&format!("{}-{what}", sheet.route.name)),
        "TOKEN",
    ));
    let token = Token {
        value: token,
        must: Some(must),
    };
    let shown = sheet.good_but(what, |credential| credential.token = Some(token));
    let expected = answer([code(401)]).header(
        "WWW-Authenticate",
        HeaderRule::Contains("invalid_token".to_owned()),
    );
    sheet.refused(&mut check, sheet.sample.request(), shown, expected);
    sheet.push(check);
}

fn bearer(answer: Answer) -> Answer {
    answer.header(
        "WWW-Authenticate",
        HeaderRule::Contains("Bearer".to_owned()),
    )
}
