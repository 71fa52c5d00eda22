//! `meridian release attest`, `key`, `sign` and `withdraw`: what people put their name to.

use std::fs::OpenOptions;
use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use release::digest::Digest;
use release::event::{Matter, Signed, Vote};
use release::signature::message;
use serde_json::{Map, Value, json};
use vault::{Secret, Signer};

use super::chosen::chosen;
use super::policy::content;
use crate::cli::{AttestArguments, ReleaseArguments, SignArguments, VoteArgument, WithdrawArguments};
use crate::failure::Failure;
use crate::instance::segment;
use crate::office::Office;
use crate::output::{self, cell};

pub fn attest(arguments: &AttestArguments) -> Result<(), Failure> {
    let office = Office::find(&arguments.of.instance)?;
    let id = chosen(&office, &arguments.of)?;
    let mut body = Map::new();
    let mut put = |name: &str, value: Value| body.insert(name.to_owned(), value);
    put("by", json!(arguments.by));
    put("text", json!(arguments.text));
    for (name, value) in [
        ("check", &arguments.check),
        ("review", &arguments.review),
        ("score", &arguments.score),
        ("fails", &arguments.fails),
    ] {
        if let Some(value) = value {
            put(name, json!(value));
        }
    }
    if let Some(row) = &arguments.row {
        put("scorecard", json!(row.scorecard));
        put("row", json!(row.row));
    }
    if !arguments.figure.is_empty() {
        let figures: Map<String, Value> =
            arguments.figure.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        put("figures", Value::Object(figures));
    }
    if let Some(path) = &arguments.document {
        put("document", json!(content(path)?));
    }
    if let Some(expires) = arguments.expires {
        put("expires", json!(expires));
    }
    let answer: Value =
        office.post(&format!("/v1/release/releases/{}/evidence", segment(&id)), &Value::Object(body))?;
    if arguments.of.instance.json {
        return output::json(&answer);
    }
    let evidence = &answer["evidence"];
    output::data(&format!("{}\n", cell(&evidence["hash"])));
    output::talk(&format!("{id}: it counts until {}\n", cell(&evidence["observed"]["expires"])));
    Ok(())
}

pub fn key(out: &Path, as_json: bool) -> Result<(), Failure> {
    let (signer, pem) = Signer::create_pem().map_err(|error| Failure::of(&error))?;
    let failed = |error: std::io::Error| {
        let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
        Failure::new(format!("cannot write {}", out.display()))
            .cause(error)
            .maybe_hint(exists.then(|| "nothing is overwritten: choose another name".to_owned()))
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(out).map_err(failed)?;
    file.write_all(pem.expose()).and_then(|()| file.sync_all()).map_err(failed)?;
    let public = STANDARD.encode(signer.public_key());
    if as_json {
        return output::json(&json!({"public_key": public, "file": out.display().to_string()}));
    }
    output::data(&format!("{public}\n"));
    output::talk("put it into the policy as `key` of its owner's [[person]]\n");
    Ok(())
}

pub fn sign(arguments: &SignArguments) -> Result<(), Failure> {
    let signer = read_key(&arguments.key)?;
    let office = Office::find(&arguments.of.instance)?;
    let id = chosen(&office, &arguments.of)?;
    let path = format!("/v1/release/releases/{}", segment(&id));
    let query: Vec<(&str, &str)> = arguments.blocker.iter().map(|id| ("blocker", id.as_str())).collect();
    let on_table: Value = office.get(&format!("{path}/table"), &query)?;
    let public = STANDARD.encode(signer.public_key());
    let people = on_table["people"].as_array().cloned().unwrap_or_default();
    let person = people.iter().find(|person| person["key"] == public.as_str()).ok_or_else(|| {
        Failure::new(format!("{}: nobody in the policy has this key", arguments.key.display()))
            .hint(format!("its public half is {public}: put it into the policy as `key` of its owner"))
    })?;
    let field = |name: &str| cell(&on_table[name]);
    let table: Digest = field("table").parse().map_err(|error| Failure::of(&error))?;
    let vote = if arguments.vote == VoteArgument::Go { Vote::Go } else { Vote::NoGo };
    output::talk(&shown(&on_table));
    agreed(arguments, table, vote, &cell(&person["id"]))?;
    let at = field("now").parse().map_err(|error: jiff::Error| Failure::of(&error))?;
    let document = arguments.document.as_deref().map(content).transpose()?;
    let mut signed = Signed {
        release: id.clone(),
        matter: arguments.blocker.clone().map_or(Matter::Release, Matter::Blocker),
        role: arguments.role.clone(),
        person: cell(&person["id"]),
        vote,
        table,
        document: document.map(|text| Digest::of(text.as_bytes())),
        at,
        signature: String::new(),
    };
    let made = signer.sign(&message(&signed)).map_err(|error| Failure::of(&error))?;
    signed.signature = STANDARD.encode(made);
    let body = serde_json::to_value(&signed).map_err(|error| Failure::of(&error))?;
    let view: Value = office.post(&format!("{path}/signatures"), &body)?;
    if arguments.of.instance.json {
        return output::json(&json!({"signed": body, "release": view}));
    }
    let vote = word(signed.vote);
    output::data(&format!("{id}: {vote} by {} as {}\nsigned {table}\n", signed.person, signed.role));
    Ok(())
}

/// What is on the table, for whoever is about to sign it.
fn shown(on_table: &Value) -> String {
    let field = |name: &str| cell(&on_table[name]);
    let mut text = format!(
        "{} {} for {} ({})\nartefact {}\npolicy   {} {}\n",
        field("service"),
        field("version"),
        field("environment"),
        field("release"),
        field("artefact"),
        field("policy"),
        field("policy_name"),
    );
    if let Some(blocker) = on_table["matter"]["blocker"].as_str() {
        text.push_str(&format!("blocker  {blocker}: that it is gone\n"));
    }
    let list = |name: &str| on_table[name].as_array().cloned().unwrap_or_default();
    for card in list("scores") {
        let needed = cell(&card["threshold"]);
        let needed = if needed.is_empty() { needed } else { format!(" (needs {needed})") };
        text.push_str(&format!("score    {} {}{needed}\n", cell(&card["scorecard"]), cell(&card["total"])));
    }
    for open in list("open") {
        text.push_str(&format!("  - check {}: {}\n", cell(&open["check"]), cell(&open["why"])));
    }
    text.push_str(&format!("on the table: {}\n", field("table")));
    text
}

/// Nobody signs what they have not seen: they say so at a terminal, or name the hash of what they saw.
fn agreed(arguments: &SignArguments, table: Digest, vote: Vote, person: &str) -> Result<(), Failure> {
    match arguments.table {
        Some(seen) if seen == table => return Ok(()),
        Some(seen) => {
            return Err(Failure::new(format!("not signed: on the table is {table}, not {seen}"))
                .hint("look at what is on the table by now: `meridian release score`"));
        }
        None => {}
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new("not signed: nobody has said that they saw what is on the table").hint(format!(
            "whoever signs looks at it, here or with `meridian release score`, and names its hash: --table {table}"
        )));
    }
    output::talk(&format!("sign this as {person}, {}: {}? [y/N] ", arguments.role, word(vote)));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(|error| Failure::of(&error))?;
    match line.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::new("not signed")),
    }
}

const fn word(vote: Vote) -> &'static str {
    match vote {
        Vote::Go => "GO",
        Vote::NoGo => "NO-GO",
    }
}

fn read_key(path: &Path) -> Result<Signer, Failure> {
    let text = content(path)?;
    Signer::from_pem(&Secret::new(text)).map_err(|error| {
        Failure::new(format!("cannot sign with {}", path.display()))
            .cause(error)
            .hint("`meridian release key --out FILE` makes one")
    })
}

pub fn withdraw(arguments: &WithdrawArguments) -> Result<(), Failure> {
    let ReleaseArguments { instance, .. } = &arguments.of;
    let office = Office::find(instance)?;
    let id = chosen(&office, &arguments.of)?;
    let mut body = json!({"role": arguments.role, "person": arguments.person, "why": arguments.why});
    if let Some(blocker) = &arguments.blocker {
        body["blocker"] = json!(blocker);
    }
    let view: Value = office.post(&format!("/v1/release/releases/{}/withdrawals", segment(&id)), &body)?;
    if instance.json {
        return output::json(&view);
    }
    output::data(&format!("{id}: taken back\n"));
    Ok(())
}
