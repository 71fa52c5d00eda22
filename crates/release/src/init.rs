//! The policy that a newcomer starts with.
//!
//! Enters: the name of a service. Leaves: a policy with comments, without faults, whose checks can run at once. Never here: where it
//! is written to.

/// `init/starter.toml` with [`NAME`] in it.
const STARTER: &str = include_str!("init/starter.toml");

/// What stands for the service's name there.
const NAME: &str = "NAME";

/// A policy for the service `name` (letters, digits, `-`; other characters are left out) to be changed by its team.
pub fn starter(name: &str) -> String {
    let plain: String =
        name.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-').collect();
    STARTER.replace(NAME, if plain.is_empty() { "my-service" } else { &plain })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Loaded;

    #[test]
    fn any_name_gives_a_policy() {
        for (given, kept) in
            [("orders", "orders"), ("a\"b\nc d", "abcd"), ("", "my-service"), ("\u{fc}", "my-service")]
        {
            let loaded = Loaded::parse(&starter(given)).unwrap();
            assert_eq!(loaded.policy.service.name, kept);
        }
    }
}
