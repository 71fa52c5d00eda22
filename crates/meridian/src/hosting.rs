//! Control in a process that stays: beside the gateway of `up`, or by itself with `meridian control`.

use std::sync::Arc;
use std::time::Duration;

use access::entropy;
use control::api::Access;
use control::book::BookError;
use control::cancel::{Cancel, Canceller};
use control::clock::{Clock as _, MachineClock};
use control::{Control, api};
use gateway::listener::Limits;
use gateway::{Beside, BesideRoute, Metrics};
use journal::{DataDirectory, RunInfo};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::ControlArguments;
use crate::failure::Failure;
use crate::version::VERSION;
use crate::{logs, output};

/// Its name among the processes of a data directory.
const INSTANCE: &str = "control";

/// `meridian control`: until it is told to end.
pub fn run(arguments: &ControlArguments) -> Result<(), Failure> {
    logs::start(&arguments.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of(&error))?;
    let done = runtime.block_on(serve(arguments));
    runtime.shutdown_background();
    done
}

async fn serve(arguments: &ControlArguments) -> Result<(), Failure> {
    let system = |error: std::io::Error| Failure::new("cannot listen for signals").cause(error);
    let mut terminate = signal(SignalKind::terminate()).map_err(system)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system)?;
    let directory = DataDirectory::open_or_create(&arguments.data)
        .map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
    let claimed = directory.claim_up().map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| Failure::new(format!("cannot listen on {}", arguments.listen)).cause(error))?;
    let address = listener.local_addr().map_err(system)?;
    let started = access::start(&directory, entropy::system(), MachineClock.wall())
        .map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
    // What is published is found as long as this process lives.
    let alive = directory.register(INSTANCE);
    let _alive = alive.map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
    let mut hosted = Hosted::open(directory).map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
    let listen = format!("http://{address}");
    let info = RunInfo {
        pid: std::process::id(),
        instance: INSTANCE.to_owned(),
        listen: listen.clone(),
        kite_listen: String::new(),
    };
    claimed.publish(&info).map_err(|error| Failure::of(&error).maybe_hint(error.hint()))?;
    if let Some(file) = &arguments.channels {
        hosted.control.paging.read_channels_from(file.clone());
    }
    hosted.begin();
    if let Some(token) = &started.new_admin {
        output::data(&format!("admin key {}\n", token.expose()));
    }
    output::data(&format!("ready {listen}\n"));
    let keys = Arc::new(started.keys);
    let refresher = tokio::spawn(control::host::refresh(Arc::clone(&keys)));
    let router = control::host::router(&hosted.control, &keys);
    let (ending, end) = watch::channel(false);
    let metrics = Arc::new(Metrics::new(VERSION, "none"));
    let serving = tokio::spawn(gateway::listener::serve(listener, router, Limits::default(), metrics, end));
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    refresher.abort();
    ending.send_replace(true);
    let (_, served) = tokio::join!(hosted.end(), serving);
    served.map_err(|error| Failure::new("the listener broke").cause(error))
}

/// Time for what runs to be paused; `up` has promised 400 ms for everything.
const END: Duration = Duration::from_millis(300);

/// Control, open.
pub struct Hosted {
    pub control: Arc<Control>,
    canceller: Canceller,
    work: Option<JoinHandle<()>>,
}

impl Hosted {
    /// Opens it in a data directory.
    pub fn open(directory: DataDirectory) -> Result<Hosted, BookError> {
        let (canceller, cancel) = Cancel::pair();
        let control = Control::open(directory, Arc::new(MachineClock), Arc::new(entropy::system()), cancel)?;
        Ok(Hosted { control, canceller, work: None })
    }

    /// Its routes, for a listener that asks for keys.
    pub fn routes(&self) -> Beside {
        let route = |route: api::Route| BesideRoute {
            method: route.method,
            path: route.path,
            scope: match route.access {
                Access::Public => None,
                Access::Scope(scope) => Some(scope),
            },
            handler: route.handler,
        };
        Beside {
            routes: api::routes(&self.control).into_iter().map(route).collect(),
            document: api::document(),
        }
    }

    /// From now on it does what nobody asks for. Once, by the one process that may.
    pub fn begin(&mut self) {
        self.work = Some(tokio::spawn(control::serve::serve(Arc::clone(&self.control))));
    }

    /// Pauses what runs.
    pub async fn end(self) {
        self.canceller.cancel();
        if let Some(work) = self.work
            && tokio::time::timeout(END, work).await.is_err()
        {
            tracing::warn!("control ended before everything was tidied: the next start goes on");
        }
    }
}
