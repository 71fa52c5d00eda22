//! What is listed now: swapped as a whole when contracts expire and new ones come.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use market::registry::Registry;
use market::{Instrument, InstrumentToken};
use stream::Listed;

/// One listing: the registry and the names under which its instruments are published.
#[derive(Debug)]
pub struct Listing {
    /// Look-ups and search.
    pub registry: Registry,
    listed: HashMap<InstrumentToken, Arc<Listed>>,
}

impl Listing {
    /// From the instruments that a market lists.
    pub fn new(instruments: Vec<Instrument>) -> Listing {
        let (registry, duplicates) = Registry::new(instruments);
        for duplicate in duplicates {
            tracing::warn!(?duplicate, "instrument listed twice: the first one is used");
        }
        let listed = registry.iter().map(|instrument| (instrument.token, Arc::new(name(instrument)))).collect();
        Listing { registry, listed }
    }

    /// The published name of `token`.
    pub fn listed(&self, token: InstrumentToken) -> Option<&Arc<Listed>> {
        self.listed.get(&token)
    }

    /// By `EXCHANGE:TRADINGSYMBOL` or numeric token.
    pub fn resolve(&self, text: &str) -> Option<&Arc<Listed>> {
        self.listed.get(&self.registry.resolve(text)?.token)
    }
}

fn name(instrument: &Instrument) -> Listed {
    Listed {
        token: instrument.token,
        key: instrument.key(),
        tradingsymbol: instrument.tradingsymbol.clone(),
    }
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
