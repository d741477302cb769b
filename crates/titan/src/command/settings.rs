//! `titan settings …`

use super::keys::yes_or_no;
use super::remote::Remote;
use super::table::Table;
use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::json;

const PATH: &str = "/admin/settings";
const DEBUG: &str = "/admin/debug";

#[derive(Args)]
pub(super) struct Settings {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show the settings
    Get,
    /// Change settings on all instances. Those that you do not name stay
    Set(Set),
    /// Switch the debug mode of the instances that run now, without storing it
    Debug(Debug),
}

#[derive(Args, Serialize)]
#[serde(rename_all = "camelCase")]
#[command(group(
    ArgGroup::new("change").args(["rate_limit", "msg_rate_limit", "debug_mode", "log_level"]).required(true).multiple(true)
))]
struct Set {
    /// Requests of all keys together in any 60 seconds. 0 is no limit
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u32>,
    /// The same for routes that send messages
    #[arg(long, value_name = "NUMBER")]
    #[serde(skip_serializing_if = "Option::is_none")]
    msg_rate_limit: Option<u32>,
    /// Whether everything from `debug` on is logged
    #[arg(long, value_name = "true|false")]
    #[serde(skip_serializing_if = "Option::is_none")]
    debug_mode: Option<bool>,
    /// From which level on to log
    #[arg(long, value_name = "LEVEL")]
    #[serde(skip_serializing_if = "Option::is_none")]
    log_level: Option<Level>,
}

#[derive(Clone, Copy, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(Args)]
struct Debug {
    /// On, or off
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Mode {
    On,
    Off,
}

/// The settings, as Titan answers them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SettingsView {
    rate_limit: u32,
    msg_rate_limit: u32,
    debug_mode: bool,
    log_level: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DebugView {
    debug_mode: bool,
}

impl Settings {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        let client = remote.client()?;
        match command {
            Command::Get => remote.print(&client.get(PATH, &[])?, |settings: SettingsView| fields(&settings)),
            Command::Set(set) => {
                let answer = client.put(PATH, &json!(set))?;
                remote.print(&answer, |settings: SettingsView| format!("{}\n", fields(&settings)))
            }
            Command::Debug(Debug { mode }) => {
                let answer = client.post(DEBUG, Some(&json!({ "enabled": mode == Mode::On })), None)?;
                remote.print(&answer, |debug: DebugView| {
                    format!("debug mode of the instances that run: {}\n", yes_or_no(debug.debug_mode))
                })
            }
        }
    }
}

fn fields(settings: &SettingsView) -> String {
    let limit = |limit: u32| if limit == 0 { "none".to_owned() } else { format!("{limit} a minute") };
    Table::default()
        .row(["requests", &limit(settings.rate_limit)])
        .row(["messages", &limit(settings.msg_rate_limit)])
        .row(["debug mode", yes_or_no(settings.debug_mode)])
        .row(["log level", &settings.log_level])
        .to_string()
}
