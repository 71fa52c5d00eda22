//! `meridian status-page`: what users are told, printed or as files.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use release::watch::html::html;
use release::watch::page::Overall;
use release::watch::{Counts, Page};
use tempfile::NamedTempFile;

use crate::cli::StatusPageArguments;
use crate::failure::Failure;
use crate::office::Office;
use crate::output;

pub fn run(arguments: &StatusPageArguments) -> Result<(), Failure> {
    let page: Page = Office::find(&arguments.instance)?.get("/status.json", &[])?;
    if let Some(folder) = &arguments.out {
        let feed = serde_json::to_string_pretty(&page).map_err(|error| Failure::of(&error))?;
        fs::create_dir_all(folder)
            .map_err(|error| Failure::new(format!("cannot make {}", folder.display())).cause(error))?;
        replace(folder, "status.json", &feed)?;
        return replace(folder, "index.html", &html(&page));
    }
    if arguments.instance.json {
        return output::json(&page);
    }
    print(&page);
    Ok(())
}

/// Whoever reads it meanwhile gets the old one or the new one, whole.
fn replace(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot write {}", path.display())).cause(error);
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    file.as_file().set_permissions(readable).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    output::data(&format!("{}\n", path.display()));
    Ok(())
}

fn print(page: &Page) {
    let overall = match page.overall {
        Overall::Operational => "all is up",
        Overall::Unknown => "not all is known",
        Overall::PartialOutage => "partial outage",
        Overall::MajorOutage => "major outage",
    };
    output::data(&format!("{overall}, {:.0}\n", page.at));
    let mut rows = Vec::new();
    for part in &page.services {
        for component in &part.components {
            rows.push(vec![
                part.title.clone(),
                component.title.clone(),
                component.condition.as_str().to_owned(),
                component.since.map_or_else(String::new, |since| format!("{since:.0}")),
                percent(&component.last_day),
                percent(&component.total()),
                component.mean_ms.map_or_else(String::new, |mean| format!("{mean} ms")),
            ]);
        }
    }
    output::table(&["SERVICE", "CHECK", "IS", "SINCE", "24 HOURS", "90 DAYS", "MEAN"], &rows);
    for news in &page.incidents {
        for update in &news.updates {
            let line = format!(
                "{} {} {:.0} {}: {}\n",
                news.service, news.incident, update.at, update.stage, update.text
            );
            output::data(&line);
        }
    }
    for notice in &page.notices {
        output::data(&format!("{} {:.0}: {}\n", notice.service, notice.at, notice.text));
    }
}

/// Rounded down, as on the page.
fn percent(counts: &Counts) -> String {
    match (u128::from(counts.passed) * 10_000).checked_div(u128::from(counts.asked())) {
        Some(share) => format!("{}.{:02} %", share / 100, share % 100),
        None => "no data".to_owned(),
    }
}
