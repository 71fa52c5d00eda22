//! Rows of all rooms in one journal.

use jiff::Timestamp;

use super::*;
use crate::incident::event::{IncidentOpened, OpenedBy, Resolved, SeverityChanged};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn incident(event: impl Into<incident::event::Event>) -> Entry {
    Entry::Incident("ticker".to_owned(), event.into())
}

#[test]
fn rows_come_back_as_they_were_written() {
    let kept = event::DocumentKept {
        what: "policy".to_owned(),
        name: "ticker.toml".to_owned(),
        folder: None,
        text: "format = 1".to_owned(),
    };
    let digest = kept.digest();
    let entry = Entry::Record("ticker".to_owned(), kept.into());
    let subject = entry.subject().to_string();
    assert_eq!(subject, "record:ticker");
    let again = Entry::read(&subject, entry.kind(), &entry.body()).unwrap();
    assert_eq!(again, entry);
    let mut ledger = Ledger::default();
    ledger.apply(again);
    assert_eq!(ledger.documents[&digest].text, "format = 1");
    for wrong in ["", "ticker", "order:1"] {
        let error = Entry::read(wrong, entry.kind(), &entry.body()).unwrap_err();
        assert!(matches!(error, Unreadable::Subject(_)), "{error}");
    }
    assert!(matches!(Entry::read("run:1", entry.kind(), &entry.body()), Err(Unreadable::Event(_))));
}

/// A kind may stand in two rooms: the subject tells which is meant.
#[test]
fn an_incident_is_known_to_releases_as_long_as_it_is_open() {
    let mut ledger = Ledger::default();
    let open = |ledger: &Ledger| ledger.state("ticker", "r1").incidents;
    ledger.apply(incident(IncidentOpened {
        incident: "INC-1".to_owned(),
        severity: "P3".to_owned(),
        title: "slow".to_owned(),
        public: None,
        by: OpenedBy::Person("asha".to_owned()),
        at: at(0),
    }));
    assert_eq!(open(&ledger)["INC-1"].severity, "P3");
    ledger.apply(incident(SeverityChanged {
        incident: "INC-1".to_owned(),
        severity: "P0".to_owned(),
        why: String::new(),
        by: "asha".to_owned(),
        at: at(60),
    }));
    assert_eq!(open(&ledger)["INC-1"].severity, "P0");
    ledger.apply(incident(Resolved {
        incident: "INC-1".to_owned(),
        how: String::new(),
        by: "asha".to_owned(),
        at: at(120),
    }));
    assert!(open(&ledger).is_empty());
    ledger.apply(incident(SeverityChanged {
        incident: "INC-1".to_owned(),
        severity: "P1".to_owned(),
        why: "it was not that bad".to_owned(),
        by: "asha".to_owned(),
        at: at(180),
    }));
    assert!(open(&ledger).is_empty(), "a word about the past opens nothing");
    assert_eq!(ledger.services["ticker"].incident_rows.len(), 4);
    assert_eq!(ledger.rows, 4);
}

#[test]
fn the_policy_of_a_service_is_that_of_its_newest_release() {
    use crate::event::{PolicyChanged, ReleaseOpened};
    let mut ledger = Ledger::default();
    let mut keep = |text: &str| {
        let (name, text) = (String::new(), text.to_owned());
        let kept = event::DocumentKept { what: "policy".to_owned(), name, folder: None, text };
        let digest = kept.digest();
        ledger.apply(Entry::Record("ticker".to_owned(), kept.into()));
        (digest, ledger.policy_of("ticker"))
    };
    let (first, newest) = keep("format = 1");
    assert_eq!(newest, Some(first));
    let (second, newest) = keep("format = 1 #");
    assert_eq!(newest, Some(second));
    let (release, by) = ("r1".to_owned(), "asha".to_owned());
    let opened = ReleaseOpened {
        release: release.clone(),
        service: "ticker".to_owned(),
        version: "1".to_owned(),
        artefact: "sha256:1".to_owned(),
        environment: "production".to_owned(),
        policy: first,
        folder: None,
        day0: None,
        without_promotion: None,
        at: at(0),
        by: by.clone(),
    };
    ledger.apply(Entry::Release("ticker".to_owned(), crate::event::Event::ReleaseOpened(opened)));
    assert_eq!(ledger.policy_of("ticker"), Some(first));
    let changed = PolicyChanged { release, policy: second, folder: None, at: at(1), by };
    ledger.apply(Entry::Release("ticker".to_owned(), crate::event::Event::PolicyChanged(changed)));
    assert_eq!(ledger.policy_of("ticker"), Some(second));
    assert_eq!(ledger.policy_of("other"), None);
}
