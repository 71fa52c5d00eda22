//! Incoming webhooks as Slack has them, and others that speak the same: `{"text": "..."}`.

use serde::Serialize;

use super::{About, cut};
use crate::incident::due::Page;

/// Most characters of `text`: beyond it, a message is split.
pub const TEXT_MOST: usize = 4_000;

/// The body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Webhook {
    /// Escaped: `&`, `<` and `>` begin markup, mentions and links.
    pub text: String,
}

/// The body for a page, or for news without one.
pub fn webhook(about: About<'_>, page: Option<&Page>) -> Webhook {
    // An escaped character is five at most, so 780 of them stay below the limit, and no escape is cut in the middle.
    let mut text = cut(&about.headline(), 400);
    if let Some(called) = super::called(about, page) {
        text.push_str(&format!("\ncalled: {}", cut(&super::one_line(&called), 60)));
    }
    // Half an address leads nowhere.
    if let Some(url) = about.url.filter(|url| url.len() <= 300) {
        text.push_str(&format!("\n{url}"));
    }
    Webhook { text: text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") }
}
