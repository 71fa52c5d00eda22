//! Rules as YAML: written by hand, so that the same rules are always the same bytes.
//!
//! Enters: rules. Leaves: text. Never here: reading YAML.

use super::rules::{Alert, Group, Rule, RulesFile};

impl RulesFile {
    /// The file. What is not watched stands on top of it, as comments.
    pub fn yaml(&self) -> String {
        let mut out = String::from("# Written from the policy's objectives: change them there.\n");
        for note in &self.notes {
            out.push_str(&format!("# {}\n", note.replace(['\n', '\r'], " ")));
        }
        if self.groups.is_empty() {
            out.push_str("groups: []\n");
            return out;
        }
        out.push_str("groups:\n");
        for group in &self.groups {
            write_group(&mut out, group);
        }
        out
    }
}

fn write_group(out: &mut String, group: &Group) {
    out.push_str(&format!("  - name: {}\n", text(&group.name)));
    if let Some(interval) = group.interval {
        out.push_str(&format!("    interval: {interval}\n"));
    }
    out.push_str("    rules:\n");
    for rule in &group.rules {
        match rule {
            Rule::Record { name, expr, labels } => {
                out.push_str(&format!("      - record: {}\n", text(name)));
                block(out, 8, "expr", expr);
                map(out, 8, "labels", labels);
            }
            Rule::Alert(alert) => write_alert(out, alert),
        }
    }
}

fn write_alert(out: &mut String, alert: &Alert) {
    out.push_str(&format!("      - alert: {}\n", text(&alert.name)));
    block(out, 8, "expr", &alert.expr);
    out.push_str(&format!("        for: {}\n", alert.holds_for));
    map(out, 8, "labels", &alert.labels);
    map(out, 8, "annotations", &alert.annotations);
}

/// A text in several lines that has no character which YAML refuses.
fn block(out: &mut String, indent: usize, name: &str, value: &str) {
    let pad = " ".repeat(indent);
    if value.contains('\n') {
        out.push_str(&format!("{pad}{name}: |-\n"));
        for line in value.lines() {
            out.push_str(&format!("{pad}  {line}\n"));
        }
    } else {
        out.push_str(&format!("{pad}{name}: {}\n", text(value)));
    }
}

/// A map of texts.
pub(super) fn map(out: &mut String, indent: usize, name: &str, entries: &[(String, String)]) {
    let pad = " ".repeat(indent);
    out.push_str(&format!("{pad}{name}:\n"));
    for (name, value) in entries {
        out.push_str(&format!("{pad}  {name}: {}\n", text(value)));
    }
}

/// A text in quotes: in single ones where it has double ones, which reads better in expressions.
pub(super) fn text(value: &str) -> String {
    let plain =
        |letter: char| !letter.is_control() && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}');
    if value.contains('"') && value.chars().all(plain) {
        return format!("'{}'", value.replace('\'', "''"));
    }
    super::selector::quoted(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn any_text_is_read_back(value in "\\PC*|[\\x00-\\x20\"'`\\\\:#%{}]*") {
            let read: String = serde_saphyr::from_str(&text(&value)).unwrap();
            prop_assert_eq!(read, value);
        }
    }
}
