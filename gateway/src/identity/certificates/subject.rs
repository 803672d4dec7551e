//! Distinguished names in one form (RFC 4514), so that two that say the same are the same text.
//!
//! Types are compared in any case and by their names or numbers, values as they are written: whether a value's case
//! matters depends on its type, and to take it as it is lets no more certificates in.

/// Short names of types, and what else they are called: RFC 4514 §3, and those of OpenSSL.
const TYPES: &[(&str, &[&str])] = &[
    ("CN", &["2.5.4.3", "commonName"]),
    ("L", &["2.5.4.7", "localityName"]),
    ("ST", &["2.5.4.8", "S", "stateOrProvinceName"]),
    ("O", &["2.5.4.10", "organizationName"]),
    ("OU", &["2.5.4.11", "organizationalUnitName"]),
    ("C", &["2.5.4.6", "countryName"]),
    ("STREET", &["2.5.4.9", "streetAddress"]),
    ("DC", &["0.9.2342.19200300.100.1.25", "domainComponent"]),
    ("UID", &["0.9.2342.19200300.100.1.1", "userId"]),
    ("SN", &["2.5.4.4", "surname"]),
    ("SERIALNUMBER", &["2.5.4.5"]),
    ("TITLE", &["2.5.4.12", "T"]),
    ("GN", &["2.5.4.42", "givenName"]),
    ("EMAILADDRESS", &["1.2.840.113549.1.9.1", "E", "email"]),
];

/// The name in its one form; `None` when the text is no such name.
pub fn canonical(text: &str) -> Option<String> {
    let parts = split(text, ',').into_iter().map(part);
    let parts: Vec<String> = parts.collect::<Option<_>>()?;
    Some(parts.join(","))
}

/// One relative name: its attributes are a set, so they stand in one order.
fn part(text: &str) -> Option<String> {
    let attributes = split(text, '+').into_iter().map(attribute);
    let mut attributes: Vec<String> = attributes.collect::<Option<_>>()?;
    attributes.sort();
    Some(attributes.join("+"))
}

fn attribute(text: &str) -> Option<String> {
    let (kind, value) = text.split_once('=')?;
    let kind = kind.trim();
    let sound = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'-';
    if kind.is_empty() || !kind.bytes().all(sound) {
        return None;
    }
    let same = |name: &&str| name.eq_ignore_ascii_case(kind);
    let short = TYPES
        .iter()
        .find(|(short, others)| same(short) || others.iter().any(&same));
    let kind = short.map_or_else(
        || kind.to_ascii_uppercase(),
        |(short, _)| (*short).to_owned(),
    );
    let value = trim(value);
    if let Some(hex) = value.strip_prefix('#') {
        return Some(format!("{kind}=#{}", hex.to_ascii_lowercase()));
    }
    // Debug escapes what could be taken for the end of a value.
    Some(format!("{kind}={:?}", unescaped(value)?))
}

/// The pieces between unescaped separators.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut pieces, mut start, mut escaped) = (vec![], 0, false);
    for (at, character) in text.char_indices() {
        if character == separator && !escaped {
            pieces.push(&text[start..at]);
            start = at + separator.len_utf8();
        }
        escaped = character == '\\' && !escaped;
    }
    pieces.push(&text[start..]);
    pieces
}

/// Without the spaces around it; one that is escaped belongs to the value.
fn trim(text: &str) -> &str {
    let text = text.trim_start_matches(' ');
    let short = text.trim_end_matches(' ');
    let escapes = short.len() - short.trim_end_matches('\\').len();
    match escapes % 2 {
        1 if short.len() < text.len() => &text[..=short.len()],
        _ => short,
    }
}

/// The value with its escapes read (RFC 4514 §2.4): `\,` and the like, or two digits for a byte.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let next = rest.next()?;
        match char::from(next).to_digit(16) {
            None => bytes.push(next),
            Some(high) => {
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high << 4 | low).ok()?);
            }
        }
    }
    String::from_utf8(bytes).ok()
}
