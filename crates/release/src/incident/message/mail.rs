//! A mail as subject and plain text. Headers, encoding and sending are the shell's.

use super::{About, cut};
use crate::incident::due::Page;

/// Most characters of a subject: longer ones are not shown whole anywhere.
pub const SUBJECT_MOST: usize = 150;

/// Most characters of a line of the body: with four bytes each, they stay below the 998 bytes that a line may have.
const LINE_MOST: usize = 240;

/// The text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// One line without control characters: it cannot become a second header.
    pub subject: String,
    /// Lines that end with a line feed.
    pub body: String,
}

/// The mail for a page, or for news without one.
pub fn mail(about: About<'_>, page: Option<&Page>) -> Mail {
    let incident = about.incident;
    let mut lines = vec![
        about.headline(),
        String::new(),
        format!("severity: {}", incident.severity),
        format!("status: {}", incident.status().as_str()),
        format!("opened: {}", incident.opened.at),
    ];
    if let Some(page) = page {
        lines.extend(super::called(about, Some(page)).map(|called| format!("called: {called}")));
        lines.push(format!("page: {}", page.key.dedup()));
    }
    // Half an address leads nowhere.
    let url = about.url.filter(|url| url.len() <= LINE_MOST - 6);
    lines.extend(url.map(|url| format!("more: {url}")));
    let line = |line: &String| format!("{}\n", cut(&super::one_line(line), LINE_MOST));
    Mail { subject: cut(&about.headline(), SUBJECT_MOST), body: lines.iter().map(line).collect() }
}
