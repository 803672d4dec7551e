//! Credentials. What is secret in them has to be a reference: a suite is for review, so it is kept where others read it.

use super::fields::Reader;
use crate::checks::secrets::Text;
use crate::checks::suite::{ApiKey, Basic, Credential, KeyPair, KeyPlace, Must, Suite, Token};
use crate::checks::yaml::{Node, Value};

pub(super) fn read(reader: &Reader<'_>, node: &Node) -> Option<Credential> {
    let known = ["key", "token", "basic", "certificate"];
    let fields = reader.fields(node, "a credential", &known)?;
    let credential = Credential {
        key: fields.at("key").and_then(|node| key(reader, node)),
        token: fields.at("token").and_then(|node| token(reader, node)),
        basic: fields.at("basic").and_then(|node| basic(reader, node)),
        certificate: fields
            .at("certificate")
            .and_then(|node| certificate(reader, node)),
    };
    if known.iter().all(|key| fields.at(key).is_none()) {
        let help = format!("give it one of {}", known.join(", "));
        reader.mistake(node.at, "the credential is empty", help);
    }
    Some(credential)
}

fn key(reader: &Reader<'_>, node: &Node) -> Option<ApiKey> {
    if !matches!(&*node.value, Value::Map(_)) {
        return Some(ApiKey {
            value: secret(reader, node, "the key")?,
            place: KeyPlace::Header(Suite::KEY_HEADER.to_owned()),
        });
    }
    let fields = reader.fields(node, "`key`", &["value", "header", "query"])?;
    let value = secret(
        reader,
        reader.required(fields, "value", "`key`")?,
        "the key",
    );
    let place = match (fields.at("header"), fields.at("query")) {
        (Some(_), Some(query)) => {
            let what = "the key stands in a header or in the query, not in both";
            reader.mistake(query.at, what, "take one of them away");
            None
        }
        (None, Some(query)) => reader
            .text(query, "`query`")
            .map(|name| KeyPlace::Query(name.to_owned())),
        (header, None) => header
            .map_or(Some(Suite::KEY_HEADER.to_owned()), |node| {
                super::answer::header_name(reader, node)
            })
            .map(KeyPlace::Header),
    };
    Some(ApiKey {
        value: value?,
        place: place?,
    })
}

fn token(reader: &Reader<'_>, node: &Node) -> Option<Token> {
    if !matches!(&*node.value, Value::Map(_)) {
        return secret(reader, node, "the token").map(Token::new);
    }
    let fields = reader.fields(node, "`token`", &["value", "ended", "notFor"])?;
    let value = secret(
        reader,
        reader.required(fields, "value", "`token`")?,
        "the token",
    )?;
    let ended = fields.at("ended");
    let ended = ended.and_then(|node| Some((node.at, reader.boolean(node, "`ended`")?)));
    let audiences = fields.at("notFor").map(|node| {
        let texts = reader.one_or_many(node).iter();
        let texts = texts.filter_map(|node| reader.text(node, "`notFor`"));
        texts.map(str::to_owned).collect()
    });
    let must = match (ended, audiences) {
        (Some((at, true)), Some(_)) => {
            let what = "a token that has ended is refused for that, whomever it is for";
            reader.mistake(at, what, "take `ended` or `notFor` away");
            None
        }
        (Some((_, true)), None) => Some(Must::HaveEnded),
        (_, audiences) => audiences.map(Must::NotBeFor),
    };
    Some(Token { value, must })
}

fn basic(reader: &Reader<'_>, node: &Node) -> Option<Basic> {
    let fields = reader.fields(node, "`basic`", &["username", "password"])?;
    let username = reader.required(fields, "username", "`basic`");
    let username = username.and_then(|node| text(reader, node, "the user name"));
    let password = reader.required(fields, "password", "`basic`");
    let password = password.and_then(|node| secret(reader, node, "the password"));
    Some(Basic {
        username: username?,
        password: password?,
    })
}

fn certificate(reader: &Reader<'_>, node: &Node) -> Option<KeyPair> {
    let fields = reader.fields(node, "`certificate`", &["certificate", "key"])?;
    let file = |key: &str| {
        let node = reader.required(fields, key, "`certificate`")?;
        let text = reader.text(node, "the path of a PEM file")?;
        if text.contains("-----BEGIN") {
            let what = format!("`{key}` is the path of a PEM file, not the file's text");
            reader.mistake(node.at, what, "write the text into a file of its own");
            return None;
        }
        Some(text.to_owned())
    };
    let (certificate, key) = (file("certificate"), file("key"));
    Some(KeyPair {
        certificate: certificate?,
        key: key?,
    })
}

/// A text with references.
pub(super) fn text(reader: &Reader<'_>, node: &Node, of: &str) -> Option<Text> {
    match Text::parse(reader.text(node, of)?) {
        Ok(text) => Some(text),
        Err(error) => {
            let help = "write `${env:NAME}` or `${file:path}`";
            reader.mistake(node.at, error.to_string(), help);
            None
        }
    }
}

/// A text that must have a reference in it, and is not shown where it has none.
fn secret(reader: &Reader<'_>, node: &Node, of: &str) -> Option<Text> {
    let text = text(reader, node, of)?;
    if text.is_reference() {
        return Some(text);
    }
    let what = format!("{of} stands here in plain text");
    let help = "name it: `${env:NAME}` or `${file:path}`";
    reader.mistake(node.at, what, help);
    None
}
