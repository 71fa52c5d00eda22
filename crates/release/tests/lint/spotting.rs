//! One policy with one fault, and the same policy without it.

use std::collections::{BTreeMap, BTreeSet};

use release::calendar::Calendars;
use release::lint::{Finding, catalogue, lint};
use release::policy::Loaded;

/// A fault, and the change that mends it.
pub struct Fault {
    pub code: &'static str,
    /// TOML after `format` and `service`, which every policy has; a first line `service: ...` adds to the service.
    pub policy: &'static str,
    /// Files by their `id`.
    pub files: &'static [(&'static str, &'static str)],
    /// What stands there, and what should: in the policy or in a file.
    pub mend: (&'static str, &'static str),
    /// Must appear in the finding: the right value, the arithmetic, a name.
    pub says: &'static [&'static str],
}

fn whole(policy: &str) -> String {
    let (service, rest) = match policy.trim_start().strip_prefix("service:") {
        Some(rest) => rest.split_once('\n').unwrap_or((rest, "")),
        None => ("", policy),
    };
    let fields = service.split(';').map(str::trim).filter(|field| !field.is_empty());
    let service: String = fields.map(|field| format!("service.{field}\n")).collect();
    format!("format = 1\nservice.name = \"x\"\n{service}{rest}")
}

/// Findings of these families.
pub fn findings(policy: &str, files: &[(&str, String)]) -> Vec<Finding> {
    let text = whole(policy);
    let loaded = Loaded::parse(&text).unwrap_or_else(|fault| panic!("{fault}: {}\n{text}", fault.quote));
    let files: BTreeMap<String, String> =
        files.iter().map(|(id, text)| ((*id).to_owned(), text.clone())).collect();
    let all = lint(&loaded, &files, &Calendars::builtin());
    all.into_iter().filter(|finding| finding.code.starts_with(['D', 'R', 'C'])).collect()
}

/// Each fault is found alone, and gone once it is mended; every code of `family` has at least one.
pub fn spot(family: char, faults: &[Fault]) {
    for Fault { code, policy, files, mend: (wrong, right), says } in faults {
        let given: Vec<(&str, String)> = files.iter().map(|(id, text)| (*id, (*text).to_owned())).collect();
        let seen = findings(policy, &given);
        let codes: Vec<&str> = seen.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [*code], "{policy}\n{seen:#?}");
        let finding = &seen[0];
        let words = format!("{finding:?}");
        for part in *says {
            assert!(words.contains(part), "{code} does not say `{part}`: {finding:#?}");
        }
        assert!(finding.message.ends_with('.') && !finding.quote.is_empty(), "{finding:#?}");

        let mended: Vec<(&str, String)> =
            files.iter().map(|(id, text)| (*id, text.replace(wrong, right))).collect();
        let policy_mended = policy.replace(wrong, right);
        assert!(policy_mended != *policy || mended != given, "{code}: nothing to mend at `{wrong}`");
        let left = findings(&policy_mended, &mended);
        assert!(left.is_empty(), "{code} mended:\n{policy_mended}\n{left:#?}");
    }
    let known: BTreeSet<&str> =
        catalogue().map(|rule| rule.code).filter(|code| code.starts_with(family)).collect();
    let shown: BTreeSet<&str> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(known, shown);
}

/// Nothing is wrong with it.
pub fn silent(policy: &str, files: &[(&str, &str)]) {
    let files: Vec<(&str, String)> = files.iter().map(|(id, text)| (*id, (*text).to_owned())).collect();
    let seen = findings(policy, &files);
    assert!(seen.is_empty(), "{policy}\n{seen:#?}");
}
