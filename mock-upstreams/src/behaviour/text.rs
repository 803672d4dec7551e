//! The text form of a behaviour, `kind=value;key=value`, read by the same derived code as the JSON form: a kind or a
//! parameter exists in both or in neither.

use std::fmt::{self, Display};
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use serde::de::value::{MapDeserializer, StrDeserializer};
use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor,
};
use serde::{Deserialize, forward_to_deserialize_any};

use super::Behaviour;

/// A text that names no behaviour.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no behaviour: {reason}")]
pub struct BehaviourError {
    text: String,
    reason: Reason,
}

impl FromStr for Behaviour {
    type Err = BehaviourError;

    /// Reads the text form, or the JSON form when the text begins with `{` or `"`.
    fn from_str(text: &str) -> Result<Self, BehaviourError> {
        let text = text.trim();
        let read = if text.starts_with(['{', '"']) {
            serde_json::from_str(text).map_err(de::Error::custom)
        } else {
            Behaviour::deserialize(Text::parse(text))
        };
        read.map_err(|reason| BehaviourError {
            text: text.to_owned(),
            reason,
        })
    }
}

impl Display for Behaviour {
    /// Writes the JSON form, which [`FromStr`] reads; a kind without parameters is its bare name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        f.write_str(json.trim_matches('"'))
    }
}

/// Why a text names no behaviour.
#[derive(Debug)]
struct Reason(String);

impl Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Reason {}

impl de::Error for Reason {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

/// A text split into its kind and its parameters; the first value, which has no key, is called `value`.
struct Text<'a> {
    kind: &'a str,
    parameters: Vec<(String, String)>,
}

impl<'a> Text<'a> {
    fn parse(text: &'a str) -> Self {
        let (first, rest) = text.split_once(';').unwrap_or((text, ""));
        let (kind, value) = first
            .split_once('=')
            .map_or((first, None), |(kind, value)| (kind, Some(value)));
        let rest = rest
            .split(';')
            .filter(|part| !part.trim().is_empty())
            .map(|part| {
                let (key, value) = part.split_once('=').unwrap_or((part, "true"));
                (key.trim().to_owned(), decode(value))
            });
        let parameters = value
            .map(|value| ("value".to_owned(), decode(value)))
            .into_iter()
            .chain(rest)
            .collect();
        Self {
            kind: kind.trim(),
            parameters,
        }
    }
}

/// Takes each `%XX` for a byte. A text that is UTF-8 then is read as such, any other byte by byte.
fn decode(value: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(value.trim()).collect();
    String::from_utf8(bytes).unwrap_or_else(|error| {
        error
            .as_bytes()
            .iter()
            .map(|&byte| char::from(byte))
            .collect()
    })
}

impl<'de> Deserializer<'de> for Text<'_> {
    type Error = Reason;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Reason> {
        visitor.visit_enum(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Text<'_> {
    type Error = Reason;
    type Variant = Parameters;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Parameters), Reason> {
        let kind: StrDeserializer<'_, Reason> = self.kind.into_deserializer();
        Ok((seed.deserialize(kind)?, Parameters(self.parameters)))
    }
}

struct Parameters(Vec<(String, String)>);

impl<'de> VariantAccess<'de> for Parameters {
    type Error = Reason;

    fn unit_variant(self) -> Result<(), Reason> {
        match self.0.first() {
            None => Ok(()),
            Some((key, _)) => Err(de::Error::custom(format!(
                "it takes no parameter, but has `{key}`"
            ))),
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Reason> {
        visitor.visit_map(MapDeserializer::new(
            self.0.into_iter().map(|(key, value)| (key, Value(value))),
        ))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Reason> {
        seed.deserialize(MapDeserializer::new(
            self.0.into_iter().map(|(key, value)| (key, Value(value))),
        ))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Reason> {
        Err(de::Error::custom("it has no text form: write it in JSON"))
    }
}

/// One parameter's value, which becomes whatever type the field has.
struct Value(String);

impl IntoDeserializer<'_, Reason> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Reads a number or a boolean with its own `FromStr`.
macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Reason> {
            let value = self.0.parse::<$type>().map_err(|error| Reason(format!("`{}`: {error}", self.0)))?;
            visitor.$visit(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Value {
    type Error = Reason;

    parsed! {
        deserialize_bool visit_bool bool;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Reason> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Reason> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Reason> {
        visitor.visit_newtype_struct(self)
    }

    /// A behaviour in a behaviour, or one word of a few.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Reason> {
        visitor.visit_enum(Text::parse(&self.0))
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}
