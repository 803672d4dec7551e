//! The words of a diagnostic: what a schema expects, what a value is called, which name was probably meant.

use serde_json::Value;

/// How a schema without more to say about its strings is told.
const STRING: &str = "a string";

/// A schema that can be asked what it expects.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    /// The whole schema, which references start from.
    pub root: &'a Value,
}

impl<'a> Terms<'a> {
    /// The schema at a JSON Pointer.
    pub fn at(self, pointer: &str) -> &'a Value {
        self.root.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The keys of an object, in any of its alternatives.
    pub fn keys(self, schema: &'a Value) -> Vec<String> {
        let own = schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.clone());
        own.chain(self.branches(schema).flat_map(|branch| self.keys(branch)))
            .collect()
    }

    /// The strings that a value may be, in any of its alternatives.
    pub fn constants(self, schema: &'a Value) -> Vec<String> {
        let own = constants(schema).map(str::to_owned);
        own.chain(
            self.branches(schema)
                .flat_map(|branch| self.constants(branch)),
        )
        .collect()
    }

    /// Whether a value of this JSON type is wanted, in any of the alternatives.
    pub fn accepts(self, schema: &'a Value, kind: &str) -> bool {
        schema["type"] == kind
            || self
                .branches(schema)
                .any(|branch| branch["const"].is_null() && self.accepts(branch, kind))
    }

    /// Whether any string is wanted, in one of the alternatives.
    pub fn takes_any_string(self, schema: &'a Value) -> bool {
        self.alternatives(schema).iter().any(|of| of == STRING)
    }

    /// What is expected: "a list", "`ip`, `path` or `{header: …}`".
    pub fn expected(self, schema: &'a Value) -> String {
        joined(&self.alternatives(schema), "or")
    }

    /// Where else in a document a key stands: `route` for `paths`. None when nowhere else.
    pub fn home(self, key: &str) -> Option<&'a str> {
        let top = self.root["properties"].as_object()?;
        let has = |schema: &'a Value| !self.resolve(schema)["properties"][key].is_null();
        top.iter()
            .find(|(_, schema)| has(schema) || has(&schema["items"]))
            .map(|(name, _)| name.as_str())
    }

    fn alternatives(self, schema: &'a Value) -> Vec<String> {
        let schema = self.resolve(schema);
        if let Some(words) = schema["x-expects"].as_str() {
            return vec![words.to_owned()];
        }
        let own: Vec<String> = constants(schema).map(quoted).collect();
        if !own.is_empty() {
            return own;
        }
        if schema["type"].is_string() {
            return vec![kind(schema)];
        }
        self.branches(schema)
            .flat_map(|branch| self.alternatives(branch))
            .collect()
    }

    fn branches(self, schema: &'a Value) -> impl Iterator<Item = &'a Value> {
        let both = ["oneOf", "anyOf"]
            .into_iter()
            .filter_map(|key| schema[key].as_array());
        both.flatten().map(move |branch| self.resolve(branch))
    }

    fn resolve(self, schema: &'a Value) -> &'a Value {
        let pointer = schema["$ref"]
            .as_str()
            .and_then(|reference| reference.strip_prefix('#'));
        pointer
            .and_then(|pointer| self.root.pointer(pointer))
            .unwrap_or(schema)
    }
}

/// What a pointer leads to, as its author would call it: `service.timeouts`, `consumers[0].keys[1]`, "the plugin
/// `cors`".
pub(super) fn label(pointer: &str, document: &Value) -> String {
    let segments: Vec<String> = pointer
        .split('/')
        .skip(1)
        .map(|of| of.replace("~1", "/").replace("~0", "~"))
        .collect();
    if segments.is_empty() {
        return "the document".to_owned();
    }
    let plugin = segments
        .windows(2)
        .rposition(|pair| pair[0] == "plugins" && is_index(&pair[1]));
    let entry = plugin.map(|at| at + 2).and_then(|end| {
        let pointer = pointer
            .split('/')
            .take(end + 1)
            .collect::<Vec<_>>()
            .join("/");
        Some((end, document.pointer(&pointer)?["name"].as_str()?))
    });
    match entry {
        Some((end, name)) => match &segments[end..] {
            [] => format!("the plugin `{name}`"),
            [config] if config == "config" => format!("the config of the plugin `{name}`"),
            [config, rest @ ..] if config == "config" => {
                format!("`{}` of the plugin `{name}`", dotted(rest))
            }
            rest => format!("`{}` of the plugin `{name}`", dotted(rest)),
        },
        None => {
            let names: Vec<usize> = (0..segments.len())
                .filter(|at| !is_index(&segments[*at]))
                .collect();
            let start = names.len().checked_sub(2).map_or(0, |at| names[at]);
            format!("`{}`", dotted(&segments[start..]))
        }
    }
}

/// The known name that was probably meant.
pub(super) fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let rated = known
        .iter()
        .map(|known| (strsim::jaro_winkler(&plain(name), &plain(known)), known));
    let best = rated.max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|(likeness, _)| *likeness > 0.82)
        .map(|(_, known)| known.as_str())
}

/// What kind of value it is, and which one where that is short.
pub(super) fn kind_of(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// A value on one short line.
pub(super) fn brief(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// The strings of a list.
pub(super) fn strings(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Names in a row: "`a`, `b` and `c`".
pub(super) fn list(names: &[String], last: &str) -> String {
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

fn constants(schema: &Value) -> impl Iterator<Item = &str> {
    strings(&schema["enum"]).chain(schema["const"].as_str())
}

fn kind(schema: &Value) -> String {
    let name = match schema["type"].as_str() {
        Some("object") => return object(schema),
        Some("array") => "a list",
        Some("string") => STRING,
        Some("integer") => "a whole number",
        Some("number") => "a number",
        Some("boolean") => "`true` or `false`",
        _ => "something else",
    };
    name.to_owned()
}

fn object(schema: &Value) -> String {
    let required: Vec<String> = strings(&schema["required"]).map(str::to_owned).collect();
    let keys = schema["properties"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    match required.as_slice() {
        [] => "an object".to_owned(),
        [only] if keys == 1 => format!("`{{{only}: …}}`"),
        several => format!("an object with {}", list(several, "and")),
    }
}

fn dotted(segments: &[String]) -> String {
    let mut text = String::new();
    for segment in segments {
        match is_index(segment) {
            true => text.push_str(&format!("[{segment}]")),
            false if text.is_empty() => text.push_str(segment),
            false => text.push_str(&format!(".{segment}")),
        }
    }
    text
}

fn is_index(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

fn quoted(text: &str) -> String {
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_label_is_what_the_author_would_say() {
        let document = json!({"plugins": [{"name": "cors", "config": {"origins": [1]}}, {}]});
        for (pointer, said) in [
            ("", "the document"),
            ("/service", "`service`"),
            ("/apis/3/service/timeouts/try", "`timeouts.try`"),
            ("/consumers/0/keys/1", "`consumers[0].keys[1]`"),
            ("/route/headers/a~1b", "`headers.a/b`"),
            ("/plugins/0/config", "the config of the plugin `cors`"),
            ("/plugins/0", "the plugin `cors`"),
            (
                "/plugins/0/config/origins/0",
                "`origins[0]` of the plugin `cors`",
            ),
            ("/plugins/0/enabled", "`enabled` of the plugin `cors`"),
            ("/plugins/1", "`plugins[1]`"),
        ] {
            assert_eq!(label(pointer, &document), said, "{pointer}");
        }
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["paths", "hosts", "rate-limit", "cors"].map(str::to_owned);
        assert_eq!(nearest("pathes", &known), Some("paths"));
        assert_eq!(nearest("rateLimit", &known), Some("rate-limit"));
        assert_eq!(nearest("zone", &known), None);
        assert_eq!(nearest("", &known), None);
    }
}
