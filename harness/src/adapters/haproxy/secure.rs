//! TLS: what a listener shows and asks for, and how a service is spoken to.

use super::words::{escaped, line, word};
use crate::adapters::{Bindings, Unsupported};
use crate::fixtures::{ClientCertificates, Fixture, ListenerTls, OneOrMany, Service, pem_name};

/// The file of the authorities that are trusted where a configuration names none.
pub(super) const ROOTS: &str = "system-roots.pem";
/// The hosts of each certificate, by its number.
const HOSTS: &str = "hosts.map";

/// What a listener needs.
#[derive(Default)]
pub(super) struct Listener {
    /// The options of its `bind` line.
    pub options: String,
    /// Rules on all requests.
    pub rules: String,
    /// Files besides those that the fixture names.
    pub files: Vec<(String, String)>,
    /// Files of the fixture that are wanted under another name: certificate and key are looked for side by side.
    pub copies: Vec<(String, String)>,
    /// Whether clients are asked for certificates.
    pub asks: bool,
}

impl Listener {
    /// That of a listener with TLS; the name that the client asks for chooses the certificate.
    pub fn of(
        fixture: &Fixture,
        tls: &ListenerTls,
        bindings: &Bindings,
    ) -> Result<Self, Unsupported> {
        let mut listener = Self::default();
        let ListenerTls {
            certificates,
            min_version,
            client_certificates,
        } = tls;
        if certificates.is_empty() {
            return Err(Unsupported::new("tls without a certificate"));
        }
        let options = &mut listener.options;
        options.push_str(" ssl");
        for pair in certificates {
            let certificate = file(&pair.certificate)?;
            options.push_str(&format!(" crt {certificate}"));
            listener
                .copies
                .push((file(&pair.key)?, format!("{certificate}.key")));
        }
        let version = match min_version.as_deref() {
            None | Some("1.2") => "TLSv1.2",
            Some("1.3") => "TLSv1.3",
            Some(other) => return Err(Unsupported::new(format!("minVersion {other}"))),
        };
        options.push_str(&format!(" ssl-min-ver {version} alpn h2,http/1.1"));
        if let Some(clients) = client_certificates {
            listener.clients(clients, bindings)?;
        }
        listener.misdirected(&fixture.listener_hosts(0));
        Ok(listener)
    }

    fn clients(
        &mut self,
        clients: &ClientCertificates,
        bindings: &Bindings,
    ) -> Result<(), Unsupported> {
        let ClientCertificates { mode, ca, crl } = clients;
        let verify = match mode.as_deref() {
            None | Some("required") => "required",
            Some("optional") => "optional",
            Some("off") => return Ok(()),
            Some(other) => {
                return Err(Unsupported::new(format!("clientCertificates.mode {other}")));
            }
        };
        self.asks = true;
        self.options.push_str(&format!(" verify {verify}"));
        for (option, files) in [("ca-file", ca), ("crl-file", crl)] {
            if let Some(name) = self.one(option, files, bindings)? {
                self.options.push_str(&format!(" {option} {name}"));
            }
        }
        Ok(())
    }

    /// The one file that is taken; several are put together in one.
    fn one(
        &mut self,
        option: &str,
        files: &OneOrMany,
        bindings: &Bindings,
    ) -> Result<Option<String>, Unsupported> {
        match files.0.as_slice() {
            [] => Ok(None),
            [only] => file(only).map(Some),
            several => {
                let mut text = String::new();
                for one in several {
                    text.push_str(bindings.files.get(&file(one)?).map_or("", String::as_str));
                }
                let name = format!("{option}s.pem");
                self.files.push((name.clone(), text));
                Ok(Some(name))
            }
        }
    }

    /// A request has to be for a host of the certificate that was shown (RFC 9110 §7.4).
    fn misdirected(&mut self, hosts: &[Vec<String>]) {
        let mut map = String::new();
        for (number, hosts) in (1..).zip(hosts) {
            for host in hosts {
                // A wildcard stands for one label (RFC 6125 §6.4.3).
                let expression = match host.strip_prefix('*') {
                    Some(rest) => format!("[^.]+{}", escaped(rest)),
                    None => escaped(host),
                };
                map.push_str(&format!("^{expression}$ {number}\n"));
            }
        }
        self.files.push((HOSTS.to_owned(), map));
        for rule in [
            "http-request set-var(txn.shown) str(1)",
            "http-request set-var(txn.shown) ssl_fc_sni,lower,map_reg(hosts.map,1) if { ssl_fc_has_sni }",
            "http-request set-var(txn.meant) var(txn.host),map_reg(hosts.map,0)",
            "http-request return status 421 unless { var(txn.meant),strcmp(txn.shown) eq 0 }",
            "http-request return status 421 if { url_beg -i http:// }",
        ] {
            line(&mut self.rules, rule);
        }
    }
}

/// The options of a service's servers, in the order of its targets.
///
/// # Errors
/// When some of its targets are spoken to over TLS and others aren't.
pub(super) fn server(service: &Service) -> Result<Vec<String>, Unsupported> {
    let targets = service.targets();
    let secure = targets
        .iter()
        .filter(|(url, _)| url.starts_with("https://"));
    let protocol = if service.http2 { " proto h2" } else { "" };
    match secure.count() {
        0 => return Ok(vec![protocol.to_owned(); targets.len()]),
        secure if secure < targets.len() => {
            return Err(Unsupported::new("http and https in one service"));
        }
        _ => {}
    }
    let tls = service.tls.clone().unwrap_or_default();
    let authority = match tls.ca.0.as_slice() {
        [] => ROOTS.to_owned(),
        [only] => file(only)?,
        _ => return Err(Unsupported::new("several ca of a service")),
    };
    let shown = match &tls.certificate {
        Some(certificate) => format!(" crt {}", file(certificate)?),
        None => String::new(),
    };
    let alpn = if service.http2 { "h2" } else { "http/1.1" };
    let authorities = service.authorities().into_iter();
    let options = authorities.map(|(target, _)| {
        let host = target.rsplit_once(':').map_or(target.as_str(), |(host, _)| host);
        let name = word(tls.server_name.as_deref().unwrap_or(host));
        format!(
            " ssl verify required ca-file {authority} sni str({name}) ssl-min-ver TLSv1.2 alpn {alpn}{protocol}{shown}"
        )
    });
    Ok(options.collect())
}

/// The keys of the certificates that services are shown, and the names that they are looked for by.
pub(super) fn copies(service: &Service) -> Result<Vec<(String, String)>, Unsupported> {
    let tls = service.tls.as_ref();
    let pair = tls.and_then(|tls| tls.certificate.as_ref().zip(tls.key.as_ref()));
    let Some((certificate, key)) = pair else {
        return Ok(Vec::new());
    };
    Ok(vec![(file(key)?, format!("{}.key", file(certificate)?))])
}

fn file(text: &str) -> Result<String, Unsupported> {
    pem_name(text).ok_or_else(|| Unsupported::new("PEM that is not in a file"))
}
