//! What is changed, and how: one row for each place. Tests hold the rows against the schema and the documentation of
//! the gateway, so that an option without one is seen.

mod plugins;
mod structure;

use super::operator::Operator;

/// How what stands at a place is changed.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Where, as [`super::place::Spot::place`] has it.
    pub place: &'static str,
    /// The ways to change it, each of which makes a mutant.
    pub operators: &'static [Operator],
    /// The fixtures that it is meant for; none: all of them.
    pub only: &'static [&'static str],
}

/// Every rule.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    structure::RULES.iter().chain(plugins::RULES)
}

/// Places that are left as they are, with the reason. Those below them are meant too.
pub const UNTOUCHED: &[(&str, &str)] = structure::UNTOUCHED;

const fn rule(place: &'static str, operators: &'static [Operator]) -> Rule {
    Rule {
        place,
        operators,
        only: &[],
    }
}

const fn rule_for(
    only: &'static [&'static str],
    place: &'static str,
    operators: &'static [Operator],
) -> Rule {
    Rule {
        place,
        operators,
        only,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::Fixture;

    #[test]
    fn rules_hold_json_and_name_fixtures() {
        let names = Fixture::names();
        for rule in all() {
            assert!(!rule.operators.is_empty(), "{}", rule.place);
            for fixture in rule.only {
                assert!(names.contains(&(*fixture).to_owned()), "{fixture}");
            }
            for operator in rule.operators {
                if let Operator::Set(json)
                | Operator::Reset(json)
                | Operator::Append(json)
                | Operator::Give(_, json) = operator
                {
                    assert!(
                        serde_json::from_str::<serde_json::Value>(json).is_ok(),
                        "{}: {json}",
                        rule.place
                    );
                }
            }
        }
        for (place, reason) in UNTOUCHED {
            assert!(!reason.is_empty(), "{place}");
        }
    }
}
