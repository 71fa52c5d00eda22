//! The thread that owns the hub. Everything that can ever wake it is a [`HubCommand`].

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use market::{Source, Tick, UnixNanos};
use stream::{Hub, Inbox, Listed, Position, ReaderId, Subscription};
use tokio::sync::{mpsc, oneshot};

use super::EndsProcessOnPanic;

/// Commands that may wait, each of about a thousand ticks at most. Full: senders wait, so a market that is faster than the
/// hub falls behind in market time and a client that asks faster than it is served is not read.
pub const HUB_QUEUE: usize = 64;

/// One validated tick on its way to the hub.
#[derive(Clone, Debug)]
pub struct Valid {
    /// Its published name.
    pub listed: Arc<Listed>,
    /// The observation.
    pub tick: Tick,
    /// Why it is doubted, if it is.
    pub suspect: Option<&'static str>,
}

/// See the module.
#[derive(Debug)]
pub enum HubCommand {
    /// Publish these in order.
    Publish {
        /// At most what one step of the market makes.
        ticks: Vec<Valid>,
        /// Their origin.
        source: Source,
        /// When they reached this process.
        received: UnixNanos,
    },
    /// A reader has come.
    Join(ReaderId, Arc<Inbox>),
    /// A reader is gone.
    Leave(ReaderId),
    /// A reader asks for something; the sender is answered when it is done.
    Ask(ReaderId, Wish, oneshot::Sender<()>),
    /// Answer when everything before this is done.
    Reached(oneshot::Sender<()>),
}

/// What a reader may ask for.
#[derive(Debug)]
pub enum Wish {
    /// It wants these.
    Subscribe(Subscription),
    /// It no longer wants these.
    Unsubscribe(Vec<Arc<Listed>>),
    /// It comes back.
    Resume(Position),
}

/// Starts the thread; it ends when every sender is gone.
///
/// # Errors
/// When the operating system refuses a thread.
pub fn spawn(mut hub: Hub) -> io::Result<(mpsc::Sender<HubCommand>, JoinHandle<()>)> {
    let (sender, mut commands) = mpsc::channel(HUB_QUEUE);
    let thread = std::thread::Builder::new().name("hub".into()).spawn(move || {
        let _fatal = EndsProcessOnPanic;
        while let Some(command) = commands.blocking_recv() {
            perform(&mut hub, command);
        }
    })?;
    Ok((sender, thread))
}

fn perform(hub: &mut Hub, command: HubCommand) {
    match command {
        HubCommand::Publish { ticks, source, received } => {
            for valid in &ticks {
                hub.publish(&valid.listed, &valid.tick, source, received, valid.suspect);
            }
        }
        HubCommand::Join(reader, inbox) => hub.join(reader, inbox),
        HubCommand::Leave(reader) => hub.leave(reader),
        HubCommand::Ask(reader, wish, done) => {
            match wish {
                Wish::Subscribe(subscription) => hub.subscribe(reader, &subscription),
                Wish::Unsubscribe(instruments) => hub.unsubscribe(reader, &instruments),
                Wish::Resume(position) => hub.resume(reader, position),
            }
            // The socket may have gone meanwhile: then nobody waits.
            let _ = done.send(());
        }
        HubCommand::Reached(answer) => {
            // Whoever asked may have gone: then nobody needs the answer.
            let _ = answer.send(());
        }
    }
}
