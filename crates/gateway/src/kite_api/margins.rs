//! Funds of the caller's account, all in the equity segment. With `market:read` alone the figures are zero.
//!
//! `cash` is what was paid in, less what was paid, plus what was received. `live_balance` and `net` are what is free beside
//! the positions by the account's own margin rule (see the limit `margin_percent`): a future's price is not spent, a short
//! sale's proceeds are not there to be spent. Orders that are open are not counted here; a new order is judged with them.

use std::sync::Arc;

use access::Principal;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use kite::rest::maybe::Maybe;
use kite::rest::user::{AvailableMargin, Margins, SegmentMargin, UtilisedMargin};
use trade::Money;
use trade::contract::Kind;
use trade::decide::{blocked, free_beside_positions};
use trade::position::Position;

use super::figures::{Marks, number};
use super::owner::{account_of, sees_figures};
use super::portfolio::of_today;
use super::reply::{self, Refusal};
use crate::Gateway;

pub async fn margins(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
) -> Result<Response, Refusal> {
    Ok(reply::success(&Margins {
        equity: Maybe::Set(equity(&gateway, &principal)?),
        commodity: Maybe::Set(SegmentMargin::default()),
    }))
}

pub async fn segment(
    State(gateway): State<Arc<Gateway>>,
    Extension(principal): Extension<Arc<Principal>>,
    Path(segment): Path<String>,
) -> Result<Response, Refusal> {
    match segment.as_str() {
        "equity" => Ok(reply::success(&equity(&gateway, &principal)?)),
        "commodity" => Ok(reply::success(&SegmentMargin::default())),
        _ => Err(Refusal::input("Invalid segment: use `equity` or `commodity`.")),
    }
}

fn equity(gateway: &Gateway, principal: &Principal) -> Result<SegmentMargin, Refusal> {
    let state = gateway.desk.state();
    let (_, account) = account_of(&state, principal)?;
    if !sees_figures(principal) {
        return Ok(SegmentMargin { enabled: true, ..SegmentMargin::default() });
    }
    let positions = of_today(gateway, account);
    let marked: Vec<(&Position, Money)> =
        positions.iter().map(|held| (held, Marks::of(held, gateway.desk.eye()).last)).collect();
    Ok(funds(account.cash, &marked, account.limits.margin_percent.unwrap_or(0)))
}

/// The figures of positions with their last prices, where futures and short positions block `share` percent of their value.
fn funds(cash: Money, marked: &[(&Position, Money)], share: u32) -> SegmentMargin {
    let sum = |of: &dyn Fn(&Position, Money) -> Money| {
        marked.iter().map(|(held, last)| of(held, *last)).sum::<Money>()
    };
    let traded_today = sum(&|held, _| held.day_buy.value - held.day_sell.value);
    let opening = cash + traded_today;
    let blocked = sum(&|held, last| blocked(held, Some(last), share));
    let premium = sum(&|held, _| match held.contract.kind {
        Kind::Call | Kind::Put => held.day_buy.value - held.day_sell.value,
        Kind::Equity | Kind::Future => Money::ZERO,
    });
    let live = free_beside_positions(cash, marked.iter().map(|(held, last)| (*held, Some(*last))), share);
    SegmentMargin {
        enabled: true,
        net: number(live),
        available: AvailableMargin {
            cash: number(cash),
            opening_balance: number(opening),
            live_balance: number(live),
            ..AvailableMargin::default()
        },
        utilised: UtilisedMargin {
            debits: number(opening - live),
            exposure: number(blocked),
            m2m_realised: number(sum(&|held, _| held.realised_today)),
            m2m_unrealised: number(sum(&|held, last| held.unrealised(last))),
            option_premium: number(premium),
            ..UtilisedMargin::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use trade::{Contract, Product, Side};

    use super::*;

    fn position(kind: Kind) -> Position {
        let contract = Contract {
            name: "NFO:NIFTY26NOVFUT".into(),
            token: 1,
            lot: 1,
            tick: Money::paise(5),
            kind,
            expiry: None,
        };
        Position::new(contract, Product::Nrml)
    }

    #[test]
    fn a_future_blocks_its_share_and_its_loss() {
        let mut future = position(Kind::Future);
        future.fill(Side::Buy, 10, Money::rupees(100));
        let cash = Money::rupees(5_000) - Money::rupees(1_000);
        let shown = funds(cash, &[(&future, Money::rupees(90))], 20);
        // 20 % of 900, and a loss of 100.
        assert_eq!(
            (shown.net.to_string(), shown.utilised.exposure.to_string()),
            ("4720".into(), "180".into())
        );
        assert_eq!(shown.available.opening_balance.to_string(), "5000");
        assert_eq!(shown.utilised.m2m_unrealised.to_string(), "-100");
    }

    #[test]
    fn shares_are_paid_in_full() {
        let mut share = position(Kind::Equity);
        share.fill(Side::Buy, 10, Money::rupees(100));
        let shown = funds(Money::rupees(4_000), &[(&share, Money::rupees(120))], 20);
        assert_eq!(
            (shown.net.to_string(), shown.utilised.debits.to_string()),
            ("4000".into(), "1000".into())
        );
    }
}
