//! `meridian orders` and `meridian positions`.

use serde_json::Value;

use crate::cli::{OrdersArguments, PositionsArguments};
use crate::failure::Failure;
use crate::instance::Instance;
use crate::output;

pub fn orders(arguments: &OrdersArguments) -> Result<(), Failure> {
    let OrdersArguments { account, open, limit, instance } = arguments;
    let limit = limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    query.extend(account.iter().map(|name| ("account", name.as_str())));
    query.extend(open.then_some(("state", "open")));
    let answer: Value = Instance::find(instance)?.get("/v1/orders", &query)?;
    if instance.json {
        return output::json(&answer);
    }
    let fields = [
        "order_id",
        "created",
        "account",
        "instrument",
        "side",
        "quantity",
        "filled",
        "type",
        "price",
        "average_price",
        "state",
    ];
    let headings = [
        "ORDER",
        "CREATED",
        "ACCOUNT",
        "INSTRUMENT",
        "SIDE",
        "QUANTITY",
        "FILLED",
        "TYPE",
        "PRICE",
        "AVERAGE",
        "STATE",
    ];
    show(&headings, &output::rows(&answer, "orders", &fields), "no orders")
}

pub fn positions(arguments: &PositionsArguments) -> Result<(), Failure> {
    let PositionsArguments { account, instance } = arguments;
    let query: Vec<(&str, &str)> = account.iter().map(|name| ("account", name.as_str())).collect();
    let answer: Value = Instance::find(instance)?.get("/v1/positions", &query)?;
    if instance.json {
        return output::json(&answer);
    }
    let fields = [
        "account",
        "instrument",
        "product",
        "quantity",
        "average_price",
        "last",
        "unrealised",
        "realised",
        "profit_today",
    ];
    let headings = [
        "ACCOUNT",
        "INSTRUMENT",
        "PRODUCT",
        "QUANTITY",
        "AVERAGE",
        "LAST",
        "UNREALISED",
        "REALISED",
        "TODAY",
    ];
    show(&headings, &output::rows(&answer, "positions", &fields), "no positions")
}

fn show(headings: &[&str], rows: &[Vec<String>], none: &str) -> Result<(), Failure> {
    if rows.is_empty() {
        output::talk(&format!("{none}\n"));
    } else {
        output::table(headings, rows);
    }
    Ok(())
}
