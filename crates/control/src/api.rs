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
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::Control;

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

/// One route.
pub struct Route {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: &'static str,
    /// As in `/v1/release/releases/{id}`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What it does.
    pub handler: MethodRouter<Arc<Control>>,
}

/// Every route.
pub fn routes() -> Vec<Route> {
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

/// All routes, for a caller that needs no key.
pub fn router(control: Arc<Control>) -> Router {
    let routes = routes().into_iter();
    routes.fold(Router::new(), |router, route| router.route(route.path, route.handler)).with_state(control)
}

/// What rooms add their routes to.
pub struct Table(Vec<Route>);

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
        self.0.push(Route { method, path, access, handler: on(filter, handler) });
    }
}

/// `release:read`
pub const READ: Access = Access::Scope(Scope::ReleaseRead);
/// `journal:read`
pub const JOURNAL: Access = Access::Scope(Scope::JournalRead);
/// `release:sign`
pub const SIGN: Access = Access::Scope(Scope::ReleaseSign);
/// `release:run`
pub const RUN: Access = Access::Scope(Scope::ReleaseRun);
/// `incidents:write`
pub const INCIDENTS: Access = Access::Scope(Scope::IncidentsWrite);
