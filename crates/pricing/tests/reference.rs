//! Prices and volatilities against values computed with 90 digits; see `testdata/README.md` for the bounds.

use std::collections::HashMap;

use pricing::{
    ImpliedVolError, OptionKind, black76_implied_vol, black76_price, bsm_implied_vol, bsm_price,
    years_to_expiry,
};

const U: f64 = f64::EPSILON / 2.0;

struct Row<'a>(HashMap<&'a str, &'a str>);

impl Row<'_> {
    fn text(&self, column: &str) -> &str {
        self.0.get(column).copied().unwrap_or_else(|| panic!("no column {column}"))
    }

    fn number(&self, column: &str) -> f64 {
        self.text(column)
            .parse()
            .unwrap_or_else(|_| panic!("{column} is not a number: {}", self.text(column)))
    }

    fn kind(&self) -> OptionKind {
        match self.text("kind") {
            "call" => OptionKind::Call,
            "put" => OptionKind::Put,
            other => panic!("unknown kind {other}"),
        }
    }
}

fn rows(csv: &str) -> Vec<Row<'_>> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    lines.map(|line| Row(header.iter().copied().zip(line.split(',')).collect())).collect()
}

#[test]
fn prices_meet_the_strict_bound() {
    let rows = rows(include_str!("../testdata/reference.csv"));
    assert_eq!(rows.len(), 2020);
    let (mut worst_everywhere, mut worst_strict) = (0.0_f64, 0.0_f64);
    for row in &rows {
        let [s, k, t, r, q, vol] = ["spot_or_forward", "strike", "t_years", "rate", "dividend", "vol"]
            .map(|column| row.number(column));
        let expected = row.number("price");
        let black76 = row.text("model") == "black76";
        let got = if black76 {
            black76_price(row.kind(), s, k, t, r, vol)
        } else {
            bsm_price(row.kind(), s, k, t, r, q, vol)
        };
        let q = if black76 { r } else { q };
        let scale = (s * (-q * t).exp()).max(k * (-r * t).exp());
        let error = (got - expected).abs();
        assert!(error <= 1e-15 * scale, "{got} for {expected}: {:?}", row.0);
        worst_everywhere = worst_everywhere.max(error / scale);
        if row.text("class") != "limit" && expected > 1e-280 {
            let bound = 4.0 * U * (1.0 + row.number("price_cond"));
            assert!(
                error <= bound * expected,
                "{got} for {expected}, {} u: {:?}",
                error / expected / U,
                row.0
            );
            worst_strict = worst_strict.max(error / expected / (bound / 4.0));
        }
    }
    println!("worst: {worst_everywhere:.2e} of max(A, B), strict {worst_strict:.2} u (1 + price_cond)");
}

#[test]
fn volatilities_meet_the_bound_and_refusals_are_named() {
    let rows = rows(include_str!("../testdata/implied_vol.csv"));
    assert_eq!(rows.len(), 1540);
    let mut worst = 0.0_f64;
    for row in &rows {
        let [s, k, t, r, q, price] = ["spot_or_forward", "strike", "t_years", "rate", "dividend", "price"]
            .map(|column| row.number(column));
        let got = if row.text("model") == "black76" {
            black76_implied_vol(row.kind(), s, k, t, r, price)
        } else {
            bsm_implied_vol(row.kind(), s, k, t, r, q, price)
        };
        let refusal = match row.text("status") {
            "ok" => None,
            "below_intrinsic" => Some(ImpliedVolError::BelowIntrinsic),
            "above_maximum" => Some(ImpliedVolError::AboveMaximum),
            "zero_vol" => Some(ImpliedVolError::ZeroVol),
            other => panic!("unknown status {other}"),
        };
        match (got, refusal) {
            (Ok(vol), None) => {
                let error = (vol / row.number("vol") - 1.0).abs() / row.number("attainable_rel_err");
                assert!(error <= 4.0, "{vol}: {error} attainable errors: {:?}", row.0);
                worst = worst.max(error);
            }
            (Err(error), Some(expected)) => assert_eq!(error, expected, "{:?}", row.0),
            (got, _) => panic!("{got:?}: {:?}", row.0),
        }
    }
    println!("worst: {worst:.2} attainable errors");
}

#[test]
fn expiry_is_at_half_past_three_in_india() {
    for row in rows(include_str!("../testdata/expiry_time.csv")) {
        let now =
            market::UnixNanos(row.text("now_unix_ms").parse::<i64>().expect("milliseconds") * 1_000_000);
        let expiry = row.text("expiry_date").parse().expect("a date");
        assert_eq!(years_to_expiry(now, expiry), row.number("t_years"), "{:?}", row.0);
    }
}
