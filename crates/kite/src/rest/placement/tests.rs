use super::*;
use proptest::option::of;
use proptest::prelude::*;

const LIMIT: &str = "exchange=NSE&tradingsymbol=INFY&transaction_type=BUY&quantity=1&product=CNC&order_type=LIMIT\
                     &price=1510.50";

fn read(variety: &str, text: &str) -> Result<Placement, ParameterError> {
    Placement::read(variety, &Form::parse(text).unwrap())
}

fn refused(variety: &str, text: &str) -> &'static str {
    read(variety, text).unwrap_err().field
}

#[test]
fn a_limit_order_as_the_official_clients_send_it() {
    let text =
        format!("variety=amo&{LIMIT}&validity=&trigger_price=0&market_protection=0&squareoff=&tag=abc123");
    let order = read("regular", &text).unwrap();
    assert_eq!((order.variety.as_str(), order.path().as_str()), ("regular", "/orders/regular"));
    assert_eq!(order.price.unwrap().to_string(), "1510.50");
    assert_eq!((order.validity.as_str(), order.trigger_price, order.market_protection), ("DAY", None, None));
    assert_eq!((order.tag.as_deref(), order.autoslice), (Some("abc123"), false));
    assert!(!order.lacks_market_protection());
}

#[test]
fn every_required_field_is_named_when_missing_empty_or_wrong() {
    for pair in LIMIT.split('&') {
        let (field, _) = pair.split_once('=').unwrap();
        for bad in [String::new(), format!("{field}="), format!("{field}=%0A")] {
            assert_eq!(refused("regular", &LIMIT.replace(pair, &bad)), field, "{bad:?}");
        }
    }
    let error = read("regular", &LIMIT.replace("tradingsymbol=INFY", "")).unwrap_err();
    assert_eq!(error.to_string(), "Missing or empty field `tradingsymbol`");
}

#[test]
fn each_kind_of_order_needs_its_own_fields() {
    let kind = |kind: &str| LIMIT.replace("LIMIT&price=1510.50", kind);
    for (variety, text, field) in [
        ("regular", kind("LIMIT"), "price"),
        ("regular", kind("LIMIT&price=0"), "price"),
        ("regular", kind("SL&price=1"), "trigger_price"),
        ("regular", kind("SL&trigger_price=1"), "price"),
        ("regular", kind("SL-M"), "trigger_price"),
        ("co", kind("MARKET"), "trigger_price"),
        ("regular", kind("LIMIT&price=1&validity=TTL"), "validity_ttl"),
        ("iceberg", kind("LIMIT&price=1"), "iceberg_legs"),
        ("iceberg", kind("LIMIT&price=1&iceberg_legs=2"), "iceberg_quantity"),
        ("iceberg", kind("LIMIT&price=1&iceberg_legs=51&iceberg_quantity=1"), "iceberg_legs"),
        ("iceberg", kind("LIMIT&price=1&iceberg_legs=2&iceberg_quantity=2"), "iceberg_quantity"),
        ("auction", kind("LIMIT&price=1"), "auction_number"),
        ("bo", kind("LIMIT&price=1"), "variety"),
    ] {
        assert_eq!(refused(variety, &text), field, "{text}");
    }
}

#[test]
fn what_the_kind_has_no_use_for_is_dropped() {
    let order =
        read("regular", &LIMIT.replace("LIMIT", "MARKET&trigger_price=5&iceberg_legs=9&auction_number=1"));
    let order = order.unwrap();
    assert_eq!((order.price, order.trigger_price, order.iceberg_legs), (None, None, None));
    assert!(order.lacks_market_protection());
}

#[test]
fn market_protection_is_automatic_or_a_percentage() {
    let market = |protection: &str| {
        read("regular", &LIMIT.replace("LIMIT", &format!("MARKET&market_protection={protection}")))
            .map(|order| order.market_protection)
    };
    assert_eq!(market("-1"), Ok(Some(MarketProtection::Automatic)));
    assert_eq!(market("2.5").unwrap().unwrap().to_string(), "2.5");
    assert_eq!((market("0"), market("")), (Ok(None), Ok(None)));
    for bad in ["-2", "100.1", "x"] {
        assert_eq!(market(bad).unwrap_err().field, "market_protection", "{bad}");
    }
}

#[test]
fn tags_have_at_most_20_letters_and_digits() {
    assert!(read("regular", &format!("{LIMIT}&tag={}", "a".repeat(20))).is_ok());
    for tag in ["a".repeat(21), "a-b".to_owned(), "a+b".to_owned(), "%C3%A9".to_owned()] {
        assert_eq!(refused("regular", &format!("{LIMIT}&tag={tag}")), "tag", "{tag}");
    }
}

fn price() -> impl Strategy<Value = Decimal> {
    (1i64..=1_000_000_000, 0u8..=4).prop_map(|(mantissa, scale)| Decimal::new(mantissa, scale).unwrap())
}

/// Orders of every kind, each with what it needs.
fn placement() -> impl Strategy<Value = Placement> {
    let words = (
        prop::sample::select(&PLACED[..]),
        prop::sample::select(Side::KNOWN),
        prop::sample::select(Product::KNOWN),
        prop::sample::select(OrderType::KNOWN),
        prop::sample::select(Validity::KNOWN),
    );
    let numbers = (1..=read::QUANTITY_MAX, price(), price(), 1..=TTL_MINUTES_MAX, ICEBERG_LEGS);
    let percent = (1i64..=10_000).prop_map(|percent| Decimal::new(percent, 2).unwrap());
    let optional = (
        of(1..=read::QUANTITY_MAX),
        of(prop_oneof![Just(MarketProtection::Automatic), percent.prop_map(MarketProtection::Percent)]),
        any::<bool>(),
        of("[A-Za-z0-9]{1,20}"),
        of("[A-Z0-9-]{1,20}"),
    );
    ("[A-Z0-9]([A-Z &-]{0,20}[A-Z0-9])?", words, numbers, optional).prop_map(
        |(tradingsymbol, words, numbers, optional)| {
            let (variety, transaction_type, product, order_type, validity) = words;
            let (quantity, price, trigger, ttl, legs) = numbers;
            let (disclosed_quantity, market_protection, autoslice, tag, algo_id) = optional;
            let limit = matches!(order_type, OrderType::Limit | OrderType::StopLimit);
            let stop = matches!(order_type, OrderType::StopMarket | OrderType::StopLimit);
            Placement {
                price: limit.then_some(price),
                trigger_price: (stop || variety == Variety::Cover).then_some(trigger),
                validity_ttl: (validity == Validity::Ttl).then_some(ttl),
                iceberg_legs: (variety == Variety::Iceberg).then_some(legs),
                iceberg_quantity: (variety == Variety::Iceberg).then_some(quantity.div_ceil(legs)),
                auction_number: (variety == Variety::Auction).then(|| "22".to_owned()),
                market_protection: market_protection.filter(|_| !limit),
                exchange: Exchange::Nfo,
                disclosed_quantity,
                autoslice,
                tag,
                algo_id,
                variety,
                tradingsymbol,
                transaction_type,
                quantity,
                product,
                order_type,
                validity,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_again(wanted in placement()) {
        let text = wanted.write().finish();
        prop_assert_eq!(read(wanted.variety.as_str(), &text), Ok(wanted));
    }

    #[test]
    fn any_value_is_read_or_refused_by_its_own_name(
        field in prop::sample::select(vec!["exchange", "tradingsymbol", "quantity", "price", "tag", "validity"]),
        value in ".{0,40}",
    ) {
        let text = Writer::new().with(field, &value).finish();
        match read("regular", &format!("{text}&{LIMIT}")) {
            // An order that was taken can be written and means the same.
            Ok(order) => prop_assert_eq!(read("regular", &order.write().finish()), Ok(order)),
            Err(error) => prop_assert_eq!(error.field, field),
        }
    }
}
