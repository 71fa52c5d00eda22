//! Reads the policy model from its own source: names, types, meanings and defaults of all fields.
//!
//! The source is regular enough for lines: one attribute, one field, one variant on each. What it cannot read fails the test.

use std::fmt::Write as _;
use std::path::Path;

/// One struct or enum, in the order of the source.
pub struct Item {
    pub name: String,
    rows: Vec<[String; 4]>,
    is_enum: bool,
}

impl Item {
    /// As Markdown.
    pub fn table(&self) -> String {
        if self.is_enum && self.rows.iter().all(|[_, kind, default, _]| kind.is_empty() && default.is_empty())
        {
            let words = self.rows.iter().map(|[name, _, _, meaning]| format!("| `{name}` | {meaning} |\n"));
            return format!("| one of | meaning |\n|---|---|\n{}", words.collect::<String>());
        }
        let first = if self.is_enum { "one of" } else { "field" };
        let mut table = format!("| {first} | type | default | meaning |\n|---|---|---|---|\n");
        for [name, kind, default, meaning] in &self.rows {
            let _ = writeln!(table, "| `{name}` | {kind} | {default} | {meaning} |");
        }
        table
    }
}

/// All of them.
pub fn items() -> Vec<Item> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<_> =
        std::fs::read_dir(folder.join("policy")).unwrap().map(|file| file.unwrap().path()).collect();
    files.retain(|file| !file.ends_with("source.rs"));
    files.sort();
    files.insert(0, folder.join("policy.rs"));
    files.iter().flat_map(|file| read(&std::fs::read_to_string(file).unwrap())).collect()
}

fn read(source: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    let (mut meaning, mut attributes) = (Vec::new(), String::new());
    let mut item: Option<(Item, String)> = None;
    let mut variant: Option<String> = None;
    for line in source.lines() {
        let text = line.trim();
        if let Some(words) = text.strip_prefix("/// ") {
            meaning.push(words.to_owned());
        } else if text.starts_with("#[serde(") || text.starts_with("#[derive(") {
            attributes.push_str(text);
        } else if let Some((kind, name)) = declared(line) {
            if attributes.contains("Deserialize") {
                let case = between(&attributes, "rename_all = \"", "\"").unwrap_or_default();
                item = Some((Item { name, rows: Vec::new(), is_enum: kind == "enum" }, case));
            }
            (meaning, attributes) = (Vec::new(), String::new());
        } else if line == "}" {
            items.extend(item.take().map(|(item, _)| item));
        } else if let Some((item, case)) = &mut item {
            if text == "}," {
                variant = None;
                continue;
            }
            let words = plain(&meaning.join(" "));
            if let Some((name, kind)) = field(text, item.is_enum) {
                let name = between(&attributes, "rename = \"", "\"").unwrap_or(name);
                let name = variant.as_ref().map_or(name.clone(), |variant| format!("{variant}.{name}"));
                // What no file says.
                if !attributes.contains("#[serde(skip)]") {
                    item.rows.push([name, spoken(&kind), default(&attributes, &kind), words]);
                }
            } else if let Some((name, kind, opens)) = alternative(text) {
                let name = between(&attributes, "rename = \"", "\"").unwrap_or_else(|| cased(&name, case));
                variant = opens.then(|| name.clone());
                item.rows.push([
                    name,
                    kind.map_or_else(String::new, |kind| spoken(&kind)),
                    String::new(),
                    words,
                ]);
            }
            (meaning, attributes) = (Vec::new(), String::new());
        } else {
            (meaning, attributes) = (Vec::new(), String::new());
        }
    }
    items
}

fn declared(line: &str) -> Option<(&'static str, String)> {
    ["struct", "enum"].into_iter().find_map(|kind| {
        let rest = line.strip_prefix(&format!("pub {kind} "))?;
        Some((kind, rest.strip_suffix(" {")?.to_owned()))
    })
}

/// `pub name: Type,`, or `name: Type,` within a variant.
fn field(text: &str, in_enum: bool) -> Option<(String, String)> {
    let text = if in_enum { text } else { text.strip_prefix("pub ")? };
    let (name, kind) = text.strip_suffix(',')?.split_once(": ")?;
    name.chars()
        .all(|letter| letter.is_ascii_lowercase() || letter == '_')
        .then(|| (name.to_owned(), kind.to_owned()))
}

/// `Name,`, `Name(Type),` or `Name {`: the name, its type, whether fields follow.
fn alternative(text: &str) -> Option<(String, Option<String>, bool)> {
    if !text.starts_with(|letter: char| letter.is_ascii_uppercase()) {
        return None;
    }
    if let Some(name) = text.strip_suffix(" {") {
        return Some((name.to_owned(), None, true));
    }
    let text = text.strip_suffix(',')?;
    match text.split_once('(') {
        Some((name, kind)) => Some((name.to_owned(), Some(kind.strip_suffix(')')?.to_owned()), false)),
        None => Some((text.to_owned(), None, false)),
    }
}

fn cased(name: &str, case: &str) -> String {
    let between = if case == "kebab-case" { '-' } else { '_' };
    let mut cased = String::new();
    for (place, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            cased.push(between);
        }
        cased.push(letter.to_ascii_lowercase());
    }
    cased
}

fn between(text: &str, before: &str, after: &str) -> Option<String> {
    let (_, rest) = text.split_once(before)?;
    Some(rest.split_once(after)?.0.to_owned())
}

/// Without links of rustdoc, and safe in a table.
fn plain(words: &str) -> String {
    words.replace("[`", "`").replace("`]", "`").replace('|', "\\|")
}

fn spoken(kind: &str) -> String {
    let inner = |outer: &str| kind.strip_prefix(outer).and_then(|rest| rest.strip_suffix('>'));
    if let Some(kind) = inner("Option<").or_else(|| inner("Box<")) {
        return spoken(kind);
    }
    if let Some(kind) = inner("Vec<") {
        return format!("list of {}", spoken(kind));
    }
    match kind.rsplit("::").next().unwrap_or(kind) {
        "String" => "text".to_owned(),
        "Figure" => "number".to_owned(),
        "Length" => "duration".to_owned(),
        "Budget" => "duration or range".to_owned(),
        "bool" => "true or false".to_owned(),
        "u16" | "u32" | "u64" | "i32" => "whole number".to_owned(),
        kind if kind.starts_with("BTreeMap<") => {
            if kind.contains("u32") {
                "table of whole numbers".to_owned()
            } else {
                "table of texts".to_owned()
            }
        }
        kind => format!("[{kind}](#{})", kind.to_ascii_lowercase()),
    }
}

/// What holds when the field is left out.
fn default(attributes: &str, kind: &str) -> String {
    if let Some(function) = between(attributes, "default = \"", "\"") {
        let value = match function.as_str() {
            "a_day" => "`1d`",
            "half_a_minute" => "`30s`",
            "five_seconds" => "`5s`",
            "one" | "daily" => "1",
            "ten" => "10",
            "must" => "`must`",
            other => panic!("say in this test what the default `{other}` is"),
        };
        return value.to_owned();
    }
    let left_out = attributes.contains("(default") || kind.starts_with("Option<");
    match kind {
        _ if !left_out => "**required**",
        "bool" => "false",
        "u32" => "0",
        "Length" => "`0s`",
        _ => "",
    }
    .to_owned()
}
