//! The mutants that no scenario can notice, each with the reason. The list is closed: an entry that names no mutant, or
//! one that a scenario notices, fails the run.

/// Mutants that can't be told from the configuration they were made of.
#[derive(Clone, Copy, Debug)]
pub struct Listed {
    /// The mutant's name, as reports have it; `*` stands for any text.
    pub mutant: &'static str,
    /// Why nobody outside can tell.
    pub reason: &'static str,
}

/// Every such mutant.
pub const LISTED: &[Listed] = &[
    listed(
        "authorization: /consumers/2/roles/0 removed",
        "the consumer is denied whatever its roles, which is what they are there to show",
    ),
    listed(
        "introspection: /consumers/0/tokens/0/issuer removed",
        "the plugin takes tokens of that one issuer only",
    ),
    listed(
        "introspection with /plugins/0/config/cache = *: /plugins/0/config/cache/*Ttl = \"0s\"",
        "a second is the least that can be remembered, and may pass between any two requests",
    ),
    listed(
        "rate-limit-kinds: /apis/3/plugins/0/config = {\"key\":\"ip\",\"limitPerHour\":1,\"dryRun\":true}",
        "a rehearsed limit tells clients nothing, and what it would refuse is the same for a minute",
    ),
    listed(
        "retries: /apis/0/service/retries/attempts = 2",
        "no target is tried twice, and there are two",
    ),
    listed(
        "retries: /apis/1/service/retries/attempts *",
        "the total time ends the second try, as it is there to show",
    ),
    listed(
        "retries: /apis/3/service/targets/0 removed",
        "a target that is never reached is there for others to stand in for it",
    ),
    listed(
        "token-authorization with /apis/0/plugins/0/config/allow/- = {\"claims\":{}}: /apis/0/plugins/0/config/allow/5/claims removed",
        "a rule without a field is as broken as one with an empty field",
    ),
    listed(
        "token-authorization with /apis/0/plugins/0/config/allow/- = {\"roles\":[\"admin\"],\"paths\":[]}: /apis/0/plugins/0/config/allow/5/roles/0 = \"admin-other\"",
        "a broken rule stays broken, whatever its roles",
    ),
    listed(
        "token-consumers: /consumers/0/groups/0 removed",
        "no rule asks for the group, which tells readers what the consumer is",
    ),
    listed(
        "tokens: /consumers/0/roles/0 removed",
        "no rule asks for the role, which tells readers what the consumer is",
    ),
    listed(
        "upstreams: /apis/2/service/targets/0 removed",
        "a target that is never reached is there for others to stand in for it",
    ),
    listed(
        "introspection: *plugins/0/config/allowHttp = true",
        "it decides which endpoints a configuration may name, and these are of https",
    ),
    listed(
        "key-sets: /plugins/0/config/allowHttp = true",
        "it decides where a configuration may say that keys are, and these are behind https",
    ),
    listed(
        "partners: /consumers/*/groups/0 removed",
        "no rule asks for the group, which tells readers what the consumer is",
    ),
];

const fn listed(mutant: &'static str, reason: &'static str) -> Listed {
    Listed { mutant, reason }
}

impl Listed {
    /// Whether it names this mutant.
    pub fn names(&self, mutant: &str) -> bool {
        let mut parts = self.mutant.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = mutant.strip_prefix(first) else {
            return false;
        };
        let mut ended = rest.is_empty();
        for part in parts {
            match rest.find(part) {
                _ if part.is_empty() => (rest, ended) = ("", true),
                Some(at) => {
                    rest = &rest[at + part.len()..];
                    ended = rest.is_empty();
                }
                None => return false,
            }
        }
        ended
    }

    /// The fixture whose mutants it names.
    pub fn fixture(&self) -> &'static str {
        let end = self.mutant.find([':', ' ']).unwrap_or(self.mutant.len());
        &self.mutant[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::Fixture;

    #[test]
    fn entries_name_mutants_of_a_fixture() {
        let entry = |mutant| Listed {
            mutant,
            reason: "none",
        };
        let whole = entry("orders: /plugins/0 removed");
        assert!(whole.names("orders: /plugins/0 removed"));
        assert!(!whole.names("orders: /plugins/0 removed too"));
        assert!(!whole.names("orders: /plugins/0"));
        assert_eq!(whole.fixture(), "orders");
        let many = entry("cors with *: /plugins/*/x = 1");
        assert!(many.names("cors with a, b: /plugins/0/config/x = 1"));
        assert!(!many.names("cors: /plugins/0/config/x = 1"));
        assert!(!many.names("cors with a: /plugins/0/config/x = 12"));
        assert_eq!(many.fixture(), "cors");
        assert!(entry("cors: /a*").names("cors: /a/b = 1"));
    }

    #[test]
    fn each_entry_has_a_fixture_and_a_reason() {
        let fixtures = Fixture::names();
        for entry in LISTED {
            assert!(
                fixtures.contains(&entry.fixture().to_owned()),
                "{}",
                entry.mutant
            );
            assert!(!entry.reason.is_empty(), "{}", entry.mutant);
        }
    }
}
