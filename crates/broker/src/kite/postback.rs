//! Order updates that the broker posts to us.
//!
//! Enters: the body of a web hook, from anyone. Leaves: the order, if the broker signed it. Never here: whether it is
//! news: updates repeat and overtake each other.

use kite::rest::orders::{Order, postback_checksum};
use kite::secret::Secret;
use subtle::ConstantTimeEq;

/// Longest body that is read, in bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// Why a web hook is not taken. None of the texts repeats any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PostbackError {
    /// Longer than [`BODY_BYTES_MAX`].
    #[error("the web hook is longer than {BODY_BYTES_MAX} bytes")]
    TooLong,
    /// Not an order.
    #[error("the web hook is not an order in JSON")]
    Malformed,
    /// Nothing to check, or the wrong checksum: not from the broker.
    #[error("the web hook's checksum is missing or wrong")]
    Forged,
}

/// Reads a web hook and checks, in constant time, that whoever sent it knows the app's secret.
///
/// # Errors
/// [`PostbackError`].
pub fn check_postback(body: &[u8], api_secret: &Secret) -> Result<Order, PostbackError> {
    if body.len() > BODY_BYTES_MAX {
        return Err(PostbackError::TooLong);
    }
    let order: Order = serde_json::from_slice(body).map_err(|_| PostbackError::Malformed)?;
    let given = order.checksum.as_ref().ok_or(PostbackError::Forged)?;
    let time = order.order_timestamp.as_ref().ok_or(PostbackError::Forged)?;
    let wanted = postback_checksum(&order.order_id, time, api_secret.expose());
    match bool::from(wanted.as_bytes().ct_eq(given.as_bytes())) && !api_secret.is_empty() {
        true => Ok(order),
        false => Err(PostbackError::Forged),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(checksum: &str) -> String {
        let order = r#"{"order_id":"1","variety":"regular","status":"COMPLETE","order_timestamp":"2026-11-20 09:30:00",
            "exchange":"NSE","tradingsymbol":"INFY","instrument_token":408065,"order_type":"LIMIT",
            "transaction_type":"BUY","validity":"DAY","product":"CNC","quantity":1,"disclosed_quantity":0,"price":1,
            "trigger_price":0,"average_price":1,"filled_quantity":1,"pending_quantity":0,"cancelled_quantity":0,
            "checksum":"#;
        format!("{order}{checksum}}}")
    }

    #[test]
    fn only_the_broker_can_post() {
        let secret = Secret::new("s3cret");
        let checksum = postback_checksum("1", "2026-11-20 09:30:00", "s3cret");
        let signed = body(&format!("\"{checksum}\""));
        assert_eq!(check_postback(signed.as_bytes(), &secret).unwrap().order_id, "1");
        let refused = |body: &str, secret| check_postback(body.as_bytes(), &Secret::new(secret)).unwrap_err();
        assert_eq!(refused(&signed, "other"), PostbackError::Forged);
        assert_eq!(
            refused(&signed.replace("\"1\",\"variety", "\"2\",\"variety"), "s3cret"),
            PostbackError::Forged
        );
        assert_eq!(refused(&signed.replace("09:30:00", "09:30:01"), "s3cret"), PostbackError::Forged);
        for absent in ["\"\"", "null"] {
            assert_eq!(refused(&body(absent), "s3cret"), PostbackError::Forged);
        }
        let unsigned = body(&format!("\"{}\"", postback_checksum("1", "2026-11-20 09:30:00", "")));
        assert_eq!(refused(&unsigned, ""), PostbackError::Forged);
        assert_eq!(refused("{}", "s3cret"), PostbackError::Malformed);
        assert_eq!(refused(&" ".repeat(BODY_BYTES_MAX + 1), "s3cret"), PostbackError::TooLong);
    }
}
