//! An order that waits for a price, in the broker's words. Its times are the machine's.

use kite::rest::gtt::{Condition, PlacedResult, Trigger, TriggerMeta, TriggerOrder, TriggerResult};
use kite::rest::maybe::Maybe;
use kite::rest::number::Number;
use kite::rest::words::{TriggerStatus, TriggerType};
use serde_json::json;
use trade::OrderRequest;
use trade::gtt::{Fired, Gtt, GttStage};

use crate::account::user_id;
use crate::kite_api::figures::number;
use crate::kite_api::orders::refusals::words;
use crate::kite_api::orders::view::{order_type, product, side, time, validity};

/// As it stands at `now`, machine time in unix nanoseconds.
pub fn trigger(gtt: &Gtt, now: i64) -> Trigger {
    let contract = &gtt.terms.contract;
    let stage = gtt.stage_at(now);
    let fired = if let GttStage::Triggered(fired) = stage { Some(fired) } else { None };
    let legs = gtt.terms.legs.iter().enumerate();
    Trigger {
        id: gtt.id.0,
        user_id: user_id(gtt.account.as_str()),
        parent_trigger: Maybe::Null,
        kind: if gtt.terms.legs.len() == 1 { TriggerType::Single } else { TriggerType::TwoLeg },
        created_at: time(gtt.created),
        updated_at: time(gtt.updated),
        expires_at: time(gtt.expires),
        status: match stage {
            GttStage::Active => TriggerStatus::Active,
            GttStage::Triggered(_) => TriggerStatus::Triggered,
            GttStage::Deleted => TriggerStatus::Deleted,
            GttStage::Expired => TriggerStatus::Expired,
            GttStage::Disabled => TriggerStatus::Disabled,
        },
        condition: Condition {
            exchange: contract.exchange().to_owned(),
            tradingsymbol: contract.tradingsymbol().to_owned(),
            instrument_token: Maybe::Set(contract.token),
            last_price: number(gtt.terms.last_price),
            trigger_values: gtt.terms.legs.iter().map(|leg| number(leg.trigger)).collect(),
        },
        orders: legs
            .map(|(place, leg)| order(gtt, &leg.order, fired.filter(|fired| fired.leg == place)))
            .collect(),
        meta: Maybe::Set(TriggerMeta::default()),
    }
}

fn order(gtt: &Gtt, request: &OrderRequest, fired: Option<&Fired>) -> TriggerOrder {
    TriggerOrder {
        exchange: request.contract.exchange().to_owned(),
        tradingsymbol: request.contract.tradingsymbol().to_owned(),
        product: product(request.product),
        order_type: order_type(request.order_type),
        transaction_type: side(request.side),
        quantity: request.quantity.into(),
        price: request.price.map_or(Number::ZERO, number),
        result: fired.map_or(Maybe::Null, |fired| Maybe::Set(result(gtt, request, fired))),
    }
}

fn result(gtt: &Gtt, request: &OrderRequest, fired: &Fired) -> TriggerResult {
    let placed = fired.denied.is_empty();
    TriggerResult {
        account_id: user_id(gtt.account.as_str()),
        exchange: request.contract.exchange().to_owned(),
        tradingsymbol: request.contract.tradingsymbol().to_owned(),
        validity: validity(request.validity),
        product: product(request.product),
        order_type: order_type(request.order_type),
        transaction_type: side(request.side),
        quantity: request.quantity.into(),
        price: request.price.map_or(Number::ZERO, number),
        meta: Maybe::Set(json!({ "gtt": gtt.id.0 }).to_string()),
        timestamp: time(fired.at),
        triggered_at: number(fired.price),
        order_result: PlacedResult {
            status: if placed { "success" } else { "failed" }.to_owned(),
            order_id: if placed { fired.order.to_string() } else { String::new() },
            rejection_reason: Maybe::Set(if placed { String::new() } else { words(&fired.denied) }),
        },
    }
}
