//! What is listed now: swapped as a whole when contracts expire and new ones come.

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use market::dump::{self, LineEnd};
use market::registry::Registry;
use market::{Exchange, Instrument, InstrumentToken};
use stream::Listed;

/// One listing: the registry and the names under which its instruments are published.
#[derive(Debug)]
pub struct Listing {
    /// Look-ups and search.
    pub registry: Registry,
    listed: HashMap<InstrumentToken, Arc<Listed>>,
    /// Written once each: at most one for every exchange and one for all.
    dumps: Mutex<BTreeMap<Option<Exchange>, Arc<Csv>>>,
}

/// An instrument dump in the broker's CSV.
#[derive(Debug)]
pub struct Csv {
    plain: Bytes,
    gzip: OnceLock<Bytes>,
}

impl Csv {
    /// As it is.
    pub fn plain(&self) -> Bytes {
        self.plain.clone()
    }

    /// Compressed, at most once.
    pub fn gzip(&self) -> Bytes {
        self.gzip
            .get_or_init(|| {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
                // Writing into memory does not fail; were it to, an empty body would be noticed at once.
                let written = encoder.write_all(&self.plain).and_then(|()| encoder.finish());
                Bytes::from(written.unwrap_or_default())
            })
            .clone()
    }
}

impl Listing {
    /// From the instruments that a market lists.
    pub fn new(instruments: Vec<Instrument>) -> Listing {
        let (registry, duplicates) = Registry::new(instruments);
        for duplicate in duplicates {
            tracing::warn!(?duplicate, "instrument listed twice: the first one is used");
        }
        let listed =
            registry.iter().map(|instrument| (instrument.token, Arc::new(name(instrument)))).collect();
        Listing { registry, listed, dumps: Mutex::default() }
    }

    /// The published name of `token`.
    pub fn listed(&self, token: InstrumentToken) -> Option<&Arc<Listed>> {
        self.listed.get(&token)
    }

    /// The broker's CSV of one exchange, or of all. There is no line break after the last row: the JavaScript client
    /// would make an empty instrument of it.
    pub fn csv(&self, exchange: Option<Exchange>) -> Arc<Csv> {
        let mut dumps = self.dumps.lock().unwrap_or_else(PoisonError::into_inner);
        let csv = dumps.entry(exchange).or_insert_with(|| {
            let mut bytes = Vec::new();
            let rows =
                self.registry.iter().filter(|row| exchange.is_none_or(|wanted| row.exchange == wanted));
            dump::write(rows, LineEnd::Crlf, &mut bytes);
            let end = bytes.strip_suffix(b"\r\n").map_or(bytes.len(), <[u8]>::len);
            bytes.truncate(end);
            Arc::new(Csv { plain: Bytes::from(bytes), gzip: OnceLock::new() })
        });
        Arc::clone(csv)
    }

    /// By `EXCHANGE:TRADINGSYMBOL` or numeric token.
    pub fn resolve(&self, text: &str) -> Option<&Arc<Listed>> {
        self.listed.get(&self.registry.resolve(text)?.token)
    }
}

fn name(instrument: &Instrument) -> Listed {
    Listed { token: instrument.token, key: instrument.key(), tradingsymbol: instrument.tradingsymbol.clone() }
}

/// The current listing, for any thread.
#[derive(Clone, Debug)]
pub struct CurrentListing {
    current: Arc<RwLock<Arc<Listing>>>,
}

impl CurrentListing {
    /// Begins with `listing`.
    pub fn new(listing: Listing) -> CurrentListing {
        CurrentListing { current: Arc::new(RwLock::new(Arc::new(listing))) }
    }

    /// The listing at this moment: keep it for one request, ask again for the next.
    pub fn get(&self) -> Arc<Listing> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on this one.
    pub fn set(&self, listing: Listing) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(listing);
    }
}
