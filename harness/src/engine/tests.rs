use super::*;

const KNOWN: KnownFailing = KnownFailing {
    selector: "TEA-001",
    reason: "why",
    link: "where",
};

#[test]
fn a_declared_failure_is_known_and_a_declared_pass_unexpected() {
    let fail = || Verdict::Fail {
        message: "cold".to_owned(),
    };
    let setup = || Verdict::SetupFailed {
        message: "gone".to_owned(),
        help: None,
    };
    assert_eq!(declared(fail(), None), fail());
    assert_eq!(declared(Verdict::Pass, None), Verdict::Pass);
    assert_eq!(declared(setup(), Some(&KNOWN)), setup());
    let (reason, link) = ("why".to_owned(), "where".to_owned());
    assert_eq!(
        declared(fail(), Some(&KNOWN)),
        Verdict::KnownFailing {
            reason: reason.clone(),
            link: link.clone(),
            message: "cold".to_owned()
        }
    );
    assert_eq!(
        declared(Verdict::Pass, Some(&KNOWN)),
        Verdict::UnexpectedPass { reason, link }
    );
}
