//! From the fields of a body to a signal whose shape is right.
//!
//! Enters: fields, what is listed, which accounts there are, who asks. Leaves: a [`Signal`] split over its accounts, or the
//! field that is wrong. Never here: whether it may be traded now.

use std::time::Duration;

use access::Principal;
use journal::hex;
use market::Instrument;
use serde::Serialize;
use sha2::{Digest, Sha256};
use trade::allocation::{self, ACCOUNTS_MAX, AllocationError};
use trade::request::{OrderType, Side};
use trade::signal::{Child, OrderShape, Target};
use trade::{AccountId, Contract, Signal, SignalId, State, Strategy};

use crate::api_error::ApiError;
use crate::native::fields::Fields;
use crate::native::{reach, terms};
use crate::trading::Desk;

/// Fields of a signal.
pub const FIELDS: [&str; 11] = [
    "id",
    "strategy",
    "instrument",
    "side",
    "quantity",
    "target_position",
    "order",
    "account",
    "allocation",
    "ttl_ms",
    "wait_ms",
];
/// Longest time to live: a day.
const TTL_MS_MAX: i64 = 86_400_000;
/// Time to live of market orders that name none.
const TTL_MS_MARKET: u32 = 10_000;
/// Longest wait for a verdict.
const WAIT_MS_MAX: i64 = 30_000;
/// Wait for a verdict when none is named.
pub const WAIT: Duration = Duration::from_secs(1);

/// What the shape is checked against.
pub struct Scene<'a> {
    /// Where instruments are looked up.
    pub desk: &'a Desk,
    /// Who asks.
    pub principal: &'a Principal,
    /// Which accounts there are.
    pub state: State,
}

/// A signal, and how long its sender waits for the verdict.
#[derive(Debug)]
pub struct Wanted {
    /// As the journal gets it.
    pub signal: Signal,
    /// Longest wait.
    pub wait: Duration,
}

impl Scene<'_> {
    /// The account `name`, else the one that is meant when none is named; `path` is the field that names it.
    ///
    /// # Errors
    /// As [`reach::account`].
    pub fn account(&self, name: Option<&str>, path: &str) -> Result<AccountId, ApiError> {
        reach::account(
            self.principal,
            &self.state,
            name.unwrap_or(reach::default_account(self.principal)),
            path,
        )
    }
}

/// Reads a signal.
///
/// # Errors
/// The first field that is wrong.
pub fn read(fields: &Fields<'_>, scene: &Scene<'_>) -> Result<Wanted, ApiError> {
    fields.only(&FIELDS)?;
    let id = fields.required("id", fields.name::<SignalId>("id")?)?;
    let account = |named: &Fields<'_>, name: Option<&str>| scene.account(name, &named.path("account"));
    let signal = signal(fields, scene.desk, id, &account)?;
    let wait = fields.integer("wait_ms", 0..=WAIT_MS_MAX)?.and_then(|wait| u64::try_from(wait).ok());
    Ok(Wanted { signal, wait: wait.map_or(WAIT, Duration::from_millis) })
}

/// Finds the account that is named by the field `account` of an object, or the one that is meant when none is named.
pub type FindAccount<'a> = dyn Fn(&Fields<'_>, Option<&str>) -> Result<AccountId, ApiError> + 'a;

/// The signal `id`, whoever sent it: all fields but `id` and `wait_ms`.
///
/// # Errors
/// The first field that is wrong.
pub fn signal(
    fields: &Fields<'_>,
    desk: &Desk,
    id: SignalId,
    account: &FindAccount<'_>,
) -> Result<Signal, ApiError> {
    let strategy = match fields.name::<Strategy>("strategy")? {
        Some(strategy) => strategy,
        None => default_strategy()?,
    };
    let (instrument, contract) = terms::instrument(desk, fields)?;
    let target = target(fields)?;
    let order = order(fields, &instrument)?;
    let children = children(fields, account, target, &contract)?;
    let ttl_ms = fields.integer("ttl_ms", 1..=TTL_MS_MAX)?.and_then(|ttl| u32::try_from(ttl).ok());
    let ttl_ms = ttl_ms.or_else(|| default_ttl(order.order_type));
    Ok(Signal { id, strategy, contract, target, order, ttl_ms, children })
}

/// The strategy of signals that name none.
pub fn default_strategy() -> Result<Strategy, ApiError> {
    "default".parse().map_err(|error| ApiError::internal(&error))
}

/// A market order that waits is a surprise; others say how long they may.
pub fn default_ttl(order_type: OrderType) -> Option<u32> {
    (order_type == OrderType::Market).then_some(TTL_MS_MARKET)
}

fn target(fields: &Fields<'_>) -> Result<Target, ApiError> {
    if let Some(position) = fields.integer("target_position", -terms::QUANTITY_MAX..=terms::QUANTITY_MAX)? {
        for other in ["side", "quantity"] {
            if fields.has(other) {
                let words = "says the same as target_position in another way: name one of them";
                return Err(fields.error(other, "bad_field", words));
            }
        }
        return Ok(Target::Position(position));
    }
    let side = fields.word("side", Side::ALL)?;
    let quantity = fields.integer("quantity", 1..=terms::QUANTITY_MAX)?;
    if side.is_none() && quantity.is_none() {
        return Err(fields
            .error("quantity", "missing_field", "is missing")
            .hint("name side and quantity, or target_position"));
    }
    Ok(Target::Trade {
        side: fields.required("side", side)?,
        quantity: fields.required("quantity", quantity)?,
    })
}

fn order(fields: &Fields<'_>, instrument: &Instrument) -> Result<OrderShape, ApiError> {
    match fields.object("order")? {
        Some(order) => {
            order.only(&terms::FIELDS)?;
            terms::read(&order, Some(OrderType::Market), instrument)
        }
        None => terms::read(&Fields::none(), Some(OrderType::Market), instrument),
    }
}

fn children(
    fields: &Fields<'_>,
    account: &FindAccount<'_>,
    target: Target,
    contract: &Contract,
) -> Result<Vec<Child>, ApiError> {
    let Some(list) = fields.list("allocation", ACCOUNTS_MAX)? else {
        let name = fields.text("account")?;
        let account = account(fields, name.as_deref())?;
        return Ok(vec![Child { account, target }]);
    };
    if fields.has("account") {
        return Err(fields.error(
            "account",
            "bad_field",
            "cannot be named beside allocation: choose one of them",
        ));
    }
    let mut weights: Vec<(AccountId, u32)> = Vec::with_capacity(list.len());
    for share in &list {
        share.only(&["account", "weight"])?;
        let name = share.required("account", share.text("account")?)?;
        let account = account(share, Some(&name))?;
        let weight = share.required("weight", share.integer("weight", 1..=i64::from(u32::MAX))?)?;
        weights.push((account, u32::try_from(weight).unwrap_or(u32::MAX)));
    }
    allocation::split(target, &weights, contract.lot).map_err(|error| {
        let code =
            if matches!(error, AllocationError::NotWholeLots { .. }) { "lot_size" } else { "bad_field" };
        fields.error(error.field(), code, &error)
    })
}

/// Hash of what a signal asks for: lower-case hexadecimal SHA-256 of its canonical form. What the listing says of the
/// instrument changes from day to day and is not in it, nor is how long the sender waits.
pub fn digest(signal: &Signal) -> String {
    #[derive(Serialize)]
    struct Content<'a> {
        id: &'a SignalId,
        strategy: &'a Strategy,
        instrument: &'a str,
        target: Target,
        order: OrderShape,
        ttl_ms: Option<u32>,
        children: &'a [Child],
    }
    hashed(&Content {
        id: &signal.id,
        strategy: &signal.strategy,
        instrument: &signal.contract.name,
        target: signal.target,
        order: signal.order,
        ttl_ms: signal.ttl_ms,
        children: &signal.children,
    })
}

/// Lower-case hexadecimal SHA-256 of `content` as JSON.
pub fn hashed(content: &impl Serialize) -> String {
    // Plain structs with text keys: serialising them cannot fail.
    hex::encode(&Sha256::digest(serde_json::to_vec(content).unwrap_or_default()))
}
