//! At least once, seen once, whatever receivers do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use control::cancel::Cancel;
use control::paging::serve;
use serde_json::json;

use crate::receiver::{Mood, Receiver};
use crate::world::{World, until};

const KEY: &str = "R0UT1NGKEY0123456789abcdefghijkl";

fn pagerduty(id: &str, receiver: &Receiver, more: &str) -> String {
    let url = receiver.url("/v2/enqueue");
    format!(
        "[[channel]]\nid = \"{id}\"\nkind = \"pagerduty\"\nurl = \"{url}\"\nrouting_key = \"{KEY}\"\n{more}\n"
    )
}

fn webhook(id: &str, receiver: &Receiver, more: &str) -> String {
    let url = receiver.url("/services/T0/B0/s3cr3tpath");
    format!("[[channel]]\nid = \"{id}\"\nkind = \"webhook\"\nurl = \"{url}\"\n{more}\n")
}

#[tokio::test]
async fn a_page_is_tried_under_one_key_until_somebody_takes_it() {
    let moods =
        [Mood::Says(500, "no"), Mood::Says(429, "slow down"), Mood::HangsUp, Mood::BreaksOff, Mood::Hangs];
    let receiver = Receiver::start(moods).await;
    let world = World::new(&pagerduty("pd", &receiver, "within = \"1s\"")).await;
    world.incident("P1").await;
    for wait in [0, 15, 30, 60, 120, 240] {
        world.later(wait);
        world.send().await;
        assert_eq!(world.send().await, [], "nothing before its time");
    }
    assert_eq!(receiver.events(), ["trigger INC-1/o1/r1/s1"; 6]);
    assert_eq!(world.rows("page_failed").len(), 5);
    let sent = world.rows("page_sent");
    assert_eq!(sent.len(), 1);
    assert_eq!((&sent[0]["key"], &sent[0]["to"]), (&json!("INC-1/o1/r1/s1/a6"), &json!("on-call (asha)")));
    let first = &receiver.got()[0].body;
    assert_eq!(first["routing_key"], KEY);
    assert_eq!(first["payload"]["summary"], "[P1] shop: orders are refused (INC-1)");
    assert_eq!(first["payload"]["custom_details"]["called"], "asha");
}

#[tokio::test]
async fn escalation_follows_the_clock_and_the_rota() {
    let receiver = Receiver::start([]).await;
    let (first, lead) = (webhook("chat", &receiver, ""), pagerduty("pd", &receiver, "roles = [\"lead\"]"));
    let world = World::new(&format!("{first}{lead}")).await;
    world.incident("P1").await;
    let called = world.send().await;
    assert_eq!(called.len(), 1);
    assert_eq!((called[0].to.as_str(), &called[0].taken_by), ("on-call (asha)", &vec!["chat".to_owned()]));
    world.later(14 * 60 + 59);
    assert_eq!(world.send().await, []);
    world.later(1);
    let called = world.send().await;
    assert_eq!((called[0].to.as_str(), called[0].taken_by.len()), ("lead (lena)", 2));
    // A day later somebody else is on call.
    world.post("/v1/incidents/INC-1/resolve", &json!({ "by": "lena", "how": "restarted" })).await;
    world.later(86_400);
    world.incident("P1").await;
    assert_eq!(world.send().await[0].to, "on-call (ravi)");
    let texts: Vec<String> =
        receiver.got().iter().filter_map(|got| got.body["text"].as_str().map(str::to_owned)).collect();
    assert!(
        texts[0].contains("called: on-call (asha)") && texts[1].contains("called: lead (lena)"),
        "{texts:?}"
    );
    let keys: Vec<_> = receiver.got().iter().filter_map(|got| got.idempotency_key.clone()).collect();
    assert_eq!(keys[0], "INC-1/o1/r1/s1");
}

#[tokio::test]
async fn receivers_are_told_once_and_until_they_take_it() {
    // The page is taken, but the answer is lost; the first word about its end is refused.
    let receiver = Receiver::start([Mood::BreaksOff, Mood::Says(202, ""), Mood::Says(503, "")]).await;
    let world = World::new(&pagerduty("pd", &receiver, "")).await;
    let id = world.incident("P1").await;
    world.send().await;
    let by = json!({ "by": "asha" });
    world.post(&format!("/v1/incidents/{id}/acknowledge"), &by).await;
    world.send().await;
    world.send().await;
    world.later(60);
    world.post(&format!("/v1/incidents/{id}/resolve"), &by).await;
    world.send().await;
    world.later(20);
    world.send().await;
    world.send().await;
    let key = "INC-1/o1/r1/s1";
    let said = ["trigger", "acknowledge", "resolve", "resolve"].map(|word| format!("{word} {key}"));
    assert_eq!(receiver.events(), said);
    assert_eq!(world.rows("page_receiver_told").len(), 2);
}

#[tokio::test]
async fn news_that_nobody_takes_are_given_up_after_a_day() {
    let receiver = Receiver::start([]).await;
    let world = World::new(&pagerduty("pd", &receiver, "")).await;
    let id = world.incident("P1").await;
    world.send().await;
    world.channels("");
    world.post(&format!("/v1/incidents/{id}/resolve"), &json!({ "by": "asha" })).await;
    world.later(86_400);
    world.channels(&pagerduty("pd", &receiver, ""));
    world.send().await;
    assert_eq!(receiver.events().len(), 1);
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_nobody_else() {
    let slow = Receiver::start([Mood::Hangs, Mood::Hangs, Mood::Hangs]).await;
    let quick = Receiver::start([]).await;
    let world =
        World::new(&format!("{}{}", pagerduty("slow", &slow, ""), webhook("quick", &quick, ""))).await;
    let (canceller, cancel) = Cancel::pair();
    let serving = tokio::spawn(serve(Arc::clone(&world.control), cancel));
    for count in 1..=3 {
        world.incident("P0").await;
        until("the quick one has it", || quick.got().len() == count && slow.got().len() == count).await;
    }
    assert_eq!(world.rows("page_sent").len(), 0, "the slow one still has them all");
    canceller.cancel();
    serving.await.unwrap();
}

#[tokio::test]
async fn whoever_dies_between_sending_and_writing_sends_again_under_the_same_key() {
    let receiver = Receiver::start([Mood::Hangs]).await;
    let world = World::new(&pagerduty("pd", &receiver, "")).await;
    world.incident("P0").await;
    let (_canceller, cancel) = Cancel::pair();
    let serving = tokio::spawn(serve(Arc::clone(&world.control), cancel));
    until("it is on its way", || receiver.got().len() == 1).await;
    serving.abort();
    let _ = serving.await;
    let (canceller, cancel) = Cancel::pair();
    let another = world.another();
    let serving = tokio::spawn(serve(Arc::clone(&another), cancel));
    until("it is written", || world.rows("page_sent").len() == 1).await;
    canceller.cancel();
    serving.await.unwrap();
    assert_eq!(receiver.events(), ["trigger INC-1/o1/r1/s1"; 2]);
    assert_eq!(world.rows("page_tried").len(), 1);
}

#[tokio::test]
async fn who_answers_while_nobody_wrote_that_it_was_sent_closes_it_all_the_same() {
    let receiver = Receiver::start([Mood::Hangs]).await;
    let world = World::new(&pagerduty("pd", &receiver, "")).await;
    let id = world.incident("P0").await;
    let (_canceller, cancel) = Cancel::pair();
    let serving = tokio::spawn(serve(Arc::clone(&world.control), cancel));
    until("it is on its way", || receiver.got().len() == 1).await;
    serving.abort();
    let _ = serving.await;
    world.post(&format!("/v1/incidents/{id}/resolve"), &json!({ "by": "asha" })).await;
    world.send().await;
    assert_eq!(receiver.events(), ["trigger INC-1/o1/r1/s1", "resolve INC-1/o1/r1/s1"]);
}

#[tokio::test]
async fn secrets_stay_where_they_are() {
    let echo = || (0..8).map(|_| Mood::Echoes);
    let (pager, chat) = (Receiver::start(echo()).await, Receiver::start(echo()).await);
    let keyed = pagerduty("pd", &pager, "").replace(KEY, "secret:pager-key");
    let url = chat.url("/services/T0/B0/s3cr3tpath");
    let world = World::new(&format!("{keyed}{}", webhook("chat", &chat, ""))).await;
    let folder = world.folder.path().join("secrets");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("pager-key"), format!("{KEY}\n")).unwrap();
    fs::set_permissions(folder.join("pager-key"), fs::Permissions::from_mode(0o644)).unwrap();
    let id = world.incident("P0").await;
    let called = world.send().await;
    assert!(called[0].missed[0].contains("chmod 600"), "{called:?}");
    assert_eq!(pager.got().len(), 0, "a secret that others can read is not used");
    fs::set_permissions(folder.join("pager-key"), fs::Permissions::from_mode(0o600)).unwrap();
    world.later(15);
    let called = world.send().await;
    assert_eq!(pager.got()[0].body["routing_key"], KEY);
    assert!(
        called[0]
            .missed
            .iter()
            .all(|missed| missed.contains("it answers 400") && missed.contains("[redacted]")),
        "{called:?}"
    );
    let view = world.get("/v1/incidents/channels").await;
    assert_eq!(view["channels"][0]["missed"]["needs_change"], true);
    let mut seen = format!("{view}{}{called:?}", world.get(&format!("/v1/incidents/{id}")).await);
    for row in world.control.book.rows().unwrap() {
        seen.push_str(&String::from_utf8_lossy(&row.body));
    }
    for secret in [KEY, "s3cr3tpath", url.as_str()] {
        assert!(!seen.contains(secret), "{secret} in {seen}");
    }
}

#[tokio::test]
async fn a_mistake_in_the_file_is_named_and_can_be_mended_while_it_matters() {
    let receiver = Receiver::start([]).await;
    let world = World::new("[[channel]]\nid = \"pd\"\nkind = \"pager\"\nrouting_key = \"hush\"\n").await;
    world.incident("P0").await;
    let missed = &world.send().await[0].missed;
    assert!(missed[0].contains("channels.toml:") && missed[0].contains("pagerduty"), "{missed:?}");
    assert!(!missed[0].contains("hush"));
    world.channels("");
    world.later(15);
    assert!(world.send().await[0].missed[0].contains("no channel reaches on-call (asha)"));
    world.channels(&pagerduty("pd", &receiver, ""));
    world.later(30);
    assert_eq!(world.send().await[0].taken_by, ["pd"]);
}

#[tokio::test]
async fn a_channel_that_missed_a_page_gets_it_when_it_recovers() {
    let (pager, chat) = (Receiver::start([Mood::Says(503, "later")]).await, Receiver::start([]).await);
    let world = World::new(&format!("{}{}", pagerduty("pd", &pager, ""), webhook("chat", &chat, ""))).await;
    world.incident("P0").await;
    let called = world.send().await;
    assert_eq!((called[0].taken_by.len(), called[0].missed.len()), (1, 1));
    assert_eq!(world.send().await, []);
    world.later(15);
    assert_eq!(world.send().await[0].taken_by, ["pd"]);
    assert_eq!(world.send().await, []);
    assert_eq!((pager.events(), chat.got().len()), (vec!["trigger INC-1/o1/r1/s1".to_owned(); 2], 1));
}

#[tokio::test]
async fn a_receiver_that_recovers_after_hours_gets_the_page() {
    let world = World::new("").await;
    world.incident("P0").await;
    for _ in 0..40 {
        world.send().await;
        world.later(240);
    }
    let receiver = Receiver::start([]).await;
    world.channels(&pagerduty("pd", &receiver, ""));
    assert!(world.send().await.iter().any(|called| called.taken_by == ["pd"]));
    assert!(!world.rows("incident_clock_breached").iter().any(|row| row["clock"] == "chain"));
}
