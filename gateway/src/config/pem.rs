//! PEM material (RFC 7468) in documents: a path relative to the document, or `${file:path}`, or `${env:NAME}` with the
//! PEM text itself in the variable.
//!
//! The text is only fetched here; what it has to hold is told by [`ClientTls::resolve`](raw::ClientTls::resolve) and
//! [`identity`]. Every file named so is noted in the report, from where the snapshot learns what to watch.

use std::{fmt, path::PathBuf, sync::LazyLock};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{diagnostic::Report, raw, source::At};
use crate::domain::{
    Mistake,
    tls::{self, ClientTls, Identity, RevocationList, Roots, ServerName},
};

/// Where PEM material is, as it stands in a document.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(
    inline,
    extend("x-expects" = "PEM material: a path such as `ca.pem`, `${file:path}` or `${env:NAME}`")
)]
pub struct PemText(String);

/// What stands in a document may be the material itself, by mistake.
impl fmt::Debug for PemText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PemText(…)")
    }
}

/// PEM material, or several pieces of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PemList {
    /// One.
    One(PemText),
    /// Several.
    Several(#[schemars(length(min = 1))] Vec<PemText>),
}

/// PEM text, and where it came from.
#[derive(Clone)]
pub struct Pem {
    /// The text.
    pub text: String,
    /// The file, unless it was an environment variable.
    pub file: Option<PathBuf>,
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pem({:?})", self.file)
    }
}

impl PemText {
    /// The PEM text for what stands `at` this place of a document; tells the report when it can't be had, and which
    /// file it is.
    pub fn resolve_at(&self, at: At<'_>, report: &mut Report) -> Option<Pem> {
        let (text, file) = match self.reference() {
            Ok(Reference::Variable(name)) => (from_environment(name), None),
            Ok(Reference::File(path)) => {
                let file = at.source().directory().join(path);
                report.reads(file.clone());
                (from_file(path, &file), Some(file))
            }
            Err(mistake) => (Err(mistake), None),
        };
        match text {
            Ok(text) => Some(Pem { text, file }),
            Err(mistake) => {
                report.mistake(at, "unresolved-pem", mistake);
                None
            }
        }
    }

    /// The reference, for those who compare documents; never the material itself.
    #[must_use]
    pub fn name(&self) -> &str {
        self.reference().map_or("malformed", |_| &self.0)
    }

    fn reference(&self) -> Result<Reference<'_>, Mistake> {
        const HELP: &str = "write a path relative to this file, `${file:path}` or `${env:NAME}`, with nothing around it";
        let text = self.0.as_str();
        if text.trim().is_empty() {
            return Err(Mistake::new("the PEM material is named by nothing", HELP));
        }
        // No path has a name of more than 255 bytes.
        let long = text.split('/').any(|name| name.len() > 255);
        if text.contains("-----BEGIN") || text.contains('\n') || long {
            let what = "the PEM material stands in the document itself";
            return Err(Mistake::new(
                what,
                "put it into a file and write the file's path here",
            ));
        }
        let reference = text
            .strip_prefix("${")
            .and_then(|rest| rest.strip_suffix('}'));
        match reference.and_then(|reference| reference.split_once(':')) {
            Some(("env", name)) if !name.is_empty() => Ok(Reference::Variable(name)),
            Some(("file", path)) if !path.is_empty() => Ok(Reference::File(path)),
            _ if text.contains("${") => {
                let what = "the reference of the PEM material can't be read";
                Err(Mistake::new(what, HELP))
            }
            _ => Ok(Reference::File(text)),
        }
    }
}

enum Reference<'a> {
    Variable(&'a str),
    File(&'a str),
}

fn from_environment(name: &str) -> Result<String, Mistake> {
    match std::env::var(name) {
        Ok(text) => Ok(text),
        Err(error) => {
            let what = match error {
                std::env::VarError::NotPresent => {
                    format!("the environment variable `{name}` is not set")
                }
                std::env::VarError::NotUnicode(_) => {
                    format!("the environment variable `{name}` is not text")
                }
            };
            let help = format!("put the PEM text into `{name}` before the gateway starts");
            Err(Mistake::new(what, help))
        }
    }
}

fn from_file(path: &str, file: &std::path::Path) -> Result<String, Mistake> {
    std::fs::read(file)
        .map_err(|reason| {
            let what = format!("the PEM file `{path}` can't be read: {reason}");
            Mistake::new(what, "the path is relative to the file that names it")
        })
        .and_then(|bytes| {
            String::from_utf8(bytes).map_err(|_| {
                let what = format!("the file `{path}` is not PEM: it is not text");
                let help = format!(
                    "convert it from DER, as with: openssl x509 -inform der -in {path} -out new.pem"
                );
                Mistake::new(what, help)
            })
        })
}

impl PemList {
    /// Each piece, with its place, where the list stands `at` this one.
    pub fn each<'s>(&'s self, at: At<'s>) -> impl Iterator<Item = (&'s PemText, At<'s>)> {
        let (one, several) = match self {
            Self::One(text) => (Some((text, at)), &[][..]),
            Self::Several(texts) => (None, texts.as_slice()),
        };
        let several = several.iter().enumerate();
        one.into_iter()
            .chain(several.map(move |(place, text)| (text, at.index(place))))
    }
}

/// The certificate authorities in all of the pieces; `None` with at least one error in the report.
pub fn roots(list: &PemList, at: At<'_>, report: &mut Report) -> Option<Roots> {
    let mut certificates = Some(vec![]);
    for (text, at) in list.each(at) {
        let of = text.resolve_at(at, report);
        let of = of.and_then(|pem| told(tls::certificates(&pem.text), text, at, report));
        match of {
            Some(of) => {
                warn_of_expiry(&of, text, at, report);
                certificates
                    .iter_mut()
                    .for_each(|all| all.extend(of.iter().cloned()));
            }
            None => certificates = None,
        }
    }
    let roots = Roots::new(certificates?);
    match roots {
        Ok(roots) => Some(roots),
        Err(mistake) => {
            report.mistake(at, "invalid-pem", mistake);
            None
        }
    }
}

/// The certificate with its chain, and the private key that belongs to it. `at` is the object that has both as
/// `certificate` and `key`.
pub fn identity(
    certificate: &PemText,
    key: &PemText,
    at: At<'_>,
    report: &mut Report,
) -> Option<Identity> {
    let (certificate_at, key_at) = (at.key("certificate"), at.key("key"));
    let chain = certificate.resolve_at(certificate_at, report);
    let chain = chain.and_then(|pem| {
        told(
            tls::certificates(&pem.text),
            certificate,
            certificate_at,
            report,
        )
    });
    let private = key.resolve_at(key_at, report);
    let private = private.and_then(|pem| told(tls::private_key(&pem.text), key, key_at, report));
    let (chain, private) = (chain?, private?);
    warn_of_expiry(&chain[..1], certificate, certificate_at, report);
    match Identity::new(chain, private) {
        Ok(identity) => Some(identity),
        Err(mistake) => {
            report.mistake(key_at, "invalid-pem", mistake);
            None
        }
    }
}

/// The lists of revoked certificates in all of the pieces; `None` with at least one error in the report.
pub fn revocation_lists(
    list: &PemList,
    at: At<'_>,
    report: &mut Report,
) -> Option<Vec<RevocationList>> {
    let pieces = list.each(at).map(|(text, at)| {
        let pem = text.resolve_at(at, report)?;
        told(tls::revocation_lists(&pem.text), text, at, report)
    });
    // Every piece's mistakes are told.
    let pieces: Vec<_> = pieces.collect();
    let lists: Option<Vec<_>> = pieces.into_iter().collect();
    lists.map(|lists| lists.concat())
}

/// Whether the system has any certificate authorities; looked up once.
pub fn system_has_roots() -> bool {
    static FOUND: LazyLock<bool> =
        LazyLock::new(|| !rustls_native_certs::load_native_certs().certs.is_empty());
    *FOUND
}

impl raw::ClientTls {
    /// The material, all of it checked; `None` with at least one error in the report.
    pub fn resolve(&self, at: At<'_>, report: &mut Report) -> Option<ClientTls> {
        let roots = self
            .ca
            .as_ref()
            .map(|list| roots(list, at.key("ca"), report));
        let identity = match (&self.certificate, &self.key) {
            (Some(certificate), Some(key)) => Some(identity(certificate, key, at, report)),
            (None, None) => None,
            (given, _) => {
                let (given, missing) = match given {
                    Some(_) => ("certificate", "key"),
                    None => ("key", "certificate"),
                };
                let what = format!("`{given}` is given without `{missing}`");
                let help = format!("give `{missing}` too, or neither");
                report
                    .error(at.key(given), "incomplete-tls", what)
                    .help(help);
                Some(None)
            }
        };
        let server_name = self.server_name.as_ref().map(|name| {
            let name_at = at.key("serverName");
            match ServerName::new(name) {
                Ok(name) => Some(name),
                Err(mistake) => {
                    report.mistake(name_at, "invalid-server-name", mistake);
                    None
                }
            }
        });
        Some(ClientTls::new(
            flatten(roots)?,
            flatten(identity)?,
            flatten(server_name)?,
        ))
    }
}

/// What is absent is no failure; what is there and failed is one.
fn flatten<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(sound) => Some(sound),
    }
}

fn told<T>(
    result: Result<T, Mistake>,
    text: &PemText,
    at: At<'_>,
    report: &mut Report,
) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(mistake) => {
            let what = format!("`{}`: {}", text.name(), mistake.what);
            report.error(at, "invalid-pem", what).help(mistake.help);
            None
        }
    }
}

fn warn_of_expiry(
    certificates: &[tls::Certificate],
    text: &PemText,
    at: At<'_>,
    report: &mut Report,
) {
    let now = std::time::SystemTime::now();
    for certificate in certificates {
        let name = text.name();
        if let Some(what) = certificate.out_of_date(now) {
            report
                .warn(at, "expired-certificate", format!("`{name}`: {what}"))
                .help("put a valid one in its place: who checks it, refuses it");
        }
    }
}

#[cfg(test)]
mod tests;
