//! `meridian key`: on the data directory itself, running or not, or through the API of an instance elsewhere.

use access::{Keys, KeysError, NewKey, Revocation, Scopes};
use gateway::account::Account;
use gateway::clock::machine_now;
use gateway::key_view::{IssuedView, KeyView};
use jiff::Timestamp;
use journal::DataDirectory;
use market::UnixNanos;
use market::time::NANOS_PER_SECOND;
use serde_json::{Value, json};

use crate::cli::{InstanceArguments, KeyCommand};
use crate::failure::Failure;
use crate::instance::{Instance, segment};
use crate::output;

pub fn run(command: KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::Create { name, scope, account, expires, redirect, instance } => {
            let scopes =
                scope.parse::<Scopes>().map_err(|error| Failure::usage(format!("--scope: {error}")))?;
            let expires = expires.as_deref().map(|text| moment(text, machine_now())).transpose()?;
            create(NewKey { name, scopes, account, expires, redirect }, &instance)
        }
        KeyCommand::List { instance } => list(&instance),
        KeyCommand::Revoke { api_key, instance } => revoke(&api_key, &instance),
    }
}

/// `12h`, `30d` from now, or an RFC 3339 time.
fn moment(text: &str, now: UnixNanos) -> Result<UnixNanos, Failure> {
    let span = |suffix: char, seconds: i64| {
        let count: i64 = text.strip_suffix(suffix)?.parse().ok().filter(|count| *count > 0)?;
        now.0.checked_add(count.checked_mul(seconds)?.checked_mul(NANOS_PER_SECOND)?)
    };
    let written = || text.parse::<Timestamp>().ok().and_then(|at| i64::try_from(at.as_nanosecond()).ok());
    span('s', 1)
        .or_else(|| span('m', 60))
        .or_else(|| span('h', 3_600))
        .or_else(|| span('d', 86_400))
        .or_else(written)
        .map(UnixNanos)
        .ok_or_else(|| {
            Failure::usage(format!("--expires {text:?} is not a time"))
                .hint("write 12h, 30d, or 2027-01-31T18:00:00+05:30")
        })
}

fn open(instance: &InstanceArguments) -> Result<Keys, Failure> {
    let directory = DataDirectory::open(&instance.data).map_err(|error| {
        Failure::of(&error)
            .maybe_hint(error.hint().or(Some("`meridian up` creates one; --data names another".into())))
    })?;
    access::start(&directory, access::entropy::system(), machine_now()).map(|started| started.keys).map_err(
        |error| {
            let shown = instance.data.display();
            Failure::new(format!("cannot open the keys of the data directory `{shown}`"))
                .chain(&error)
                .maybe_hint(error.hint())
        },
    )
}

fn create(new: NewKey, instance: &InstanceArguments) -> Result<(), Failure> {
    let issued = if instance.url.is_some() {
        let body = json!({
            "name": new.name,
            "scopes": new.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
            "account": new.account,
            "expires": new.expires.map(UnixNanos::to_rfc3339),
            "redirect": new.redirect,
        });
        Instance::find(instance)?.post::<Value>("/v1/keys", &body)?
    } else {
        if let Some(account) = new.account.as_deref().filter(|account| *account != Account::PAPER) {
            known(account, instance)?;
        }
        let issued = open(instance)?.create(new, machine_now()).map_err(|error| match error {
            KeysError::Invalid(wish) => Failure::usage(format!("--{}: {wish}", flag(wish.field()))),
            other => Failure::of(&other),
        })?;
        serde_json::to_value(IssuedView::new(&issued)).map_err(|error| Failure::of(&error))?
    };
    if instance.json {
        return output::json(&issued);
    }
    for name in ["api_key", "api_secret", "access_token"] {
        output::data(&format!("{name:<12}  {}\n", issued[name].as_str().unwrap_or_default()));
    }
    output::talk("keep them: they cannot be shown again\n");
    Ok(())
}

/// Passes if the running gateway knows the account: which there are is folded from its journal.
fn known(account: &str, instance: &InstanceArguments) -> Result<(), Failure> {
    let _: Value = Instance::find(instance)?.get(&format!("/v1/accounts/{}", segment(account)), &[])?;
    Ok(())
}

/// The flag of a field of [`NewKey`].
fn flag(field: &str) -> &str {
    if field == "scopes" { "scope" } else { field }
}

fn list(instance: &InstanceArguments) -> Result<(), Failure> {
    let keys: Value = if instance.url.is_some() {
        Instance::find(instance)?.get("/v1/keys", &[])?
    } else {
        let keys = open(instance)?.list().map_err(|error| Failure::of(&error))?;
        json!({"keys": keys.iter().map(KeyView::new).collect::<Vec<_>>()})
    };
    if instance.json {
        return output::json(&keys);
    }
    let rows: Vec<Vec<String>> =
        keys["keys"].as_array().map(|keys| keys.iter().map(row).collect()).unwrap_or_default();
    output::table(&["API KEY", "NAME", "SCOPES", "ACCOUNT", "EXPIRES", "REVOKED"], &rows);
    Ok(())
}

fn row(key: &Value) -> Vec<String> {
    let text = |name: &str| key[name].as_str().unwrap_or_default().to_string();
    let scopes = key["scopes"].as_array().map_or_else(String::new, |scopes| {
        if scopes.len() == access::Scope::ALL.len() {
            return "all".into();
        }
        scopes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")
    });
    vec![text("api_key"), text("name"), scopes, text("account"), text("expires"), text("revoked")]
}

fn revoke(api_key: &str, instance: &InstanceArguments) -> Result<(), Failure> {
    if instance.url.is_some() {
        Instance::find(instance)?.delete(&format!("/v1/keys/{api_key}"))?;
    } else {
        let revocation =
            open(instance)?.revoke(api_key, machine_now()).map_err(|error| Failure::of(&error))?;
        if revocation == Revocation::Unknown {
            return Err(
                Failure::new(format!("there is no key {api_key}")).hint("`meridian key list` shows them")
            );
        }
    }
    if instance.json {
        return output::json(&json!({"api_key": api_key, "revoked": true}));
    }
    output::talk(&format!("revoked {api_key}\n"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expiry_is_a_span_or_a_time() {
        let now = UnixNanos::from_seconds(1_000_000);
        assert_eq!(moment("12h", now).unwrap(), UnixNanos::from_seconds(1_000_000 + 43_200));
        assert_eq!(moment("30d", now).unwrap(), UnixNanos::from_seconds(1_000_000 + 2_592_000));
        assert_eq!(
            moment("2027-01-31T18:00:00+05:30", now).unwrap().to_rfc3339(),
            "2027-01-31T18:00:00.000+05:30"
        );
        for text in ["", "d", "-1d", "0d", "tomorrow", "9223372036854775807d", "30 d"] {
            assert!(moment(text, now).is_err(), "{text:?}");
        }
    }
}
