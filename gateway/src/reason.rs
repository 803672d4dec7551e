//! Why the gateway answered instead of the upstream.
//!
//! A rejection is not an error: each reason maps here, and only here, to its status, its `code` in the problem document
//! (RFC 9457) — also its metric label and log field — its title and its `Proxy-Status` error type (RFC 9209 §2.3).

use http::StatusCode;

/// What stands behind a [`Reason`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The status of the answer.
    pub status: StatusCode,
    /// Stable, kebab-case: `code` of the problem document, label of the metric, `cause` in the log.
    pub code: &'static str,
    /// A short sentence for people.
    pub title: &'static str,
    /// RFC 9209 error type.
    pub proxy_status: &'static str,
    /// Whether the connection is beyond use after the answer.
    pub closes: bool,
}

macro_rules! reasons {
    ($( $(#[$doc:meta])* $name:ident = $status:literal $code:literal $title:literal $error:literal $($closes:ident)?; )*) => {
        /// Why the gateway answered itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason { $( $(#[$doc])* $name, )* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),*];

            /// What the reason means on the wire, in metrics and in the log.
            #[must_use]
            pub const fn facts(self) -> Facts {
                match self {
                    $( Reason::$name => Facts {
                        status: match StatusCode::from_u16($status) { Ok(status) => status, Err(_) => unreachable!() },
                        code: $code,
                        title: $title,
                        proxy_status: $error,
                        closes: reasons!(@closes $($closes)?),
                    }, )*
                }
            }
        }
    };
    (@closes closes) => { true };
    (@closes) => { false };
}

reasons! {
    /// The request's target, framing or authority breaks RFC 9110, 9112 or 9113.
    MalformedRequest = 400 "malformed-request" "The request is malformed" "http_request_error" closes;
    /// The path cannot be normalised, or hides a delimiter.
    MalformedPath = 400 "malformed-path" "The path of the request is not acceptable" "http_request_error";
    /// A credential that is not in a form that could be one, or two ways to give it at once.
    MalformedCredential = 400 "malformed-credential" "The credential is malformed" "http_request_error";
    /// No credential, where one is needed.
    CredentialMissing = 401 "credential-missing" "A credential is needed" "http_request_denied";
    /// A credential that nobody owns, that has ended, or two of them.
    CredentialInvalid = 401 "credential-invalid" "The credential is not valid" "http_request_denied";
    /// Who calls is known, and may not do this.
    Forbidden = 403 "forbidden" "This is not allowed" "http_request_denied";
    /// The token's scope does not reach so far.
    InsufficientScope = 403 "insufficient-scope" "The token's scope is not enough" "http_request_denied";
    /// No route for host and path.
    NoRoute = 404 "no-route" "Nothing is served here" "destination_not_found";
    /// A route for host and path, but not for the method.
    MethodNotAllowed = 405 "method-not-allowed" "The method is not served here" "http_request_denied";
    /// The client stopped sending its body.
    BodyTimeout = 408 "body-timeout" "The request's body did not arrive in time" "http_request_error" closes;
    /// The body is larger than the limit.
    BodyTooLarge = 413 "body-too-large" "The request's body is too large" "http_request_error" closes;
    /// The target is longer than the limit.
    TargetTooLong = 414 "target-too-long" "The request's target is too long" "http_request_error" closes;
    /// The request is for another origin than this connection serves.
    Misdirected = 421 "misdirected-request" "The request was sent to the wrong place" "destination_not_found";
    /// More than the rate limit lets through.
    RateLimited = 429 "rate-limited" "Too many requests" "http_request_denied";
    /// More requests at a time than the limit lets through.
    ConcurrencyLimited = 429 "concurrency-limited" "Too many requests at a time" "connection_limit_reached";
    /// Header fields over the limits in bytes or in number.
    HeadersTooLarge = 431 "headers-too-large" "The request's header fields are too large" "http_request_error" closes;
    /// The client went away; nobody reads the answer.
    ClientClosed = 499 "client-closed" "The client closed the connection" "http_request_error" closes;
    /// The route's policy cannot be carried out, so nobody passes.
    PolicyBroken = 500 "policy-broken" "The route is closed" "proxy_configuration_error";
    /// A fault of the gateway.
    Internal = 500 "internal-error" "The gateway failed" "proxy_internal_error" closes;
    /// A transfer coding that the gateway does not know.
    UnknownCoding = 501 "transfer-coding-not-implemented" "The transfer coding is not implemented" "http_request_error" closes;
    /// The upstream's name has no address.
    UpstreamUnresolved = 502 "upstream-unresolved" "The upstream could not be found" "dns_error";
    /// The upstream does not take connections.
    UpstreamRefused = 502 "upstream-refused" "The upstream could not be reached" "connection_refused";
    /// The upstream does not speak TLS, or no version and cipher that the gateway speaks.
    UpstreamTls = 502 "upstream-tls" "TLS with the upstream failed" "tls_protocol_error";
    /// The upstream's certificate is not trusted, has expired or is another name's.
    UpstreamCertificate = 502 "upstream-certificate" "The upstream's certificate is not valid" "tls_certificate_error";
    /// The upstream broke the handshake off, as it does where it misses the gateway's certificate.
    UpstreamTlsAlert = 502 "upstream-tls-alert" "The upstream refused TLS" "tls_alert_received";
    /// The upstream closed the connection before it answered.
    UpstreamReset = 502 "upstream-reset" "The upstream closed the connection" "connection_terminated";
    /// The upstream's answer is not HTTP.
    UpstreamInvalid = 502 "upstream-invalid" "The upstream's answer is not valid" "http_protocol_error";
    /// The upstream's answer is larger than the limit.
    ResponseTooLarge = 502 "response-too-large" "The upstream's answer is too large" "http_response_body_size";
    /// Too many passwords are waiting to be checked.
    AuthenticationBusy = 503 "authentication-busy" "Credentials cannot be checked now" "connection_limit_reached";
    /// The keys that tokens are checked by cannot be had.
    KeysUnavailable = 503 "keys-unavailable" "Tokens cannot be checked now" "destination_unavailable";
    /// The server that knows the tokens cannot be asked.
    IntrospectionUnavailable = 503 "introspection-unavailable" "Tokens cannot be checked now" "destination_unavailable";
    /// No target that may be used.
    NoTarget = 503 "no-target" "No upstream is available" "destination_unavailable";
    /// The upstream did not take the connection in time.
    ConnectTimeout = 504 "upstream-connect-timeout" "The upstream could not be reached in time" "connection_timeout";
    /// The upstream did not answer in time.
    UpstreamTimeout = 504 "upstream-timeout" "The upstream did not answer in time" "http_response_timeout";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_unique_and_kebab_case() {
        let codes: HashSet<_> = Reason::ALL
            .iter()
            .map(|reason| reason.facts().code)
            .collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        assert!(
            codes
                .iter()
                .all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-'))
        );
    }

    #[test]
    fn every_reason_is_a_client_or_server_error() {
        for reason in Reason::ALL {
            let status = reason.facts().status;
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{reason:?}"
            );
        }
    }
}
