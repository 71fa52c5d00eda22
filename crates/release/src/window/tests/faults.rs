//! What cannot be meant is named.

use super::*;

#[test]
fn faults_are_named_by_path() {
    let calendars = calendars();
    let check = |from: &str, to: &str, path: &str, words: &str| {
        assert!(MUMBAI.contains(from), "{from}");
        let found = faults(&policy(&MUMBAI.replacen(from, to, 1)), &calendars);
        assert!(
            found.iter().any(|fault| fault.path.join(".") == path && fault.words.contains(words)),
            "{found:?}"
        );
    };
    assert_eq!(faults(&policy(MUMBAI), &calendars), []);
    check("\"10:00\"", "\"10:60\"", "windows.allow.1.from", "`10:60`, no time of day");
    check("from = \"10:00\"\n", "", "windows.allow.1.from", "missing beside `to`");
    check("to = \"18:00\"\n", "", "windows.allow.1.to", "missing beside `from`");
    check("from = \"10:00\"\nto = \"18:00\"\n", "", "windows.allow.1", "has no time");
    check("relative.", "from = \"10:00\"\nrelative.", "windows.allow.0.relative", "beside times of day");
    check("lasts = \"4h\"", "lasts = \"0s\"", "windows.allow.0.relative", "no time at all");
    check("lasts = \"4h\"", "lasts = \"20d\"", "windows.allow.0.relative", "more than 14d");
    check("\"sat\"", "\"Saturday\"", "windows.allow.1.weekdays.0", "`Saturday`, no weekday");
    check("\"fri\"", "\"fry\"", "windows.avoid.0", "`fry`, no weekday");
    check("Asia/Kolkata", "Asia/Bombai", "service.zone", "no time zone");
    check("needs = ", "zone = \"IST\"\nneeds = ", "windows.zone", "`IST`, no time zone");
    check(", zone = \"Asia/Kolkata\"", "", "windows.zone", "is missing");
    check("nse:derivatives", "nse:futures", "windows.calendar", "there is no calendar `nse:futures`");
    check("calendar = \"nse:derivatives\"\n", "", "windows.calendar", "`outside_sessions` needs");
    check("2027-01-03", "2026-12-03", "windows.freeze.0.to", "before `from`");
    check("2026-12-21", "21.12.2026", "windows.freeze.0.from", "no date");
    check("05:50", "5:50", "windows.blackout.0.from", "no time of day");
    check("05:50", "06:20", "windows.blackout.0.to", "the same as `from`");
    check("outside_sessions = true", "before_open = \"1h\"", "windows.before_open", "says nothing");
    check("\"2h\"", "\"61d\"", "windows.needs", "never fit");
    let both = MUMBAI.replace("\"fri\"", "\"fry\"").replace("05:50", "5:50");
    assert_eq!(faults(&policy(&both), &calendars).len(), 2, "all at once");
    let loaded = Loaded::parse(&both).unwrap();
    let fault = &faults(&loaded.policy, &calendars)[0];
    assert_eq!(loaded.source.quote(loaded.source.at(&fault.path)), "avoid = [\"fry\"]");
}
