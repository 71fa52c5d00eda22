use super::*;
use crate::instrument::{Exchange, InstrumentKind, Segment};
use crate::token::InstrumentToken;

const HEADER: &str = "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange";
const INFY: &str = "408065,1594,INFY,INFOSYS,0.0,,0.0,0.05,1,EQ,NSE,NSE";
const CALL: &str = "11556098,45141,NIFTY26NOV24000CE,NIFTY,12.50,2026-11-24,24000.0,0.05,65,CE,NFO-OPT,NFO";

fn dump(rows: &[&str]) -> Dump {
    read(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes()).unwrap()
}

/// The one bad line of a dump with this row, as `field: problem`.
fn problem(row: &str) -> String {
    let dump = dump(&[INFY, row]);
    assert_eq!(dump.instruments.len(), 1, "the good line stays: {row}");
    assert_eq!((dump.bad.len(), dump.bad_total, dump.bad[0].line), (1, 1, 3), "{row}");
    format!("{}: {}", dump.bad[0].field, dump.bad[0].problem)
}

#[test]
fn reads_shares_and_options() {
    let dump = dump(&[INFY, CALL]);
    assert_eq!(dump.bad, []);
    assert_eq!(dump.lines, [2, 3]);
    let [infy, call] = &dump.instruments[..] else { panic!("two rows") };
    assert_eq!(infy.key(), "NSE:INFY");
    assert_eq!(infy.expiry, None);
    assert_eq!(call.token, InstrumentToken(11_556_098));
    assert_eq!(
        (call.kind, call.segment, call.exchange),
        (InstrumentKind::Call, Segment::NfoOpt, Exchange::Nfo)
    );
    assert_eq!(call.expiry, Some(jiff::civil::date(2026, 11, 24)));
    assert_eq!(call.last_price.to_string(), "12.50");
}

#[test]
fn names_the_field_that_is_wrong() {
    let bad = |from: &str, to: &str| problem(&CALL.replacen(from, to, 1));
    assert_eq!(bad("11556098", "x"), "instrument_token: is not a whole number");
    assert_eq!(bad("11556098", "4294967296"), "instrument_token: is larger than 4294967295");
    assert_eq!(bad("45141", "+1"), "exchange_token: is not a whole number");
    assert_eq!(bad("NIFTY26NOV24000CE", ""), "tradingsymbol: is empty");
    assert_eq!(bad("NIFTY26NOV24000CE", "A\u{1b}[2J"), "tradingsymbol: has a control character");
    assert_eq!(bad("12.50", "1e3"), "last_price: is not a decimal number");
    assert_eq!(bad("2026-11-24", "2026-02-30"), "expiry: is not a date like 2026-11-24");
    assert_eq!(bad("2026-11-24", ""), "expiry: is empty, but a derivative must expire");
    assert_eq!(bad("24000.0,", ","), "strike: is empty");
    assert_eq!(bad("24000.0,", "0.0,"), "strike: is no strike, but this is an option");
    assert_eq!(bad("24000.0,", "-1.0,"), "strike: is negative");
    assert_eq!(bad(",65,", ",6.5,"), "lot_size: is not a whole number");
    assert_eq!(bad(",CE,", ",XX,"), "instrument_type: is not a known instrument type");
    assert_eq!(bad("NFO-OPT", "NFO-???"), "segment: is not a known segment");
    assert_eq!(bad(",NFO", ",nfo"), "segment: is not a known segment");
    assert_eq!(bad(",65,", ","), "line: has 11 fields, the header has 12");
    assert_eq!(bad("NIFTY,", "\"NIFTY,"), "line: has a quote that is not closed");
    assert_eq!(bad("NIFTY,", "\"NIFTY\"x,"), "line: has text after a closing quote");
}

#[test]
fn a_wrong_value_is_shown_short_and_printable() {
    let row = CALL.replace("NFO-OPT", &"\u{7}x".repeat(500));
    let dump = dump(&[&row]);
    assert!(dump.bad[0].value.chars().count() <= 43, "{}", dump.bad[0].value);
    assert!(!dump.bad[0].value.contains('\u{7}'));
    let mut not_utf8 = format!("{HEADER}\n").into_bytes();
    not_utf8.extend_from_slice(b"1,2,\xff\xfe,x,0.0,,0.0,0.05,1,EQ,NSE,NSE");
    let bad = &read(&not_utf8).unwrap().bad[0];
    assert_eq!((bad.field, bad.problem.as_str()), ("tradingsymbol", "is not UTF-8 text"));
}

#[test]
fn finds_columns_by_name_in_any_order() {
    let text = "exchange,new_column,segment,instrument_type,lot_size,tick_size,strike,expiry,last_price,name,tradingsymbol,exchange_token,instrument_token\r\n\
        NSE,?,NSE,EQ,1,0.05,0.0,,0.0,INFOSYS,INFY,1594,408065\r\n";
    assert_eq!(read(text.as_bytes()).unwrap().instruments, dump(&[INFY]).instruments);
}

#[test]
fn says_what_a_foreign_file_lacks() {
    let text = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert_eq!(text(b""), "the instrument dump is empty");
    assert_eq!(text(b"\n\n"), "the instrument dump is empty");
    let renamed = HEADER.replace("tick_size", "tick");
    assert!(text(renamed.as_bytes()).starts_with("the instrument dump has no column `tick_size`"));
    assert_eq!(
        text(format!("{HEADER},strike\n").as_bytes()),
        "the instrument dump has the column `strike` twice"
    );
    assert!(text(b"<html>\"").contains("no column `instrument_token`"));
    assert!(text(&[0x1f, 0x8b, 8, 0, 1, 2]).contains("damaged gzip"));
}

#[test]
fn gzip_is_read_and_bounded() {
    use std::io::Write as _;
    let pack = |bytes: &[u8]| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(bytes).unwrap();
        gz.finish().unwrap()
    };
    let plain = format!("{HEADER}\n{INFY}\n");
    let packed = pack(plain.as_bytes());
    assert_eq!(read(&packed).unwrap(), read(plain.as_bytes()).unwrap());
    assert!(matches!(read(&packed[..packed.len() - 5]), Err(DumpError::Gzip(_))), "cut short");
    let bomb = pack(&vec![b'\n'; 100_000]);
    assert!(bomb.len() < 1000);
    assert!(matches!(inflate(&bomb, 99_999), Err(DumpError::TooLarge { limit: 99_999 })));
    assert!(inflate(&bomb, 100_000).is_ok());
}

#[test]
fn bad_lines_are_counted_beyond_those_described() {
    let text = format!("{HEADER}\n{}", "x\n".repeat(BAD_LINES_MAX + 7));
    let dump = read(text.as_bytes()).unwrap();
    assert_eq!((dump.bad.len(), dump.bad_total), (BAD_LINES_MAX, BAD_LINES_MAX + 7));
}

#[test]
fn names_with_commas_and_quotes_come_back() {
    let row = r#"1,2,"A,""B""","LARSEN, ""L&T"" LTD",0.0,,0.0,0.05,1,EQ,NSE,NSE"#;
    let dump = dump(&[row, INFY]);
    assert_eq!(dump.bad, []);
    assert_eq!(dump.instruments[0].name, r#"LARSEN, "L&T" LTD"#);
    for (end, text) in [(LineEnd::Lf, "\n"), (LineEnd::Crlf, "\r\n")] {
        let mut out = Vec::new();
        write(dump.instruments.iter(), end, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), [HEADER, row, INFY, ""].join(text));
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    /// Every line of any file is an instrument, bad, blank, or the header; and what was read is written and read again.
    #[test]
    fn any_lines_are_read_or_named(
        lines in proptest::collection::vec(
            proptest::prop_oneof![
                proptest::strategy::Just(INFY.to_owned()),
                proptest::strategy::Just(CALL.to_owned()),
                "[0-9A-Z\"',.\\-]{0,40}(,[0-9A-Z\". -]{0,8}){0,13}",
                "\\PC{0,30}",
            ],
            0..20,
        )
    ) {
        let dump = read(format!("{HEADER}\n{}", lines.join("\n")).as_bytes()).unwrap();
        let blank = lines.iter().filter(|line| line.is_empty()).count();
        proptest::prop_assert_eq!(dump.instruments.len() + dump.bad_total + blank, lines.len());
        let mut out = Vec::new();
        write(dump.instruments.iter(), LineEnd::Crlf, &mut out);
        let again = read(&out).unwrap();
        proptest::prop_assert_eq!(again.bad_total, 0);
        proptest::prop_assert_eq!(again.instruments, dump.instruments);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>, gzip: bool, header: bool) {
        let mut file = Vec::new();
        if gzip {
            file.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0]);
        } else if header {
            file.extend_from_slice(HEADER.as_bytes());
        }
        file.extend_from_slice(&bytes);
        let _ = read(&file);
    }
}
