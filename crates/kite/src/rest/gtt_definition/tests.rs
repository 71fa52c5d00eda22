use super::*;
use proptest::prelude::*;

const CONDITION: &str =
    r#"{"exchange":"NSE","tradingsymbol":"INFY","last_price":1500.0,"trigger_values":[1400.5,1600]}"#;
const ORDER: &str = r#"{"exchange":"NSE","tradingsymbol":"INFY","product":"CNC","order_type":"LIMIT",
    "transaction_type":"SELL","quantity":10,"price":1399.05}"#;

fn read(kind: &str, condition: &str, orders: &str) -> Result<GttDefinition, ParameterError> {
    let text = Writer::new().with("type", kind).with("condition", condition).with("orders", orders).finish();
    GttDefinition::read(&Form::parse(&text).unwrap())
}

#[test]
fn a_bracket_of_two_legs() {
    let definition = read("two-leg", CONDITION, &format!("[{ORDER},{ORDER}]")).unwrap();
    let triggers: Vec<String> = definition.legs.iter().map(|leg| leg.trigger_price.to_string()).collect();
    assert_eq!(
        (triggers, definition.last_price.to_string()),
        (vec!["1400.5".into(), "1600".into()], "1500.0".into())
    );
    assert!(definition.legs.iter().all(|leg| leg.quantity == 10 && leg.price.to_string() == "1399.05"));
}

#[test]
fn the_number_of_legs_follows_the_type() {
    let single = CONDITION.replace("1400.5,", "");
    assert!(read("single", &single, &format!("[{ORDER}]")).is_ok());
    for (kind, condition, orders, field) in [
        ("single", CONDITION, 1, "condition.trigger_values"),
        ("two-leg", &single, 2, "condition.trigger_values"),
        ("single", &single, 2, "orders"),
        ("single", &single, 0, "orders"),
        ("two-leg", CONDITION, 1, "orders"),
        ("three-leg", CONDITION, 2, "type"),
        ("two-leg", &CONDITION.replace("1400.5", "1600.00"), 2, "condition.trigger_values"),
        ("two-leg", &CONDITION.replace("1400.5", "1700"), 2, "condition.trigger_values"),
    ] {
        let orders = format!("[{}]", vec![ORDER; orders].join(","));
        assert_eq!(read(kind, condition, &orders).unwrap_err().field, field, "{kind} {condition} {orders}");
    }
}

#[test]
fn every_field_is_needed_and_checked() {
    for (from, to, field) in [
        (r#""exchange":"NSE""#, r#""exchange":"MOON""#, "condition.exchange"),
        (r#""tradingsymbol":"INFY","#, "", "condition.tradingsymbol"),
        ("1500.0", "0", "condition.last_price"),
        ("1500.0", "null", "condition.last_price"),
        ("1500.0", "\"1500\"", "condition"),
        ("1600", "1e5", "condition.trigger_values"),
        ("}", "", "condition"),
    ] {
        let condition = CONDITION.replace(from, to);
        let error = read("two-leg", &condition, &format!("[{ORDER},{ORDER}]")).unwrap_err();
        assert_eq!(error.field, field, "{condition}");
    }
    for (from, to, field) in [
        ("LIMIT", "MARKET", "orders.order_type"),
        ("SELL", "sell", "orders.transaction_type"),
        ("\"quantity\":10,", "", "orders.quantity"),
        (":10,", ":-1,", "orders.quantity"),
        (":10,", ":1.5,", "orders.quantity"),
        ("CNC", "", "orders.product"),
        ("1399.05", "-1", "orders.price"),
        ("{", "", "orders"),
    ] {
        let orders = format!("[{ORDER},{}]", ORDER.replace(from, to));
        assert_eq!(read("two-leg", CONDITION, &orders).unwrap_err().field, field, "{orders}");
    }
}

fn price() -> impl Strategy<Value = Decimal> {
    (1i64..=1_000_000_000, 0u8..=4).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale).unwrap())
}

fn leg() -> impl Strategy<Value = Leg> {
    let words = (prop::sample::select(Side::KNOWN), prop::sample::select(Product::KNOWN));
    ("[A-Z&-]{1,28}", words, 1..=read::QUANTITY_MAX, price(), price()).prop_map(
        |(tradingsymbol, (transaction_type, product), quantity, price, trigger_price)| Leg {
            trigger_price,
            exchange: Exchange::Nfo,
            tradingsymbol,
            transaction_type,
            quantity,
            product,
            price,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_is_read_again(first in leg(), second in leg(), last_price in price(), two: bool) {
        let legs = match two && first.trigger_price != second.trigger_price {
            true if is_below(first.trigger_price, second.trigger_price) => Legs::Two(first, second),
            true if is_below(second.trigger_price, first.trigger_price) => Legs::Two(second, first),
            _ => Legs::One(first),
        };
        let wanted = GttDefinition { exchange: Exchange::Nse, tradingsymbol: "NIFTY 50".into(), last_price, legs };
        let text = wanted.write().finish();
        prop_assert_eq!(GttDefinition::read(&Form::parse(&text).unwrap()), Ok(wanted));
    }

    #[test]
    fn any_text_is_read_or_refused(condition in "[\\[\\]{}\":,a-z0-9.-]{0,60}", orders in ".{0,60}") {
        let _ = read("single", &condition, &orders);
    }
}
