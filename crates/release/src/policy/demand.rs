//! What a check demands, as one hash.
//!
//! Enters: the text of a policy. Leaves: for each of its checks a hash that changes with what is asked, and stays when only words for people
//! or the times of asking change. Never here: what other tables say that it names.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use toml::{Table, Value};

use crate::digest::Digest;

/// What changes nothing of what is demanded.
const BESIDE: [&str; 6] = ["title", "expires", "timeout", "retries", "every", "settle"];

/// The hash of each check, in the order of the text: SHA-256 of the check's table, with `probe` and `control`, without `title`, `expires`,
/// `timeout`, `retries`, `every` and `settle`. A table is written as `{`, for each entry in the order of the names its name in quotes,
/// `:`, its value and `,`, then `}`; a list as `[`, each value and `,`, then `]`; a text in quotes, with a backslash before quotes and
/// backslashes; everything else as TOML writes it.
pub(super) fn demands(text: &str) -> Vec<Digest> {
    // Whoever asks has read the text already.
    let table: Table = toml::from_str(text).unwrap_or_default();
    let checks = table.get("check").and_then(Value::as_array).into_iter().flatten();
    checks.filter_map(Value::as_table).map(demand).collect()
}

fn demand(check: &Table) -> Digest {
    let mut text = String::new();
    write_table(check.iter().filter(|(name, _)| !BESIDE.contains(&name.as_str())), &mut text);
    Digest::of(text.as_bytes())
}

fn write_table<'a>(entries: impl Iterator<Item = (&'a String, &'a Value)>, text: &mut String) {
    text.push('{');
    for (name, value) in entries.collect::<BTreeMap<_, _>>() {
        quote(name, text);
        text.push(':');
        write(value, text);
        text.push(',');
    }
    text.push('}');
}

fn write(value: &Value, text: &mut String) {
    // Writing to a text cannot fail.
    let _ = match value {
        Value::Table(table) => {
            write_table(table.iter(), text);
            Ok(())
        }
        Value::Array(values) => {
            text.push('[');
            for value in values {
                write(value, text);
                text.push(',');
            }
            text.push(']');
            Ok(())
        }
        Value::String(words) => {
            quote(words, text);
            Ok(())
        }
        Value::Integer(number) => write!(text, "{number}"),
        Value::Float(number) => write!(text, "{number:?}"),
        Value::Boolean(yes) => write!(text, "{yes}"),
        Value::Datetime(at) => write!(text, "{at}"),
    };
}

fn quote(words: &str, text: &mut String) {
    text.push('"');
    for letter in words.chars() {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(check: &str) -> Digest {
        demands(&format!("[[check]]\n{check}"))[0]
    }

    #[test]
    fn changes_with_what_is_asked_and_with_nothing_else() {
        let asked = of("id = 'a'\nprobe.command = { run = ['x', 'y'], contains = 'z' }");
        let same =
            of("title = 'A'\nprobe = { command = { contains = \"z\", run = [\"x\", \"y\"] } }\nid = \"a\"\n\
             expires = '2h'\ntimeout = '1s'\nretries = 3\nevery = '1m'\nsettle = 2 # said");
        assert_eq!(asked, same);
        for other in [
            "id = 'a'\nprobe.command = { run = ['true'] }",
            "id = 'a'\nprobe.command = { run = ['x', 'y'] }",
            "id = 'a'\nprobe.command = { run = ['x y'], contains = 'z' }",
            "id = 'a'\nprobe.command = { run = ['x', 'y'], contains = 'z' }\ncontrol.command = { run = ['x'] }",
            "id = 'a'\nprobe.command = { run = ['x', 'y'], contains = 'z' }\nabout = 'team'",
        ] {
            assert_ne!(asked, of(other), "{other}");
        }
    }

    /// The form is a promise to other programs: what is hashed is written down here once more.
    #[test]
    fn hashed_as_documented() {
        let check =
            "id = 'a'\ntitle = 'A'\nprobe.tls = { valid_for = '20d', address = 'b\"\\' }\nn = [1, 2.0, true]";
        let form = r#"{"id":"a","n":[1,2.0,true,],"probe":{"tls":{"address":"b\"\\","valid_for":"20d",},},}"#;
        assert_eq!(of(check), Digest::of(form.as_bytes()));
    }
}
