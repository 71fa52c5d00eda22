//! `meridian accounts` and `meridian account`: the list, adding one, logging one in.

use std::fs::File;
use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::path::Path;

use access::Secret;
use broker::kite::client::Settings;
use broker::kite::endpoint::Endpoint;
use broker::kite::login;
use serde_json::{Map, Value, json};

use crate::cli::{AccountCommand, ClassArgument, InstanceArguments};
use crate::failure::Failure;
use crate::instance::{Instance, segment};
use crate::limits::settings_body;
use crate::output;

/// Bytes of a token with its line break.
const LINE_MAX: u64 = 4_096;

pub fn list(instance: &InstanceArguments) -> Result<(), Failure> {
    let answer: Value = Instance::find(instance)?.get("/v1/accounts", &[])?;
    if instance.json {
        return output::json(&answer);
    }
    let row = |account: &Value| {
        let mut cells = ["name", "class", "cash", "profit_today", "open_orders", "unknown_fates"]
            .map(|field| output::cell(&account[field]))
            .to_vec();
        cells.push(output::cell(&account["halted"]["why"]));
        cells.push(output::cell(&account["holder"]));
        cells
    };
    let rows: Vec<Vec<String>> = answer["accounts"].as_array().into_iter().flatten().map(row).collect();
    output::table(&["ACCOUNT", "CLASS", "CASH", "TODAY", "OPEN", "UNKNOWN", "HALTED", "HOLDER"], &rows);
    Ok(())
}

pub fn run(command: AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Add { name, class, url, api_key, access_token_file, funds, limits, gateway } => {
            let instance = InstanceArguments::from(gateway);
            let wanted = Wanted { name, class, url, api_key, funds, limits };
            add(wanted, access_token_file.as_deref(), &instance)
        }
        AccountCommand::Login { name, access_token_file, instance } => {
            log_in(&name, access_token_file.as_deref(), &instance)
        }
    }
}

struct Wanted {
    name: String,
    class: ClassArgument,
    url: Option<String>,
    api_key: Option<String>,
    funds: Option<String>,
    limits: Vec<(String, String)>,
}

fn add(wanted: Wanted, token_file: Option<&Path>, instance: &InstanceArguments) -> Result<(), Failure> {
    let Wanted { name, class, url, api_key, funds, limits } = wanted;
    let class_name = match class {
        ClassArgument::Paper => "paper",
        ClassArgument::Venue => "venue",
        ClassArgument::Kite => "kite",
    };
    if class == ClassArgument::Venue {
        refuse_elsewhere(url.as_deref())?;
    }
    let mut body = Map::from_iter([("name".into(), json!(name)), ("class".into(), json!(class_name))]);
    let given = [("url", url), ("api_key", api_key), ("funds", funds)];
    body.extend(given.into_iter().filter_map(|(field, value)| Some((field.to_owned(), json!(value?)))));
    if !limits.is_empty() {
        body.insert("limits".into(), Value::Object(settings_body(&limits)?));
    }
    let gateway = Instance::find(instance)?;
    if class != ClassArgument::Paper
        && let Some(token) = optional_token(token_file)?
    {
        body.insert("access_token".into(), json!(token.expose()));
    }
    let has_token = body.contains_key("access_token");
    let answer: Value = gateway.post("/v1/accounts", &Value::Object(body))?;
    if instance.json {
        output::json(&answer)?;
    } else {
        output::data(&format!("{name} is a {class_name} account (row {})\n", answer["sequence"]));
    }
    if answer["reached"] == false {
        output::talk(&format!("this start sends it no orders: `meridian up --broker {class_name}` would\n"));
    }
    if class != ClassArgument::Paper && !has_token {
        output::talk(&format!("it has no access token yet: `meridian account login {name}`\n"));
    }
    Ok(())
}

/// A venue takes paper orders on this machine: another address is wrong use, before anything is asked or sent.
fn refuse_elsewhere(url: Option<&str>) -> Result<(), Failure> {
    let Some(url) = url else { return Ok(()) };
    let elsewhere = match Endpoint::parse(url) {
        Ok(endpoint) => (!endpoint.is_local()).then(|| "it is on another host".to_owned()),
        Err(error) => Some(error.to_string()),
    };
    match elsewhere {
        None => Ok(()),
        Some(why) => Err(Failure::usage(format!("--url {url} is no address for a venue account"))
            .cause(why)
            .hint("a venue is a process of this machine: http://127.0.0.1:PORT or unix:PATH (`meridian venue` prints its address)")),
    }
}

fn log_in(name: &str, token_file: Option<&Path>, instance: &InstanceArguments) -> Result<(), Failure> {
    let gateway = Instance::find(instance)?;
    let account: Value = gateway.get(&format!("/v1/accounts/{}", segment(name)), &[])?;
    let body = match account["class"].as_str() {
        Some("kite") => exchange(&account, token_file)?,
        Some("venue") => json!({"access_token": Input::open(token_file)?.line("access token")?.expose()}),
        _ => {
            return Err(Failure::new(format!("{name} is a paper account: it needs no token"))
                .hint("`meridian accounts` shows the class of each"));
        }
    };
    let answer: Value = gateway.put(&format!("/v1/accounts/{}/token", segment(name)), &body)?;
    if instance.json {
        return output::json(&answer);
    }
    output::talk(&format!("{name} is logged in\n"));
    if let Some(why) = answer["halted"].as_str() {
        output::talk(&format!(
            "it is halted ({why}): `meridian resume --account {name} --why ...` lets it trade again\n"
        ));
    }
    Ok(())
}

/// From the broker's log-in page to a session.
fn exchange(account: &Value, file: Option<&Path>) -> Result<Value, Failure> {
    let [url, api_key] = ["url", "api_key"].map(|field| output::cell(&account[field]));
    let endpoint = Endpoint::parse(&url)
        .map_err(|error| Failure::new("the account has no usable address").chain(&error))?;
    output::data(&format!("{}\n", login::login_url(&api_key)));
    output::talk("log in there; the address it leads to has a request_token\n");
    let mut input = Input::open(file)?;
    let request_token = kite::secret::Secret::new(input.line("request token")?.expose());
    let api_secret = kite::secret::Secret::new(input.line("app's secret")?.expose());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::of(&error))?;
    let asked = login::exchange(&endpoint, &api_key, &request_token, &api_secret, Settings::default());
    let session = runtime.block_on(asked).map_err(|error| {
        Failure::new("the broker gave no session")
            .chain(&error)
            .hint("a request token works once and for minutes: begin again")
    })?;
    Ok(json!({"access_token": session.access_token.expose(), "api_secret": api_secret.expose()}))
}

/// From the file, else from standard input unless a person sits there; `None` when nothing comes.
fn optional_token(file: Option<&Path>) -> Result<Option<Secret>, Failure> {
    let mut input = Input::open(file)?;
    if input.is_person {
        return Ok(None);
    }
    match (input.read()?, file) {
        (text, Some(path)) if text.is_empty() => {
            Err(Failure::new(format!("there is no access token in {}", path.display())))
        }
        (text, None) if text.is_empty() => Ok(None),
        (text, _) => Ok(Some(Secret::new(text))),
    }
}

/// Where secrets are read from, a line each: never from the command line, which others can see.
struct Input {
    lines: Box<dyn BufRead>,
    is_person: bool,
}

impl Input {
    fn open(file: Option<&Path>) -> Result<Input, Failure> {
        let Some(path) = file else {
            let stdin = std::io::stdin();
            return Ok(Input { is_person: stdin.is_terminal(), lines: Box::new(stdin.lock()) });
        };
        let file = File::open(path).map_err(|error| {
            Failure::new(format!("cannot read {}", path.display())).cause(error).hint("check the path")
        })?;
        Ok(Input { lines: Box::new(BufReader::new(file)), is_person: false })
    }

    fn line(&mut self, what: &str) -> Result<Secret, Failure> {
        if self.is_person {
            output::talk(&format!("{what} (it shows while you type): "));
        }
        match self.read()? {
            text if text.is_empty() => {
                Err(Failure::usage(format!("there is no {what}"))
                    .hint("give it on standard input, a line each"))
            }
            text => Ok(Secret::new(text)),
        }
    }

    fn read(&mut self) -> Result<String, Failure> {
        let mut text = String::new();
        let read = (&mut self.lines).take(LINE_MAX).read_line(&mut text);
        read.map_err(|error| Failure::new("cannot read the token").cause(error))?;
        Ok(text.trim().to_owned())
    }
}
