//! Listeners.

use super::listener_tls;
use crate::config::units::{DurationText, SizeText};
use crate::config::{At, Report, raw};
use crate::domain::path::PathRules;
use crate::snapshot::Listener;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The listener of a configuration that names none: 127.0.0.1:8080.
#[must_use]
pub fn default_listener() -> Listener {
    Listener {
        address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
        trusted: vec![],
        tls: None,
        http2: false,
        paths: PathRules::default(),
        head_timeout: Duration::from_secs(10),
        body_timeout: Duration::from_secs(30),
        keep_alive: Duration::from_secs(60),
        header_bytes: 32 * 1024,
        header_count: 100,
        target_bytes: 8 * 1024,
    }
}

pub fn compile(raw: &raw::Listener, at: At<'_>, report: &mut Report) -> Listener {
    let mut listener = default_listener();
    listener.address = address(&raw.address, at.key("address"), report).unwrap_or(listener.address);
    listener.http2 = raw.http2.unwrap_or_default();
    let tls = raw.tls.as_ref();
    listener.tls = tls.and_then(|tls| listener_tls::compile(tls, at.key("tls"), report));
    let networks = at.key("trustedProxies");
    for (place, text) in raw.trusted_proxies.iter().enumerate() {
        match text
            .parse()
            .or_else(|_| text.parse::<IpAddr>().map(Into::into))
        {
            Ok(network) => listener.trusted.push(network),
            Err(_) => drop(
                report
                    .error(
                        networks.index(place),
                        "invalid-network",
                        format!("`{text}` is not a network"),
                    )
                    .help("write it as in `10.0.0.0/8`, `fd00::/8` or `192.0.2.7`"),
            ),
        }
    }
    if let Some(rules) = &raw.paths {
        listener.paths.merge_slashes = rules.merge_slashes.unwrap_or_default();
        listener.paths.keep_encoded_slashes =
            rules.encoded_slashes == Some(raw::EncodedSlashes::Keep);
    }
    if let Some(timeouts) = &raw.timeouts {
        let at = at.key("timeouts");
        duration(
            &timeouts.head,
            at.key("head"),
            &mut listener.head_timeout,
            report,
        );
        duration(
            &timeouts.body,
            at.key("body"),
            &mut listener.body_timeout,
            report,
        );
        duration(
            &timeouts.keep_alive,
            at.key("keepAlive"),
            &mut listener.keep_alive,
            report,
        );
    }
    if let Some(limits) = &raw.limits {
        let at = at.key("limits");
        size(
            &limits.header_bytes,
            at.key("headerBytes"),
            &mut listener.header_bytes,
            report,
        );
        size(
            &limits.target_bytes,
            at.key("targetBytes"),
            &mut listener.target_bytes,
            report,
        );
        listener.header_count = limits
            .header_count
            .map_or(listener.header_count, |count| count as usize);
    }
    listener
}

pub fn address(text: &str, at: At<'_>, report: &mut Report) -> Option<SocketAddr> {
    let parsed = text.parse().ok();
    if parsed.is_none() {
        report
            .error(at, "invalid-address", format!("`{text}` is not an address with a port"))
            .help("write it as in `127.0.0.1:8080`, `0.0.0.0:8080` for every interface, or `[::]:8080`");
    }
    parsed
}

/// Overwrites `target` when a duration is given; one of nothing is a mistake, since no timeout can be switched off.
pub fn duration(
    text: &Option<DurationText>,
    at: At<'_>,
    target: &mut Duration,
    report: &mut Report,
) {
    match text.as_ref().map(DurationText::parse) {
        None => {}
        Some(Ok(duration)) if !duration.is_zero() => *target = duration,
        Some(Ok(_)) => drop(
            report
                .error(at, "zero", "a timeout of nothing would end everything at once, and none can be switched off")
                .help("give it a duration, or leave it out for its default"),
        ),
        Some(Err(error)) => drop(report.error(at, "invalid-duration", error.to_string())),
    }
}

fn size(text: &Option<SizeText>, at: At<'_>, target: &mut usize, report: &mut Report) {
    match text.as_ref().map(|text| text.parse().map(usize::try_from)) {
        None => {}
        Some(Ok(Ok(size))) if size > 0 => *target = size,
        Some(Ok(_)) => drop(
            report
                .error(at, "invalid-size", "the limit is out of range")
                .help("write one as in `32KiB`"),
        ),
        Some(Err(error)) => drop(report.error(at, "invalid-size", error.to_string())),
    }
}
