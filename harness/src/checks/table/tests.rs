use super::*;
use crate::checks::sample::Sample;

#[test]
fn what_is_wrong_stands_below_its_check() {
    insta::assert_snapshot!(text(&Sample::mixed().board.view(), false));
}

#[test]
fn colours_only_colour() {
    let view = Sample::mixed().board.view();
    let coloured = text(&view, true);
    assert!(
        coloured.contains("\u{1b}[31mbad     \u{1b}[0m"),
        "{coloured}"
    );
    let plain = ["[31m", "[32m", "[33m", "[0m"]
        .iter()
        .fold(coloured, |text, code| {
            text.replace(&format!("\u{1b}{code}"), "")
        });
    assert_eq!(plain, text(&view, false));
}
