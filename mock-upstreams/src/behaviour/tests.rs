#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use super::*;

fn error(text: &str) -> String {
    text.parse::<Behaviour>().unwrap_err().to_string()
}

#[test]
fn every_example_parses_and_every_kind_has_one() {
    let mut kinds: Vec<String> = Vec::new();
    for Kind { example, .. } in CATALOGUE {
        let behaviour: Behaviour = example.parse().unwrap();
        let again: Behaviour = behaviour.to_string().parse().unwrap();
        assert_eq!(again, behaviour, "{example}");
        kinds.push(example.split(['=', ';']).next().unwrap().to_owned());
    }
    let known = error("no-such-kind");
    let known = known.split("expected one of ").nth(1).unwrap();
    assert_eq!(
        known.replace('`', "").split(", ").collect::<Vec<_>>(),
        kinds
    );
}

#[test]
fn text_and_constructors_agree() {
    let ms = Duration::from_millis;
    for (text, expected) in [
        ("echo", Behaviour::echo()),
        ("named=blue", Behaviour::named("blue")),
        (
            "status=503; headers=A: 1%0AB: 2; body=a%3Bb",
            Behaviour::status(503, [("A", "1"), ("B", "2")], "a;b"),
        ),
        ("slow=1.5s", Behaviour::slow(ms(1500))),
        (
            "slow;chunks=3;between=50ms",
            Behaviour::slow_body(3, ms(50)),
        ),
        (
            "flaky=2;with=reset=head",
            Behaviour::flaky(2, Behaviour::reset(Moment::Head)),
        ),
        ("large=3MiB", Behaviour::large(3 << 20)),
        ("large=7;chunked", Behaviour::large_chunked(7)),
        ("endless", Behaviour::endless()),
        ("cacheable=60", Behaviour::cacheable(60)),
        (
            "raw=%ff%0d%0a;then=reset",
            Behaviour::raw(*b"\xff\r\n", Ending::Reset),
        ),
        ("reset", Behaviour::reset(Moment::Request)),
        ("close=body", Behaviour::close(Moment::Body)),
        ("stream=news", Behaviour::stream("news")),
        ("grpc=5", Behaviour::grpc(5)),
        ("expect=silent", Behaviour::expect(Expectation::Silent)),
        ("early=413;then=keep", Behaviour::early(413, Ending::Keep)),
        ("flood=9;size=1KiB", Behaviour::flood(9, 1024)),
        ("trickle=20ms", Behaviour::trickle(ms(20))),
        (r#"{"slow": {"delay": "200ms"}}"#, Behaviour::slow(ms(200))),
        (r#""hang""#, Behaviour::hang()),
    ] {
        assert_eq!(text.parse::<Behaviour>().unwrap(), expected, "{text}");
    }
}

#[test]
fn says_what_is_wrong() {
    for (text, reason) in [
        (
            "slow=5",
            "`5` is no duration: write `200ms`, `1.5s` or `2m`",
        ),
        (
            "large=1GB",
            "`1GB` is no size: write `4096`, `64KiB` or `3MiB`",
        ),
        ("status=abc", "`abc`: invalid digit found in string"),
        ("status=99", "status 99: it must lie between 200 and 999"),
        ("early=1000", "status 1000: it must lie between 200 and 999"),
        ("slow=1ms;dealy=2ms", "unknown field `dealy`"),
        ("echo=1", "it takes no parameter, but has `value`"),
        (
            "status=200;headers=x",
            "`x` is no header line: write `Name: value`",
        ),
        ("status=200;headers=a b: 1", "`a b` is no header name"),
        ("reset=never", "unknown variant `never`"),
        ("named", "missing field `name`"),
    ] {
        let told = error(text);
        assert!(told.contains(reason), "{text}: {told}");
    }
}
