//! The list of mutual funds: `GET /mf/instruments`, CSV with CRLF line ends.
//!
//! Enters: the bytes of the list. Leaves: checked rows, and the same bytes again. Never here: prices that are newer
//! than the list. The list of tradable instruments is `market`'s.

use csv::{QuoteStyle, ReaderBuilder, StringRecord, Terminator, WriterBuilder};
use market::{Decimal, DecimalError};

/// Columns, in the broker's order.
pub const COLUMNS: [&str; 16] = [
    "tradingsymbol",
    "amc",
    "name",
    "purchase_allowed",
    "redemption_allowed",
    "minimum_purchase_amount",
    "purchase_amount_multiplier",
    "minimum_additional_purchase_amount",
    "minimum_redemption_quantity",
    "redemption_quantity_multiplier",
    "dividend_type",
    "scheme_type",
    "plan",
    "settlement_type",
    "last_price",
    "last_price_date",
];

/// One fund. Decimals are kept as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fund {
    /// Its number (ISIN).
    pub tradingsymbol: String,
    /// The fund house.
    pub amc: String,
    /// Its name.
    pub name: String,
    /// Whether it can be bought.
    pub purchase_allowed: bool,
    /// Whether it can be given back.
    pub redemption_allowed: bool,
    /// Least rupees of a first purchase.
    pub minimum_purchase_amount: Decimal,
    /// Purchases are multiples of this many rupees.
    pub purchase_amount_multiplier: Decimal,
    /// Least rupees of a further purchase.
    pub minimum_additional_purchase_amount: Decimal,
    /// Least units given back.
    pub minimum_redemption_quantity: Decimal,
    /// Units given back are multiples of this.
    pub redemption_quantity_multiplier: Decimal,
    /// What becomes of dividends: `payout`, `growth`, `reinvest`.
    pub dividend_type: String,
    /// `equity`, `debt`, `liquid`, `elss` and others.
    pub scheme_type: String,
    /// `regular` or `direct`.
    pub plan: String,
    /// Days until settlement: `T1` to `T7`.
    pub settlement_type: String,
    /// Price of a unit.
    pub last_price: Decimal,
    /// Of which day, `yyyy-mm-dd`.
    pub last_price_date: String,
}

/// Why bytes are no list of funds.
#[derive(Debug, thiserror::Error)]
pub enum FundDumpError {
    /// Not CSV, not UTF-8, or rows of different lengths.
    #[error("the list of funds is not CSV")]
    Csv(#[from] csv::Error),
    /// The header differs from [`COLUMNS`].
    #[error("column {number} of the list of funds is `{found}`, not `{expected}`")]
    Header {
        /// Which column, from 1.
        number: usize,
        /// What stands there; cut to 32 characters.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// A field that is not 0 or 1.
    #[error("row {row}: {column} is not 0 or 1")]
    Flag {
        /// Which row, from 1; the header is not counted.
        row: usize,
        /// Which field.
        column: &'static str,
    },
    /// A field that is no decimal.
    #[error("row {row}: {column} {source}")]
    Decimal {
        /// Which row, from 1; the header is not counted.
        row: usize,
        /// Which field.
        column: &'static str,
        /// Why.
        source: DecimalError,
    },
}

/// Reads the whole list. Columns that a newer broker adds at the end are ignored.
///
/// # Errors
/// [`FundDumpError`] for the first thing that is wrong.
pub fn parse(bytes: &[u8]) -> Result<Vec<Fund>, FundDumpError> {
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let header = reader.headers()?;
    for (index, expected) in COLUMNS.into_iter().enumerate() {
        let found = header.get(index).unwrap_or_default();
        if found != expected {
            let found = found.chars().take(32).collect();
            return Err(FundDumpError::Header { number: index + 1, found, expected });
        }
    }
    reader.records().zip(1..).map(|(record, row)| fund(&record?, row)).collect()
}

fn fund(record: &StringRecord, row: usize) -> Result<Fund, FundDumpError> {
    // The reader refuses rows that are shorter than the header, which has every column.
    let field = |index: usize| record.get(index).unwrap_or_default();
    let text = |index| field(index).to_owned();
    let flag = |index: usize| match field(index) {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(FundDumpError::Flag { row, column: COLUMNS[index] }),
    };
    let decimal = |index: usize| {
        field(index).parse().map_err(|source| FundDumpError::Decimal { row, column: COLUMNS[index], source })
    };
    Ok(Fund {
        tradingsymbol: text(0),
        amc: text(1),
        name: text(2),
        purchase_allowed: flag(3)?,
        redemption_allowed: flag(4)?,
        minimum_purchase_amount: decimal(5)?,
        purchase_amount_multiplier: decimal(6)?,
        minimum_additional_purchase_amount: decimal(7)?,
        minimum_redemption_quantity: decimal(8)?,
        redemption_quantity_multiplier: decimal(9)?,
        dividend_type: text(10),
        scheme_type: text(11),
        plan: text(12),
        settlement_type: text(13),
        last_price: decimal(14)?,
        last_price_date: text(15),
    })
}

/// Writes the whole list with its header, as the broker does: CRLF, quotes only where they are needed.
///
/// # Errors
/// [`csv::Error`] only when memory runs out.
pub fn encode(funds: &[Fund]) -> Result<Vec<u8>, csv::Error> {
    let mut out = Vec::with_capacity(200 * (funds.len() + 1));
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(&mut out);
    writer.write_record(COLUMNS)?;
    let flag = |allowed| if allowed { "1" } else { "0" };
    for fund in funds {
        writer.write_record([
            fund.tradingsymbol.as_str(),
            &fund.amc,
            &fund.name,
            flag(fund.purchase_allowed),
            flag(fund.redemption_allowed),
            &fund.minimum_purchase_amount.to_string(),
            &fund.purchase_amount_multiplier.to_string(),
            &fund.minimum_additional_purchase_amount.to_string(),
            &fund.minimum_redemption_quantity.to_string(),
            &fund.redemption_quantity_multiplier.to_string(),
            &fund.dividend_type,
            &fund.scheme_type,
            &fund.plan,
            &fund.settlement_type,
            &fund.last_price.to_string(),
            &fund.last_price_date,
        ])?;
    }
    writer.flush()?;
    drop(writer);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(row: &str) -> String {
        format!("{}\r\n{row}\r\n", COLUMNS.join(","))
    }

    #[test]
    fn a_row_comes_back_byte_for_byte() {
        let text = list(
            "INF1,AMC_MF,\"Fund, with a comma\",1,0,1000.0,1.0,1000.0,0.001,0.001,payout,equity,direct,T3,106.80,2026-11-20",
        );
        let funds = parse(text.as_bytes()).unwrap();
        assert_eq!((funds[0].name.as_str(), funds[0].redemption_allowed), ("Fund, with a comma", false));
        assert_eq!(encode(&funds).unwrap(), text.as_bytes());
        assert_eq!(encode(&[]).unwrap(), format!("{}\r\n", COLUMNS.join(",")).as_bytes());
    }

    #[test]
    fn errors_name_row_and_column() {
        let error = |row: &str| parse(list(row).as_bytes()).unwrap_err().to_string();
        assert_eq!(error("a,b,c,2,0,1,1,1,1,1,x,x,x,x,1,d"), "row 1: purchase_allowed is not 0 or 1");
        assert_eq!(error("a,b,c,1,0,1,1,1,1,1,x,x,x,x,,d"), "row 1: last_price is empty");
        assert_eq!(error("a,b"), "the list of funds is not CSV");
        assert!(
            parse(b"a,b\r\n").unwrap_err().to_string().starts_with("column 1 of the list of funds is `a`")
        );
        assert!(parse(b"").is_err());
    }
}
