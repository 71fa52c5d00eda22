//! Control's HTTP API: one table of routes, each with its access.
//!
//! Enters: requests. Leaves: JSON, and events as they happen. Never here: what a request means (that is in the rooms that it calls), keys
//! (whoever serves the routes asks for them).
//!
//! A command line without a server serves the same routes to itself: same code, same results.

mod body;
mod document;
mod stream;

use std::sync::Arc;

use access::Scope;
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use crate::Control;
use crate::refused::Refused;

pub use body::Body;
pub use document::document;
pub use stream::{Sender, stream};

/// What a route demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody; declared so.
    Public,
    /// A key with this scope.
    Scope(Scope),
}

/// One route, ready to be served.
pub struct Route {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// As in `/v1/release/releases/{id}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it does.
    pub handler: MethodRouter,
}

/// Most requests that are worked on at a time; further ones are told to come again.
pub const AT_ONCE: usize = 32;

/// Every route.
pub fn routes(control: &Arc<Control>) -> Vec<Route> {
    let served = |line: Line| {
        let layer = middleware::from_fn_with_state(Arc::clone(control), off_the_sockets);
        Route {
            method: line.method,
            path: line.path,
            access: line.access,
            handler: line.handler.layer(layer).with_state(Arc::clone(control)),
        }
    };
    table().into_iter().map(served).collect()
}

/// All routes, for a caller that needs no key.
pub fn router(control: Arc<Control>) -> Router {
    routes(&control).into_iter().fold(Router::new(), |router, route| router.route(route.path, route.handler))
}

fn table() -> Vec<Line> {
    let mut table = Table(Vec::new());
    // One line for each room.
    crate::releases::routes(&mut table);
    crate::report::routes(&mut table);
    crate::runs::routes(&mut table);
    crate::incidents::routes(&mut table);
    crate::watch::routes(&mut table);
    crate::plans::routes(&mut table);
    table.0
}

struct Line {
    method: &'static str,
    path: &'static str,
    access: Access,
    handler: MethodRouter<Arc<Control>>,
}

/// What rooms add their routes to.
pub struct Table(Vec<Line>);

impl Table {
    /// Adds a route.
    pub fn add<H, T>(&mut self, method: &'static str, path: &'static str, access: Access, handler: H)
    where
        H: Handler<T, Arc<Control>>,
        T: 'static,
    {
        let filter = match method {
            "POST" => MethodFilter::POST,
            "PUT" => MethodFilter::PUT,
            "DELETE" => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        self.0.push(Line { method, path, access, handler: on(filter, handler) });
    }
}

/// Handlers wait for the disk and fold journals: on threads of their own, so that whoever hosts control goes on serving
/// sockets meanwhile; at most [`AT_ONCE`] of them.
async fn off_the_sockets(State(control): State<Arc<Control>>, request: Request, next: Next) -> Response {
    let Ok(place) = Arc::clone(&control.working).try_acquire_owned() else {
        return Refused::busy("too many requests are being worked on")
            .hint("send it again in a moment")
            .into_response();
    };
    let runtime = Handle::current();
    let done = spawn_blocking(move || {
        let _place = place;
        runtime.block_on(next.run(request))
    });
    done.await.unwrap_or_else(|error| Refused::broken(error.to_string()).into_response())
}

/// `release:read`
pub const READ: Access = Access::Scope(Scope::ReleaseRead);
/// `journal:read`
pub const JOURNAL: Access = Access::Scope(Scope::JournalRead);
/// `release:sign`
pub const SIGN: Access = Access::Scope(Scope::ReleaseSign);
/// `release:run`
pub const RUN: Access = Access::Scope(Scope::ReleaseRun);
/// `keys:admin`: a policy holds commands, so whoever keeps one may run programs as this process, which reads its keys.
pub const KEEP: Access = Access::Scope(Scope::KeysAdmin);
/// `incidents:write`
pub const INCIDENTS: Access = Access::Scope(Scope::IncidentsWrite);
