//! Every route of the Kite listener with its method, its access and its handler: the one table.

use std::sync::Arc;

use access::Scope;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use kite::rest::words::ErrorType;

use super::guard::{KiteAccess, guard};
use super::orders::{change, place};
use super::reply::Refusal;
use super::{
    gtt, history, instruments, later, login, margins, orders, portfolio, quotes, session, ticker, user,
};
use crate::Gateway;
use crate::answer::bounded;
use crate::native::BODY_BYTES;

struct Table {
    router: Router<Arc<Gateway>>,
}

impl Table {
    fn add<H, T>(self, method: &Method, path: &str, access: KiteAccess, handler: H) -> Table
    where
        H: Handler<T, Arc<Gateway>>,
        T: 'static,
    {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        let guarded: MethodRouter<Arc<Gateway>> =
            on(filter, handler).layer(middleware::from_fn_with_state(access, guard));
        Table { router: self.router.route(path, guarded) }
    }
}

fn table() -> Router<Arc<Gateway>> {
    const MARKET: KiteAccess = KiteAccess::AnyOf(&[Scope::MarketRead]);
    /// With `market:read` alone, figures are masked.
    const FIGURES: KiteAccess = KiteAccess::AnyOf(&[Scope::OrdersRead, Scope::MarketRead]);
    const ORDERS: KiteAccess = KiteAccess::AnyOf(&[Scope::OrdersRead]);
    const TRADE: KiteAccess = KiteAccess::AnyOf(&[Scope::OrdersWrite]);
    let (get, post, put, delete) = (&Method::GET, &Method::POST, &Method::PUT, &Method::DELETE);
    Table { router: Router::new() }
        .add(get, "/", KiteAccess::Handshake(Scope::MarketRead), ticker::ticker)
        .add(get, "/connect/login", KiteAccess::Public, login::page)
        .add(post, "/connect/login", KiteAccess::Public, login::submit)
        .add(post, "/session/token", KiteAccess::Public, session::create)
        .add(delete, "/session/token", KiteAccess::Public, session::end)
        .add(get, "/user/profile", FIGURES, user::profile)
        .add(get, "/user/profile/full", FIGURES, user::profile)
        .add(get, "/user/margins", FIGURES, margins::margins)
        .add(get, "/user/margins/{segment}", FIGURES, margins::segment)
        .add(get, "/instruments", MARKET, instruments::all)
        .add(get, "/instruments/{exchange}", MARKET, instruments::of_exchange)
        .add(get, "/instruments/historical/{token}/{interval}", MARKET, history::candles)
        .add(get, "/quote", MARKET, quotes::full)
        .add(get, "/quote/ohlc", MARKET, quotes::ohlc)
        .add(get, "/quote/ltp", MARKET, quotes::ltp)
        // The router wants one name for a place: it holds a variety or an order's id.
        .add(get, "/orders", ORDERS, orders::list)
        .add(post, "/orders/{which}", TRADE, place::place)
        .add(get, "/orders/{which}", ORDERS, orders::one)
        .add(get, "/orders/{which}/trades", ORDERS, orders::trades_of)
        .add(put, "/orders/{which}/{order_id}", TRADE, change::modify)
        .add(delete, "/orders/{which}/{order_id}", TRADE, change::cancel)
        .add(get, "/trades", ORDERS, orders::trades)
        .add(get, "/portfolio/positions", FIGURES, portfolio::positions)
        .add(put, "/portfolio/positions", TRADE, portfolio::conversion::convert)
        .add(get, "/portfolio/holdings", FIGURES, portfolio::holdings)
        .add(get, "/portfolio/holdings/summary", FIGURES, portfolio::summary)
        .add(get, "/portfolio/holdings/auctions", FIGURES, later::empty_list)
        .add(post, "/margins/orders", ORDERS, later::calculator)
        .add(post, "/margins/basket", ORDERS, later::calculator)
        .add(post, "/charges/orders", ORDERS, later::calculator)
        .add(get, "/gtt/triggers", ORDERS, gtt::list)
        .add(post, "/gtt/triggers", TRADE, gtt::place)
        .add(get, "/gtt/triggers/{id}", ORDERS, gtt::one)
        .add(put, "/gtt/triggers/{id}", TRADE, gtt::modify)
        .add(delete, "/gtt/triggers/{id}", TRADE, gtt::delete)
        .router
}

/// The Kite listener's router.
pub fn router(gateway: Arc<Gateway>) -> Router {
    table()
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(axum::Extension(Arc::clone(&gateway)))
        .layer(middleware::from_fn_with_state(Arc::clone(&gateway), limit_and_count))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .with_state(gateway)
}

async fn limit_and_count(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    let refuse = |status: StatusCode, text: &str| {
        let error_type =
            if status == StatusCode::REQUEST_TIMEOUT { ErrorType::Network } else { ErrorType::Input };
        Refusal::new(error_type, text).status(status).into_response()
    };
    bounded(&gateway.metrics, "kite ", gateway.request_time, request, next, refuse).await
}

async fn not_found() -> Refusal {
    Refusal::new(ErrorType::General, "Route not found").status(StatusCode::NOT_FOUND)
}

async fn wrong_method() -> Refusal {
    Refusal::new(ErrorType::General, "Method not allowed").status(StatusCode::METHOD_NOT_ALLOWED)
}
