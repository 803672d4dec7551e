//! Who the client is: the peer, or what a trusted peer says of it in `X-Forwarded-For` or `Forwarded` (RFC 7239).
//!
//! Read from the right: the entry next to a trusted proxy was written by that proxy; what stands further left may have
//! been written by anybody.

use crate::snapshot::Listener;
use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use std::net::{IpAddr, SocketAddr};

/// The de-facto header before RFC 7239.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client behind `peer`.
pub fn address(peer: IpAddr, headers: &HeaderMap, listener: &Listener) -> IpAddr {
    let peer = peer.to_canonical();
    if !listener.trusts(peer) {
        return peer;
    }
    let mut client = peer;
    for hop in hops(headers).into_iter().rev() {
        match hop {
            Some(address) => client = address,
            None => return client,
        }
        if !listener.trusts(client) {
            return client;
        }
    }
    client
}

/// Each hop's address in the order of the header; `None` for what is no address.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let entries = |name: &HeaderName| -> Vec<String> {
        let values = headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok());
        values
            .flat_map(|value| value.split(','))
            .map(|entry| entry.trim().to_owned())
            .collect()
    };
    let x_forwarded = entries(&X_FORWARDED_FOR);
    if !x_forwarded.is_empty() {
        return x_forwarded.iter().map(|entry| parse(entry)).collect();
    }
    entries(&FORWARDED)
        .iter()
        .map(|element| parse(forwarded_for(element)?))
        .collect()
}

/// The `for` of one element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<&str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        name.eq_ignore_ascii_case("for")
            .then(|| value.trim_matches('"'))
    })
}

/// An address with or without a port, IPv6 with or without brackets.
fn parse(entry: &str) -> Option<IpAddr> {
    let bare = entry
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(entry);
    let address = bare
        .parse()
        .or_else(|_| entry.parse::<SocketAddr>().map(|socket| socket.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;
    use crate::compile::default_listener;

    fn client(peer: &str, name: HeaderName, value: &str) -> String {
        let mut listener = default_listener();
        listener.trusted = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let headers = HeaderMap::from_iter([(name, value.parse().unwrap())]);
        address(peer.parse().unwrap(), &headers, &listener).to_string()
    }

    #[test]
    fn a_stranger_speaks_for_nobody() {
        assert_eq!(
            client("203.0.113.9", X_FORWARDED_FOR, "198.51.100.1"),
            "203.0.113.9"
        );
    }

    #[test]
    fn the_first_stranger_from_the_right_is_the_client() {
        assert_eq!(
            client("10.0.0.1", X_FORWARDED_FOR, "198.51.100.1"),
            "198.51.100.1"
        );
        assert_eq!(
            client(
                "10.0.0.1",
                X_FORWARDED_FOR,
                "6.6.6.6, 198.51.100.1, 10.9.9.9"
            ),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", X_FORWARDED_FOR, "10.2.2.2, 10.9.9.9"),
            "10.2.2.2"
        );
        assert_eq!(
            client("fd00::1", X_FORWARDED_FOR, "[2001:db8::7]:443"),
            "2001:db8::7"
        );
        assert_eq!(
            client("::ffff:10.0.0.1", X_FORWARDED_FOR, "198.51.100.1:5000"),
            "198.51.100.1"
        );
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(
            client(
                "10.0.0.1",
                X_FORWARDED_FOR,
                "198.51.100.1, unknown, 10.9.9.9"
            ),
            "10.9.9.9"
        );
        assert_eq!(client("10.0.0.1", X_FORWARDED_FOR, ""), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_too() {
        assert_eq!(
            client("10.0.0.1", FORWARDED, "for=198.51.100.1;proto=https"),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.0.0.1", FORWARDED, "For=\"[2001:db8::7]:4711\""),
            "2001:db8::7"
        );
        assert_eq!(client("10.0.0.1", FORWARDED, "for=_hidden"), "10.0.0.1");
    }
}
