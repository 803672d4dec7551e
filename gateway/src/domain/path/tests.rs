#![allow(clippy::unwrap_used, reason = "a test may panic")]

use super::*;
use proptest::prelude::*;

const STRICT: PathRules = PathRules {
    merge_slashes: false,
    keep_encoded_slashes: false,
};
const MERGE: PathRules = PathRules {
    merge_slashes: true,
    keep_encoded_slashes: false,
};
const KEEP: PathRules = PathRules {
    merge_slashes: false,
    keep_encoded_slashes: true,
};

fn normal(path: &str) -> String {
    normalise(path, STRICT).unwrap().into_owned()
}

#[test]
fn a_normal_path_is_borrowed() {
    for path in [
        "/",
        "/a",
        "/a/",
        "/a//b",
        "/.well-known/x",
        "/a...b/..c/...",
        "/%25/%C3%A9%20",
        "/v1:batch;x=1,(2)/@~!$&'*+=",
    ] {
        assert!(
            matches!(normalise(path, STRICT), Ok(Cow::Borrowed(same)) if same == path),
            "{path}"
        );
    }
}

#[test]
fn escapes_are_upper_case_and_only_where_needed() {
    assert_eq!(normal("/caf%c3%a9"), "/caf%C3%A9");
    assert_eq!(normal("/%41%7e%2D%5f%39"), "/A~-_9");
    assert_eq!(normal("/a%20b%3f"), "/a%20b%3F");
    assert_eq!(normal("/%0a"), "/%0A");
}

#[test]
fn what_clients_send_raw_is_encoded() {
    assert_eq!(normal("/a[0]|b^c"), "/a%5B0%5D%7Cb%5Ec");
    assert_eq!(normal("/{\"k\":<`>}"), "/%7B%22k%22:%3C%60%3E%7D");
    assert_eq!(normal("/[/../%5b"), "/%5B");
    assert_eq!(normal("/%7b%5B%7C"), "/%7B%5B%7C");
}

#[test]
fn nothing_is_decoded_twice() {
    assert_eq!(normal("/%252e%252E/a"), "/%252e%252E/a");
    assert_eq!(normal("/%25"), "/%25");
    assert_eq!(normal("/%2500"), "/%2500");
    assert_eq!(normal("/%252f"), "/%252f");
}

#[test]
fn dot_segments_go_in_every_spelling() {
    // The two examples of RFC 3986 §5.2.4, as paths, then §5.4.2.
    assert_eq!(normal("/a/b/c/./../../g"), "/a/g");
    assert_eq!(normal("/mid/content=5/../6"), "/mid/6");
    assert_eq!(normal("/../../../g"), "/g");
    for (path, want) in [
        ("/a/..", "/"),
        ("/a/b/..", "/a/"),
        ("/a/.", "/a/"),
        ("/.", "/"),
        ("/..", "/"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/.%2E/b", "/b"),
        ("/a/%2e/b", "/a/b"),
        ("/a//../b", "/a/b"),
        ("/a/..//b", "//b"),
    ] {
        assert_eq!(normal(path), want, "{path}");
    }
}

#[test]
fn slashes_are_merged_only_when_asked() {
    assert_eq!(normal("//a///b//"), "//a///b//");
    assert_eq!(normalise("//a///b//", MERGE).unwrap(), "/a/b/");
    assert_eq!(normalise("/a//../b", MERGE).unwrap(), "/b");
}

#[test]
fn what_upstreams_could_read_differently_is_refused() {
    for (path, why) in [
        ("", PathError::NotAbsolute),
        ("a", PathError::NotAbsolute),
        ("*", PathError::NotAbsolute),
        ("/\0", PathError::Nul),
        ("/a%00", PathError::Nul),
        ("/a%2fb", PathError::EncodedSlash),
        ("/a%5Cb", PathError::EncodedSlash),
        ("/a\\b", PathError::Backslash),
        ("/a\tb", PathError::Control),
        ("/a\u{7f}b", PathError::Control),
        ("/%", PathError::MalformedEscape),
        ("/%4", PathError::MalformedEscape),
        ("/%g0", PathError::MalformedEscape),
        ("/%+1", PathError::MalformedEscape),
        ("/a b", PathError::NotEncoded),
        ("/é", PathError::NotEncoded),
        ("/a?b", PathError::NotEncoded),
        ("/a#b", PathError::NotEncoded),
    ] {
        assert_eq!(normalise(path, STRICT), Err(why), "{path:?}");
    }
}

#[test]
fn encoded_slashes_are_kept_when_asked_but_never_a_nul() {
    assert_eq!(normalise("/a%2fb%5cc", KEEP).unwrap(), "/a%2Fb%5Cc");
    assert_eq!(normalise("/a/..%2f..", KEEP).unwrap(), "/a/..%2F..");
    assert_eq!(normalise("/a%00", KEEP), Err(PathError::Nul));
}

/// The same rules, one step at a time over vectors.
fn oracle(path: &str, rules: PathRules) -> Option<String> {
    let mut text = String::new();
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        if c == '%' {
            let byte = u8::from_str_radix(
                &format!("{}{}", hex(chars.next()?)?, hex(chars.next()?)?),
                16,
            )
            .unwrap();
            match byte as char {
                '\0' => return None,
                '/' | '\\' if !rules.keep_encoded_slashes => return None,
                c if c.is_ascii_alphanumeric() || "-._~".contains(c) => text.push(c),
                _ => text += &format!("%{byte:02X}"),
            }
        } else if c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/".contains(c) {
            text.push(c);
        } else if "\"<>[]^`{|}".contains(c) {
            text += &format!("%{:02X}", c as u32);
        } else {
            return None;
        }
    }
    let mut rest: Vec<&str> = text.strip_prefix('/')?.split('/').collect();
    if rules.merge_slashes {
        let last = rest.pop().unwrap();
        rest.retain(|segment| !segment.is_empty());
        rest.push(last);
    }
    let mut kept: Vec<&str> = Vec::new();
    let end = rest.len() - 1;
    for (at, segment) in rest.into_iter().enumerate() {
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if at == end {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    // Two empty segments in a row can only be left behind by a dot segment at the end.
    if rules.merge_slashes
        && kept.len() > 1
        && kept[kept.len() - 1].is_empty()
        && kept[kept.len() - 2].is_empty()
    {
        kept.pop();
    }
    Some(format!("/{}", kept.join("/")))
}

fn hex(c: char) -> Option<char> {
    c.is_ascii_hexdigit().then_some(c)
}

fn paths() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => Just("/"), 3 => Just("."), 1 => Just(".."), 2 => Just("a"), 1 => Just("%2e"), 1 => Just("%2E"),
        1 => Just("%2f"), 1 => Just("%5c"), 1 => Just("%41"), 1 => Just("%c3"), 1 => Just("%25"), 1 => Just("~"),
        1 => Just("["), 1 => Just("{"), 1 => Just("|"), 1 => Just("^"),
    ];
    let odd = prop_oneof![
        Just("%"),
        Just("%0"),
        Just("\\"),
        Just("\0"),
        Just("%00"),
        Just(" "),
        Just("é")
    ];
    let pieces = prop::collection::vec(prop_oneof![40 => piece, 1 => odd], 0..14);
    pieces.prop_map(|pieces| format!("/{}", pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn agrees_with_the_oracle(path in paths(), merge_slashes: bool, keep_encoded_slashes: bool) {
        let rules = PathRules { merge_slashes, keep_encoded_slashes };
        let ours = normalise(&path, rules).ok().map(Cow::into_owned);
        prop_assert_eq!(ours, oracle(&path, rules));
    }

    #[test]
    fn is_idempotent(path in paths(), merge_slashes: bool, keep_encoded_slashes: bool) {
        let rules = PathRules { merge_slashes, keep_encoded_slashes };
        if let Ok(once) = normalise(&path, rules) {
            prop_assert_eq!(normalise(&once, rules).unwrap(), once.clone());
        }
    }

    #[test]
    fn any_text_is_taken_or_refused(path in "\\PC{0,20}") {
        let ours = normalise(&path, STRICT).ok().map(Cow::into_owned);
        prop_assert_eq!(ours, oracle(&path, STRICT));
    }
}
