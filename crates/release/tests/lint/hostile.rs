//! Whatever parses can be linted: no panic, and no more work than its length is worth.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proptest::prelude::*;
use release::calendar::Calendars;
use release::lint::lint;
use release::policy::Loaded;

/// Something of everything that the rules look at.
const SAMPLE: &str = include_str!("everything.toml");

const FILES: [(&str, &str); 3] = [
    (
        "rules",
        "groups: [{name: g, rules: [{alert: A, expr: 'histogram_quantile(0.9, rate(x[5m])) > 1', annotations: {s: 1%}}]}]",
    ),
    (
        "k8s",
        "kind: Service\nmetadata: {name: x}\nspec: {selector: {a: b, weight: 1}}\n---\nkind: Deployment\nmetadata: {name: x}\nspec: {template: {metadata: {labels: {a: c}}}}\n",
    ),
    ("steps", "kubectl rollout undo deployment/x | base64 $(aws kms \"x 'y\" <<E"),
];

/// Texts that are a date, a duration, a name or nothing, and never what is expected.
const TEXTS: [&str; 15] = [
    "",
    "00:00",
    "24:00",
    "99:99",
    "9999-12-31",
    "-009999-01-01",
    "0s",
    "5000000000000000s",
    "\u{e9}\u{301}__\u{1f980}[Na",
    "[",
    "a'b$(`",
    "weight=9",
    "nse:derivatives",
    "America/Sao_Paulo",
    "fixed",
];
const NUMBERS: [i64; 5] = [0, -1, 2_147_483_647, -2_147_483_648, 9_000_000_000];

fn lint_all(text: &str, files: &BTreeMap<String, String>) -> bool {
    static CALENDARS: LazyLock<Calendars> = LazyLock::new(Calendars::builtin);
    let Ok(loaded) = Loaded::parse(text) else { return false };
    for finding in lint(&loaded, files, &CALENDARS) {
        assert!(finding.position.line <= text.lines().count().max(1), "{finding:?}");
    }
    true
}

fn files() -> BTreeMap<String, String> {
    FILES.into_iter().map(|(id, text)| (id.to_owned(), text.to_owned())).collect()
}

/// Each value in turn becomes something odd: numbers all of it, texts two of it, in turn.
#[test]
fn no_value_of_a_policy_makes_it_panic() {
    let files = files();
    assert!(lint_all(SAMPLE, &files));
    let lines: Vec<&str> = SAMPLE.lines().collect();
    let mut parsed = 0;
    let mut texts = TEXTS.iter().cycle();
    for (place, line) in lines.iter().enumerate() {
        let Some((name, value)) = line.split_once(" = ") else { continue };
        let odd: Vec<String> = if value.starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            NUMBERS.iter().map(i64::to_string).collect()
        } else if value.starts_with('"') {
            texts.by_ref().take(2).map(|text| format!("\"{text}\"")).collect()
        } else {
            vec!["[]".into(), "{}".into(), "false".into()]
        };
        for odd in odd {
            let changed = format!("{name} = {odd}");
            let mut text = lines.clone();
            text[place] = &changed;
            parsed += usize::from(lint_all(&text.join("\n"), &files));
        }
    }
    assert!(parsed > 300, "only {parsed} changes were still a policy");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_file_makes_it_panic(cut in 0..200_usize, noise in "\\PC{0,40}", which in 0..3_usize) {
        let mut files = files();
        let text = FILES[which].1;
        let cut = text.char_indices().map(|(place, _)| place).take_while(|place| *place <= cut).last().unwrap_or(0);
        files.insert(FILES[which].0.to_owned(), format!("{}{noise}{}", &text[..cut], &text[cut..]));
        prop_assert!(lint_all(SAMPLE, &files));
    }

    #[test]
    fn no_shell_text_makes_it_panic(text in "[a-z $(){}<>|&;'\"`\\\\#\\n=-]{0,80}") {
        let files = BTreeMap::from([("steps".to_owned(), format!("git filter-repo {text}"))]);
        prop_assert!(lint_all(SAMPLE, &files));
    }
}

/// Aliases that unfold, nesting, and length are refused in bounded time, and the policy is linted all the same.
#[test]
fn hostile_files_are_a_finding() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        bomb.push_str(&format!(
            "a{level}: &a{level} [{}]\n",
            [format!("*a{}", level - 1).as_str(); 10].join(", ")
        ));
    }
    for hostile in
        [bomb, "[".repeat(200_000), "{a: ".repeat(200_000), "- ".repeat(200_000), "x\n".repeat(2_000_000)]
    {
        let loaded = Loaded::parse(
            "format = 1\n[service]\nname = \"x\"\n[[file]]\nid = \"rules\"\nformat = \"prometheus-rules\"\npath = \"r\"\n",
        )
        .unwrap();
        let files = BTreeMap::from([("rules".to_owned(), hostile)]);
        let seen = lint(&loaded, &files, &Calendars::builtin());
        assert_eq!(seen.iter().map(|finding| finding.code).collect::<Vec<_>>(), ["C01"]);
    }
}
