//! The JSON Schema (draft 2020-12) of a document: the same one for editors and for the loader, so that they agree.

use serde_json::{Map, Value, json};

use super::raw;

/// What a document may hold, given the plugins that there are.
pub struct Schema {
    value: Value,
    validator: jsonschema::Validator,
}

impl Schema {
    /// The schema of a document, composed of [`raw::Document`] and the plugins' own schemas: name, schema of its
    /// `config`, and what it does in one line.
    pub fn new<'a>(
        plugins: impl IntoIterator<Item = (&'a str, schemars::Schema, &'a str)>,
    ) -> Self {
        let value = compose(plugins);
        let validator =
            jsonschema::draft202012::new(&value).expect("schemars makes schemas that compile");
        Self { value, validator }
    }

    /// The schema itself, for editors.
    pub fn value(&self) -> &Value {
        &self.value
    }

    pub(super) fn validator(&self) -> &jsonschema::Validator {
        &self.validator
    }
}

impl std::fmt::Debug for Schema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

fn compose<'a>(plugins: impl IntoIterator<Item = (&'a str, schemars::Schema, &'a str)>) -> Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let mut root = generator.into_root_schema_for::<raw::Document>().to_value();
    let (mut names, mut rules, mut definitions) = (Vec::new(), Vec::new(), Map::new());
    for (name, schema, doc) in plugins {
        let mut schema = schema.to_value();
        hoist(name, &mut schema, &mut definitions);
        names.push(json!({"const": name, "description": doc}));
        rules.push(rule(name, &schema));
        definitions.insert(name.to_owned(), schema);
    }
    if let Some(known) = root.get_mut("$defs").and_then(Value::as_object_mut) {
        if let Some(plugin) = known.get_mut("Plugin") {
            // A schema without alternatives or rules would not be one.
            if names.is_empty() {
                plugin["properties"]["name"] = json!({"enum": []});
            } else {
                plugin["properties"]["name"] = json!({"oneOf": names});
                plugin["allOf"] = Value::Array(rules);
            }
        }
        known.extend(definitions);
    }
    refuse_null(&mut root);
    root
}

/// What holds for an entry of this plugin. Its `config` may only be left out where nothing in it is required, or where
/// the entry takes the plugin away.
fn rule(name: &str, schema: &Value) -> Value {
    let mut then = json!({"properties": {"config": {"$ref": format!("#/$defs/{name}")}}});
    let required = schema["required"]
        .as_array()
        .is_some_and(|required| !required.is_empty());
    if required || schema.get("oneOf").is_some() || schema.get("anyOf").is_some() {
        then["if"] = json!({"properties": {"enabled": {"const": false}}, "required": ["enabled"]});
        then["else"] = json!({"required": ["config"]});
    }
    json!({"if": {"properties": {"name": {"const": name}}, "required": ["name"]}, "then": then})
}

/// Moves a plugin's own definitions to those of the whole, under names that can't collide.
fn hoist(plugin: &str, schema: &mut Value, into: &mut Map<String, Value>) {
    let Some(object) = schema.as_object_mut() else {
        return;
    };
    object.remove("$schema");
    let own = object.remove("$defs");
    requalify(plugin, schema);
    let Some(Value::Object(own)) = own else {
        return;
    };
    for (name, mut definition) in own {
        requalify(plugin, &mut definition);
        into.insert(format!("{plugin}.{name}"), definition);
    }
}

fn requalify(plugin: &str, schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                match value
                    .as_str()
                    .and_then(|reference| reference.strip_prefix("#/$defs/"))
                {
                    Some(name) if key == "$ref" => {
                        *value = Value::String(format!("#/$defs/{plugin}.{name}"))
                    }
                    _ => requalify(plugin, value),
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(|value| requalify(plugin, value)),
        _ => {}
    }
}

/// Takes null away wherever an absent field is meant. `paths:` with nothing behind it would otherwise be the same as no
/// `paths` at all, which is a catch-all route by mistake.
fn refuse_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(refuse_null);
            let types = object.get_mut("type").and_then(Value::as_array_mut);
            if let Some(types) = types {
                types.retain(|name| name != "null");
                if let [single] = types.as_slice() {
                    let single = single.clone();
                    object.insert("type".to_owned(), single);
                }
            }
            let null = json!({"type": "null"});
            let alternatives = object.get_mut("anyOf").and_then(Value::as_array_mut);
            if let Some(alternatives) =
                alternatives.filter(|alternatives| alternatives.contains(&null))
            {
                alternatives.retain(|alternative| *alternative != null);
                if let [Value::Object(single)] = alternatives.as_mut_slice() {
                    let single = std::mem::take(single);
                    object.remove("anyOf");
                    object.extend(single);
                }
            }
        }
        Value::Array(array) => array.iter_mut().for_each(refuse_null),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;
    use crate::config::units::SizeText;

    #[derive(Deserialize, JsonSchema)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only the schema matters")]
    struct Limit {
        max_bytes: SizeText,
        name: Option<String>,
    }

    fn schema() -> Schema {
        Schema::new([
            ("size", schemars::schema_for!(Limit), "Limits."),
            ("other", schemars::schema_for!(bool), "Odd."),
        ])
    }

    fn valid(document: Value) -> bool {
        schema().validator().is_valid(&document)
    }

    #[test]
    fn a_plugins_config_is_held_to_its_own_schema() {
        assert!(valid(
            json!({"plugins": [{"name": "size", "config": {"maxBytes": "1KiB"}}]})
        ));
        assert!(!valid(
            json!({"plugins": [{"name": "size", "config": {"maxBytes": true}}]})
        ));
        assert!(!valid(
            json!({"plugins": [{"name": "size", "config": {"maxBytes": 1, "more": 1}}]})
        ));
        assert!(!valid(json!({"plugins": [{"name": "elsewhere"}]})));
        assert!(
            !Schema::new([])
                .validator()
                .is_valid(&json!({"plugins": [{"name": "size"}]}))
        );
    }

    #[test]
    fn a_plugin_that_is_taken_away_needs_no_config() {
        assert!(!valid(json!({"plugins": [{"name": "size"}]})));
        assert!(!valid(
            json!({"plugins": [{"name": "size", "enabled": true}]})
        ));
        assert!(valid(
            json!({"plugins": [{"name": "size", "enabled": false}]})
        ));
        assert!(valid(json!({"plugins": [{"name": "other"}]})));
    }

    #[test]
    fn nothing_may_be_null() {
        assert!(valid(
            json!({"service": {"name": "a", "url": "http://a"}, "route": {}})
        ));
        assert!(!valid(
            json!({"service": {"name": "a", "url": "http://a"}, "route": null})
        ));
        assert!(!valid(json!({"service": {"name": "a", "url": null}})));
        assert!(!valid(
            json!({"plugins": [{"name": "size", "config": {"maxBytes": 1, "name": null}}]})
        ));
        assert!(!schema().value().to_string().contains("\"null\""));
    }

    #[test]
    fn an_unknown_key_is_refused_at_every_level() {
        for document in [
            json!({"servce": {}}),
            json!({"service": {"name": "a", "url": "http://a", "timeouts": {"conect": "1s"}}}),
            json!({"apis": [{"listeners": []}]}),
        ] {
            assert!(!valid(document.clone()), "{document}");
        }
    }

    #[test]
    fn the_whole_schema_agrees_with_the_meta_schema() {
        jsonschema::draft202012::meta::validate(schema().value()).unwrap();
    }
}
