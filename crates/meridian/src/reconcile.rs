//! `meridian reconcile`: differences first, and reports to keep.

use gateway::report::Report;
use serde_json::{Value, json};

use crate::cli::ReconcileArguments;
use crate::failure::Failure;
use crate::instance::{Instance, segment};
use crate::output;

pub fn run(arguments: &ReconcileArguments) -> Result<(), Failure> {
    let ReconcileArguments { account, out, instance } = arguments;
    let gateway = Instance::find(instance)?;
    let names = match account {
        Some(name) => vec![name.clone()],
        None => {
            let accounts: Value = gateway.get("/v1/accounts", &[])?;
            output::rows(&accounts, "accounts", &["name"]).concat()
        }
    };
    let mut found = Vec::new();
    let mut unread: Vec<(String, Failure)> = Vec::new();
    for name in &names {
        match gateway.post::<Value>("/v1/reconcile", &json!({"account": name})) {
            Ok(report) => found.push(report),
            Err(failure) => unread.push((name.clone(), failure)),
        }
    }
    let mut files = Vec::new();
    if let Some(folder) = out {
        for done in &found {
            let name = output::cell(&done["account"]);
            let row = output::cell(&done["sequence"]);
            let path = format!("/v1/accounts/{}/report", segment(&name));
            let report: Report = gateway.get(&path, &[("reconciliation", &row)])?;
            let written = report.write(folder).map_err(|error| {
                Failure::new(format!("cannot write the report of {name} into {}", folder.display()))
                    .cause(error)
            })?;
            files.extend(written.map(|path| path.display().to_string()));
        }
    }
    if instance.json {
        output::json(
            &json!({"reconciliations": found, "not_read": unread.iter().map(|(name, _)| name).collect::<Vec<_>>(), "files": files}),
        )?;
    } else {
        print(&found, &files);
    }
    verdict(&found, unread)
}

fn print(found: &[Value], files: &[String]) {
    let mut differences = Vec::new();
    for done in found {
        for row in output::rows(done, "differences", &["code", "subject", "here", "there"]) {
            differences.push(std::iter::once(output::cell(&done["account"])).chain(row).collect());
        }
    }
    if !differences.is_empty() {
        output::table(&["ACCOUNT", "DIFFERENCE", "ABOUT", "JOURNAL", "VENUE"], &differences);
    }
    for done in found {
        let count = done["differences"].as_array().map_or(0, Vec::len);
        let [account, orders, trades, row] =
            ["account", "orders", "trades", "sequence"].map(|field| output::cell(&done[field]));
        output::data(&format!(
            "{account}: {count} differences, {orders} orders, {trades} trades today (row {row})\n"
        ));
    }
    for file in files {
        output::talk(&format!("wrote {file}\n"));
    }
}

/// Agreement everywhere, or why not.
fn verdict(found: &[Value], unread: Vec<(String, Failure)>) -> Result<(), Failure> {
    let differing =
        found.iter().filter(|done| done["differences"].as_array().is_some_and(|list| !list.is_empty()));
    let differing: Vec<String> = differing.map(|done| output::cell(&done["account"])).collect();
    if let Some((name, failure)) = unread.into_iter().next() {
        return Err(failure.about(format!("the account {name} could not be compared with its venue's book")));
    }
    if differing.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("journal and book differ: {}", differing.join(", ")))
        .hint("positions follow the trades that the journal has: look at each difference at the venue before trading on"))
}
