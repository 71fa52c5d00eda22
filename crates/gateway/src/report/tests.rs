use super::*;
use proptest::prelude::*;
use trade::event::{AccountAdded, Class};
use trade::{Contract, Limits, Product, Side};

fn contract() -> Contract {
    Contract {
        name: "NSE:INFY".into(),
        token: 408_065,
        lot: 1,
        tick: Money::paise(5),
        kind: trade::contract::Kind::Equity,
        expiry: None,
    }
}

fn account() -> Account {
    Account::new(AccountAdded {
        account: "paper".parse().unwrap(),
        class: Class::Paper,
        funds: Money::rupees(1_000_000),
        url: String::new(),
        api_key: String::new(),
        limits: Limits::default(),
        by: "test".into(),
    })
}

fn trade(account: &mut Account, held: &mut Position, (quantity, rupees): (i64, i64)) {
    let side = if quantity > 0 { Side::Buy } else { Side::Sell };
    held.fill(side, quantity.abs(), Money::rupees(rupees));
    account.cash -= Money::rupees(rupees) * quantity;
}

fn state(mut account: Account, held: Position) -> State {
    account.positions.insert_mut((held.contract.token, held.product), Arc::new(held));
    let mut state = State::default();
    state.accounts.insert_mut("paper".parse().unwrap(), Arc::new(account));
    state
}

fn made(report: Option<Report>) -> Report {
    report.unwrap()
}

proptest! {
    /// What was traded since does not change the report of a day that has ended.
    #[test]
    fn a_closed_day_stays_as_it_ended(
        before in prop::collection::vec((-50_i64..50, 1_i64..2_000), 0..8),
        after in prop::collection::vec((-50_i64..50, 1_i64..2_000), 0..8),
        mark in 1_i64..2_000,
    ) {
        let name: AccountId = "paper".parse().unwrap();
        let (mut account, mut held) = (account(), Position::new(contract(), Product::Cnc));
        before.into_iter().for_each(|fill| trade(&mut account, &mut held, fill));
        let mark = Money::rupees(mark);
        let ended = state(account.clone(), held.clone());
        let ended = made(Report::so_far(&ended, &name, Comparison::default(), Head::EMPTY, UnixNanos(0), |_| Some(mark)));
        held.begin_day(Some(mark));
        after.into_iter().for_each(|fill| trade(&mut account, &mut held, fill));
        let later = state(account, held);
        let day = Date::constant(2026, 11, 20);
        let later = made(Report::closed(&later, &name, day, Comparison::default(), Head::EMPTY, UnixNanos(0)));
        prop_assert_eq!(later.funds, ended.funds);
        prop_assert_eq!(later.positions, ended.positions);
    }
}

#[test]
fn differences_come_first_and_cannot_break_the_table() {
    let mut account = account();
    account.day = Some(Date::constant(2026, 11, 20));
    let state = state(account, Position::new(contract(), Product::Cnc));
    let found = Difference {
        code: "filled".into(),
        subject: "1 | 2\n# end".into(),
        here: "10".into(),
        there: "<b>20</b>".into(),
    };
    let compared =
        Compared { sequence: 7, time: "2026-11-20T15:31:00.000+05:30".into(), cause: "demand".into() };
    let comparison = Comparison { compared: Some(compared), differences: vec![found] };
    let name = "paper".parse().unwrap();
    let report = made(Report::so_far(&state, &name, comparison, Head::EMPTY, UnixNanos(0), |_| None));
    let text = report.markdown();
    let place = |words: &str| text.find(words).unwrap();
    assert!(
        place("**1 difference**") < place("## Orders") && place("## Orders") < place("## Funds"),
        "{text}"
    );
    assert!(text.contains("| filled | 1 \\| 2 # end | 10 | \\<b\\>20\\</b\\> |\n"), "{text}");
    assert_eq!(report.file_stem(), "reconciliation-2026-11-20-paper");
}

#[test]
fn a_report_is_written_twice_over_and_read_back() {
    let state = state(account(), Position::new(contract(), Product::Cnc));
    let name = "paper".parse().unwrap();
    let report =
        made(Report::so_far(&state, &name, Comparison::default(), Head::EMPTY, UnixNanos(0), |_| None));
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("reports");
    for _ in 0..2 {
        let [words, data] = report.write(&inside).unwrap();
        assert_eq!(std::fs::read_to_string(words).unwrap(), report.markdown());
        assert_eq!(serde_json::from_slice::<Report>(&std::fs::read(data).unwrap()).unwrap(), report);
    }
    assert_eq!(std::fs::read_dir(inside).unwrap().count(), 2);
    assert!(report.markdown().contains("Not compared"));
}
