//! What a document says in words.

use serde::Deserialize;

/// Prose that belongs to the release and that reports print as it is: lessons, strategy, related documents.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Short name.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Markdown.
    pub text: String,
}
