//! Until when a certificate is valid. Whether it may be trusted is rustls's business; this reads the one date that
//! rustls does not give away.

/// `notAfter` of an X.509 certificate in DER, seconds since 1970-01-01T00:00:00Z. `None` if it is not one.
pub(super) fn valid_until(der: &[u8]) -> Option<i64> {
    let (certificate, _) = element(der, SEQUENCE)?;
    let (mut rest, _) = element(certificate, SEQUENCE)?;
    if let Some((_, after)) = element(rest, VERSION) {
        rest = after;
    }
    // Serial number, algorithm, issuer.
    for tag in [INTEGER, SEQUENCE, SEQUENCE] {
        rest = element(rest, tag)?.1;
    }
    let (validity, _) = element(rest, SEQUENCE)?;
    let (_, after) = time(validity)?;
    time(after).map(|(until, _)| until)
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Content of the first element if it has this tag, and what comes after it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (length, mut rest) = rest.split_first()?;
    let mut size = usize::from(*length);
    if size >= 0x80 {
        let (digits, after) =
            rest.split_at_checked(size - 0x80).filter(|(digits, _)| (1..=4).contains(&digits.len()))?;
        size = digits.iter().fold(0, |size, digit| size << 8 | usize::from(*digit));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(size)?;
    (*first == tag).then_some((content, after))
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`, as RFC 5280 wants them.
fn time(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (text, after, short) = match element(bytes, UTC_TIME) {
        Some((text, after)) => (text, after, true),
        None => element(bytes, GENERALIZED_TIME).map(|(text, after)| (text, after, false))?,
    };
    let digits = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    if digits.len() != if short { 12 } else { 14 } || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (year, rest) = digits.split_at(if short { 2 } else { 4 });
    let year: i64 = year.parse().ok()?;
    let year = if short { year + if year < 50 { 2_000 } else { 1_900 } } else { year };
    let part = |place: usize| rest[2 * place..2 * place + 2].parse::<i64>().ok();
    let (month, day) = (part(0)?, part(1)?);
    if !(1..=12).contains(&month) {
        return None;
    }
    Some((days(year, month, day) * 86_400 + part(2)? * 3_600 + part(3)? * 60 + part(4)?, after))
}

/// Days since 1970-01-01 in the Gregorian calendar. Years are counted from March, so that the leap day is their last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn dates_are_days() {
        for (date, number) in
            [((1970, 1, 1), 0), ((2000, 2, 29), 11_016), ((2000, 3, 1), 11_017), ((2026, 11, 22), 20_779)]
        {
            assert_eq!(days(date.0, date.1, date.2), number);
        }
        assert_eq!(time(b"\x17\x0d260101000000Z"), Some((1_767_225_600, &[][..])));
        assert_eq!(time(b"\x18\x0f20500101000001Z"), Some((2_524_608_001, &[][..])));
        for wrong in
            [&b"\x17\x0d261301000000Z"[..], b"\x17\x0c26010100000Z", b"\x17\x0d26010100000aZ", b"\x17\x7f"]
        {
            assert_eq!(time(wrong), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = valid_until(&bytes);
        }
    }
}
