//! `meridian release lint`.

use std::path::Path;

use release::claims::{Claim, claims};
use release::lint::{Finding, Level, Rule, catalogue, lint};
use serde_json::{Value, json};

use super::policy::{Read, read};
use super::window::calendars;
use crate::cli::{Deny, LintArguments};
use crate::failure::Failure;
use crate::output;

pub fn run(arguments: &LintArguments) -> Result<(), Failure> {
    if let Some(code) = &arguments.explain {
        return explain(code, arguments.json);
    }
    let calendars = calendars(&arguments.calendar)?;
    let mut documents = Vec::new();
    let mut denied = 0;
    for path in &arguments.files {
        let Read { loaded, files } = read(path)?;
        let findings = lint(&loaded, &files, &calendars);
        let claims = claims(&loaded.policy);
        denied += findings.iter().filter(|finding| is_denied(arguments.deny, finding.level)).count();
        if arguments.json {
            documents.push(document(path, &findings, &claims));
        } else {
            print(path, &findings, &claims);
        }
    }
    if arguments.json {
        output::json(&documents)?;
    }
    match denied {
        0 => Ok(()),
        1 => Err(Failure::new("1 finding is denied")),
        count => Err(Failure::new(format!("{count} findings are denied"))),
    }
}

fn is_denied(deny: Option<Deny>, level: Level) -> bool {
    match deny {
        None => false,
        Some(Deny::Errors) => level == Level::Error,
        Some(Deny::Warnings) => true,
    }
}

const fn word(level: Level) -> &'static str {
    match level {
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

fn print(path: &Path, findings: &[Finding], claims: &[Claim]) {
    let name = path.display();
    if !claims.is_empty() {
        let rows: Vec<Vec<String>> = claims
            .iter()
            .map(|claim| {
                let agrees = if claim.agrees { "" } else { "differs" };
                vec![claim.what.clone(), claim.stated.clone(), claim.computed.clone(), agrees.to_owned()]
            })
            .collect();
        output::table(&["FIGURE", "STATED", "COMPUTED", ""], &rows);
        output::data("\n");
    }
    for finding in findings {
        let mut text = format!(
            "{name}:{}: {} {}: {}\n    | {}\n",
            finding.position,
            word(finding.level),
            finding.code,
            finding.message,
            finding.quote
        );
        for (label, words) in
            [("stated", &finding.stated), ("right", &finding.right), ("computed", &finding.arithmetic)]
        {
            if !words.is_empty() {
                text.push_str(&format!("    {label:<8} {words}\n"));
            }
        }
        output::data(&format!("{text}\n"));
    }
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
    let warnings = findings.len() - errors;
    output::data(&format!("{name}: {errors} errors, {warnings} warnings\n"));
    if !findings.is_empty() {
        output::talk("`meridian release lint --explain CODE` says why a code matters\n");
    }
}

fn document(path: &Path, findings: &[Finding], claims: &[Claim]) -> Value {
    let findings: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "code": finding.code, "level": word(finding.level),
                "line": finding.position.line, "column": finding.position.column,
                "quote": finding.quote, "message": finding.message,
                "stated": finding.stated, "right": finding.right, "computed": finding.arithmetic,
            })
        })
        .collect();
    let claims: Vec<Value> = claims
        .iter()
        .map(|claim| {
            json!({"what": claim.what, "stated": claim.stated, "computed": claim.computed, "agrees": claim.agrees})
        })
        .collect();
    json!({"policy": path, "figures": claims, "findings": findings})
}

fn explain(code: &str, json: bool) -> Result<(), Failure> {
    let all = code.eq_ignore_ascii_case("all");
    let rules: Vec<&Rule> = catalogue().filter(|rule| all || rule.code.eq_ignore_ascii_case(code)).collect();
    if rules.is_empty() {
        return Err(Failure::usage(format!("there is no code {code:?}"))
            .hint("`meridian release lint --explain all` lists every code"));
    }
    if json {
        let rules: Vec<Value> = rules
            .iter()
            .map(|rule| json!({"code": rule.code, "level": word(rule.level), "title": rule.title, "explain": rule.explain}))
            .collect();
        return output::json(&rules);
    }
    if all {
        let rows: Vec<Vec<String>> = rules
            .iter()
            .map(|rule| vec![rule.code.to_owned(), word(rule.level).to_owned(), rule.title.to_owned()])
            .collect();
        output::table(&["CODE", "LEVEL", "WHAT"], &rows);
        return Ok(());
    }
    for rule in rules {
        output::data(&format!("{} ({}): {}\n\n{}\n", rule.code, word(rule.level), rule.title, rule.explain));
    }
    Ok(())
}
