//! How events stand in a journal: a word for the kind, the schema it came with, a body in JSON.
//!
//! Enters: lists of kinds with their bodies. Leaves: an enum of them that is written and read. Never here: what an
//! event means.

/// Makes `Event`: a kind never changes its meaning, new fields have defaults.
macro_rules! events {
    ($(schema $schema:literal: { $($(#[$doc:meta])* $variant:ident($body:ty) = $kind:literal,)* })+) => {
        /// One row's meaning.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Event { $($($(#[$doc])* $variant($body),)*)+ }

        impl Event {
            /// The word in the `kind` column.
            pub const fn kind(&self) -> &'static str {
                match self { $($(Event::$variant(_) => $kind,)*)+ }
            }

            /// The `schema` column: the oldest schema with this kind.
            pub const fn schema(&self) -> u32 {
                match self { $($(Event::$variant(_) => $schema,)*)+ }
            }

            /// The `body` column.
            pub fn body(&self) -> Vec<u8> {
                // Plain structs with text keys: serialising them cannot fail.
                match self { $($(Event::$variant(body) => serde_json::to_vec(body).unwrap_or_default(),)*)+ }
            }

            /// Reads a row back.
            ///
            /// # Errors
            /// [`UnreadableEvent`](crate::rows::UnreadableEvent) for a kind or a body that this build does not know.
            pub fn read(kind: &str, body: &[u8]) -> Result<Event, $crate::rows::UnreadableEvent> {
                let wrong = |source| $crate::rows::UnreadableEvent::Body { kind: kind.to_owned(), source };
                match kind {
                    $($($kind => serde_json::from_slice(body).map(Event::$variant).map_err(wrong),)*)+
                    _ => Err($crate::rows::UnreadableEvent::Kind { kind: kind.to_owned() }),
                }
            }
        }
    };
}
pub(crate) use events;

/// The same for kinds of which no two have one body: a body is enough to make the event.
macro_rules! events_by_body {
    ($(schema $schema:literal: { $($(#[$doc:meta])* $variant:ident($body:ty) = $kind:literal,)* })+) => {
        $crate::rows::events! { $(schema $schema: { $($(#[$doc])* $variant($body) = $kind,)* })+ }

        $($(
            impl From<$body> for Event {
                fn from(body: $body) -> Event {
                    Event::$variant(body)
                }
            }
        )*)+
    };
}
pub(crate) use events_by_body;

/// Why a row cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// Written by a newer build.
    #[error("there is no event kind `{kind}` in this version")]
    Kind {
        /// What the row says.
        kind: String,
    },
    /// Damaged, or written by a newer build.
    #[error("the body of a `{kind}` event cannot be read")]
    Body {
        /// What the row says.
        kind: String,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
}
