//! From what a JSON Schema says of a document to what helps the one who wrote it.

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value;

use super::{
    diagnostic::Report,
    mend::mend,
    raw::Document,
    schema::Schema,
    source::{At, Source},
    terms::{self, Terms, label, list, nearest},
};

/// Names that users of other gateways or of what is planned try: known, but not part of this version.
const FUTURE_PLUGINS: [&str; 12] = [
    "transform",
    "request-transform",
    "response-transform",
    "cache",
    "compression",
    "mirror",
    "split",
    "blue-green",
    "circuit-breaker",
    "ip-restriction",
    "throttle",
    "trace",
];

/// The document, or everything in which it is not one.
pub(super) fn document(source: &Source, schema: &Schema, report: &mut Report) -> Option<Document> {
    let check = Check {
        source,
        terms: Terms {
            root: schema.value(),
        },
    };
    let mut errors = schema.validator().iter_errors(source.value()).peekable();
    if errors.peek().is_some() {
        errors.for_each(|error| check.tell(&error, report));
        return None;
    }
    match serde_json::from_value(source.value().clone()) {
        Ok(document) => Some(document),
        Err(error) => {
            report.error(
                At::root(source),
                "invalid",
                format!("the document can't be read: {error}"),
            );
            None
        }
    }
}

#[derive(Clone, Copy)]
struct Check<'a> {
    source: &'a Source,
    terms: Terms<'a>,
}

/// One error of the validator: where it is, what it is about, and what was wanted there.
struct Finding<'a> {
    at: At<'a>,
    pointer: &'a str,
    what: String,
    found: &'a Value,
    schema: &'a Value,
}

impl<'a> Check<'a> {
    fn tell(self, error: &ValidationError<'_>, report: &mut Report) {
        let of = &self.finding(error);
        match error.kind() {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                unexpected
                    .iter()
                    .for_each(|key| self.unknown_key(of, key, report));
            }
            Kind::Required { property } => {
                self.missing_key(of, property.as_str().unwrap_or_default(), report);
            }
            Kind::Type { .. }
            | Kind::Enum { .. }
            | Kind::Constant { .. }
            | Kind::Pattern { .. } => {
                self.refused(of, report);
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.no_alternative(of, context, report)
            }
            // These two are about keys; another error tells that the value can't have any.
            Kind::OneOfMultipleValid { .. } | Kind::Not { .. } if !of.found.is_object() => {}
            Kind::OneOfMultipleValid { .. } => {
                conflict(of, &required_alternatives(of.schema), report)
            }
            Kind::Not { schema } => {
                let keys: Vec<String> = terms::strings(&schema["required"])
                    .map(str::to_owned)
                    .collect();
                conflict(of, &keys, report);
            }
            kind => {
                let message = bound(kind).unwrap_or_else(|| error.to_string());
                report.error(of.at, "out-of-range", format!("{} {message}", of.what));
            }
        }
    }

    fn finding<'e>(self, error: &'e ValidationError<'_>) -> Finding<'e>
    where
        'a: 'e,
    {
        let pointer = error.instance_path().as_str();
        let keyword = error.schema_path().as_str();
        Finding {
            at: At::pointer(self.source, pointer),
            pointer,
            what: label(pointer, self.source.value()),
            found: error.instance().as_ref(),
            schema: self
                .terms
                .at(keyword.rsplit_once('/').map_or("", |(schema, _)| schema)),
        }
    }

    fn unknown_key(self, of: &Finding<'_>, key: &str, report: &mut Report) {
        let known = self.terms.keys(of.schema);
        let message = format!("`{key}` is not a key of {}", of.what);
        let help = match nearest(key, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.is_option_of_plugin(of, key) => "put it into `config`".to_owned(),
            None => match self
                .terms
                .home(key)
                .filter(|_| !of.pointer.contains("/config"))
            {
                Some(home) => format!("`{key}` is a key of `{home}`"),
                None => format!("known keys: {}", list(&known, "and")),
            },
        };
        report
            .error(of.at.key(key).on_key(), "unknown-key", message)
            .help(help);
    }

    fn is_option_of_plugin(self, of: &Finding<'_>, key: &str) -> bool {
        let entry = of.pointer.rsplit('/').nth(1) == Some("plugins");
        let name = of.found["name"].as_str().filter(|_| entry);
        name.is_some_and(|name| {
            self.terms
                .keys(self.terms.at(&format!("/$defs/{name}")))
                .iter()
                .any(|of| of == key)
        })
    }

    /// A key that is missing because it is misspelt is told once, by [`Check::unknown_key`].
    fn missing_key(self, of: &Finding<'_>, key: &str, report: &mut Report) {
        let known = self.terms.keys(of.schema);
        let present = || {
            of.found
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, _)| name)
        };
        let mut unknown = present().filter(|name| !known.contains(name));
        if unknown.any(|name| nearest(name, &known) == Some(key)) {
            return;
        }
        let asks = |name: &&String| {
            terms::strings(&of.schema["dependentRequired"][name.as_str()]).any(|of| of == key)
        };
        let (at, message) = match present().find(asks) {
            Some(other) => (
                of.at.key(other),
                format!("`{other}` needs a `{key}` beside it"),
            ),
            None => (of.at, format!("{} needs `{key}`", of.what)),
        };
        report.error(at.on_key(), "missing-key", message);
    }

    /// The value is not what it has to be, be it in kind or in text.
    fn refused(self, of: &Finding<'_>, report: &mut Report) {
        let constants = self.terms.constants(of.schema);
        let text = of.found.as_str().filter(|text| !text.is_empty());
        if let Some(name) =
            text.filter(|_| of.pointer.ends_with("/name") && is_in_plugin(of.pointer))
        {
            return unknown_plugin(of, name, &constants, report);
        }
        let worded = text.is_some() && (!constants.is_empty() || !of.schema["pattern"].is_null());
        let found = match of.found {
            _ if is_secret(of.pointer) => "this".to_owned(),
            found if worded => format!("`{}`", terms::brief(found)),
            found => terms::kind_of(found),
        };
        let (code, at) = match of.found {
            _ if worded => ("bad-value", of.at),
            Value::Object(_) | Value::Array(_) | Value::Null => ("wrong-type", of.at.on_key()),
            _ => ("wrong-type", of.at),
        };
        let message = format!(
            "{} must be {}, not {found}",
            of.what,
            self.terms.expected(of.schema)
        );
        let diagnostic = report.error(at, code, message);
        let mendable = Some(of).filter(|of| !is_secret(of.pointer) || of.found.is_null());
        if let Some(help) = mendable.and_then(|of| mend(self.terms, of.schema, of.found)) {
            diagnostic.help(help);
        }
    }

    /// None of several alternatives holds. What is wrong is told of the one that was meant, where that is plain: the
    /// only one of the right kind.
    fn no_alternative(
        self,
        of: &Finding<'_>,
        context: &[Vec<ValidationError<'static>>],
        report: &mut Report,
    ) {
        let keys = required_alternatives(of.schema);
        if !keys.is_empty() {
            let message = format!("{} needs {}", of.what, list(&keys, "or"));
            report.error(of.at.on_key(), "missing-key", message);
            return;
        }
        let of_kind = |errors: &&Vec<ValidationError<'_>>| {
            !errors.iter().any(|error| is_other_kind(error, of.pointer))
        };
        match context
            .iter()
            .filter(of_kind)
            .collect::<Vec<_>>()
            .as_slice()
        {
            [] => self.refused(of, report),
            [meant] => meant.iter().for_each(|error| self.tell(error, report)),
            several => self.no_object(of, several, report),
        }
    }

    /// None of several objects with different keys holds.
    fn no_object(
        self,
        of: &Finding<'_>,
        several: &[&Vec<ValidationError<'static>>],
        report: &mut Report,
    ) {
        let known = self.terms.keys(of.schema);
        let keys: Vec<String> = of
            .found
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone())
            .collect();
        if let Some(unknown) = keys.iter().find(|key| !known.contains(key)) {
            return self.unknown_key(of, unknown, report);
        }
        let inside = |error: &ValidationError<'_>| error.instance_path().as_str() != of.pointer;
        if let Some(meant) = several.iter().find(|errors| errors.iter().all(inside)) {
            return meant.iter().for_each(|error| self.tell(error, report));
        }
        let found = if keys.is_empty() {
            "nothing".to_owned()
        } else {
            list(&keys, "and")
        };
        let message = format!(
            "{} must be {}, not an object with {found}",
            of.what,
            self.terms.expected(of.schema)
        );
        report.error(of.at.on_key(), "bad-value", message);
    }
}

/// Whether the error says that the value itself is of another kind than the alternative wants.
fn is_other_kind(error: &ValidationError<'_>, pointer: &str) -> bool {
    let here = error.instance_path().as_str() == pointer;
    here && match error.kind() {
        Kind::Type { .. } | Kind::Enum { .. } | Kind::Constant { .. } => true,
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => context
            .iter()
            .all(|errors| errors.iter().any(|error| is_other_kind(error, pointer))),
        _ => false,
    }
}

fn unknown_plugin(of: &Finding<'_>, name: &str, known: &[String], report: &mut Report) {
    let others = || format!("known plugins: {}", list(known, "and"));
    if FUTURE_PLUGINS.contains(&name) {
        let message = format!("the plugin `{name}` is not part of this version");
        report.error(of.at, "future-plugin", message).help(others());
        return;
    }
    let help = nearest(name, known).map_or_else(others, |near| format!("did you mean `{near}`?"));
    report
        .error(
            of.at,
            "unknown-plugin",
            format!("there is no plugin `{name}`"),
        )
        .help(help);
}

fn conflict(of: &Finding<'_>, keys: &[String], report: &mut Report) {
    let at = keys.last().map_or(of.at, |key| of.at.key(key)).on_key();
    report
        .error(
            at,
            "conflict",
            format!("{} has both {}", of.what, list(keys, "and")),
        )
        .help("keep one of them");
}

/// Keys of which one has to be there, for alternatives that differ in nothing else.
fn required_alternatives(schema: &Value) -> Vec<String> {
    let alternatives = schema["oneOf"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let only_required = alternatives
        .iter()
        .all(|of| of.as_object().is_some_and(|of| of.keys().eq(["required"])));
    let keys = alternatives
        .iter()
        .filter(|_| only_required)
        .flat_map(|of| terms::strings(&of["required"]));
    keys.map(str::to_owned).collect()
}

fn bound(kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MinLength { .. } | Kind::MinItems { limit: 1 } => "must not be empty".to_owned(),
        Kind::MinItems { limit } => format!("must have at least {limit} entries"),
        Kind::MaxItems { limit } => format!("must have at most {limit} entries"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::UniqueItems => "must not have an entry twice".to_owned(),
        _ => return None,
    })
}

/// Whether the value is an API key or a password, which no message may show.
fn is_secret(pointer: &str) -> bool {
    let secret = |segment| segment == "keys" || segment == "basic";
    pointer.contains("/consumers/")
        && !pointer.ends_with("/username")
        && pointer.split('/').any(secret)
}

fn is_in_plugin(pointer: &str) -> bool {
    pointer.rsplit('/').nth(2) == Some("plugins")
}
