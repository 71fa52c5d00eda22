//! The underlyings: indices and shares that have a price of their own. Everything else is derived from them.
//!
//! Levels, lots and price steps are those of NSE in 2026; tokens are the broker's own, so that scripts written for it
//! run unchanged.

use market::Exchange;

use super::hash::{Purpose, Stream, uniform};

/// An index or a share.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    pub(crate) token: u32,
    pub(crate) symbol: String,
    pub(crate) name: String,
    pub(crate) exchange: Exchange,
    pub(crate) is_index: bool,
    /// Ticks at least once a second.
    pub(crate) every_second: bool,
    /// Price around which it lives, in paise.
    pub(crate) level: f64,
    /// Long-run volatility per square root of a year; also the level of its volatility surface.
    pub(crate) vol: f64,
    /// Correlation of its daily moves with the market's.
    pub(crate) correlation: f64,
    /// Smallest price step in paise.
    pub(crate) tick: i64,
    /// Mean quantity traded in a day; zero for an index.
    pub(crate) daily_volume: f64,
    /// What is written on it, if anything.
    pub(crate) derivatives: Option<Derivatives>,
}

/// Terms of the futures and options on an underlying.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Derivatives {
    /// How their symbols start.
    pub(crate) symbol: &'static str,
    /// Number in tokens: below 4 for indices, below 128 for shares.
    pub(crate) id: u32,
    pub(crate) lot: u32,
    /// Smallest price step of futures, in paise.
    pub(crate) future_tick: i64,
    /// Smallest price step of options, in paise.
    pub(crate) option_tick: i64,
    /// Distance of strikes, in paise.
    pub(crate) strike_step: i64,
    /// Weekly options beside the monthly ones.
    pub(crate) weekly: bool,
}

struct IndexRow(u32, &'static str, Exchange, f64, f64, f64, Option<(&'static str, u32, i64, i64, bool)>);

/// Token, name, exchange, level, volatility, correlation; symbol, lot, future tick, strike step, weekly.
const INDICES: [IndexRow; 4] = [
    IndexRow(256_265, "NIFTY 50", Exchange::Nse, 24_200.0, 0.13, 0.97, Some(("NIFTY", 65, 10, 5_000, true))),
    IndexRow(
        260_105,
        "NIFTY BANK",
        Exchange::Nse,
        56_300.0,
        0.15,
        0.85,
        Some(("BANKNIFTY", 30, 20, 10_000, false)),
    ),
    IndexRow(
        257_801,
        "NIFTY FIN SERVICE",
        Exchange::Nse,
        26_050.0,
        0.15,
        0.85,
        Some(("FINNIFTY", 60, 10, 5_000, false)),
    ),
    IndexRow(265, "SENSEX", Exchange::Bse, 78_900.0, 0.13, 0.96, None),
];

struct ShareRow(u32, &'static str, &'static str, f64, u32, i64);

/// Exchange token, symbol, company, level in rupees, lot, strike step in paise.
const SHARES: [ShareRow; 54] = [
    ShareRow(1594, "INFY", "INFOSYS", 1_140.0, 400, 1_000),
    ShareRow(2885, "RELIANCE", "RELIANCE INDUSTRIES", 1_310.0, 500, 1_000),
    ShareRow(11536, "TCS", "TATA CONSULTANCY SERVICES", 2_300.0, 225, 2_000),
    ShareRow(1333, "HDFCBANK", "HDFC BANK", 780.0, 650, 1_000),
    ShareRow(4963, "ICICIBANK", "ICICI BANK", 1_420.0, 700, 1_000),
    ShareRow(3045, "SBIN", "STATE BANK OF INDIA", 1_060.0, 750, 1_000),
    ShareRow(1660, "ITC", "ITC", 285.0, 1_725, 250),
    ShareRow(5900, "AXISBANK", "AXIS BANK", 1_300.0, 625, 2_000),
    ShareRow(1922, "KOTAKBANK", "KOTAK MAHINDRA BANK", 390.0, 2_000, 500),
    ShareRow(11483, "LT", "LARSEN & TOUBRO", 4_000.0, 175, 5_000),
    ShareRow(1394, "HINDUNILVR", "HINDUSTAN UNILEVER", 2_160.0, 300, 2_000),
    ShareRow(10604, "BHARTIARTL", "BHARTI AIRTEL", 1_940.0, 475, 2_000),
    ShareRow(236, "ASIANPAINT", "ASIAN PAINTS", 2_760.0, 250, 2_000),
    ShareRow(317, "BAJFINANCE", "BAJAJ FINANCE", 1_080.0, 750, 1_000),
    ShareRow(10999, "MARUTI", "MARUTI SUZUKI INDIA", 14_000.0, 50, 10_000),
    ShareRow(3506, "TITAN", "TITAN COMPANY", 4_800.0, 175, 5_000),
    ShareRow(3351, "SUNPHARMA", "SUN PHARMACEUTICAL IND", 1_960.0, 350, 2_000),
    ShareRow(11532, "ULTRACEMCO", "ULTRATECH CEMENT", 11_860.0, 50, 10_000),
    ShareRow(3787, "WIPRO", "WIPRO", 182.5, 3_000, 250),
    ShareRow(7229, "HCLTECH", "HCL TECHNOLOGIES", 1_240.0, 400, 1_000),
    ShareRow(13538, "TECHM", "TECH MAHINDRA", 1_540.0, 600, 2_000),
    ShareRow(11630, "NTPC", "NTPC", 350.0, 1_500, 500),
    ShareRow(14977, "POWERGRID", "POWER GRID CORP. OF INDIA", 280.0, 1_900, 250),
    ShareRow(2475, "ONGC", "OIL AND NATURAL GAS CORP.", 245.0, 2_250, 250),
    ShareRow(20374, "COALINDIA", "COAL INDIA", 425.0, 1_350, 500),
    ShareRow(3499, "TATASTEEL", "TATA STEEL", 190.0, 2_750, 250),
    ShareRow(11723, "JSWSTEEL", "JSW STEEL", 1_300.0, 675, 2_000),
    ShareRow(1363, "HINDALCO", "HINDALCO INDUSTRIES", 1_020.0, 700, 2_000),
    ShareRow(25, "ADANIENT", "ADANI ENTERPRISES", 3_100.0, 309, 3_000),
    ShareRow(15083, "ADANIPORTS", "ADANI PORT & SEZ", 1_780.0, 475, 2_000),
    ShareRow(1232, "GRASIM", "GRASIM INDUSTRIES", 3_280.0, 250, 2_000),
    ShareRow(694, "CIPLA", "CIPLA", 1_460.0, 425, 1_000),
    ShareRow(881, "DRREDDY", "DR. REDDY'S LABORATORIES", 1_220.0, 625, 1_000),
    ShareRow(910, "EICHERMOT", "EICHER MOTORS", 7_700.0, 100, 10_000),
    ShareRow(1348, "HEROMOTOCO", "HERO MOTOCORP", 5_300.0, 150, 10_000),
    ShareRow(547, "BRITANNIA", "BRITANNIA INDUSTRIES", 5_500.0, 125, 5_000),
    ShareRow(17963, "NESTLEIND", "NESTLE INDIA", 1_470.0, 500, 1_000),
    ShareRow(10940, "DIVISLAB", "DIVI'S LABORATORIES", 7_900.0, 100, 10_000),
    ShareRow(157, "APOLLOHOSP", "APOLLO HOSPITALS ENTER.", 8_800.0, 125, 10_000),
    ShareRow(526, "BPCL", "BHARAT PETROLEUM CORP", 320.0, 1_975, 500),
    ShareRow(5258, "INDUSINDBK", "INDUSIND BANK", 1_030.0, 700, 1_000),
    ShareRow(16675, "BAJAJFINSV", "BAJAJ FINSERV", 1_980.0, 300, 2_000),
    ShareRow(16669, "BAJAJ-AUTO", "BAJAJ AUTO", 11_300.0, 75, 10_000),
    ShareRow(21808, "SBILIFE", "SBI LIFE INSURANCE CO", 1_880.0, 375, 2_000),
    ShareRow(467, "HDFCLIFE", "HDFC LIFE INS CO", 555.0, 1_100, 500),
    ShareRow(2031, "M&M", "MAHINDRA & MAHINDRA", 3_300.0, 200, 5_000),
    ShareRow(3432, "TATACONSUM", "TATA CONSUMER PRODUCT", 1_090.0, 550, 1_000),
    ShareRow(11287, "UPL", "UPL", 600.0, 1_355, 1_000),
    ShareRow(3456, "TMPV", "TATA MOTORS PASS VEH", 340.0, 1_600, 500),
    ShareRow(4306, "SHRIRAMFIN", "SHRIRAM FINANCE", 1_080.0, 825, 2_000),
    ShareRow(1964, "TRENT", "TRENT", 3_050.0, 225, 5_000),
    ShareRow(383, "BEL", "BHARAT ELECTRONICS", 405.0, 1_425, 500),
    ShareRow(5097, "ETERNAL", "ETERNAL", 300.0, 2_425, 500),
    ShareRow(11195, "INDIGO", "INTERGLOBE AVIATION", 5_200.0, 150, 10_000),
];

/// How many underlyings have names of the real market; made-up shares come after them.
pub(crate) const WELL_KNOWN: usize = INDICES.len() + SHARES.len();

/// Exchange tokens of made-up shares start here, beyond all real ones.
const MADE_UP_FIRST: u32 = 100_000;

/// The well-known underlyings, then `made_up` shares of the simulation's own.
pub(crate) fn roots(made_up: usize) -> Vec<Root> {
    let indices = (0u32..).zip(&INDICES).map(|(id, row)| index(id, row));
    let shares = (0u32..).zip(&SHARES).map(|(id, row)| share(id, row));
    let made_up_last = u32::try_from(made_up).unwrap_or(u32::MAX);
    indices.chain(shares).chain((1..=made_up_last).map(made_up_share)).collect()
}

fn index(id: u32, row: &IndexRow) -> Root {
    let IndexRow(token, name, exchange, level, vol, correlation, derivatives) = *row;
    Root {
        token,
        symbol: name.to_owned(),
        name: name.to_owned(),
        exchange,
        is_index: true,
        every_second: true,
        level: level * 100.0,
        vol,
        correlation,
        tick: 5,
        daily_volume: 0.0,
        derivatives: derivatives.map(|(symbol, lot, future_tick, strike_step, weekly)| Derivatives {
            symbol,
            id,
            lot,
            future_tick,
            option_tick: 5,
            strike_step,
            weekly,
        }),
    }
}

fn share(id: u32, row: &ShareRow) -> Root {
    let ShareRow(exchange_token, symbol, name, level, lot, strike_step) = *row;
    // The character of a share belongs to its name, not to the seed.
    let character = Stream::new(0, Purpose::Character, u64::from(exchange_token));
    let tick = share_tick(level);
    Root {
        token: exchange_token * 256 + 1,
        symbol: symbol.to_owned(),
        name: name.to_owned(),
        exchange: Exchange::Nse,
        is_index: false,
        every_second: matches!(symbol, "INFY" | "RELIANCE"),
        level: level * 100.0,
        vol: 0.20 + 0.14 * uniform(character.at(0)),
        correlation: 0.35 + 0.35 * uniform(character.at(1)),
        tick,
        daily_volume: (4e9 + 1.2e10 * uniform(character.at(2))) / level,
        derivatives: Some(Derivatives {
            symbol,
            id,
            lot,
            future_tick: tick,
            option_tick: tick.min(5),
            strike_step,
            weekly: false,
        }),
    }
}

fn made_up_share(number: u32) -> Root {
    let character = Stream::new(0, Purpose::Character, u64::from(MADE_UP_FIRST + number));
    // From 40 to 4,000 rupees, evenly in the logarithm.
    let level = (40.0 * 100.0_f64.powf(uniform(character.at(3)))).round();
    Root {
        token: (MADE_UP_FIRST + number) * 256 + 1,
        symbol: format!("SIM{number:04}"),
        name: format!("SIMULATED COMPANY {number}"),
        exchange: Exchange::Nse,
        is_index: false,
        every_second: false,
        level: level * 100.0,
        vol: 0.25 + 0.25 * uniform(character.at(0)),
        correlation: 0.2 + 0.4 * uniform(character.at(1)),
        tick: share_tick(level),
        daily_volume: (5e7 + 5e8 * uniform(character.at(2))) / level,
        derivatives: None,
    }
}

/// NSE's price step by price band, in paise, for a level in rupees. Fixed for each share, unlike on the exchange,
/// where a share that crosses a band gets its new step a month later.
fn share_tick(level: f64) -> i64 {
    match level {
        _ if level < 250.0 => 1,
        _ if level < 1_000.0 => 5,
        _ if level < 5_000.0 => 10,
        _ if level < 10_000.0 => 50,
        _ if level < 20_000.0 => 100,
        _ => 500,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_names_keep_the_brokers_tokens() {
        let roots = roots(3);
        let token = |symbol: &str| roots.iter().find(|root| root.symbol == symbol).map(|root| root.token);
        assert_eq!(token("INFY"), Some(408_065));
        assert_eq!(token("RELIANCE"), Some(738_561));
        assert_eq!(token("NIFTY 50"), Some(256_265));
        assert_eq!(token("NIFTY BANK"), Some(260_105));
        assert_eq!(token("TCS"), Some(2_953_217));
        assert_eq!(token("HDFCBANK"), Some(341_249));
        assert_eq!(roots.len(), WELL_KNOWN + 3);
    }
}
