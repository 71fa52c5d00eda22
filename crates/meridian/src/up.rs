//! `meridian up`: the main job; and `meridian gateway`, one more instance beside it.

use std::time::Duration;

use gateway::{Beside, Config, MarketChoice, RedisSource, RedisUrl, Role, Running, StartError, TradingHours};
use journal::DataDirectory;
use journal::directory::Running as Found;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::{MarketArgument, UpArguments};
use crate::failure::Failure;
use crate::hosting::Hosted;
use crate::version::VERSION;
use crate::{logs, output};

pub fn run(arguments: Box<UpArguments>, role: Role) -> Result<(), Failure> {
    arguments.check().map_err(Failure::usage)?;
    logs::start(&arguments.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of(&error))?;
    let done = runtime.block_on(serve(*arguments, role));
    // Whatever still runs has been told to end; nobody waits for it.
    runtime.shutdown_background();
    done
}

async fn serve(arguments: UpArguments, role: Role) -> Result<(), Failure> {
    let system = |error: std::io::Error| Failure::new("cannot listen for signals").cause(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(system)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
    let data = arguments.data.clone();
    let config = config(arguments, role)?;
    let mut hosted = None;
    let beside = |directory: &DataDirectory| match role {
        Role::Up => {
            let control = Hosted::open(directory.clone())?;
            let routes = control.routes();
            hosted = Some(control);
            Ok(routes)
        }
        Role::Gateway => Ok(Beside::default()),
    };
    let started = tokio::select! {
        started = gateway::start(config, beside) => started,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let running = started.map_err(|error| explain(&error, &data))?;
    if let Some(hosted) = &mut hosted {
        hosted.begin();
    }
    announce(&running);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    match hosted {
        Some(hosted) => drop(tokio::join!(running.end(), hosted.end())),
        None => running.end().await,
    }
    Ok(())
}

fn config(arguments: UpArguments, role: Role) -> Result<Config, Failure> {
    let redis = match arguments.redis {
        Some(url) => Some(RedisSource {
            url: RedisUrl::parse(url.expose()).map_err(Failure::usage)?,
            stream: arguments.redis_stream,
            group: arguments.redis_group,
        }),
        None => None,
    };
    Ok(Config {
        role,
        reach: arguments.broker,
        version: VERSION,
        data: arguments.data,
        listen: arguments.listen,
        kite_listen: arguments.kite_listen,
        market: match arguments.market {
            MarketArgument::Sim => MarketChoice::Sim {
                seed: arguments.seed,
                rate: arguments.rate,
                instruments: arguments.instruments,
                hours: if arguments.market_hours {
                    TradingHours::Exchange { calendar: arguments.calendar }
                } else {
                    TradingHours::AroundTheClock
                },
            },
            MarketArgument::Replay(path) => MarketChoice::Replay { path },
        },
        speed: arguments.speed,
        record: arguments.record,
        cors_origins: arguments.cors_origin,
        emulate_broker_limits: arguments.emulate_broker_limits,
        backups: !arguments.no_backups,
        redis,
        limits: Default::default(),
        request_time: Duration::from_secs(30),
    })
}

fn explain(error: &StartError, data: &std::path::Path) -> Failure {
    let failure = Failure::of(error).maybe_hint(error.hint());
    // Two starts in one directory usually also want one port: the first one's address helps more than the port does.
    match Found::find(data) {
        Some(running) if matches!(error, StartError::Bind { .. }) => {
            failure.cause(format!("a gateway of this data directory runs at {}", running.listen))
        }
        _ => failure,
    }
}

fn announce(running: &Running) {
    let info = &running.info;
    let mut text = String::new();
    if let Some(token) = &running.new_admin {
        text.push_str(&format!("admin key {}\n", token.expose()));
    }
    text.push_str(&format!("kite {}\nready {}\n", info.kite_listen, info.listen));
    tracing::info!(listen = info.listen, kite_listen = info.kite_listen, "ready");
    output::data(&text);
}
