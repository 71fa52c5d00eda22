//! From the first word about an incident to the retrospective.

use release::ledger::event::DocumentKept;
use serde_json::{Value, json};

use crate::receiver::{Mood, Receiver};
use crate::world::World;

async fn against(world: &World, release: &str) -> Vec<String> {
    let shown = world.get(&format!("/v1/release/releases/{release}")).await;
    let against = shown["would_be"]["reasons"].as_array().unwrap().clone();
    let of = |one: &Value| (one["code"] == "incident").then(|| one["of"].as_str().unwrap().to_owned());
    against.iter().filter_map(of).collect()
}

#[tokio::test]
async fn an_open_incident_blocks_the_release_until_it_is_resolved() {
    let world = World::new("").await;
    let policy = world.post("/v1/release/policies", &json!({ "text": crate::world::POLICY })).await;
    let artefact = format!("sha256:{}", "a".repeat(64));
    let body = json!({ "policy": policy["policy"], "artefact": artefact, "by": "asha" });
    let release = world.post("/v1/release/releases", &body).await["release"].as_str().unwrap().to_owned();
    assert_eq!(against(&world, &release).await, [""; 0]);
    let id = world.incident("P1").await;
    assert_eq!(against(&world, &release).await, std::slice::from_ref(&id));
    let by = json!({ "by": "asha" });
    world.post(&format!("/v1/incidents/{id}/mitigate"), &by).await;
    assert_eq!(against(&world, &release).await, std::slice::from_ref(&id));
    world.post(&format!("/v1/incidents/{id}/severity"), &json!({ "severity": "P3", "by": "asha" })).await;
    assert_eq!(against(&world, &release).await, [""; 0]);
    world.post(&format!("/v1/incidents/{id}/severity"), &json!({ "severity": "P0", "by": "asha" })).await;
    assert_eq!(against(&world, &release).await, std::slice::from_ref(&id));
    world.post(&format!("/v1/incidents/{id}/resolve"), &by).await;
    assert_eq!(against(&world, &release).await, [""; 0]);
    world.post(&format!("/v1/incidents/{id}/reopen"), &by).await;
    assert_eq!(against(&world, &release).await, [id]);
    // A test is none.
    let before = against(&world, &release).await;
    world.post("/v1/incidents/test-page", &by).await;
    assert_eq!(against(&world, &release).await, before);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_says_what_would() {
    let world = World::new("").await;
    let open =
        |severity: &str, title: &str, by: &str| json!({ "severity": severity, "title": title, "by": by });
    let (status, error) = world.refused("/v1/incidents", &open("P9", "down", "asha")).await;
    assert_eq!((status, &error["field"]), (400, &json!("severity")));
    assert!(error["message"].as_str().unwrap().contains("`P0`, `P1`, `P3`"), "{error}");
    for (body, field) in [(open("P0", " ", "asha"), "title"), (open("P0", "down", "a\nb"), "by")] {
        assert_eq!(world.refused("/v1/incidents", &body).await.1["field"], field);
    }
    let mut body = open("P0", "down", "asha");
    body["service"] = json!("other");
    assert_eq!(world.refused("/v1/incidents", &body).await.1["field"], "service");
    assert_eq!(world.refused("/v1/incidents/INC-9/acknowledge", &json!({ "by": "asha" })).await.0, 404);
    let id = world.incident("P1").await;
    let path = |what: &str| format!("/v1/incidents/{id}/{what}");
    world.post(&path("resolve"), &json!({ "by": "asha" })).await;
    let (status, error) = world.refused(&path("acknowledge"), &json!({ "by": "asha" })).await;
    assert!(status == 409 && error["message"].as_str().unwrap().contains("reopen"), "{error}");
    assert_eq!(
        world.refused("/v1/incidents/test-page", &json!({ "by": "asha", "role": "boss" })).await.1["field"],
        "role"
    );
    assert_eq!(world.rows("incident_opened").len(), 1, "nothing else was written");
}

#[tokio::test]
async fn it_is_told_from_beginning_to_end() {
    let world = World::new("").await;
    let id = world.incident("P0").await;
    let other = world.incident("P3").await;
    assert_eq!((id.as_str(), other.as_str()), ("INC-1", "INC-2"));
    let path = |what: &str| format!("/v1/incidents/{id}{what}");
    world.later(60);
    world.post(&path("/note"), &json!({ "text": "the queue is full", "by": "ravi" })).await;
    world.later(60);
    let seen = world.post(&path("/acknowledge"), &json!({ "by": "ravi" })).await;
    assert_eq!((&seen["status"], &seen["is_calling"]), (&json!("acknowledged"), &json!(false)));
    assert_eq!(seen["clocks"][0]["breached"], false);
    world.later(480);
    world.post(&path("/resolve"), &json!({ "by": "ravi", "how": "restarted" })).await;
    let seen = world.get(&path("")).await;
    let timeline = seen["timeline"].as_array().unwrap();
    assert!(
        timeline[0].as_str().unwrap().ends_with("opened as P0 by asha: orders are refused"),
        "{timeline:?}"
    );
    assert!(timeline[1].as_str().unwrap().ends_with("ravi: the queue is full"));
    let open = world.get("/v1/incidents?open=true").await;
    assert_eq!(
        open["incidents"].as_array().unwrap().iter().map(|one| &one["incident"]).collect::<Vec<_>>(),
        ["INC-2"]
    );
    let measured = world.get("/v1/incidents/measures").await;
    assert_eq!(measured["severities"][0]["resolve"]["mean_seconds"], 600);
    assert_eq!(measured["severities"][2]["resolve"]["left_out"], 1);
    let draft = || async { world.post(&path("/retro"), &json!({ "by": "ravi" })).await };
    let (early, draft_of) = (draft().await, &draft);
    world.later(3_600);
    assert_eq!(draft_of().await["digest"], early["digest"], "time alone changes nothing");
    let draft = early;
    assert!(draft["text"].as_str().unwrap().contains("| to resolve | 10m |"));
    // Kept once, as long as nothing happens.
    assert_eq!(world.rows("incident_retro_drafted").len(), 1);
    assert_eq!(world.get(&path("")).await["retro"], draft["digest"]);
}

#[tokio::test]
async fn an_answered_test_page_is_evidence_that_alerts_arrive() {
    let receiver = Receiver::start([]).await;
    let url = receiver.url("/");
    let world =
        World::new(&format!("[[channel]]\nid = \"chat\"\nkind = \"webhook\"\nurl = \"{url}\"\n")).await;
    let wanted = json!({ "by": "lena", "role": "on-call" });
    let test = || world.post("/v1/incidents/test-page", &wanted);
    let path = |id: &str| format!("/v1/incidents/{id}/acknowledge");
    let text = || receiver.got().last().unwrap().body["text"].as_str().unwrap().to_owned();
    let code = || text().split_once("code ").unwrap().1.lines().next().unwrap().to_owned();
    let evidence = || world.rows("evidence_recorded");
    // Nobody was called yet.
    assert_eq!(test().await["incident"], "TEST-1");
    let answer = |by: &str, code: &str| json!({ "by": by, "code": code });
    assert_eq!(world.refused(&path("TEST-1"), &answer("asha", "aaaaaaaa")).await.0, 409);
    world.send().await;
    let first = code();
    assert!(text().contains("test page") && first.len() == 8, "{}", text());
    // Without the code, with another one, and by somebody who was not called.
    for (body, field) in [
        (json!({ "by": "asha" }), "code"),
        (answer("asha", "aaaaaaaa"), "code"),
        (answer("lena", &first), "by"),
        (answer("nobody", &first), "by"),
    ] {
        assert_eq!(world.refused(&path("TEST-1"), &body).await.1["field"], field, "{body}");
    }
    // A code is of one test.
    test().await;
    world.send().await;
    let second = code();
    assert_eq!(world.refused(&path("TEST-2"), &answer("asha", &first)).await.1["field"], "code");
    assert_eq!(evidence(), [] as [Value; 0]);
    for (id, code, wait, found) in [("TEST-1", &first, 100, "pass"), ("TEST-2", &second, 21, "fail")] {
        world.later(wait);
        for _ in 0..2 {
            world.post(&path(id), &answer("asha", code)).await;
        }
        let observed = evidence().last().unwrap()["observed"].clone();
        let answer = if observed["answer"] == "pass" { "pass" } else { "fail" };
        assert_eq!((answer, &observed["question"]["check"]), (found, &json!("delivered")), "{observed}");
    }
    assert_eq!(evidence().len(), 2);
    // About one alert: for its check and for those about none.
    let about = json!({ "by": "lena", "alert": "errors" });
    world.post("/v1/incidents/test-page", &about).await;
    world.send().await;
    world.post(&path("TEST-3"), &answer("asha", &code())).await;
    let rows = evidence();
    let checks: Vec<_> = rows[2..].iter().map(|row| row["observed"]["question"]["check"].clone()).collect();
    assert_eq!(checks, ["delivered", "errors-delivered"]);
    let unknown = json!({ "by": "lena", "alert": "other" });
    assert_eq!(world.refused("/v1/incidents/test-page", &unknown).await.1["field"], "alert");
    let mut seen = world.get("/v1/incidents/TEST-1").await.to_string();
    for row in world.control.book.rows().unwrap() {
        seen.push_str(&String::from_utf8_lossy(&row.body));
    }
    assert!(!seen.contains(&first) && !seen.contains(&second), "a code is in the page alone");
}

#[tokio::test]
async fn a_code_that_a_receiver_repeats_is_not_written() {
    let receiver = Receiver::start([Mood::Echoes]).await;
    let url = receiver.url("/");
    let world =
        World::new(&format!("[[channel]]\nid = \"chat\"\nkind = \"webhook\"\nurl = \"{url}\"\n")).await;
    world.post("/v1/incidents/test-page", &json!({ "by": "lena" })).await;
    let missed = world.send().await.remove(0).missed.remove(0);
    let text = receiver.got()[0].body["text"].as_str().unwrap().to_owned();
    let code = text.split_once("code ").unwrap().1.lines().next().unwrap().to_owned();
    assert!(missed.contains("[redacted]") && !missed.contains(&code), "{missed}");
    // The next attempt has another one; both are the page's.
    world.later(15);
    world.send().await;
    world.post("/v1/incidents/TEST-1/acknowledge", &json!({ "by": "asha", "code": code })).await;
}

#[tokio::test]
async fn only_people_of_the_policy_end_an_incident() {
    let world = World::new("").await;
    let id = world.incident("P1").await;
    for (what, more) in [
        ("severity", json!({ "severity": "P0" })),
        ("mitigate", json!({})),
        ("resolve", json!({})),
        ("reopen", json!({})),
    ] {
        let mut body = more;
        body["by"] = json!("mallory");
        let (status, error) = world.refused(&format!("/v1/incidents/{id}/{what}"), &body).await;
        assert_eq!((status, &error["field"]), (400, &json!("by")), "{what}: {error}");
    }
    // Anybody may say what they saw, on more than one line, but not move the reader's cursor.
    let path = format!("/v1/incidents/{id}/note");
    world.post(&path, &json!({ "text": "one\ntwo", "by": "a guest" })).await;
    assert_eq!(world.refused(&path, &json!({ "text": "\u{1b}[2J", "by": "asha" })).await.1["field"], "text");
    let title = json!({ "severity": "P1", "title": "one\ntwo", "by": "asha" });
    assert_eq!(world.refused("/v1/incidents", &title).await.1["field"], "title");
}

#[tokio::test]
async fn without_a_readable_policy_people_still_say_what_they_do() {
    let world = World::new("").await;
    let id = world.incident("P1").await;
    let text = "format = 1\nservice = { name = \"shop\" }\nnext = 1\n".to_owned();
    let kept = DocumentKept { what: "policy".to_owned(), name: "shop.toml".to_owned(), folder: None, text };
    world.control.book.keep("shop", kept).unwrap();
    for what in ["note", "acknowledge", "mitigate", "resolve"] {
        let mut body = json!({ "by": "asha" });
        if what == "note" {
            body["text"] = json!("seen");
        }
        world.post(&format!("/v1/incidents/{id}/{what}"), &body).await;
    }
    assert_eq!(world.get(&format!("/v1/incidents/{id}")).await["status"], "resolved");
}

#[tokio::test]
async fn alerts_open_one_incident_each_and_are_judged() {
    let world = World::new("").await;
    let alert = |status: &str, trigger: &str, fingerprint: &str, starts: &str| {
        json!({
            "status": status, "labels": { "alertname": "Errors", "trigger": trigger, "service": "shop" },
            "annotations": { "summary": "too many errors" }, "startsAt": starts, "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus", "fingerprint": fingerprint,
        })
    };
    let send = |alerts: Vec<Value>| {
        let body = json!({ "version": "4", "groupKey": "{}", "status": "firing", "receiver": "meridian", "alerts": alerts });
        let world = &world;
        async move { world.post("/v1/alerts", &body).await["alerts"].clone() }
    };
    let (first, later) = ("2027-01-15T07:59:00Z", "2027-01-15T08:30:00Z");
    let taken =
        send(vec![alert("firing", "errors", "aa11", first), alert("firing", "errors", "bb22", first)]).await;
    assert_eq!((&taken[0]["incident"], &taken[1]["incident"]), (&json!("INC-1"), &json!("INC-1")));
    // Alertmanager repeats itself.
    send(vec![alert("firing", "errors", "aa11", first)]).await;
    // It went away and came back, while people still look.
    send(vec![alert("resolved", "errors", "aa11", first), alert("resolved", "errors", "aa11", first)]).await;
    let again = send(vec![alert("firing", "errors", "aa11", later)]).await;
    assert_eq!(again[0]["incident"], "INC-1");
    assert_eq!(
        (
            world.rows("incident_opened").len(),
            world.rows("alert_fired").len(),
            world.rows("incident_noted").len()
        ),
        (1, 3, 1)
    );
    let seen = world.get("/v1/incidents/INC-1").await;
    assert_eq!((&seen["severity"], &seen["opened_by"]["trigger"]), (&json!("P1"), &json!("errors")));
    // Worse, and nothing to wake anybody for.
    let taken =
        send(vec![alert("firing", "corrupt", "cc33", first), alert("firing", "slow", "dd44", first)]).await;
    assert_eq!((&taken[0]["incident"], &taken[1]["incident"]), (&json!("INC-2"), &Value::Null));
    assert_eq!(world.get("/v1/incidents/INC-2").await["severity"], "P0");
    // Over, so the next one is another.
    world.post("/v1/incidents/INC-1/resolve", &json!({ "by": "asha" })).await;
    let next = send(vec![alert("firing", "errors", "aa11", "2027-01-16T08:00:00Z")]).await;
    assert_eq!(next[0]["incident"], "INC-3");
    let firing = next[0]["firing"].as_str().unwrap();
    world.post(&format!("/v1/alerts/{firing}/judge"), &json!({ "actionable": true, "by": "asha" })).await;
    assert_eq!(world.get("/v1/incidents/INC-3").await["alerts"][0]["actionable"], true);
    let mut lost = alert("firing", "errors", "ee55", first);
    lost["labels"]["service"] = json!("other");
    let taken = send(vec![lost, alert("firing", "errors", "ff66", first)]).await;
    assert!(taken[0]["why"].as_str().unwrap().contains("other"), "{taken}");
    assert_eq!(taken[1]["incident"], "INC-3");
    // As the generated rules label an alert that pages, and one that says nothing.
    let mut burns = alert("firing", "", "ab12", first);
    burns["labels"] =
        json!({ "alertname": "slo_good_page_fast", "slo": "good", "service": "shop", "severity": "page" });
    let mut silent = alert("firing", "", "cd34", first);
    silent["labels"] = json!({ "alertname": "Odd", "service": "shop" });
    let taken = send(vec![burns.clone(), silent]).await;
    assert_eq!((&taken[0]["incident"], &taken[1]["incident"]), (&json!("INC-4"), &Value::Null));
    assert_eq!(world.get("/v1/incidents/INC-4").await["severity"], "P1");
    let unheard = world.get("/v1/incidents/channels").await["unheard_alerts"].clone();
    assert_eq!((&unheard["count"], &unheard["last"]["alert"]), (&json!(2), &json!("Odd")));
    // Resolved while it still fires: Alertmanager repeats itself, and somebody is called again.
    world.post("/v1/incidents/INC-4/resolve", &json!({ "by": "asha" })).await;
    assert_eq!(send(vec![burns.clone()]).await[0]["incident"], "INC-5");
    assert_eq!(send(vec![burns]).await[0]["incident"], "INC-5");
}
