//! `cors` (Fetch §3.2): preflights of the origins that may call, and nothing for those that may not, however like they
//! look.

use super::configuration::Place;
use super::draft::{InForce, Sheet, answer, code, slug};
use crate::checks::secrets::Text;
use crate::checks::suite::{Answer, HeaderRule, Request, Severity, Status};
use crate::checks::units;

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";
const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
/// Somebody whom no configuration allows by name.
const STRANGER: &str = "https://gatecheck.example.net";

/// What the plugin says.
struct Cors<'a> {
    plugin: InForce<'a>,
    origins: Vec<(&'a str, Place)>,
    methods: Vec<&'a str>,
    headers: Vec<&'a str>,
}

pub(super) fn derive(sheet: &mut Sheet<'_, '_>) {
    let Some(plugin) = sheet.in_force("cors") else {
        return;
    };
    let words = |key: &str| -> Vec<&str> {
        plugin
            .texts(key)
            .into_iter()
            .map(|(text, _)| text)
            .collect()
    };
    let mut methods = words("methods");
    if methods.is_empty() {
        methods = vec!["GET", "HEAD", "POST"];
    }
    let cors = Cors {
        plugin,
        origins: plugin.texts("origins"),
        methods,
        headers: words("headers"),
    };
    for (origin, place) in &cors.origins {
        cors.preflight(sheet, origin, place);
    }
    cors.limits_of_preflights(sheet);
    if cors.allows(STRANGER) {
        let why = "that other origins are refused: there are none";
        sheet.left_out(plugin.place, why);
    } else {
        cors.strangers(sheet);
        cors.look_alikes(sheet);
        cors.vary(sheet);
    }
    cors.responses(sheet);
}

impl Cors<'_> {
    /// An origin that an entry of the list allows.
    fn example(origin: &str) -> String {
        match origin {
            "*" => STRANGER.to_owned(),
            origin => origin.replacen('*', "gatecheck", 1),
        }
    }

    fn told(origin: &str) -> String {
        match origin {
            "*" => "*".to_owned(),
            origin => Self::example(origin),
        }
    }

    fn allows(&self, origin: &str) -> bool {
        self.origins
            .iter()
            .any(|(allowed, _)| match allowed.split_once("*.") {
                _ if *allowed == "*" => true,
                Some((scheme, domain)) => origin
                    .strip_prefix(scheme)
                    .is_some_and(|host| host.ends_with(&format!(".{domain}"))),
                None => *allowed == origin,
            })
    }

    fn credentials(&self) -> HeaderRule {
        match self.plugin.says("allowCredentials") {
            true => HeaderRule::Is("true".to_owned()),
            false => HeaderRule::Absent,
        }
    }

    fn ask(sheet: &Sheet<'_, '_>, origin: &str, method: &str, headers: &[&str]) -> Request {
        let mut request = sheet.sample.with("OPTIONS");
        let mut put = |name: &str, value: &str| {
            request.headers.push((name.to_owned(), Text::plain(value)));
        };
        put("Origin", origin);
        put("Access-Control-Request-Method", method);
        if !headers.is_empty() {
            let names: Vec<String> = headers
                .iter()
                .map(|name| name.to_ascii_lowercase())
                .collect();
            put("Access-Control-Request-Headers", &names.join(","));
        }
        request
    }

    fn preflight(&self, sheet: &mut Sheet<'_, '_>, origin: &str, place: &Place) {
        let what = origin.split_once("://").map_or(origin, |(_, host)| host);
        let what = slug(&format!("preflight-{}", what.replace('*', "any")));
        let name = match origin {
            "*" => "the preflight of any origin passes".to_owned(),
            origin => format!("the preflight of {origin} passes"),
        };
        let mut check = sheet.check(&what, &name, place);
        check.requirement = Some("CORS-001".to_owned());
        let bare = sheet.bare();
        for method in &self.methods {
            let request = Self::ask(sheet, &Self::example(origin), method, &self.headers);
            let mut expected = answer([code(200), code(204)])
                .header(ALLOW_ORIGIN, HeaderRule::Is(Self::told(origin)))
                .header(ALLOW_METHODS, HeaderRule::Lists((*method).to_owned()))
                .header(ALLOW_CREDENTIALS, self.credentials());
            for name in &self.headers {
                expected = expected.header(ALLOW_HEADERS, HeaderRule::Lists((*name).to_owned()));
            }
            let age = self.plugin.text("maxAge").and_then(units::duration);
            if let Some(age) = age {
                let seconds = age.as_secs().to_string();
                expected = expected.header("Access-Control-Max-Age", HeaderRule::Is(seconds));
            }
            sheet.refused(&mut check, request, bare.clone(), expected);
        }
        sheet.push(check);
    }

    /// A method and a header that pages may not use.
    fn limits_of_preflights(&self, sheet: &mut Sheet<'_, '_>) {
        let Some((origin, _)) = self.origins.first() else {
            return;
        };
        let name = "a preflight allows no other method and no other header";
        let mut check = sheet.check("preflight-other", name, self.plugin.place);
        check.requirement = Some("CORS-001".to_owned());
        let origin = Self::example(origin);
        let bare = sheet.bare();
        let others = ["DELETE", "PUT", "PATCH"];
        let other = others.iter().find(|method| !self.methods.contains(method));
        if let Some(other) = other {
            let request = Self::ask(sheet, &origin, other, &[]);
            let expected = Answer::default()
                .header(ALLOW_METHODS, HeaderRule::Lacks((*other).to_owned()))
                .header(ALLOW_METHODS, HeaderRule::Lacks("*".to_owned()));
            sheet.refused(&mut check, request, bare.clone(), expected);
        }
        if !self.headers.contains(&"*") {
            let method = self.methods.first().copied().unwrap_or("GET");
            let request = Self::ask(sheet, &origin, method, &["X-Gatecheck-Other"]);
            let expected = Answer::default()
                .header(ALLOW_HEADERS, HeaderRule::Lacks("gatecheck".to_owned()))
                .header(ALLOW_HEADERS, HeaderRule::Lacks("Gatecheck".to_owned()))
                .header(ALLOW_HEADERS, HeaderRule::Lacks("*".to_owned()));
            sheet.refused(&mut check, request, bare, expected);
        }
        if !check.steps.is_empty() {
            sheet.push(check);
        }
    }

    fn strangers(&self, sheet: &mut Sheet<'_, '_>) {
        let name = "a page of another origin may neither ask nor read";
        let mut check = sheet.check("origin-other", name, self.plugin.place);
        check.requirement = Some("CORS-002".to_owned());
        let bare = sheet.bare();
        let method = self.methods.first().copied().unwrap_or("GET");
        let request = Self::ask(sheet, STRANGER, method, &self.headers);
        sheet.refused(&mut check, request, bare.clone(), nothing_allowed());
        if let Some(request) = Self::page(sheet, STRANGER) {
            sheet.refused(&mut check, request, bare, nothing_allowed());
        }
        sheet.push(check);
    }

    /// Origins that a comparison of the beginning, of the end, or of the host alone would let in.
    fn look_alikes(&self, sheet: &mut Sheet<'_, '_>) {
        let mut alike: Vec<String> = Vec::new();
        for (origin, _) in &self.origins {
            let example = Self::example(origin);
            let Some((scheme, host)) = example.split_once("://") else {
                continue;
            };
            let bare = host.split(':').next().unwrap_or(host);
            let other = if scheme == "https" { "http" } else { "https" };
            let domain = origin.split_once("*.").map_or(bare, |(_, domain)| domain);
            alike.extend([
                format!("{scheme}://{bare}.gatecheck.example.net"),
                format!("{scheme}://gatecheck{domain}"),
                format!("{other}://{host}"),
                format!("{scheme}://{bare}:8443"),
            ]);
        }
        alike.push("null".to_owned());
        alike.retain(|origin| !self.allows(origin));
        let name = "an origin that only looks like one of those that may call is refused";
        let mut check = sheet.check("origin-look-alike", name, self.plugin.place);
        check.requirement = Some("CORS-002".to_owned());
        let method = self.methods.first().copied().unwrap_or("GET");
        let bare = sheet.bare();
        for origin in alike {
            let request = Self::ask(sheet, &origin, method, &[]);
            sheet.refused(&mut check, request, bare.clone(), nothing_allowed());
        }
        sheet.push(check);
    }

    fn vary(&self, sheet: &mut Sheet<'_, '_>) {
        let Some(request) = Self::plain(sheet) else {
            return;
        };
        let name = "caches are told that answers depend on the origin";
        let mut check = sheet.check("vary", name, self.plugin.place);
        check.requirement = Some("CORS-023".to_owned());
        check.severity = Severity::Degraded;
        let expected = Answer::default().header("Vary", HeaderRule::Lists("Origin".to_owned()));
        let bare = sheet.bare();
        sheet.refused(&mut check, request, bare, expected);
        sheet.push(check);
    }

    /// What pages read: the gateway's own refusal, and an answer of the service.
    fn responses(&self, sheet: &mut Sheet<'_, '_>) {
        let Some((origin, place)) = self.origins.first() else {
            return;
        };
        let Some(request) = Self::page(sheet, &Self::example(origin)) else {
            let why = "what pages may read: every request that the route takes is carried out by the service";
            return sheet.left_out(self.plugin.place, why);
        };
        let name = "a page of an allowed origin may read what it gets, refusals too";
        let mut check = sheet.check("page", name, place);
        check.requirement = Some("CORS-020".to_owned());
        let mut expected = Answer::default()
            .header(ALLOW_ORIGIN, HeaderRule::Is(Self::told(origin)))
            .header(ALLOW_CREDENTIALS, self.credentials());
        for (name, _) in self.plugin.texts("exposeHeaders") {
            let rule = HeaderRule::Lists(name.to_owned());
            expected = expected.header("Access-Control-Expose-Headers", rule);
        }
        let bare = sheet.bare();
        if sheet.guarded() {
            sheet.refused(&mut check, request.clone(), bare, expected.clone());
        }
        if !sheet.sample.writes && sheet.has_good() {
            expected.status = vec![Status::Class(2)];
            let good = sheet.good();
            sheet.passing_with(&mut check, request, good, expected);
        }
        sheet.push(check);
    }

    /// A request without any credential that changes nothing; none where the service would carry it out.
    fn plain(sheet: &Sheet<'_, '_>) -> Option<Request> {
        let harmless = sheet.guarded() || !sheet.sample.writes;
        harmless.then(|| sheet.sample.request())
    }

    /// The same, of a page.
    fn page(sheet: &Sheet<'_, '_>, origin: &str) -> Option<Request> {
        let mut request = Self::plain(sheet)?;
        request
            .headers
            .push(("Origin".to_owned(), Text::plain(origin)));
        Some(request)
    }
}

fn nothing_allowed() -> Answer {
    Answer::default().header("Access-Control-Allow-*", HeaderRule::Absent)
}
