//! Every route of the native listener with its method, its access and its handler: the one table.

use std::sync::Arc;

use access::Scope;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use serde_json::Value;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::orders::{self, find, list, resolve};
use super::{account_report, account_setup, postback};
use super::{
    accounts, candles, control, events, explain, hooks, instruments, keys, limits, openapi, pages, positions,
};
use super::{predecessor, quotes, reconcile, signals, socket, subscriptions};
use crate::Gateway;
use crate::answer::bounded;
use crate::api_error::ApiError;
use crate::config::{Beside, BesideRoute};
use crate::guard::{Access, guard};

/// Bytes of a request's body.
pub const BODY_BYTES: usize = 1024 * 1024;

/// A route as the OpenAPI document and the tests see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    pub method: &'static str,
    pub path: &'static str,
    pub access: Access,
}

struct Table {
    router: Router<Arc<Gateway>>,
    infos: Vec<RouteInfo>,
}

impl Table {
    fn add<H, T>(self, method: &'static str, path: &'static str, access: Access, handler: H) -> Table
    where
        H: Handler<T, Arc<Gateway>>,
        T: 'static,
    {
        let filter = match method {
            "POST" => MethodFilter::POST,
            "PUT" => MethodFilter::PUT,
            "DELETE" => MethodFilter::DELETE,
            _ => MethodFilter::GET,
        };
        let guarded: MethodRouter<Arc<Gateway>> =
            on(filter, handler).layer(middleware::from_fn_with_state(access, guard));
        let mut infos = self.infos;
        infos.push(RouteInfo { method, path, access });
        Table { router: self.router.route(path, guarded), infos }
    }

    /// Routes of somebody else, behind the same guard.
    fn beside(mut self, routes: &[BesideRoute]) -> Table {
        for route in routes {
            let access = route.scope.map_or(Access::Public, Access::Scope);
            let handler: MethodRouter<Arc<Gateway>> = route.handler.clone().with_state(());
            let guarded = handler.layer(middleware::from_fn_with_state(access, guard));
            self.infos.push(RouteInfo { method: route.method, path: route.path, access });
            self.router = self.router.route(route.path, guarded);
        }
        self
    }
}

fn table() -> Table {
    const READ: Access = Access::Scope(Scope::MarketRead);
    const SOCKET: Access = Access::SocketScope(Scope::MarketRead);
    const SIGNALS: Access = Access::Scope(Scope::SignalsWrite);
    const ORDERS: Access = Access::Scope(Scope::OrdersRead);
    const ORDERING: Access = Access::Scope(Scope::OrdersWrite);
    const ACCOUNTS: Access = Access::Scope(Scope::AccountsRead);
    const ADMIN: Access = Access::Scope(Scope::AccountsAdmin);
    const HALT: Access = Access::Scope(Scope::TradeHalt);
    const KEYS: Access = Access::Scope(Scope::KeysAdmin);
    Table { router: Router::new(), infos: Vec::new() }
        .add("GET", "/", Access::Public, pages::index)
        .add("GET", "/livez", Access::Public, pages::livez)
        .add("GET", "/readyz", Access::Public, pages::readyz)
        .add("GET", "/version", Access::Public, pages::version)
        .add("GET", "/health", Access::Public, predecessor::health)
        .add("GET", "/openapi.json", Access::Public, openapi::document)
        .add("GET", "/metrics", Access::Loopback, pages::metrics)
        .add("GET", "/v1/instruments", READ, instruments::search)
        .add("GET", "/v1/quotes", READ, quotes::quotes)
        .add("GET", "/v1/candles", READ, candles::candles)
        .add("GET", "/v1/subscriptions", READ, subscriptions::list)
        .add("POST", "/v1/subscriptions", READ, subscriptions::create)
        .add("DELETE", "/v1/subscriptions/{instrument}", READ, subscriptions::remove)
        .add("GET", "/v1/stream", SOCKET, socket::stream)
        .add("GET", "/v1/events", SOCKET, events::events)
        .add("POST", "/v1/signals", SIGNALS, signals::create)
        .add("GET", "/v1/signals/{id}", ORDERS, signals::read)
        .add("GET", "/v1/signals/{id}/explain", ORDERS, explain::signal)
        .add("POST", "/v1/hooks/tradingview/{key}", Access::InPath(Scope::SignalsWrite), hooks::tradingview)
        .add("GET", "/v1/orders", ORDERS, list::orders)
        .add("POST", "/v1/orders", ORDERING, orders::place)
        .add("GET", "/v1/orders/{id}", ORDERS, find::one)
        .add("PUT", "/v1/orders/{id}", ORDERING, orders::modify)
        .add("DELETE", "/v1/orders/{id}", ORDERING, orders::cancel)
        .add("GET", "/v1/orders/{id}/events", ORDERS, explain::order)
        .add("POST", "/v1/orders/{id}/resolve", Access::Scope(Scope::AccountsAdmin), resolve::resolve)
        .add("GET", "/v1/trades", ORDERS, list::trades)
        .add("GET", "/v1/positions", ORDERS, positions::positions)
        .add("GET", "/v1/accounts", ACCOUNTS, accounts::list)
        .add("POST", "/v1/accounts", ADMIN, account_setup::add)
        .add("GET", "/v1/accounts/{name}", ACCOUNTS, accounts::one)
        .add("PUT", "/v1/accounts/{name}/token", ADMIN, account_setup::put_token)
        .add("GET", "/v1/accounts/{name}/report", ACCOUNTS, account_report::report)
        .add("POST", "/postback/{account}", Access::Public, postback::postback)
        .add("GET", "/v1/limits", ACCOUNTS, limits::read)
        .add("PUT", "/v1/limits/{account}", Access::Scope(Scope::LimitsWrite), limits::set)
        .add("GET", "/v1/flags", ACCOUNTS, control::flags)
        .add("PUT", "/v1/flags/{name}", Access::Scope(Scope::FlagsWrite), control::set_flag)
        .add("POST", "/v1/halt", HALT, control::halt)
        .add("POST", "/v1/resume", HALT, control::resume)
        .add("GET", "/v1/leases", ACCOUNTS, accounts::leases)
        .add("POST", "/v1/reconcile", Access::Scope(Scope::AccountsAdmin), reconcile::reconcile)
        .add("GET", "/v1/reconciliations", ACCOUNTS, reconcile::list)
        .add("GET", "/v1/keys", KEYS, keys::list)
        .add("POST", "/v1/keys", KEYS, keys::create)
        .add("DELETE", "/v1/keys/{api_key}", KEYS, keys::revoke)
        .add("GET", "/orders", ORDERS, predecessor::orders)
        .add("GET", "/history", READ, predecessor::history)
        .add("GET", "/ws/ticks", Access::InDialect(Scope::MarketRead), predecessor::ticks)
}

/// Every route, for the test that compares the table with the document.
#[cfg(test)]
pub(super) fn infos() -> Vec<RouteInfo> {
    table().infos
}

/// The native listener's router.
pub fn router(gateway: Arc<Gateway>, beside: &Beside) -> Router {
    let Table { router, infos } = table().beside(&beside.routes);
    let cors = cors(&gateway.cors_origins);
    let document: Arc<Value> = Arc::new(beside.document.clone());
    router
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::Extension(Arc::<[RouteInfo]>::from(infos)))
        .layer(axum::Extension(document))
        .layer(axum::Extension(Arc::clone(&gateway)))
        .layer(middleware::from_fn_with_state(Arc::clone(&gateway), limit_and_count))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(middleware::map_response(security_headers))
        .layer(tower::util::option_layer(cors))
        .with_state(gateway)
}

/// No origin may read answers unless it is listed.
fn cors(origins: &[HeaderValue]) -> Option<CorsLayer> {
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(origins.iter().cloned()))
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("last-event-id"),
            ])
    })
}

async fn security_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn limit_and_count(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let refuse = |status: StatusCode, text: &str| {
        let code = match status {
            StatusCode::REQUEST_TIMEOUT => "too_slow",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::UPGRADE_REQUIRED => "not_a_websocket",
            _ => "bad_request",
        };
        ApiError::new(status, code, text).into_response()
    };
    bounded(&gateway.metrics, "", gateway.request_time, request, next, refuse).await
}

async fn not_found(request: Request) -> ApiError {
    let path: String = request.uri().path().chars().take(100).collect();
    ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("nothing lives at {path}"))
        .hint("GET /openapi.json lists every route")
}

async fn wrong_method(request: Request) -> ApiError {
    let method: String = request.method().as_str().chars().take(20).collect();
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", format!("{method} is not served here"))
        .hint("GET /openapi.json lists every route with its methods")
}
