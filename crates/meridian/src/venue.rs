//! `meridian venue`: the paper exchange as a process, and its ledger from outside.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::Entropy;
use feed::sim::{Hours, Sim, SimConfig};
use gateway::clock::{MarketClock, machine_now, mono_now};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use venue::book::Book;
use venue::credentials::Given;
use venue::engine::Now;
use venue::faults::Plan;
use venue::log::Log;
use venue::{Config, Running, StartError};

use crate::cli::{VenueArguments, VenueCommand};
use crate::failure::Failure;
use crate::{logs, output};

/// Orders of one tag that the table names; JSON has them all.
const ORDERS_SHOWN: usize = 3;

pub fn run(arguments: VenueArguments) -> Result<(), Failure> {
    if let Some(VenueCommand::Ledger { directory, json }) = arguments.command {
        return ledger(&directory, json);
    }
    logs::start(&arguments.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of(&error))?;
    let done = runtime.block_on(serve(arguments));
    // Whatever still runs has been told to end; nobody waits for it.
    runtime.shutdown_background();
    done
}

async fn serve(arguments: VenueArguments) -> Result<(), Failure> {
    let system = |error: std::io::Error| Failure::new("cannot listen for signals").cause(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(system)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
    let as_json = arguments.json;
    let entropy = access::entropy::system();
    let mut running = venue::start(config(arguments)?, &|bytes| entropy.fill(bytes).is_ok())
        .await
        .map_err(|error| explain(&error))?;
    announce(&running, as_json);
    let failed = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        error = running.failed() => Some(Failure::of(&error).hint("free space on the disk, then start it again")),
    };
    running.end().await;
    failed.map_or(Ok(()), Err)
}

fn config(arguments: VenueArguments) -> Result<Config, Failure> {
    let plan = arguments.faults.as_deref().map(read_plan).transpose()?.unwrap_or_default();
    let is_wall = arguments.speed == 1.0;
    let market_clock = if is_wall {
        MarketClock::wall()
    } else {
        MarketClock::new(machine_now(), mono_now(), arguments.speed)
    };
    let clock = move || Now { market: market_clock.now(), machine: machine_now().0 };
    let sim = SimConfig {
        seed: arguments.seed,
        instruments: arguments.instruments,
        rate: arguments.rate,
        hours: Hours::AroundTheClock,
    };
    let market = Sim::new(sim, clock().market).map_err(|error| Failure::of(&error))?;
    Ok(Config {
        listen: arguments.listen,
        data: arguments.data,
        given: Given {
            accounts: arguments.accounts,
            api_key: arguments.api_key,
            access_tokens: arguments.access_token.into_iter().map(venue::credentials::Secret::new).collect(),
        },
        latency_ms: arguments.latency_ms,
        plan,
        market: Box::new(market),
        clock: Arc::new(clock),
        speed: arguments.speed,
    })
}

fn read_plan(text: &str) -> Result<Plan, Failure> {
    let parse = |text: &str| {
        Plan::parse(text).map_err(|error| Failure::usage("--faults cannot be used").chain(&error))
    };
    if text.trim_start().starts_with('{') {
        return parse(text);
    }
    let file = PathBuf::from(text);
    let json = std::fs::read_to_string(&file)
        .map_err(|error| Failure::usage(format!("--faults: cannot read {}", file.display())).cause(error))?;
    parse(&json)
}

fn explain(error: &StartError) -> Failure {
    let failure = Failure::of(error);
    match error {
        StartError::Credentials(_) => {
            failure.hint("see `meridian venue --help` for --accounts and --access-token")
        }
        StartError::Listen { .. } => failure.hint("--listen 127.0.0.1:0 picks a free port"),
        StartError::Log(_) | StartError::Thread(_) => failure,
    }
}

fn announce(running: &Running, as_json: bool) {
    let credentials = &running.credentials;
    tracing::info!(listen = running.address, "venue ready");
    if as_json {
        let ready = json!({ "ready": running.address, "api_key": credentials.api_key, "accounts": credentials.accounts });
        return output::data(&format!("{ready}\n"));
    }
    let mut text = format!("api_key {}\n", credentials.api_key);
    for account in &credentials.accounts {
        text.push_str(&format!("account {} token {}\n", account.account, account.access_token.expose()));
    }
    text.push_str(&format!("venue ready {}\n", running.address));
    output::data(&text);
}

fn ledger(directory: &Path, as_json: bool) -> Result<(), Failure> {
    let facts = Log::facts_in(directory).map_err(|error| {
        Failure::of(&error).hint("name the directory that `meridian venue --data` was given")
    })?;
    let book = Book::of(&facts);
    let ledger = book.ledger();
    if as_json {
        output::json(ledger)?;
    } else {
        let mut rows = Vec::new();
        for (account, tags) in &ledger.tags {
            for (tag, count) in tags {
                let name = if tag.is_empty() { "(none)" } else { tag };
                let shown = count.orders.iter().take(ORDERS_SHOWN).cloned().collect::<Vec<_>>().join(" ");
                let more = count.orders.len().saturating_sub(ORDERS_SHOWN);
                let orders = if more > 0 { format!("{shown} and {more} more") } else { shown };
                rows.push(vec![account.clone(), name.to_owned(), count.placements.to_string(), orders]);
            }
        }
        output::table(&["account", "tag", "placements", "orders"], &rows);
        let totals = &ledger.totals;
        output::data(&format!(
            "{} requests: {} placements, {} modifications, {} cancellations; {} refused; {} orders; {} tags doubled\n",
            totals.requests,
            totals.placements,
            totals.modifications,
            totals.cancellations,
            totals.refused,
            totals.orders,
            totals.doubled_tags
        ));
    }
    Ok(())
}
