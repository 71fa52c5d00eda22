//! A tick that has its number, encoded at most once per wire format and shared by all readers.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use market::{InstrumentToken, Mode, Source, Tick, UnixNanos};

use crate::native::{self, Format};

/// The name under which an instrument is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The broker's number.
    pub token: InstrumentToken,
    /// `EXCHANGE:TRADINGSYMBOL`.
    pub key: String,
    /// The symbol alone.
    pub tradingsymbol: String,
}

/// One published tick. Immutable; only its encodings are filled in when first asked for.
#[derive(Debug)]
pub struct Published {
    /// Which instrument.
    pub listed: Arc<Listed>,
    /// What was observed.
    pub tick: Tick,
    /// Contiguous number per instrument within the epoch; the first is 1.
    pub n: u64,
    /// Number over all instruments within the epoch; the first is 1.
    pub offset: u64,
    /// Origin.
    pub source: Source,
    /// When it reached this process, in machine time.
    pub received: UnixNanos,
    /// Why the validator doubts it, if it does: a stable code.
    pub suspect: Option<&'static str>,
    encodings: OnceLock<Box<Encodings>>,
}

#[derive(Debug, Default)]
struct Encodings {
    kite: [OnceLock<Option<Bytes>>; 3],
    json: [OnceLock<Bytes>; 3],
    msgpack: [OnceLock<Bytes>; 3],
    predecessor: [OnceLock<Bytes>; 3],
}

const fn slot(mode: Mode) -> usize {
    match mode {
        Mode::Ltp => 0,
        Mode::Quote => 1,
        Mode::Full => 2,
    }
}

impl Published {
    /// A tick with its numbers.
    pub fn new(
        listed: Arc<Listed>,
        tick: Tick,
        (n, offset): (u64, u64),
        source: Source,
        received: UnixNanos,
        suspect: Option<&'static str>,
    ) -> Published {
        Published { listed, tick, n, offset, source, received, suspect, encodings: OnceLock::new() }
    }

    fn encodings(&self) -> &Encodings {
        self.encodings.get_or_init(Box::default)
    }

    /// The Kite packet in `mode`; `None` when a value does not fit the broker's 32 bits.
    pub fn kite_packet(&self, mode: Mode) -> Option<Bytes> {
        self.encodings().kite[slot(mode)]
            .get_or_init(|| {
                let mut packet = Vec::with_capacity(kite::ticker::packet::FULL_BYTES);
                kite::ticker::packet::encode(&self.tick, mode, &mut packet).ok()?;
                Some(Bytes::from(packet))
            })
            .clone()
    }

    /// The native object in `mode`: one element of a message's `data`.
    pub fn native(&self, mode: Mode, format: Format) -> Bytes {
        let cell = match format {
            Format::Json => &self.encodings().json[slot(mode)],
            Format::MessagePack => &self.encodings().msgpack[slot(mode)],
        };
        cell.get_or_init(|| Bytes::from(native::encode_tick(self, mode, format))).clone()
    }

    /// The predecessor's whole message in `mode`.
    pub fn predecessor(&self, mode: Mode) -> Bytes {
        self.encodings().predecessor[slot(mode)]
            .get_or_init(|| Bytes::from(crate::predecessor::encode_tick(self, mode)))
            .clone()
    }
}
