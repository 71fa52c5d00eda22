//! `docs/policy.md` says what the policy model is: its tables come from the model's source, its examples are read.
//!
//! After a change of the model: `MERIDIAN_WRITE_PAGE=1 cargo test -p release --test policy_page`.
#![expect(clippy::unwrap_used, reason = "a test")]

mod policy_page {
    pub mod model;
}

use policy_page::model;
use release::Loaded;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md");
const END: &str = "<!-- end -->";

#[test]
fn the_page_has_every_field_as_the_model_has_it() {
    let before = std::fs::read_to_string(PAGE).unwrap();
    let mut after = before.clone();
    for item in model::items() {
        let begin = format!("<!-- {} -->\n", item.name);
        let from =
            after.find(&begin).unwrap_or_else(|| panic!("docs/policy.md has no table of `{}`", item.name));
        let from = from + begin.len();
        let to = from + after[from..].find(END).unwrap();
        after.replace_range(from..to, &item.table());
    }
    if std::env::var_os("MERIDIAN_WRITE_PAGE").is_some() {
        std::fs::write(PAGE, &after).unwrap();
    } else {
        assert!(before == after, "docs/policy.md is behind the model: see the top of this test");
    }
}

#[test]
fn the_model_is_read_as_a_whole() {
    let items = model::items();
    let table = |name: &str| items.iter().find(|item| item.name == name).unwrap().table();
    assert!(items.len() > 70, "{}", items.len());
    assert!(table("Trigger").contains("| `for` | duration | `0s` |"), "{}", table("Trigger"));
    assert!(table("Check").contains("| `timeout` | duration | `30s` |"), "{}", table("Check"));
    assert!(table("Policy").contains("| `announcement` | list of [Announcement](#announcement) |"));
    assert!(table("Action").contains("| `wait-for.every` | duration | `5s` |"), "{}", table("Action"));
    assert!(table("Comparison").contains("| `<=` |"), "{}", table("Comparison"));
}

#[test]
fn its_examples_are_policies() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let examples: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 10, "{}", examples.len());
    for example in examples {
        let whole = if example.contains("format = 1") {
            example.to_owned()
        } else {
            format!("format = 1\nservice.name = \"x\"\n{example}")
        };
        if let Err(fault) = Loaded::parse(&whole) {
            panic!("{fault}\n{}\nin:\n{example}", fault.quote);
        }
    }
}
