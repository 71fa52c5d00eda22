use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use control::probe::Verdict;
use release::Figure;

use crate::setup::{ask_one, failed, serve_http, unknown};

/// False, with a word about it, where there is no git.
#[expect(clippy::print_stdout, reason = "tests say what they skip")]
fn is_there() -> bool {
    let there = Command::new("git").arg("--version").output().is_ok();
    if !there {
        println!("skipped: no git");
    }
    there
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b.test",
        "-c",
        "commit.gpgsign=false",
    ]);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
    let done = command.args(arguments).output().unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn commit(folder: &Path, file: &str, content: &str) {
    fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
    fs::write(folder.join(file), content).unwrap();
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-qm", &format!("change {file}")]);
}

fn remove(folder: &Path, file: &str) {
    git(folder, &["rm", "-q", file]);
    git(folder, &["commit", "-qm", "remove"]);
}

/// Put together here, so that this file holds nothing that looks like a secret.
fn password() -> String {
    format!("DB_PASSWORD = '{}'\n", ["xK9", "pQ2vL", "m7Zr4T"].concat())
}

fn check(repository: &Path, rest: &str) -> String {
    let repository = repository.display();
    format!("[[check]]\nid = \"x\"\nprobe.git-history = {{ repository = \"{repository}\", {rest} }}\n")
}

#[tokio::test]
async fn a_clean_history_passes_and_a_removed_secret_is_found() {
    if !is_there() {
        return;
    }
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let here = folder.path();
    git(here, &["init", "-q", "-b", "main"]);
    commit(here, "src/app.py", "password = os.environ['DB_PASSWORD']\n");
    let both = "paths = [\".env\"], secrets = true";
    let outcome = ask_one(elsewhere.path(), &check(here, both)).await;
    assert_eq!(outcome.result, Verdict::Pass, "{outcome:?}");
    assert_eq!(outcome.figures["commits"], Figure::ONE);
    assert_eq!(outcome.figures["objects"], Figure::whole(2), "the file and the commit");

    commit(here, "config/settings.py", &format!("# one\n# two\n{}", password()));
    remove(here, "config/settings.py");
    let outcome = ask_one(elsewhere.path(), &check(here, both)).await;
    let why = failed(&outcome);
    assert!(why.contains("config/settings.py:3: password or key"), "{why}");
    assert!(!format!("{outcome:?}").contains("xK9"), "{outcome:?}");

    commit(here, ".env", "A=1\n");
    remove(here, ".env");
    let outcome = ask_one(elsewhere.path(), &check(here, "paths = [\".env\"]")).await;
    assert!(failed(&outcome).contains(".env: must be in no commit"), "{outcome:?}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing is left behind");
}

#[tokio::test]
async fn branches_tags_messages_and_lone_objects_are_looked_at() {
    if !is_there() {
        return;
    }
    for place in ["branch", "message", "tag message", "tagged file", "dropped branch"] {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        git(here, &["init", "-q", "-b", "main"]);
        commit(here, "a.txt", "a\n");
        match place {
            "branch" | "dropped branch" => {
                git(here, &["checkout", "-q", "-b", "old"]);
                commit(here, "secret.txt", &password());
                git(here, &["checkout", "-q", "main"]);
                if place == "dropped branch" {
                    git(here, &["branch", "-q", "-D", "old"]);
                }
            }
            "message" => git(here, &["commit", "-q", "--allow-empty", "-m", &password()]),
            "tag message" => git(here, &["tag", "-a", "v1", "-m", &password()]),
            _ => {
                fs::write(here.join("loose.txt"), password()).unwrap();
                git(here, &["hash-object", "-w", "loose.txt"]);
                let id = Command::new("git")
                    .current_dir(here)
                    .args(["hash-object", "loose.txt"])
                    .output()
                    .unwrap()
                    .stdout;
                git(here, &["tag", "key", String::from_utf8(id).unwrap().trim()]);
            }
        }
        let outcome = ask_one(here, &check(here, "secrets = true")).await;
        if place == "dropped branch" {
            assert_eq!(outcome.result, Verdict::Pass, "nobody who clones it gets it: {outcome:?}");
        } else {
            assert!(failed(&outcome).contains("password or key"), "{place}: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_looked_at_is_unknown() {
    if !is_there() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    unknown(&ask_one(here, &check(&here.join("none"), "secrets = true")).await);
    fs::create_dir(here.join("empty")).unwrap();
    git(&here.join("empty"), &["init", "-q"]);
    assert!(
        unknown(&ask_one(here, &check(&here.join("empty"), "secrets = true")).await).contains("no commit")
    );
    fs::create_dir(here.join("full")).unwrap();
    git(&here.join("full"), &["init", "-q"]);
    commit(&here.join("full"), "a.txt", "a\n");
    commit(&here.join("full"), "a.txt", "b\n");
    let url = format!("file://{}", here.join("full").display());
    git(here, &["clone", "-q", "--depth=1", &url, "shallow"]);
    assert!(
        unknown(&ask_one(here, &check(&here.join("shallow"), "secrets = true")).await).contains("shallow")
    );
    assert!(
        unknown(&ask_one(here, &check(&here.join("full"), "paths = []")).await)
            .contains("nothing is looked for")
    );
}

/// Arguments of everything on this machine that asks for this repository.
fn arguments(repository: &str) -> String {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let arguments = processes.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok());
    arguments.filter(|line| line.contains(repository)).collect::<Vec<_>>().join("\n").replace('\0', " ")
}

#[tokio::test]
async fn credentials_reach_the_server_and_no_argument() {
    if !is_there() {
        return;
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sees = Arc::clone(&seen);
    let server = serve_http(move |request| {
        sees.lock().unwrap().push((request.to_owned(), arguments("/credentials.git")));
        ("404 Not Found".to_owned(), String::new())
    });
    let here = Path::new(".");
    let ask = |repository: String| async move {
        unknown(&ask_one(here, &check(Path::new(&repository), "secrets = true")).await).to_owned()
    };
    ask(format!("http://joe:{{secret:token}}@{server}/credentials.git")).await;
    let (request, arguments) = seen.lock().unwrap().first().cloned().expect("git asks the server");
    // joe:open-sesame-4711
    assert!(request.contains("Authorization: Basic am9lOm9wZW4tc2VzYW1lLTQ3MTE="), "{request}");
    assert!(arguments.contains("clone --mirror"), "{arguments}");
    assert!(!arguments.contains("open-sesame"), "{arguments}");
    for repository in ["secret:token", "ssh://{secret:token}@host/a", "http://host/{secret:token}/a"] {
        let why = ask(repository.to_owned()).await;
        assert!(why.contains("only as user or password"), "{why}");
    }
}
