//! Answers that come in pieces: events as they happen, one JSON object each, as Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::refused::Refused;

/// Pieces that wait for a slow reader; whoever sends more waits.
const QUEUE: usize = 256;

/// Where pieces are put.
#[derive(Clone, Debug)]
pub struct Sender(mpsc::Sender<Arc<(&'static str, String)>>);

impl Sender {
    /// Sends one piece under its name. False once nobody reads any more.
    pub async fn send(&self, name: &'static str, piece: &impl Serialize) -> bool {
        // Plain structs with text keys: serialising them cannot fail.
        let text = serde_json::to_string(piece).unwrap_or_default();
        self.0.send(Arc::new((name, text))).await.is_ok()
    }

    /// Over once nobody reads any more.
    pub async fn closed(&self) {
        self.0.closed().await;
    }
}

/// An answer whose pieces `work` sends. The last one is `done` or, with the same shape as a refusal, `error`.
pub fn stream<F, Fut, T>(work: F) -> Response
where
    F: FnOnce(Sender) -> Fut,
    Fut: Future<Output = Result<T, Refused>> + Send + 'static,
    T: Serialize + Send + Sync + 'static,
{
    let (sender, receiver) = mpsc::channel(QUEUE);
    let sender = Sender(sender);
    let doing = work(sender.clone());
    tokio::spawn(async move {
        match doing.await {
            Ok(answer) => sender.send("done", &answer).await,
            Err(refused) => sender.send("error", &refused).await,
        };
    });
    let pieces = unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        let (name, text) = &*piece;
        Some((Ok::<_, Infallible>(Event::default().event(name).data(text)), receiver))
    });
    Sse::new(pieces).keep_alive(KeepAlive::default()).into_response()
}
