//! What is wrong with a token.

macro_rules! faults {
    ($( $(#[$doc:meta])* $name:ident = $text:literal; )*) => {
        /// Why a token is refused. The text is told to the client: it says what kind of fault it is, and nothing of the
        /// token, the keys or what would have been accepted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum Fault { $( $(#[$doc])* #[error($text)] $name, )* }

        impl Fault {
            /// Every fault, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The text that the client is told.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }
        }
    };
}

faults! {
    /// Longer than [`super::MAX_BYTES`].
    TooLarge = "the token is too large";
    /// Not three parts in base64url without padding (RFC 7515 §7.1).
    Form = "the token is not three parts in base64url";
    /// Five parts: a JWE (RFC 7516 §7.1).
    Encrypted = "the token is encrypted";
    /// The header is not an object in JSON, has a name twice, or a parameter of the wrong type.
    Header = "the token's header is malformed";
    /// The claims are not an object in JSON, or have a name twice.
    Claims = "the token's claims are not an object in JSON";
    /// `crit` or `b64` (RFC 7515 §4.1.11, RFC 7797): no extension is known here.
    Extension = "the token needs an extension that is not supported";
    /// `jwk`, `jku`, `x5u` or `x5c` (RFC 8725 §3.10): a token does not bring the key it is checked with.
    OwnKey = "the token brings its own key";
    /// `none`, an unknown algorithm, or one that is not accepted.
    Algorithm = "the token's algorithm is not accepted";
    /// A `typ` that is not accepted (RFC 8725 §3.11).
    Type = "the token is of another type";
    /// A token within the token (RFC 7519 §5.2).
    Nested = "the token holds another token";
    /// `iss` is absent, no text, or nobody who is known.
    Issuer = "the token's issuer is not accepted";
    /// No key of the issuer goes with the token's `kid` and `alg`.
    Key = "no key of the issuer goes with the token";
    /// Not made by the key.
    Signature = "the token's signature is not valid";
    /// `aud` is absent, of a wrong type, or names others only.
    Audience = "the token is for another audience";
    /// `exp`, `nbf` or `iat` is no date (RFC 7519 §2: NumericDate).
    Date = "a date in the token is malformed";
    /// A claim that must be there is not.
    Missing = "the token lacks a claim that is required";
    /// Its end has come.
    Expired = "the token has expired";
    /// Its beginning has not.
    Early = "the token is not valid yet";
    /// Issued later than now.
    Future = "the token was issued in the future";
    /// Valid for longer than tokens may be.
    Lifetime = "the token is valid for too long";
    /// `cnf` is malformed, or asks for a proof that cannot be checked here (RFC 7800 §3, RFC 9449 §6).
    Confirmation = "the token asks for a proof of possession that is not supported";
    /// Bound to a certificate, and the connection has none or another (RFC 8705 §3).
    Bound = "the token is bound to another certificate";
    /// The server that knows it says so, and not whether it has ended, was revoked or never was (RFC 7662 §2.2).
    Inactive = "the token is not active";
    /// A claim that is told upstream, and that no header can carry.
    Upstream = "a claim of the token cannot be passed on";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn texts_differ_and_fit_a_challenge() {
        let texts: HashSet<_> = Fault::ALL.iter().map(|fault| fault.text()).collect();
        assert_eq!(texts.len(), Fault::ALL.len());
        // RFC 6750 §3: error_description holds neither `"` nor `\`.
        let sound = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(texts.iter().all(|text| text.bytes().all(sound)));
    }

    #[test]
    fn a_fault_s_number_is_its_place() {
        for (place, fault) in Fault::ALL.iter().enumerate() {
            assert_eq!(*fault as usize, place);
        }
    }
}
