//! The report of each day, written when an account that is decided for here begins its next one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use engine::{Reply, rows};
use jiff::civil::Date;
use journal::DbError;
use journal::events::{Journal, Row};
use market::UnixNanos;
use trade::{AccountId, Event};

use super::Desk;
use crate::clock::machine_now;
use crate::report::{Compared, Comparison, Report};

/// Folder in the data directory.
pub const FOLDER: &str = "reports";
/// How often the accounts' days are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Writes them for as long as it is polled. A day that ends while no instance runs is reported once one runs again.
pub async fn write_daily(desk: Arc<Desk>, folder: PathBuf) {
    let mut days: BTreeMap<AccountId, Date> = days(&desk);
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        for (account, day) in self::days(&desk) {
            if let Some(ended) = days.insert(account.clone(), day)
                && ended != day
            {
                write(&desk, &folder, account, ended).await;
            }
        }
    }
}

fn days(desk: &Desk) -> BTreeMap<AccountId, Date> {
    let state = desk.state();
    state.accounts.iter().filter_map(|(name, account)| Some((name.clone(), account.day?))).collect()
}

async fn write(desk: &Desk, folder: &Path, account: AccountId, day: Date) {
    let comparison = match desk.reconcile(account.clone()).await {
        // Whoever decides for it writes its report.
        Ok(Reply::NotHolder { .. }) => return,
        Ok(Reply::Recorded { seq } | Reply::Known { seq } | Reply::Conflict { seq }) => {
            comparison(desk, &account, seq).await
        }
        Ok(Reply::Unavailable { .. } | Reply::OlderInstance) | Err(_) => Ok(None),
    };
    let made = match comparison {
        Ok(comparison) => {
            let head = desk.read(|journal| journal.head()).await;
            head.map(|head| {
                let comparison = comparison.unwrap_or_default();
                Report::closed(&desk.state(), &account, day, comparison, head, machine_now())
            })
        }
        Err(error) => Err(error),
    };
    let report = match made {
        Ok(Some(report)) => report,
        Ok(None) => return,
        Err(error) => {
            tracing::error!(%account, %day, %error, "the day's reconciliation report was not made");
            return;
        }
    };
    let folder = folder.to_path_buf();
    let differences = report.differences.len();
    match tokio::task::spawn_blocking(move || report.write(&folder)).await {
        Ok(Ok([path, _])) => {
            tracing::info!(%account, %day, differences, path = %path.display(), "the day's reconciliation report");
        }
        Ok(Err(error)) => {
            tracing::error!(%account, %day, %error, "the day's reconciliation report was not written")
        }
        // Its panic has been reported where it happened.
        Err(_) => {}
    }
}

/// What the row `seq` says, if it is a comparison of `account`.
///
/// # Errors
/// What the database said.
pub async fn comparison(desk: &Desk, account: &AccountId, seq: u64) -> Result<Option<Comparison>, DbError> {
    Ok(desk.row(seq).await?.and_then(|row| read(&row, account)))
}

fn read(row: &Row, account: &AccountId) -> Option<Comparison> {
    let Ok(Event::Reconciled(found)) = rows::event(row) else { return None };
    let time = UnixNanos(row.time).to_rfc3339();
    (found.account == *account).then_some(Comparison {
        compared: Some(Compared { sequence: row.seq, time, cause: found.cause }),
        differences: found.differences,
    })
}
