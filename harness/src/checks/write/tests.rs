//! What is written reads back as the same suite, whatever it says.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::time::Duration;

use indexmap::IndexMap;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::checks::secrets::Text;
use crate::checks::suite::*;

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{1,20}",
        "[a-z: #,\\[\\]{}&*!|>'\"%@`-]{1,12}",
        Just("null".to_owned()),
        Just("~".to_owned()),
        Just("1.0".to_owned()),
        Just("a\nb\tü".to_owned()),
    ]
    .prop_filter("references are for other places", |text| {
        !text.contains("${")
    })
}

fn header_rules() -> impl Strategy<Value = Vec<HeaderRule>> {
    let rule = prop_oneof![
        words().prop_map(HeaderRule::Is),
        words().prop_map(HeaderRule::Contains),
        words().prop_map(HeaderRule::Lacks),
        words().prop_map(HeaderRule::Lists),
        words().prop_map(|text| HeaderRule::Matches(pattern(&text))),
        any::<i64>().prop_map(HeaderRule::AtLeast),
        any::<i64>().prop_map(HeaderRule::AtMost),
    ];
    prop_oneof![
        Just(vec![HeaderRule::Present]),
        Just(vec![HeaderRule::Absent]),
        Just(vec![HeaderRule::Is("present".to_owned())]),
        rule.prop_map(|rule| vec![rule]),
    ]
}

fn body_rule() -> impl Strategy<Value = BodyRule> {
    let json = prop_oneof![
        Just(JsonRule::Present),
        Just(JsonRule::Absent),
        words().prop_map(|text| JsonRule::Is(text.into())),
        any::<i64>().prop_map(|number| JsonRule::Is(number.into())),
        any::<bool>().prop_map(|truth| JsonRule::Is(truth.into())),
        Just(JsonRule::Is(serde_json::Value::Null)),
    ];
    prop_oneof![
        any::<bool>().prop_map(BodyRule::Empty),
        words().prop_map(BodyRule::Contains),
        words().prop_map(BodyRule::Lacks),
        words().prop_map(|text| BodyRule::Matches(pattern(&text))),
        json.prop_map(|rule| BodyRule::Json("/a b/0".to_owned(), rule)),
    ]
}

fn pattern(text: &str) -> Pattern {
    Pattern(regex::Regex::new(&regex::escape(text)).unwrap())
}

prop_compose! {
    fn answer()(
        status in vec(prop_oneof![
            (100u16..600).prop_map(Status::Code),
            (1u16..6).prop_map(Status::Class),
        ], 1..3),
        headers in vec(("[A-Z][a-z]{1,5}", header_rules()), 0..3),
        body in option::of(body_rule()),
        within in option::of(1u64..100_000),
    ) -> Answer {
        Answer {
            status,
            headers: headers.into_iter().collect::<IndexMap<_, _>>(),
            body: body.into_iter().collect(),
            within: within.map(Duration::from_millis),
        }
    }
}

fn expect() -> impl Strategy<Value = Expect> {
    let among =
        (answer(), 1u32..50, option::of(1u32..50)).prop_map(|(answer, at_least, at_most)| Among {
            at_least,
            at_most,
            answer,
        });
    let answers = (option::of(answer()), option::of(answer()), vec(among, 0..3))
        .prop_filter("nothing", |(each, last, among)| {
            each.is_some() || last.is_some() || !among.is_empty()
        })
        .prop_map(|(each, last, among)| Expect::Answers(Box::new(Answers { each, last, among })));
    prop_oneof![4 => answers, 1 => Just(Expect::Refused)]
}

prop_compose! {
    fn step()(
        path in "/[a-zA-Z0-9/?=&%._~-]{0,12}",
        method in "[A-Z]{3,7}",
        headers in vec(("[A-Z][a-z]{1,5}", words()), 0..3),
        body in option::of(prop_oneof![
            words().prop_map(|text| Body::Text(Text::plain(text))),
            (1u64..1 << 20).prop_map(Body::Size),
        ]),
        credential in option::of(prop_oneof![Just(Shown::Nothing), Just(Shown::Credential("t".to_owned()))]),
        tamper in 0..5usize,
        times in 50u32..100,
        at_once in 1u32..9,
        expect in expect(),
    ) -> Step {
        let mut request = Request::new(method, path.replacen("//", "/a", 1));
        let mut names = Vec::new();
        for (name, value) in headers {
            if !names.contains(&name) {
                names.push(name.clone());
                request.headers.push((name, Text::plain(value)));
            }
        }
        request.body = body;
        request.tamper = Tamper::ALL.get(tamper).copied().filter(|_| credential == Some(Shown::Credential("t".to_owned())));
        request.credential = credential;
        Step { request, times, at_once, expect }
    }
}

proptest! {
    #[test]
    fn what_is_written_reads_back_as_the_same_suite(
        name in words(),
        steps in vec(step(), 1..4),
        intrusive in option::of(words()),
        must in option::of(prop_oneof![
            Just(Must::HaveEnded),
            vec(words(), 1..3).prop_map(Must::NotBeFor),
        ]),
        every in option::of(1u64..100_000),
        degraded in any::<bool>(),
    ) {
        let mut written = Suite::new(name);
        let token = Credential { token: Some(Token { value: Text::env("T"), must }), ..Credential::default() };
        written.credentials.insert("t".to_owned(), token);
        written.within = Some(Duration::from_millis(1500));
        let mut check = Check::new("a-1", "a: b # c");
        check.intrusive = intrusive;
        check.every = every.map(Duration::from_millis);
        check.severity = if degraded { Severity::Degraded } else { Severity::Bad };
        check.steps = steps;
        written.checks.push(check);
        let text = suite(&written, &Comments { tail: vec!["the end".to_owned()], ..Comments::default() });
        let read = Suite::parse("s.yaml", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        prop_assert_eq!(read, written, "{}", text);
    }
}
