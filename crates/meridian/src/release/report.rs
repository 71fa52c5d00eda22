//! `meridian release report` and `verify`: the documents of a release as files, and whether files are what they say.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use control::report::verify::{self, Verdict};
use control::report::{Files, MANIFEST};

use super::chosen::chosen;
use super::policy::read;
use crate::cli::{ReportArguments, VerifyArguments};
use crate::failure::Failure;
use crate::instance::segment;
use crate::office::Office;
use crate::output;

pub fn run(arguments: &ReportArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.of.instance)?;
    let answer = asked(&office, arguments)?;
    if let Some(folder) = &arguments.out {
        write(folder, &answer)?;
    }
    if arguments.of.instance.json {
        return output::json(&answer);
    }
    match &arguments.out {
        Some(folder) => {
            for file in &answer.files {
                output::data(&format!("{}\n", folder.join(&file.name).display()));
            }
        }
        None => {
            let text = answer.files.iter().find(|file| file.name.ends_with(".md"));
            output::data(text.map_or("", |file| &file.text));
        }
    }
    Ok(())
}

fn asked(office: &Office, arguments: &ReportArguments) -> Result<Files, Failure> {
    let on = arguments.on.map(|on| on.to_string());
    let at = arguments.at.map(|at| at.to_string());
    let (kind, incident) = match (&arguments.retrospective, arguments.daily, arguments.weekly) {
        (Some(incident), ..) => ("retrospective", Some(incident.as_str())),
        (None, true, _) => ("daily", None),
        (None, false, true) => ("weekly", None),
        (None, false, false) => {
            let id = chosen(office, &arguments.of)?;
            let query: Vec<(&str, &str)> = at.iter().map(|at| ("at", at.as_str())).collect();
            return office.get_large(&format!("/v1/release/releases/{}/report", segment(&id)), &query);
        }
    };
    let service = match (&arguments.service, &arguments.of.policy) {
        (Some(service), _) => Some(service.clone()),
        (None, Some(policy)) => Some(read(policy)?.loaded.policy.service.name),
        (None, None) => None,
    };
    let query = [("service", service.as_deref()), ("on", on.as_deref()), ("incident", incident)];
    let query: Vec<(&str, &str)> =
        query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    office.get_large(&format!("/v1/release/reports/{kind}"), &query)
}

/// The manifest last: a folder without one is not a report yet.
fn write(folder: &Path, files: &Files) -> Result<(), Failure> {
    let failed = |path: &Path, error| Failure::new(format!("cannot write {}", path.display())).cause(error);
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut there = fs::read_dir(folder).map_err(|error| failed(folder, error))?;
    if there.next().is_some() {
        return Err(Failure::usage(format!("--out: {} is not empty", folder.display()))
            .hint("nothing is overwritten: choose another folder"));
    }
    let (last, first): (Vec<_>, Vec<_>) = files.files.iter().partition(|file| file.name == MANIFEST);
    for file in first.into_iter().chain(last) {
        // A name is not to lead out of the folder, whoever answered.
        let name = Path::new(&file.name).file_name().unwrap_or_default();
        let path = folder.join(name);
        let open = OpenOptions::new().write(true).create_new(true).open(&path);
        let mut open = open.map_err(|error| failed(&path, error))?;
        open.write_all(file.text.as_bytes())
            .and_then(|()| open.sync_all())
            .map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

pub fn verify(arguments: &VerifyArguments) -> Result<(), Failure> {
    let folder = arguments.folder.display();
    let verdict = verify::verify(&arguments.folder, arguments.hash.as_deref())
        .map_err(|error| Failure::new(format!("cannot read {folder}")).cause(error))?;
    if arguments.json {
        output::json(&verdict)?;
    } else {
        print(&verdict);
    }
    match verdict.differences.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(format!("{folder} is not what it says: {first}"))),
    }
}

fn print(verdict: &Verdict) {
    for difference in &verdict.differences {
        output::data(&format!("{difference}\n"));
    }
    if verdict.differences.is_empty() {
        let Verdict { release, rows, hash, counts, documents, .. } = verdict;
        output::data(&format!(
            "the report about {release} is what it says: {rows} rows in one chain, {} pieces of evidence, {} signatures, {} \
             decisions, {documents} documents computed again\nthe last row has the hash {hash}: compare it with one from elsewhere\n",
            counts.evidence, counts.signatures, counts.decisions
        ));
    }
}
