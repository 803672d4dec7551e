//! From what a JSON Schema says of a document to what helps the one who wrote it.

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value;

use super::{
    diagnostic::Report,
    raw::Document,
    schema::Schema,
    source::{At, Source},
};

/// Names that users of other gateways or other versions try; known, but not part of this version.
const FUTURE_PLUGINS: [&str; 18] = [
    "jwt-validate",
    "oauth2-introspect",
    "mtls-auth",
    "basic-auth",
    "anonymous",
    "authorize",
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
    let mut whole = true;
    let words = Words {
        source,
        schema: schema.value(),
    };
    for error in schema.validator().iter_errors(source.value()) {
        whole = false;
        words.tell(&error, report);
    }
    if !whole {
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

struct Words<'a> {
    source: &'a Source,
    schema: &'a Value,
}

impl Words<'_> {
    fn tell(&self, error: &ValidationError<'_>, report: &mut Report) {
        let pointer = error.instance_path().as_str();
        let at = At::pointer(self.source, pointer);
        let what = label(pointer, self.source.value());
        let found = error.instance().as_ref();
        let schema = self.schema_of(error);
        match error.kind() {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => {
                let known = self.keys_of(schema);
                unexpected
                    .iter()
                    .for_each(|key| unknown_key(at.key(key), key, &what, &known, report));
            }
            Kind::Required { property } => {
                let key = property.as_str().unwrap_or_default();
                report.error(at.on_key(), "missing-key", format!("{what} needs `{key}`"));
            }
            Kind::Type { .. } => self.wrong_type(at, &what, schema, found, report),
            Kind::Enum { .. } | Kind::Constant { .. } | Kind::Pattern { .. } => {
                self.not_one_of(at, pointer, schema, found, report);
            }
            Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
                self.alternatives(at, error, schema, context, report);
            }
            Kind::OneOfMultipleValid { .. } => {
                let keys = required_alternatives(schema);
                let message = format!("{what} has more than one of {}", list(&keys, "and"));
                report
                    .error(at.on_key(), "conflict", message)
                    .help("keep one of them");
            }
            Kind::Not { schema } => {
                let keys: Vec<String> = strings(&schema["required"]).map(str::to_owned).collect();
                let message = format!("{what} has both {}", list(&keys, "and"));
                report
                    .error(at.on_key(), "conflict", message)
                    .help("keep one of them");
            }
            kind => {
                let message = bound(kind).unwrap_or_else(|| error.to_string());
                report.error(at, "out-of-range", format!("{what} {message}"));
            }
        }
    }

    fn wrong_type(
        &self,
        at: At<'_>,
        what: &str,
        schema: &Value,
        found: &Value,
        report: &mut Report,
    ) {
        let expected = self.expected(schema);
        let message = format!("{what} is {expected}, not {}", kind_of(found));
        let wants = |name: &str| schema["type"] == name;
        let diagnostic = report.error(at, "wrong-type", message);
        match found {
            Value::Number(number)
                if schema["pattern"]
                    .as_str()
                    .is_some_and(|of| of.contains("(ms|")) =>
            {
                diagnostic.help(format!("give a unit: `{number}s` or `{number}ms`"));
            }
            Value::Number(_) | Value::Bool(_) if wants("string") => {
                diagnostic.help(format!("put it into quotes: `\"{found}\"`"));
            }
            Value::String(text) if wants("integer") && text.parse::<i64>().is_ok() => {
                diagnostic.help(format!("take the quotes away: `{text}`"));
            }
            Value::String(text)
                if wants("boolean") && ["yes", "no", "on", "off"].contains(&text.as_str()) =>
            {
                diagnostic.help("write `true` or `false`");
            }
            Value::Null => {
                diagnostic.help("give it a value or take the key away");
            }
            found if wants("array") && !found.is_object() => {
                diagnostic.help(format!("put it into brackets: `[{}]`", brief(found)));
            }
            _ => {}
        }
    }

    fn not_one_of(
        &self,
        at: At<'_>,
        pointer: &str,
        schema: &Value,
        found: &Value,
        report: &mut Report,
    ) {
        let options = self.constants(schema);
        let text = brief(found);
        if is_plugin_name(pointer) {
            return unknown_plugin(at, found.as_str().unwrap_or_default(), &options, report);
        }
        let message = match options.len() {
            0 => format!("`{text}` is not {}", self.expected(schema)),
            _ => format!("`{text}` is not one of {}", list(&options, "and")),
        };
        let diagnostic = report.error(at, "bad-value", message);
        if let Some(near) = found.as_str().and_then(|found| nearest(found, &options)) {
            diagnostic.help(format!("did you mean `{near}`?"));
        }
    }

    /// None of several alternatives holds. What is wrong is told of the one that was meant, where that is plain: the
    /// only one of the right kind.
    fn alternatives(
        &self,
        at: At<'_>,
        error: &ValidationError<'_>,
        schema: &Value,
        context: &[Vec<ValidationError<'static>>],
        report: &mut Report,
    ) {
        let pointer = error.instance_path().as_str();
        let found = error.instance().as_ref();
        let keys = required_alternatives(schema);
        if !keys.is_empty() {
            let what = label(pointer, self.source.value());
            report.error(
                at.on_key(),
                "missing-key",
                format!("{what} needs {}", list(&keys, "or")),
            );
            return;
        }
        let meant: Vec<_> = context
            .iter()
            .filter(|errors| !errors.iter().any(|of| is_other_kind(of, pointer)))
            .collect();
        match meant.as_slice() {
            [] if found.is_string() => self.not_one_of(at, pointer, schema, found, report),
            [] => {
                let what = label(pointer, self.source.value());
                self.wrong_type(at, &what, schema, found, report);
            }
            [only] => only.iter().for_each(|error| self.tell(error, report)),
            several => self.several(at, pointer, schema, several, found, report),
        }
    }

    /// Several alternatives are of the right kind: objects with different keys.
    fn several(
        &self,
        at: At<'_>,
        pointer: &str,
        schema: &Value,
        several: &[&Vec<ValidationError<'static>>],
        found: &Value,
        report: &mut Report,
    ) {
        let what = label(pointer, self.source.value());
        let known = self.keys_of(schema);
        let mut unknown = found.as_object().into_iter().flatten().map(|(key, _)| key);
        if let Some(key) = unknown.find(|key| !known.contains(key)) {
            return unknown_key(at.key(key), key, &what, &known, report);
        }
        let deep = several.iter().find(|errors| {
            errors
                .iter()
                .all(|error| error.instance_path().as_str() != pointer)
        });
        match deep {
            Some(errors) => errors.iter().for_each(|error| self.tell(error, report)),
            None => {
                let message = format!("{what} is {}", self.expected(schema));
                report.error(at, "bad-value", message);
            }
        }
    }

    /// The schema that holds the keyword which the error is about.
    fn schema_of(&self, error: &ValidationError<'_>) -> &Value {
        let path = error.schema_path().as_str();
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.schema.pointer(parent).unwrap_or(&Value::Null)
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let reference = schema["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix('#'));
        reference
            .and_then(|pointer| self.schema.pointer(pointer))
            .unwrap_or(schema)
    }

    fn branches<'s>(&'s self, schema: &'s Value) -> impl Iterator<Item = &'s Value> {
        ["oneOf", "anyOf"]
            .into_iter()
            .filter_map(|key| schema[key].as_array())
            .flatten()
            .map(|of| self.resolve(of))
    }

    /// The keys of an object, in any of its alternatives.
    fn keys_of(&self, schema: &Value) -> Vec<String> {
        let own = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone());
        own.chain(
            self.branches(schema)
                .flat_map(|branch| self.keys_of(branch)),
        )
        .collect()
    }

    /// The texts that a value may be, in any of its alternatives.
    fn constants(&self, schema: &Value) -> Vec<String> {
        let own = strings(&schema["enum"])
            .chain(schema["const"].as_str())
            .map(str::to_owned);
        own.chain(
            self.branches(schema)
                .flat_map(|branch| self.constants(branch)),
        )
        .collect()
    }

    /// What is expected, in words: "a list", "`ip`, `path` or {header}".
    fn expected(&self, schema: &Value) -> String {
        let schema = self.resolve(schema);
        if let Some(words) = schema["x-expects"].as_str() {
            return words.to_owned();
        }
        let constants: Vec<String> = strings(&schema["enum"])
            .chain(schema["const"].as_str())
            .map(quoted)
            .collect();
        let branches = self.branches(schema).map(|branch| self.expected(branch));
        let all: Vec<String> = constants.into_iter().chain(branches).collect();
        if !all.is_empty() {
            return joined(&all, "or");
        }
        match schema["type"].as_str() {
            Some("object") => match schema["required"].as_array().map(Vec::as_slice) {
                Some([Value::String(key)]) => format!("`{{{key}: …}}`"),
                _ => "an object".to_owned(),
            },
            Some("array") => "a list".to_owned(),
            Some("string") => "a text".to_owned(),
            Some("integer") => "a whole number".to_owned(),
            Some("number") => "a number".to_owned(),
            Some("boolean") => "`true` or `false`".to_owned(),
            _ => "something else".to_owned(),
        }
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

fn unknown_key(at: At<'_>, key: &str, what: &str, known: &[String], report: &mut Report) {
    let diagnostic = report.error(
        at.on_key(),
        "unknown-key",
        format!("`{key}` is not a key of {what}"),
    );
    match nearest(key, known) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("there are {}", list(known, "and"))),
    };
}

fn unknown_plugin(at: At<'_>, name: &str, known: &[String], report: &mut Report) {
    let near = nearest(name, known);
    if FUTURE_PLUGINS.contains(&name) {
        let diagnostic = report.error(
            at,
            "future-plugin",
            format!("the plugin `{name}` is not part of this version"),
        );
        diagnostic.help(format!("there are {}", list(known, "and")));
        return;
    }
    let diagnostic = report.error(at, "unknown-plugin", format!("there is no plugin `{name}`"));
    match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None => diagnostic.help(format!("there are {}", list(known, "and"))),
    };
}

/// The known name that was probably meant.
fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let rated = known.iter().map(|known| {
        (
            strsim::jaro_winkler(&plain(name), &plain(known)),
            known.as_str(),
        )
    });
    let best = rated.max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|(likeness, _)| *likeness > 0.82)
        .map(|(_, known)| known)
}

/// What a pointer leads to, in the words of the document: `service.timeouts`, `keys[0]`, the plugin `cors`.
fn label(pointer: &str, document: &Value) -> String {
    let segments: Vec<&str> = pointer.split('/').skip(1).collect();
    let plugin = match segments.as_slice() {
        [.., "plugins", _] => Some(pointer.to_owned()),
        [.., "plugins", _, "config"] => pointer.rsplit_once('/').map(|(entry, _)| entry.to_owned()),
        _ => None,
    };
    let name = plugin.and_then(|entry| {
        document.pointer(&entry)?["name"]
            .as_str()
            .map(str::to_owned)
    });
    if let Some(name) = name {
        return format!("the plugin `{name}`");
    }
    if segments.is_empty() {
        return "the document".to_owned();
    }
    let is_index = |segment: &&&str| segment.bytes().all(|byte| byte.is_ascii_digit());
    let indices = segments.iter().rev().take_while(is_index).count();
    let start = segments.len().saturating_sub(indices + 2);
    let mut label = String::new();
    for segment in &segments[start..] {
        match segment.parse::<usize>() {
            Ok(index) => label.push_str(&format!("[{index}]")),
            Err(_) if label.is_empty() => label.push_str(segment),
            Err(_) => label.push_str(&format!(".{segment}")),
        }
    }
    format!("`{}`", label.replace("~1", "/").replace("~0", "~"))
}

fn is_plugin_name(pointer: &str) -> bool {
    let mut segments = pointer.rsplit('/');
    segments.next() == Some("name") && segments.nth(1) == Some("plugins")
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
        .flat_map(|of| strings(&of["required"]));
    keys.map(str::to_owned).collect()
}

fn bound(kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Minimum { limit } => format!("is at least {limit}"),
        Kind::Maximum { limit } => format!("is at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("is more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("is less than {limit}"),
        Kind::MinLength { .. } | Kind::MinItems { limit: 1 } => "must not be empty".to_owned(),
        Kind::MinItems { limit } => format!("has at least {limit} entries"),
        Kind::MaxItems { limit } => format!("has at most {limit} entries"),
        Kind::MaxLength { limit } => format!("has at most {limit} characters"),
        Kind::UniqueItems => "has an entry twice".to_owned(),
        _ => return None,
    })
}

fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// A value on one short line.
fn brief(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

fn list(names: &[String], last: &str) -> String {
    joined(
        &names.iter().map(|name| quoted(name)).collect::<Vec<_>>(),
        last,
    )
}

fn joined(parts: &[String], last: &str) -> String {
    match parts {
        [] => "nothing".to_owned(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
