//! Standing subscriptions: what a key wants even while none of its clients is connected. Kept in the database.

use std::sync::{Arc, Mutex, PoisonError};

use access::Principal;
use axum::http::StatusCode;
use journal::subscriptions::{self, Put, SubscriptionRow};
use journal::{Database, DbError};
use market::{InstrumentToken, Mode, UnixNanos};
use stream::{Delivery, Listed, Subscription};

use crate::api_error::ApiError;
use crate::clock::machine_now;
use crate::listing::CurrentListing;

/// Most standing subscriptions of one key.
pub const PER_KEY_MAX: u32 = 5_000;

/// One standing subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingSubscription {
    /// `EXCHANGE:TRADINGSYMBOL`.
    pub instrument: String,
    /// Its number when it was made.
    pub token: InstrumentToken,
    /// How much of each tick.
    pub mode: Mode,
    /// When it was made.
    pub created: UnixNanos,
}

/// The table behind `/v1/subscriptions`.
#[derive(Clone)]
pub struct Standing {
    database: Arc<Mutex<Database>>,
    listing: CurrentListing,
}

impl Standing {
    /// Of this database.
    pub fn new(database: Database, listing: CurrentListing) -> Standing {
        Standing { database: Arc::new(Mutex::new(database)), listing }
    }

    /// All of the caller's key, by instrument.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(&self, principal: &Principal) -> Result<Vec<StandingSubscription>, ApiError> {
        let api_key = principal.api_key.clone();
        let rows = self.on_disk(move |database| subscriptions::of_key(database, &api_key)).await?;
        Ok(rows.into_iter().filter_map(from_row).collect())
    }

    /// Adds or changes them, all or none.
    ///
    /// # Errors
    /// When the key would have more than [`PER_KEY_MAX`], or the database fails.
    pub async fn add(
        &self,
        principal: &Principal,
        instruments: Vec<Arc<Listed>>,
        mode: Mode,
    ) -> Result<(), ApiError> {
        let created = machine_now().0;
        let rows: Vec<SubscriptionRow> = instruments
            .iter()
            .map(|listed| SubscriptionRow {
                api_key: principal.api_key.clone(),
                instrument: listed.key.clone(),
                token: listed.token.0,
                mode: mode.as_str().to_string(),
                account: principal.account.clone(),
                created,
            })
            .collect();
        match self.on_disk(move |database| subscriptions::put(database, &rows, PER_KEY_MAX)).await? {
            Put::Yes => Ok(()),
            Put::Full => Err(ApiError::new(
                StatusCode::CONFLICT,
                "too_many",
                format!("a key may have {PER_KEY_MAX} standing subscriptions"),
            )
            .hint("DELETE some of them, or use another key")),
        }
    }

    /// Removes one, named as it was listed or by token. False when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove(&self, principal: &Principal, instrument: String) -> Result<bool, ApiError> {
        let api_key = principal.api_key.clone();
        let named = self.listing.get().resolve(&instrument).map_or(instrument, |listed| listed.key.clone());
        self.on_disk(move |database| subscriptions::remove(database, &api_key, &named)).await
    }

    /// What a stream without instruments gets: those still listed, one subscription for each mode.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscriptions(
        &self,
        principal: &Principal,
        mode: Option<Mode>,
        delivery: Delivery,
    ) -> Result<Vec<Subscription>, ApiError> {
        let rows = self.of(principal).await?;
        let listing = self.listing.get();
        let of_mode = |wanted: Mode| {
            let instruments: Vec<Arc<Listed>> = rows
                .iter()
                .filter(|row| mode.unwrap_or(row.mode) == wanted)
                .filter_map(|row| listing.resolve(&row.instrument).cloned())
                .collect();
            (!instruments.is_empty()).then_some(Subscription { instruments, mode: wanted, delivery })
        };
        Ok(Mode::ALL.into_iter().filter_map(of_mode).collect())
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let database = Arc::clone(&self.database);
        tokio::task::spawn_blocking(move || work(&database.lock().unwrap_or_else(PoisonError::into_inner)))
            .await
            .map_err(|error| ApiError::internal(&error))?
            .map_err(|error| ApiError::internal(&error))
    }
}

fn from_row(row: SubscriptionRow) -> Option<StandingSubscription> {
    Some(StandingSubscription {
        instrument: row.instrument,
        token: InstrumentToken(row.token),
        mode: row.mode.parse().ok()?,
        created: UnixNanos(row.created),
    })
}
