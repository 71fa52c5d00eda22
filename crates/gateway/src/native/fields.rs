//! JSON objects of clients, read field by field, so that a refusal names the field and what it may be.
//!
//! Enters: the text of a body. Leaves: values that were checked, or an error with the whole path of what is wrong. Numbers
//! are read from their text, never through a float.

mod nearest;

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use trade::Money;

use super::broken;
use crate::api_error::ApiError;

/// Characters of a client's own words that come back in a message.
const SHOWN: usize = 40;

/// A body that says it is JSON, unread.
pub struct JsonText(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonText {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<JsonText, ApiError> {
        let kind =
            request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("");
        let kind = kind.split(';').next().unwrap_or("").trim();
        if kind != "application/json" && !(kind.starts_with("application/") && kind.ends_with("+json")) {
            let words = "the body is not said to be JSON";
            return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", words)
                .field("body")
                .hint("send the header Content-Type: application/json"));
        }
        Ok(JsonText(body(request, state).await?))
    }
}

/// The whole body, within the listener's bound.
pub async fn body<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, ApiError> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        let code = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { "too_large" } else { "bad_body" };
        ApiError::new(rejection.status(), code, rejection.body_text()).field("body")
    })
}

/// One object, or several.
pub enum Document<'a> {
    /// `{...}`
    One(Fields<'a>),
    /// `[{...},...]`; their paths begin with `[0].`
    Many(Vec<Fields<'a>>),
}

/// An object and where it stands.
pub struct Fields<'a> {
    path: String,
    entries: Vec<(String, &'a RawValue)>,
}

/// Reads one object.
///
/// # Errors
/// What is no JSON, or no object.
pub fn object(body: &[u8]) -> Result<Fields<'_>, ApiError> {
    Fields::new(raw(body)?, String::new())
}

/// Reads one object, or an array of 1 to `most` objects.
///
/// # Errors
/// What is no JSON, neither of them, or too many.
pub fn document(body: &[u8], most: usize) -> Result<Document<'_>, ApiError> {
    let raw = raw(body)?;
    if !raw.get().starts_with('[') {
        return Fields::new(raw, String::new()).map(Document::One);
    }
    let elements = elements(raw)?;
    if !(1..=most).contains(&elements.len()) {
        let words = format!("a batch of {}: it must be of 1 to {most}", elements.len());
        return Err(ApiError::bad_field("body", "too_many", words).hint("split the batch"));
    }
    let one = |(index, raw)| Fields::new(raw, format!("[{index}]."));
    elements.into_iter().enumerate().map(one).collect::<Result<_, _>>().map(Document::Many)
}

fn raw(body: &[u8]) -> Result<&RawValue, ApiError> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::bad_field("body", "bad_json", "the body is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| {
        let field = broken::place(text).unwrap_or_else(|| "body".to_owned());
        ApiError::bad_field(field, "bad_json", format!("the body is no JSON: {error}"))
    })
}

fn elements(raw: &RawValue) -> Result<Vec<&RawValue>, ApiError> {
    // It was found to be whole when it was made.
    serde_json::from_str(raw.get())
        .map_err(|error| ApiError::bad_field("body", "bad_json", error.to_string()))
}

impl<'a> Fields<'a> {
    /// An object without fields.
    pub const fn none() -> Fields<'static> {
        Fields { path: String::new(), entries: Vec::new() }
    }

    fn new(raw: &'a RawValue, path: String) -> Result<Fields<'a>, ApiError> {
        let refuse = |words: &str| {
            let place = match path.trim_end_matches('.') {
                "" => "body".to_owned(),
                place => place.to_owned(),
            };
            let words = format!("{place} {words}");
            Err(ApiError::bad_field(place, "bad_field", words))
        };
        if !raw.get().starts_with('{') {
            return refuse("must be an object");
        }
        match serde_json::from_str::<Entries<'a>>(raw.get()) {
            Ok(Entries(entries)) => Ok(Fields { path, entries }),
            Err(_) => refuse("cannot be read"),
        }
    }

    /// Refuses fields that are not among `known`, and fields that are there twice.
    ///
    /// # Errors
    /// Names the field and the nearest known one.
    pub fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        for (index, (name, _)) in self.entries.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                let error = self.error(name, "unknown_field", "is not known here");
                return Err(error.hint(match nearest::nearest(name, known) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("known are: {}", known.join(", ")),
                }));
            }
            if self.entries[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(self.error(name, "bad_field", "is there twice"));
            }
        }
        Ok(())
    }

    /// The whole path of a field.
    pub fn path(&self, name: &str) -> String {
        format!("{}{}", self.path, shorten(name))
    }

    /// 400 because of the field `name`.
    pub fn error(&self, name: &str, code: &'static str, words: impl Display) -> ApiError {
        let path = self.path(name);
        let message = format!("{path} {words}");
        ApiError::bad_field(path, code, message)
    }

    /// The same with what was found: `quantity is "10": it must be ...`.
    fn wrong(&self, name: &str, found: &RawValue, must: impl Display) -> ApiError {
        self.error(name, "bad_field", format_args!("is {}: it must be {must}", shorten(found.get())))
    }

    /// True if the field is there; null counts as absent.
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// True if the field is there and null.
    pub fn is_null(&self, name: &str) -> bool {
        self.entries.iter().any(|(known, raw)| known == name && raw.get() == "null")
    }

    /// As it was written.
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let entry = self.entries.iter().find(|(known, _)| known == name);
        entry.map(|(_, raw)| *raw).filter(|raw| raw.get() != "null")
    }

    /// What must be there.
    ///
    /// # Errors
    /// Says that it is missing.
    pub fn required<T>(&self, name: &str, found: Option<T>) -> Result<T, ApiError> {
        found.ok_or_else(|| self.error(name, "missing_field", "is missing"))
    }

    /// A text.
    ///
    /// # Errors
    /// Anything else.
    pub fn text(&self, name: &str) -> Result<Option<String>, ApiError> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        serde_json::from_str(raw.get()).map(Some).map_err(|_| self.wrong(name, raw, "a text"))
    }

    /// A text of `length` characters.
    ///
    /// # Errors
    /// Anything else.
    pub fn words(&self, name: &str, length: RangeInclusive<usize>) -> Result<Option<String>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if length.contains(&text.trim().chars().count()) {
            return Ok(Some(text.trim().to_owned()));
        }
        let words = format!("must have {} to {} characters", length.start(), length.end());
        Err(self.error(name, "bad_field", words))
    }

    /// A name with a form of its own.
    ///
    /// # Errors
    /// Anything else.
    pub fn name<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|error| self.error(name, "bad_field", error))
    }

    /// One of a closed list of words.
    ///
    /// # Errors
    /// Anything else.
    pub fn word<T: Copy + Display>(&self, name: &str, all: &[T]) -> Result<Option<T>, ApiError> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        let found = self.text(name)?;
        let word = all.iter().copied().find(|word| found.as_deref() == Some(word.to_string().as_str()));
        let known = || all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        word.map(Some).ok_or_else(|| self.wrong(name, raw, format_args!("one of {}", known())))
    }

    /// A whole number, written as such.
    ///
    /// # Errors
    /// Anything else, and what is out of `range`.
    pub fn integer(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, ApiError> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        let number = raw.get().parse().ok().filter(|number| range.contains(number));
        let must = || format!("a whole number from {} to {}", range.start(), range.end());
        number.map(Some).ok_or_else(|| self.wrong(name, raw, must()))
    }

    /// True or false.
    ///
    /// # Errors
    /// Anything else.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, ApiError> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        serde_json::from_str(raw.get()).map(Some).map_err(|_| self.wrong(name, raw, "true or false"))
    }

    /// An amount or a price in rupees: a text or a number.
    ///
    /// # Errors
    /// Anything else: NaN, an exponent, more than nine decimals.
    pub fn money(&self, name: &str) -> Result<Option<Money>, ApiError> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        let text = if raw.get().starts_with('"') { self.text(name)? } else { None };
        let amount: Result<Money, _> = text.as_deref().unwrap_or(raw.get()).parse();
        amount.map(Some).map_err(|error| {
            let found = shorten(raw.get());
            self.error(name, "bad_field", format_args!("is {found}, which {error}"))
        })
    }

    /// An object inside.
    ///
    /// # Errors
    /// Anything else.
    pub fn object(&self, name: &str) -> Result<Option<Fields<'a>>, ApiError> {
        let inside = |raw| Fields::new(raw, format!("{}.", self.path(name)));
        self.get(name).map(inside).transpose()
    }

    /// A list of at most `most` objects inside.
    ///
    /// # Errors
    /// Anything else.
    pub fn list(&self, name: &str, most: usize) -> Result<Option<Vec<Fields<'a>>>, ApiError> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        if !raw.get().starts_with('[') {
            return Err(self.wrong(name, raw, "a list"));
        }
        let elements: Vec<&'a RawValue> = elements(raw)?;
        if elements.len() > most {
            return Err(self.error(
                name,
                "too_many",
                format_args!("has {} elements: at most {most}", elements.len()),
            ));
        }
        let one = |(index, raw)| Fields::new(raw, format!("{}[{index}].", self.path(name)));
        elements.into_iter().enumerate().map(one).collect::<Result<_, _>>().map(Some)
    }
}

/// Fields in their order, the same name twice if it is there twice.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries<'a>, D::Error> {
        struct AsEntries;
        impl<'de> Visitor<'de> for AsEntries {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_map(AsEntries).map(Entries)
    }
}

/// A client's own words at bearable length.
pub fn shorten(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
