//! From the tree of a document to a [`Suite`]: every key is known, every value makes sense, or it is a mistake.

mod answer;
mod check;
mod credential;
pub(crate) mod fields;

use reqwest::Url;

use super::mistake::Mistakes;
use super::suite::{Suite, Trust};
use super::yaml::Node;
use fields::Reader;

const SUITE: &[&str] = &[
    "name",
    "url",
    "timeout",
    "within",
    "maxBody",
    "tls",
    "credentials",
    "checks",
];

/// Reads a suite.
pub(super) fn suite(file: &str, root: &Node) -> Result<Suite, Mistakes> {
    let reader = Reader::new(file);
    let read = read(&reader, root);
    reader.finish(read)
}

fn read(reader: &Reader<'_>, root: &Node) -> Option<Suite> {
    let fields = reader.fields(root, "the suite", SUITE)?;
    let name = reader.required(fields, "name", "the suite");
    let name = name.and_then(|node| reader.text(node, "the suite's name"));
    let mut suite = Suite::new(name.unwrap_or_default());
    suite.url = fields.at("url").and_then(|node| url(reader, node));
    if let Some(node) = fields.at("timeout") {
        suite.timeout = reader.duration(node, "`timeout`").unwrap_or(Suite::TIMEOUT);
    }
    suite.within = fields
        .at("within")
        .and_then(|node| reader.duration(node, "`within`"));
    if let Some(node) = fields.at("maxBody") {
        suite.max_body = reader.size(node, "`maxBody`").unwrap_or(Suite::MAX_BODY);
    }
    suite.tls = fields
        .at("tls")
        .and_then(|node| trust(reader, node))
        .unwrap_or_default();
    if let Some(node) = fields.at("credentials") {
        for entry in reader.entries(node, "`credentials`").unwrap_or_default() {
            check::identifier(reader, entry.key_at, &entry.key, "a credential's name");
            if let Some(credential) = credential::read(reader, &entry.value) {
                suite.credentials.insert(entry.key.clone(), credential);
            }
        }
    }
    let checks = reader.required(fields, "checks", "the suite");
    let checks = checks.map_or(&[][..], |node| reader.list(node, "`checks`"));
    if let Some(node) = fields.at("checks").filter(|_| checks.is_empty()) {
        let what = "a suite without checks can't fail";
        reader.mistake(node.at, what, "add one");
    }
    for node in checks {
        let check = check::read(reader, node, &suite.credentials);
        if let Some(check) = check {
            if suite.checks.iter().any(|known| known.id == check.id) {
                let what = format!("there is another check with the id `{}`", check.id);
                reader.mistake(node.at, what, "give each an id of its own");
            }
            suite.checks.push(check);
        }
    }
    Some(suite)
}

fn trust(reader: &Reader<'_>, node: &Node) -> Option<Trust> {
    let fields = reader.fields(node, "`tls`", &["ca", "insecure"])?;
    let ca = fields
        .at("ca")
        .and_then(|node| reader.text(node, "`tls.ca`"));
    let insecure = fields
        .at("insecure")
        .and_then(|node| reader.boolean(node, "`tls.insecure`"));
    if ca.is_some() && insecure == Some(true) {
        let what = "`tls` has a `ca` and is `insecure`: then the `ca` means nothing";
        reader.mistake(node.at, what, "take one of them away");
    }
    Some(Trust {
        ca: ca.map(str::to_owned),
        insecure: insecure.unwrap_or(false),
    })
}

fn url(reader: &Reader<'_>, node: &Node) -> Option<Url> {
    let text = reader.text(node, "`url`")?;
    match base(text) {
        Ok(url) => Some(url),
        Err(what) => {
            let help = "write it as `https://api.example.com`";
            reader.mistake(node.at, format!("`url` {what}"), help);
            None
        }
    }
}

/// Reads the address of a gateway: scheme, host, perhaps a port, and no path, since checks have their own.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn base(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("is neither http nor https".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has credentials in it, which belong into `credentials`".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("has more than scheme, host and port".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
