//! Profile and margins: the same for every account.

use kite::rest::envelope;
use kite::rest::maybe::Maybe;
use kite::rest::number::Number;
use kite::rest::user::{AvailableMargin, Margins, Profile, ProfileMeta, SegmentMargin};
use kite::rest::words::ErrorType;

use crate::engine::Refused;

/// What the profile's `broker` says: a client that must not send live orders looks for it.
pub const BROKER: &str = "MERIDIAN-VENUE";
/// Cash of an account, in rupees. Orders are not checked against it.
const CASH: i64 = 10_000_000;

/// The profile of `account`.
pub fn profile(account: &str) -> Profile {
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    Profile {
        user_id: account.to_owned(),
        user_type: Maybe::Set("individual".into()),
        email: Maybe::Set(String::new()),
        user_name: account.to_owned(),
        user_shortname: Maybe::Set(account.to_owned()),
        broker: Maybe::Set(BROKER.into()),
        exchanges: words(&["NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX"]),
        products: words(&["CNC", "NRML", "MIS", "MTF"]),
        order_types: words(&["MARKET", "LIMIT", "SL", "SL-M"]),
        avatar_url: Maybe::Null,
        meta: Maybe::Set(ProfileMeta {
            demat_consent: Maybe::Set("consent".into()),
            ..ProfileMeta::default()
        }),
        phone: Maybe::Absent,
        pan: Maybe::Absent,
        bank_accounts: Maybe::Absent,
        dp_ids: Maybe::Absent,
        twofa_type: Maybe::Absent,
        tags: Maybe::Absent,
        password_timestamp: Maybe::Absent,
        twofa_timestamp: Maybe::Absent,
    }
}

/// The answer about money: of one segment, or of both.
pub fn margins(segment: Option<&str>) -> Result<Vec<u8>, Refused> {
    let cash = Number::from(CASH);
    let one = || SegmentMargin {
        enabled: true,
        net: cash.clone(),
        available: AvailableMargin {
            cash: cash.clone(),
            opening_balance: cash.clone(),
            live_balance: cash.clone(),
            ..AvailableMargin::default()
        },
        ..SegmentMargin::default()
    };
    match segment {
        None => Ok(envelope::success(&Margins { equity: Maybe::Set(one()), commodity: Maybe::Set(one()) })),
        Some("equity" | "commodity") => Ok(envelope::success(&one())),
        Some(_) => Err(Refused {
            error_type: ErrorType::Input,
            message: "the segment must be equity or commodity".into(),
        }),
    }
}
