//! What the broker's book says.
//!
//! Enters: questions that change nothing. Leaves: typed answers. Never here: whether an answer is complete enough to
//! resolve an unknown order.

use hyper::Method;
use kite::rest::envelope::{self, Failure, ReplyError};
use kite::rest::gtt::Trigger;
use kite::rest::orders::{Order, Trade};
use kite::rest::parameters::ORDER_ID_CHARS_MAX;
use kite::rest::portfolio::{Holding, Positions};
use kite::rest::user::{Margins, Profile};
use kite::rest::words::ErrorType;
use serde::de::DeserializeOwned;

use super::attempt::{Answer, Ask, Bounds, Ended, attempt};
use super::breaker::Health;
use super::client::Client;
use super::connect::{Unsent, connect};
use super::fate::{Doubt, NeverLeft};

/// Why a read has no answer. Reading again is always safe; how often is the owner's rate budget.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The session has ended: the user must log in again.
    #[error("the broker's session has ended: log in again")]
    SessionEnded,
    /// Too many requests: the rate window counts as full.
    #[error("the broker says that there were too many requests")]
    RateLimited,
    /// The broker said no, or that it is broken.
    #[error("the broker refused with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        source: Failure,
    },
    /// The broker has failed too often in a row; a later read will be the probe.
    #[error("the broker is left alone after repeated failures")]
    Ejected,
    /// The broker could not be asked.
    #[error("the broker was not asked")]
    NotAsked(#[source] NeverLeft),
    /// The broker was asked and did not answer.
    #[error("the broker did not answer")]
    NoAnswer(#[source] Doubt),
    /// The answer is not what was asked for.
    #[error("the broker's answer with status {status} cannot be read")]
    Malformed {
        /// The HTTP status.
        status: u16,
        /// Where it stops making sense; `None` when it is no JSON to begin with.
        source: Option<ReplyError>,
    },
    /// The id is none that the broker can have given.
    #[error("an order id has 1 to {ORDER_ID_CHARS_MAX} letters and digits")]
    BadOrderId,
}

impl Client {
    /// All orders of the day, the newest state of each.
    ///
    /// # Errors
    /// [`ReadError`], as for every read here.
    pub async fn orders(&self) -> Result<Vec<Order>, ReadError> {
        self.read("/orders".to_owned()).await
    }

    /// The states that one order went through, oldest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn order_history(&self, order_id: &str) -> Result<Vec<Order>, ReadError> {
        let known = (1..=ORDER_ID_CHARS_MAX).contains(&order_id.len());
        if !known || !order_id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(ReadError::BadOrderId);
        }
        self.read(format!("/orders/{order_id}")).await
    }

    /// All fills of the day.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn trades(&self) -> Result<Vec<Trade>, ReadError> {
        self.read("/trades".to_owned()).await
    }

    /// Positions, net and of the day.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn positions(&self) -> Result<Positions, ReadError> {
        self.read("/portfolio/positions".to_owned()).await
    }

    /// Securities in the depository.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn holdings(&self) -> Result<Vec<Holding>, ReadError> {
        self.read("/portfolio/holdings".to_owned()).await
    }

    /// Funds.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn margins(&self) -> Result<Margins, ReadError> {
        self.read("/user/margins".to_owned()).await
    }

    /// Who the session belongs to, and which broker this is.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn profile(&self) -> Result<Profile, ReadError> {
        self.read("/user/profile".to_owned()).await
    }

    /// All triggers.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn gtts(&self) -> Result<Vec<Trigger>, ReadError> {
        self.read("/gtt/triggers".to_owned()).await
    }

    async fn read<T: DeserializeOwned>(&self, target: String) -> Result<T, ReadError> {
        if !self.admits_read() {
            return Err(ReadError::Ejected);
        }
        let result = match self.ask(target).await {
            Ended::NeverLeft(why) => Err(ReadError::NotAsked(why)),
            Ended::Lost(doubt) => Err(ReadError::NoAnswer(doubt)),
            Ended::Answered(answer) => decode(&answer),
        };
        self.record(health(result.as_ref().err()));
        result
    }

    async fn ask(&self, target: String) -> Ended {
        let opening = connect(&self.endpoint, Unsent::MayArrive);
        let stream = match tokio::time::timeout(self.settings.connect_time, opening).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Ended::NeverLeft(NeverLeft::NoConnection(error.to_string())),
            Err(_) => {
                return Ended::NeverLeft(NeverLeft::NoConnection("it took too long to open".into()));
            }
        };
        let ask = Ask { method: Method::GET, target, form: None };
        let bounds = Bounds { time: self.settings.read_time, bytes_max: self.settings.read_bytes_max };
        let header = Some(self.credentials.header());
        attempt(stream, &self.endpoint.authority(), ask, header, bounds, &|| Ok(())).await
    }
}

/// Takes the envelope off an answer to a request that changes nothing.
pub(crate) fn decode<T: DeserializeOwned>(answer: &Answer) -> Result<T, ReadError> {
    let status = answer.status;
    if status == 429 {
        return Err(ReadError::RateLimited);
    }
    if !answer.is_json {
        return Err(ReadError::Malformed { status, source: None });
    }
    match (status, envelope::decode::<T>(&answer.body)) {
        (200, Ok(data)) => Ok(data),
        (_, Err(ReplyError::Refused(failure))) => match failure.error_type {
            ErrorType::Token => Err(ReadError::SessionEnded),
            _ => Err(ReadError::Refused { status, source: failure }),
        },
        (_, Err(source)) => Err(ReadError::Malformed { status, source: Some(source) }),
        (_, Ok(_)) => Err(ReadError::Malformed { status, source: None }),
    }
}

fn health(error: Option<&ReadError>) -> Health {
    match error {
        None | Some(ReadError::SessionEnded | ReadError::RateLimited | ReadError::BadOrderId) => {
            Health::Answers
        }
        Some(ReadError::Refused { status, .. }) if *status < 500 => Health::Answers,
        Some(_) => Health::Fails,
    }
}
