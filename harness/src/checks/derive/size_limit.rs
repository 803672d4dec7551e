//! `request-size-limit`: a body that is longer is refused (RFC 9110 §15.5.14).

use super::draft::{Sheet, answer, code};
use crate::checks::suite::Body;
use crate::checks::units;

/// A limit past which trying it out is worse than not knowing.
const LARGEST: u64 = 16 << 20;

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    let Some(plugin) = sheet.in_force("request-size-limit") else {
        return;
    };
    let limit = plugin.text("maxBytes").and_then(units::size);
    let Some(limit) = limit.filter(|limit| *limit <= LARGEST) else {
        let why = "413: there is no limit, or it is more than 16MiB";
        return sheet.left_out(plugin.place, why);
    };
    let with_body = ["POST", "PUT", "PATCH"];
    let taken = &sheet.route.methods;
    let method = with_body
        .into_iter()
        .find(|method| taken.is_empty() || taken.iter().any(|known| known == method));
    let Some(method) = method else {
        let why = "413: the route takes no method that has a body";
        return sheet.left_out(plugin.place, why);
    };
    let name = format!("a body of more than {} is refused", units::size_text(limit));
    let mut check = sheet.check("body-too-large", &name, plugin.place);
    check.requirement = Some("LIMIT-002".to_owned());
    let reason =
        format!("sends a {method} that the service carries out, should the limit not hold");
    check.intrusive = Some(reason);
    let mut request = sheet.sample.with(method);
    request.body = Some(Body::Size(limit + 1));
    let good = sheet.good();
    sheet.refused(&mut check, request, good, answer([code(413)]));
    sheet.push(check);
}
