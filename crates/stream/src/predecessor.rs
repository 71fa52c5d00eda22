//! The dialect of the service that Meridian replaces (`WS /ws/ticks`, mission row MD-10). Numbers are JSON numbers.

use market::{InstrumentToken, Mode, Price, TickKind};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::native::request::start_of;
use crate::published::Published;

/// One message of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Deliver these.
    Subscribe(Vec<InstrumentToken>),
    /// Stop delivering these.
    Unsubscribe(Vec<InstrumentToken>),
    /// Answer with `pong`.
    Ping,
}

#[derive(Deserialize)]
struct Wire {
    action: String,
    #[serde(default)]
    tokens: Vec<u32>,
}

impl Request {
    /// Reads a client's message; the error is the text of the answer.
    ///
    /// # Errors
    /// What is wrong, for the client's `error` message.
    pub fn parse(text: &str) -> Result<Request, String> {
        Request::read(text).map_err(|refusal| start_of(&refusal))
    }

    fn read(text: &str) -> Result<Request, String> {
        let wire: Wire = serde_json::from_str(text).map_err(|error| format!("not a request: {error}"))?;
        let tokens = || {
            if wire.tokens.is_empty() {
                Err(format!("{} needs tokens, such as [256265]", wire.action))
            } else {
                Ok(wire.tokens.iter().copied().map(InstrumentToken).collect())
            }
        };
        match wire.action.as_str() {
            "subscribe" => Ok(Request::Subscribe(tokens()?)),
            "unsubscribe" => Ok(Request::Unsubscribe(tokens()?)),
            "ping" => Ok(Request::Ping),
            other => Err(format!("unknown action {other:?}: use subscribe, unsubscribe or ping")),
        }
    }
}

#[derive(Serialize)]
struct Data<'a> {
    instrument_token: u32,
    tradingsymbol: &'a str,
    last_price: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    volume: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buy_quantity: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sell_quantity: Option<u32>,
    change: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    oi: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_trade_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    source: &'static str,
}

/// The whole message of one tick. `change` is in percent of the previous close.
pub fn encode_tick(published: &Published, mode: Mode) -> Vec<u8> {
    let tick = &published.tick;
    let quoted = mode.min(tick.mode) >= Mode::Quote && tick.kind == TickKind::Tradable;
    let full = mode.min(tick.mode) == Mode::Full && tick.kind == TickKind::Tradable;
    let number = |price: Price| price.to_f64(tick.decimals);
    let close = number(tick.ohlc.close);
    let data = Data {
        instrument_token: tick.token.0,
        tradingsymbol: &published.listed.tradingsymbol,
        last_price: number(tick.last),
        volume: quoted.then_some(tick.volume),
        buy_quantity: quoted.then_some(tick.total_buy),
        sell_quantity: quoted.then_some(tick.total_sell),
        change: if close == 0.0 { 0.0 } else { (number(tick.last) - close) * 100.0 / close },
        oi: full.then_some(tick.open_interest),
        last_trade_time: (!tick.last_trade_time.is_absent())
            .then(|| tick.last_trade_time.nanos().to_rfc3339()),
        timestamp: (!tick.exchange_time.is_absent()).then(|| tick.exchange_time.nanos().to_rfc3339()),
        source: published.source.as_str(),
    };
    json!({"type": "tick", "data": data}).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speaks_the_documented_words() {
        assert_eq!(
            Request::parse(r#"{"action":"subscribe","tokens":[256265,260105]}"#),
            Ok(Request::Subscribe(vec![InstrumentToken(256_265), InstrumentToken(260_105)]))
        );
        assert_eq!(Request::parse(r#"{"action":"ping"}"#), Ok(Request::Ping));
        assert!(Request::parse(r#"{"action":"subscribe"}"#).unwrap_err().contains("tokens"));
        assert!(Request::parse(r#"{"action":"dance"}"#).unwrap_err().contains("dance"));
        assert!(Request::parse("nonsense").is_err());
        let long = format!(r#"{{"action":"{}"}}"#, "x".repeat(100_000));
        assert!(Request::parse(&long).unwrap_err().len() < 1_000);
    }
}
