//! The whole of what an address answers to `GET`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use hyper::header::HeaderMap;
use tokio::time::timeout;

use super::case::{Case, Miss, Notes};
use super::context::Context;
use super::output::Output;
use super::wire::{self, BODY_BYTES_MAX, Question};
use crate::cancel::Cancel;

/// Asks `url`, where `{env}` stands for the address of `environment`, and gives up after `limit`.
///
/// # Errors
/// Why there is no whole answer with status 200, without secrets.
pub(crate) async fn fetch(
    url: &str,
    environment: &str,
    context: &Arc<Context>,
    limit: Duration,
    cancel: &Cancel,
) -> Result<Vec<u8>, String> {
    let case = Case {
        context: Arc::clone(context),
        environment: environment.to_owned(),
        began: context.clock.mono(),
        limit,
        subject: None,
        cancel: cancel.clone(),
    };
    let mut notes = Notes {
        inputs: String::new(),
        figures: std::collections::BTreeMap::new(),
        output: Output::new(Arc::clone(&context.redactor), 0),
    };
    let asked = async {
        let uri = wire::address(&case.fill_with_secrets(url)?)?;
        let question = Question { method: Method::GET, uri, headers: HeaderMap::new(), body: Bytes::new() };
        wire::exchange(question, &case, &mut notes).await
    };
    let why = match timeout(limit, Box::pin(asked)).await {
        Err(_) => format!("no answer within {} s", limit.as_secs()),
        Ok(Err(Miss::Fail(why) | Miss::Error(why) | Miss::NotRun(why))) => why,
        Ok(Ok(answer)) if answer.status != 200 => format!("status {} instead of 200", answer.status),
        Ok(Ok(answer)) if !answer.whole => format!("the answer is longer than {BODY_BYTES_MAX} bytes"),
        Ok(Ok(answer)) => return Ok(answer.body),
    };
    Err(context.redactor.clean(&why))
}
