//! What the checks see: one order that is wanted, its account, its instrument's market.

use std::collections::BTreeMap;

use super::open::{self, Open};
use super::terms::{self, Frozen};
use crate::contract::Contract;
use crate::ids::AccountId;
use crate::limits::Limits;
use crate::money::Money;
use crate::order::Order;
use crate::position::Position;
use crate::request::{OrderRequest, OrderType, Product, Side};
use crate::state::{Account, State};
use crate::view::{MarketView, Now, Quote, Trading};

/// One wanted order, or one order with wanted terms.
pub(super) struct Case<'a> {
    pub(super) state: &'a State,
    pub(super) account: &'a AccountId,
    pub(super) held: &'a Account,
    pub(super) now: Now,
    pub(super) request: &'a OrderRequest,
    /// The order whose terms would be replaced.
    pub(super) before: Option<&'a Order>,
    /// Units of each order that is placed; `Err` when the whole cannot be.
    pub(super) sizes: Result<Vec<i64>, Frozen>,
    pub(super) trading: Trading,
    pub(super) quote: Option<Quote>,
    /// Last prices by token of what the account holds or has open orders in, where limits look at them.
    pub(super) marks: BTreeMap<u32, Money>,
    /// The account's other open orders in the instrument.
    pub(super) open: Open,
}

impl<'a> Case<'a> {
    /// Asks the market about the instrument and, where limits need it, about what else the account has.
    pub(super) fn new(
        state: &'a State,
        account: &'a AccountId,
        held: &'a Account,
        now: Now,
        request: &'a OrderRequest,
        before: Option<&'a Order>,
        market: &dyn MarketView,
    ) -> Case<'a> {
        let quote = market.quote(&request.contract);
        let marks = marks(state, held, &request.contract, quote.as_ref(), market);
        let others = open::orders(state, held, request.contract.token, before.map(|order| order.id));
        let trading = market.trading(&request.contract);
        Case {
            open: Open::new(others, request),
            state,
            account,
            held,
            now,
            request,
            before,
            sizes: terms::sizes(request, &held.limits, false),
            trading,
            quote,
            marks,
        }
    }

    /// The same order, where it may become several.
    pub(super) fn sliceable(self) -> Case<'a> {
        Case { sizes: terms::sizes(self.request, self.limits(), true), ..self }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        &self.held.limits
    }

    /// Calls that it takes: one, or as many as it becomes orders.
    pub(super) fn calls(&self) -> u32 {
        let orders = self.sizes.as_ref().map_or(1, Vec::len);
        u32::try_from(orders).unwrap_or(u32::MAX).max(1)
    }

    /// Units that the order may still fill.
    pub(super) fn units(&self) -> i64 {
        let filled = self.before.map_or(0, |order| order.filled);
        self.request.quantity.saturating_sub(filled).max(0)
    }

    /// True for a new order, and for new terms with which more may fill.
    pub(super) fn adds_units(&self) -> bool {
        self.before.is_none_or(|order| self.request.quantity > order.request.quantity)
    }

    /// True for a new order, and for new terms that do anything but take back: ask for less, or for a price that
    /// fills less readily.
    pub(super) fn adds_risk(&self) -> bool {
        let Some(old) = self.before.map(|order| &order.request) else { return true };
        let new = self.request;
        let keener = match (old.price, new.price) {
            (Some(old), Some(new)) if self.request.side == Side::Buy => new > old,
            (Some(old), Some(new)) => new < old,
            (old, new) => old != new,
        };
        self.adds_units()
            || keener
            || old.order_type != new.order_type
            || old.trigger_price != new.trigger_price
            || old.validity != new.validity
    }

    pub(super) fn position(&self, product: Product) -> Option<&'a Position> {
        self.held.positions.get(&(self.request.contract.token, product)).map(AsRef::as_ref)
    }

    pub(super) fn position_units(&self, product: Product) -> i64 {
        self.position(product).map_or(0, |position| position.quantity)
    }

    /// True when the order can only make the position in its product smaller, even if all others of its side fill
    /// first.
    pub(super) fn only_reduces(&self) -> bool {
        let (side, product) = (self.request.side, self.request.product);
        let closable = self.position_units(product).saturating_mul(side.opposite().sign()).max(0);
        self.open.on_the_way.of(product).of(side).saturating_add(self.units()) <= closable
    }

    /// The worst price that the order can be expected to get: its limit, or what the market asks of a market order.
    pub(super) fn price(&self, quote: &Quote) -> Money {
        if let Some(price) = self.request.price {
            return price;
        }
        let touch = match (self.request.order_type, self.request.side) {
            (OrderType::StopMarket | OrderType::StopLimit, _) => self.request.trigger_price,
            (_, Side::Buy) => quote.ask,
            (_, Side::Sell) => quote.bid,
        };
        touch.map_or(quote.last, |touch| touch.max(quote.last))
    }
}

/// Last prices of everything that the account has, where a limit looks at all of it.
pub(super) fn marks(
    state: &State,
    held: &Account,
    contract: &Contract,
    quote: Option<&Quote>,
    market: &dyn MarketView,
) -> BTreeMap<u32, Money> {
    let limits = &held.limits;
    let orders_matter = limits.gross_exposure.is_some() || limits.margin_percent.is_some();
    if !orders_matter && limits.daily_loss.is_none() && limits.drawdown.is_none() {
        return BTreeMap::new();
    }
    let mut contracts: BTreeMap<u32, &Contract> = BTreeMap::new();
    for position in held.positions.values().filter(|position| position.needs_price()) {
        contracts.insert(position.contract.token, &position.contract);
    }
    if orders_matter {
        for (token, ids) in held.open_by_token.iter() {
            let first = ids.iter().find_map(|id| state.orders.get(id));
            if let Some(order) = first {
                contracts.entry(*token).or_insert(&order.request.contract);
            }
        }
    }
    let price = |token: u32, other: &Contract| {
        if token == contract.token {
            quote.map(|quote| quote.last)
        } else {
            market.quote(other).map(|quote| quote.last)
        }
    };
    contracts.into_iter().filter_map(|(token, other)| Some((token, price(token, other)?))).collect()
}
