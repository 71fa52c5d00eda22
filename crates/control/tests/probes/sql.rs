use std::fs;
use std::time::Duration;

use control::probe::Verdict;
use rusqlite::Connection;

use crate::setup::{ask_one, failed, probe, unknown};

#[tokio::test]
async fn the_first_value_is_compared() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    let database = Connection::open(here.join("a.db")).unwrap();
    database.execute_batch("create table t (n, s); insert into t values (7, 'seven'), (8, null)").unwrap();
    let sql = |query: &str, equals: &str| {
        format!("sql = {{ database = \"a.db\", query = \"{query}\", equals = \"{equals}\" }}")
    };
    for (query, equals) in [
        ("select n from t", "7"),
        ("select n + 0.0 from t", "7"),
        ("select s from t", "seven"),
        ("select s from t where n = 8", "NULL"),
    ] {
        let outcome = probe(here, &sql(query, equals)).await;
        assert_eq!(outcome.result, Verdict::Pass, "{query}: {outcome:?}");
    }
    assert!(failed(&probe(here, &sql("select n from t", "8")).await).contains("`7` instead of `8`"));
    assert!(failed(&probe(here, &sql("select n from t where n = 9", "9")).await).contains("no row"));
    for query in [
        "delete from t",
        "select 1; delete from t",
        "select nonsense",
        "attach 'b.db' as b",
        "create table u (x)",
    ] {
        unknown(&probe(here, &sql(query, "1")).await);
    }
    let rows: i64 = database.query_row("select count(*) from t", [], |row| row.get(0)).unwrap();
    assert_eq!((rows, here.join("b.db").exists()), (2, false), "nothing was written");
    unknown(&probe(here, "sql = { database = \"none.db\", query = \"select 1\", equals = \"1\" }").await);
    assert!(!here.join("none.db").exists());
    fs::write(here.join("text.db"), "not a database, but long enough to be looked at as one".repeat(100))
        .unwrap();
    unknown(
        &probe(
            here,
            "sql = { database = \"text.db\", query = \"select 1 from sqlite_master\", equals = \"1\" }",
        )
        .await,
    );
}

#[tokio::test]
async fn an_endless_query_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    Connection::open(folder.path().join("a.db")).unwrap().execute_batch("create table t (n)").unwrap();
    let check = "[[check]]\nid = \"x\"\ntimeout = \"1s\"\n[check.probe.sql]\ndatabase = \"a.db\"\nequals = \"1\"\n\
        query = \"with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c\"";
    let outcome = ask_one(folder.path(), check).await;
    unknown(&outcome);
    assert!(outcome.took < Duration::from_secs(3), "{:?}", outcome.took);
    // The end of the test waits for the thread: it would wait for ever if the query went on.
}
