//! A suite in the making, and what the checks of one route have in common.

use std::collections::BTreeMap;

use super::Options;
use super::callers::{self, Caller};
use super::configuration::{Configuration, Place, Plugin, Route};
use super::rules::Rules;
use super::sample::Sample;
use super::source::Source;
use crate::checks::read::fields::{Fields, Reader};
use crate::checks::suite::{
    Answer, Check, Credential, HeaderRule, Pattern, Request, Shown, Status, Step, Suite,
};
use crate::checks::yaml::Node;

/// A suite in the making.
pub(super) struct Draft<'a> {
    pub configuration: &'a Configuration,
    pub options: &'a Options,
    pub suite: Suite,
    sources: &'a [Source],
    readers: &'a [Reader<'a>],
    before: BTreeMap<usize, String>,
    left_out: Vec<String>,
}

/// The checks of one route.
pub(super) struct Sheet<'d, 'a> {
    pub draft: &'d mut Draft<'a>,
    pub route: &'a Route,
    pub sample: Sample,
    pub callers: Vec<Caller>,
    pub rules: Option<Rules>,
}

/// Everything of a plugin in force.
#[derive(Clone, Copy)]
pub(super) struct InForce<'a> {
    pub place: &'a Place,
    pub config: Fields<'a>,
    pub reader: &'a Reader<'a>,
    file: &'a str,
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        configuration: &'a Configuration,
        sources: &'a [Source],
        readers: &'a [Reader<'a>],
        options: &'a Options,
    ) -> Self {
        let mut suite = Suite::new("");
        suite.within = Some(std::time::Duration::from_secs(2));
        Self {
            configuration,
            options,
            suite,
            sources,
            readers,
            before: BTreeMap::new(),
            left_out: Vec::new(),
        }
    }

    pub(super) fn finish(self) -> (Suite, BTreeMap<usize, String>, Vec<String>) {
        (self.suite, self.before, self.left_out)
    }

    /// Whether every connection needs a certificate.
    pub(super) fn certificate_required(&self) -> bool {
        self.configuration.certificate_required()
    }

    /// A line before the next check.
    pub(super) fn section(&mut self, text: String) {
        self.before.insert(self.suite.checks.len(), text);
    }

    pub(super) fn push(&mut self, mut check: Check) {
        let taken = |id: &str| self.suite.checks.iter().any(|known| known.id == id);
        if taken(&check.id) {
            let numbered = (2..).map(|number| format!("{}-{number}", check.id));
            check.id = numbered
                .into_iter()
                .find(|id| !taken(id))
                .expect("numbers don't end");
        }
        let id: String = check.id.chars().take(100).collect();
        check.id = id;
        self.suite.checks.push(check);
    }

    pub(super) fn left_out(&mut self, place: &Place, why: &str) {
        self.left_out.push(format!("{}: {why}", place.0));
    }

    /// The name of a credential, which is added if it isn't there; one that shows nothing has no name.
    pub(super) fn credential(&mut self, name: &str, credential: Credential) -> Option<String> {
        if credential == Credential::default() {
            return None;
        }
        let credentials = &mut self.suite.credentials;
        let known = credentials.iter().find(|(_, known)| **known == credential);
        if let Some((known, _)) = known {
            return Some(known.clone());
        }
        let mut names =
            std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}-{number}")));
        let name = names
            .find(|name| !credentials.contains_key(name))
            .expect("numbers don't end");
        credentials.insert(name.clone(), credential);
        Some(name)
    }
}

impl<'d, 'a> Sheet<'d, 'a> {
    /// None where nobody can say what the route takes.
    pub(super) fn new(draft: &'d mut Draft<'a>, route: &'a Route) -> Option<Self> {
        let Some(sample) = Sample::of(route) else {
            let why =
                "the route takes what fits a regular expression, and nobody can say what does";
            draft.left_out(&route.place, why);
            return None;
        };
        draft.section(format!("{} ({})", route.name, route.place.0));
        let mut sheet = Self {
            draft,
            route,
            sample,
            callers: Vec::new(),
            rules: None,
        };
        if let Some(plugin) = sheet.in_force("authorize") {
            let (file, config) = (plugin.file, plugin.config.node);
            let rules = Rules::read(plugin.reader, file, config, plugin.place.clone());
            sheet.rules = Some(rules);
        }
        sheet.callers = callers::of(sheet.draft, route, sheet.rules.as_ref());
        Some(sheet)
    }

    /// A plugin in force here.
    pub(super) fn in_force(&self, name: &str) -> Option<InForce<'a>> {
        let plugin: &'a Plugin = self.route.plugins.get(name)?;
        let source = &self.draft.sources[plugin.source];
        Some(InForce {
            place: &plugin.place,
            config: Fields {
                node: plugin.config.as_ref().unwrap_or(nothing()),
            },
            reader: &self.draft.readers[plugin.source],
            file: &source.name,
        })
    }

    /// A check without steps, which is bound to a line.
    pub(super) fn check(&self, what: &str, name: &str, from: &Place) -> Check {
        let mut check = Check::new(slug(&format!("{}-{what}", self.route.name)), name);
        check.from = Some(from.0.clone());
        check
    }

    pub(super) fn push(&mut self, check: Check) {
        self.draft.push(check);
    }

    pub(super) fn left_out(&mut self, place: &Place, why: &str) {
        self.draft.left_out(place, why);
    }

    /// What a request shows that is nobody's: nothing, or the certificate without which there is no connection.
    pub(super) fn bare(&mut self) -> Option<String> {
        let certificate = self.draft.certificate_required();
        let certificate = certificate.then(|| callers::certificate("client"));
        let credential = Credential {
            certificate,
            ..Credential::default()
        };
        self.draft.credential("client", credential)
    }

    /// Whether the route asks who calls.
    pub(super) fn guarded(&self) -> bool {
        !self.callers.is_empty()
    }

    /// A caller who may send the sample; none where nobody is known who may.
    pub(super) fn good_caller(&self) -> Option<&Caller> {
        let may = |caller: &&Caller| {
            let rules = self.rules.as_ref();
            rules.is_none_or(|rules| {
                rules
                    .decide(caller, &self.sample.method, &self.sample.path)
                    .0
            })
        };
        self.callers.iter().find(may)
    }

    /// The credential of a good request, or what there is instead.
    pub(super) fn good(&mut self) -> Option<String> {
        match self.good_caller().cloned() {
            Some(caller) => self.draft.credential(&caller.name, caller.credential),
            None => self.bare(),
        }
    }

    /// The credential of a good request, changed.
    pub(super) fn good_but(
        &mut self,
        what: &str,
        change: impl FnOnce(&mut Credential),
    ) -> Option<String> {
        let Some(caller) = self.good_caller().cloned() else {
            return self.bare();
        };
        let mut credential = caller.credential;
        change(&mut credential);
        if self.draft.certificate_required() && credential.certificate.is_none() {
            credential.certificate = Some(callers::certificate("client"));
        }
        self.draft
            .credential(&format!("{}-{what}", caller.name), credential)
    }

    /// Whether a good request is known.
    pub(super) fn has_good(&self) -> bool {
        !self.guarded() || self.good_caller().is_some()
    }

    /// Whether a request without a credential of this plugin is refused, and not told so before: where one credential is
    /// enough, only the first plugin says so.
    pub(super) fn missing_is_refused(&self, plugin: &str) -> bool {
        let first = callers::AUTH.iter().find(|known| self.route.has(known));
        !self.route.has("anonymous") && (!self.route.any || first == Some(&plugin))
    }

    /// That the credential of a plugin lets a request in.
    pub(super) fn right(&mut self, plugin: &str, what: &str, name: &str, requirement: &str) {
        let Some(found) = self.in_force(plugin) else {
            return;
        };
        if !callers::needed(self.route).contains(&plugin) {
            let why =
                format!("{plugin}: that its credential alone is enough; the suite shows another");
            return self.left_out(found.place, &why);
        }
        if !self.has_good() {
            let why = format!(
                "{plugin}: no caller is known who may send {}",
                self.sample.method
            );
            return self.left_out(found.place, &why);
        }
        let mut check = self.check(what, name, found.place);
        check.requirement = Some(requirement.to_owned());
        let good = self.good();
        self.passing(&mut check, self.sample.request(), good);
        self.push(check);
    }

    /// Adds a request that the service gets and answers.
    pub(super) fn passing(&self, check: &mut Check, request: Request, shown: Option<String>) {
        self.passing_with(check, request, shown, answer([Status::Class(2)]));
    }

    /// As [`Self::passing`], with more that is expected.
    pub(super) fn passing_with(
        &self,
        check: &mut Check,
        request: Request,
        shown: Option<String>,
        answer: Answer,
    ) {
        self.marked(check, &request.method);
        let step = step(request, shown, check, answer);
        check.steps.push(step);
    }

    /// Adds a request that is refused before the service gets it.
    pub(super) fn refused(
        &self,
        check: &mut Check,
        request: Request,
        shown: Option<String>,
        answer: Answer,
    ) {
        let step = step(request, shown, check, answer);
        check.steps.push(step);
    }

    /// Marks a check that changes something at the service.
    fn marked(&self, check: &mut Check, method: &str) {
        if !["GET", "HEAD", "OPTIONS", "PROPFIND"].contains(&method) && check.intrusive.is_none() {
            check.intrusive = Some(format!(
                "sends {method} requests that the service carries out"
            ));
        }
    }
}

impl<'a> InForce<'a> {
    /// The place of a value of the plugin's configuration.
    pub(super) fn place_of(&self, node: &Node) -> Place {
        Place(format!("{}:{}", self.file, node.at))
    }

    /// The text at a key.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        let node = self.config.at(key)?;
        self.reader.text(node, &format!("`{key}`"))
    }

    /// Whether a key says `true`.
    pub(super) fn says(&self, key: &str) -> bool {
        let node = self.config.at(key);
        node.and_then(|node| self.reader.boolean(node, &format!("`{key}`"))) == Some(true)
    }

    /// The elements of a list of texts, or one, each with its place.
    pub(super) fn texts(&self, key: &str) -> Vec<(&'a str, Place)> {
        let nodes = self.config.at(key);
        let nodes = nodes
            .map_or(&[][..], |node| self.reader.one_or_many(node))
            .iter();
        let text = |node: &'a Node| {
            let text = self.reader.text(node, &format!("`{key}`"))?;
            Some((text, self.place_of(node)))
        };
        nodes.filter_map(text).collect()
    }
}

fn step(mut request: Request, shown: Option<String>, check: &mut Check, answer: Answer) -> Step {
    if check.steps.is_empty() {
        check.credential = shown;
    } else if check.credential != shown {
        request.credential = Some(shown.map_or(Shown::Nothing, Shown::Credential));
    }
    Step::new(request, answer)
}

/// An answer with one of these.
pub(super) fn answer(status: impl IntoIterator<Item = Status>) -> Answer {
    Answer {
        status: status.into_iter().collect(),
        ..Answer::default()
    }
}

/// A status.
pub(super) const fn code(code: u16) -> Status {
    Status::Code(code)
}

impl Answer {
    /// With this said of a header.
    pub(super) fn header(mut self, name: &str, rule: HeaderRule) -> Self {
        self.headers.entry(name.to_owned()).or_default().push(rule);
        self
    }
}

/// A word that an id may be made of.
pub(super) fn slug(text: &str) -> String {
    let sign = |sign: char| match sign {
        '.' | '_' => sign,
        sign if sign.is_ascii_alphanumeric() => sign.to_ascii_lowercase(),
        _ => '-',
    };
    let text: String = text.chars().map(sign).collect();
    let parts = text.split('-').filter(|part| !part.is_empty());
    let slug = parts.collect::<Vec<_>>().join("-");
    match slug.is_empty() {
        true => "route".to_owned(),
        false => slug,
    }
}

/// An empty mapping.
fn nothing() -> &'static Node {
    use std::sync::LazyLock;

    use crate::checks::mistake::Mark;
    use crate::checks::yaml::Value;
    static NOTHING: LazyLock<Node> = LazyLock::new(|| Node {
        at: Mark { line: 1, column: 1 },
        value: Value::Map(Vec::new()).into(),
    });
    &NOTHING
}

/// Fits every value that is not empty.
pub(super) fn anything() -> Pattern {
    Pattern(regex::Regex::new(".").expect("a dot is an expression"))
}
