//! `titan keys …`

mod inspect;
mod which;

use self::which::Which;
use super::client::Client;
use super::remote::{Remote, Switch, confirm};
use super::table::{Table, clean};
use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;
use titan_token::KeyId;

const PATH: &str = "/admin/keys";

#[derive(Args)]
pub(super) struct Keys {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List keys, newest first
    List(List),
    /// Create a key
    Create(Create),
    /// Show a key
    Get(Get),
    /// Rename, enable or disable a key
    Update(Update),
    /// Replace a key by a new one and revoke the old one
    Rotate(Rotate),
    /// Revoke a key. This cannot be undone
    Delete(Delete),
    /// Show what a key contains. Works offline
    Inspect(inspect::Inspect),
}

#[derive(Args)]
struct List {
    /// Show only the keys of this tenant
    #[arg(long, value_name = "NUMBER")]
    tenant: Option<u32>,
    /// Show only enabled keys (true), or only disabled keys (false)
    #[arg(long, value_name = "true|false")]
    active: Option<bool>,
    /// How many keys to show: 1 to 1000. With --all: how many to ask for at a time
    #[arg(long, value_name = "NUMBER")]
    limit: Option<u32>,
    /// Show all keys
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct Create {
    /// A name for people: 1 to 100 characters
    #[arg(long)]
    label: String,
    /// Days until the key expires
    #[arg(long, value_name = "NUMBER")]
    days: u32,
    /// What the key may do. Repeat the option for several scopes
    #[arg(long = "scope", value_name = "SCOPE", required = true, num_args = 1..)]
    scopes: Vec<String>,
    /// The tenant that owns the key [default: 1]
    #[arg(long, value_name = "NUMBER")]
    tenant: Option<u32>,
    /// A name for this request. If you repeat the request with the same name within 24 hours, you get the same key
    #[arg(long, value_name = "NAME")]
    idempotency_key: Option<String>,
    /// Print nothing but the key on standard output
    #[arg(long, conflicts_with = "json")]
    key_only: bool,
}

#[derive(Args)]
struct Get {
    #[command(flatten)]
    which: Which,
}

#[derive(Args)]
#[command(group(ArgGroup::new("change").args(["label", "enable", "disable"]).required(true).multiple(true)))]
struct Update {
    #[command(flatten)]
    which: Which,
    /// A new label: 1 to 100 characters
    #[arg(long)]
    label: Option<String>,
    #[command(flatten)]
    switch: Switch,
    /// Also disable the keys that this key created, and the keys that those created
    #[arg(long, requires = "disable", conflicts_with = "enable")]
    descendants: bool,
}

#[derive(Args)]
struct Rotate {
    #[command(flatten)]
    which: Which,
    /// Seconds for which the old key still works: up to 604800, which is 7 days
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    overlap: u32,
    /// A name for this request. If you repeat the request with the same name within 24 hours, you get the same key
    #[arg(long, value_name = "NAME")]
    idempotency_key: Option<String>,
    /// Print nothing but the key on standard output
    #[arg(long, conflicts_with = "json")]
    key_only: bool,
}

#[derive(Args)]
struct Delete {
    #[command(flatten)]
    which: Which,
    /// Also revoke the keys that this key created, and the keys that those created
    #[arg(long)]
    descendants: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

/// A key, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyView {
    id: String,
    label: String,
    scopes: Vec<String>,
    is_active: bool,
    created_at: String,
    expires_at: String,
    last_used_at: Option<String>,
    created_by: String,
    tenant_id: u32,
}

/// A key that was issued just now.
#[derive(Deserialize)]
struct IssuedView {
    key: String,
    #[serde(flatten)]
    view: KeyView,
}

/// What shall change of a key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
}

impl Keys {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        match command {
            Command::List(list) => list.run(&remote),
            Command::Create(create) => create.run(&remote),
            Command::Get(get) => get.run(&remote),
            Command::Update(update) => update.run(&remote),
            Command::Rotate(rotate) => rotate.run(&remote),
            Command::Delete(delete) => delete.run(&remote),
            Command::Inspect(inspect) => inspect.run(remote.json),
        }
    }
}

impl List {
    fn run(&self, remote: &Remote) -> Result<()> {
        let query = [
            ("tenantId", self.tenant.map(|number| number.to_string())),
            ("active", self.active.map(|is_active| is_active.to_string())),
            ("limit", self.limit.map(|number| number.to_string())),
        ];
        let query: Vec<_> = query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let answer = remote.client()?.list(PATH, &query, self.all)?;
        remote.print(&answer, |keys: Vec<KeyView>| table(&keys))
    }
}

impl Create {
    fn run(&self, remote: &Remote) -> Result<()> {
        let body = json!({
            "label": self.label, "lifetimeDays": self.days, "scopes": self.scopes, "tenantId": self.tenant,
        });
        let answer = remote.client()?.post(PATH, Some(&body), self.idempotency_key.as_deref())?;
        if self.key_only {
            return Remote::print_key(&answer);
        }
        remote.print(&answer, |issued: IssuedView| {
            format!("{}\n\n{}", fields(&issued.view), shown_once(&issued.key))
        })
    }
}

impl Get {
    fn run(&self, remote: &Remote) -> Result<()> {
        let (client, id) = self.which.find(remote)?;
        remote.print(&client.get(&path(id), &[])?, |key: KeyView| fields(&key))
    }
}

impl Update {
    fn run(&self, remote: &Remote) -> Result<()> {
        let (client, id) = self.which.find(remote)?;
        let changes = Changes { label: self.label.as_deref(), is_active: self.switch.is_active() };
        let answer = client.patch(&path(id), &reaching(self.descendants), &json!(changes))?;
        remote.print(&answer, |key: KeyView| format!("{}\n", fields(&key)))
    }
}

impl Rotate {
    fn run(&self, remote: &Remote) -> Result<()> {
        let (client, id) = self.which.find(remote)?;
        let path = format!("{}/rotate", path(id));
        let body = json!({ "overlapSeconds": self.overlap });
        let answer = client.post(&path, Some(&body), self.idempotency_key.as_deref())?;
        if self.key_only {
            return Remote::print_key(&answer);
        }
        let fate = match self.overlap {
            0 => "is refused from now on".to_owned(),
            seconds => format!("lives on for {seconds} seconds from its rotation"),
        };
        remote.print(&answer, |issued: IssuedView| {
            let (fields, key) = (fields(&issued.view), shown_once(&issued.key));
            format!("{fields}\n\n{key}\n\nIt replaces {id}, which {fate}.")
        })
    }
}

impl Delete {
    fn run(&self, remote: &Remote) -> Result<()> {
        let (client, id) = self.which.find(remote)?;
        confirm(self.yes, || self.question(&client, id))?;
        let answer = client.delete(&path(id), &reaching(self.descendants))?;
        let others = if self.descendants { " and every key that comes from it" } else { "" };
        remote.print_done(&answer, &format!("{id}{others} is revoked for good."))
    }

    /// Says the label, as nobody knows keys by their ids.
    fn question(&self, client: &Client, id: KeyId) -> Result<String> {
        let key = KeyView::deserialize(&client.get(&path(id), &[])?.data)?;
        let others = if self.descendants { " and every key that comes from it" } else { "" };
        Ok(format!("Revoke {id} ({}, tenant {}){others} for good?", clean(&key.label), key.tenant_id))
    }
}

fn path(id: KeyId) -> String {
    format!("{PATH}/{id}")
}

fn reaching(has_descendants: bool) -> Vec<(&'static str, String)> {
    if has_descendants { vec![("descendants", true.to_string())] } else { Vec::new() }
}

fn table(keys: &[KeyView]) -> String {
    if keys.is_empty() {
        return "No keys.".to_owned();
    }
    let table = Table::headed(["ID", "LABEL", "SCOPES", "ACTIVE", "EXPIRES", "LAST USED", "TENANT"]);
    let table = keys.iter().fold(table, |table, key| {
        let (scopes, tenant) = (key.scopes.join(","), key.tenant_id.to_string());
        let last_used = key.last_used_at.as_deref().unwrap_or("never");
        table.row([
            &key.id,
            &key.label,
            &scopes,
            yes_or_no(key.is_active),
            &key.expires_at,
            last_used,
            &tenant,
        ])
    });
    table.to_string()
}

fn fields(key: &KeyView) -> String {
    Table::default()
        .row(["id", &key.id])
        .row(["label", &key.label])
        .row(["scopes", &key.scopes.join(", ")])
        .row(["active", yes_or_no(key.is_active)])
        .row(["created", &key.created_at])
        .row(["created by", &key.created_by])
        .row(["expires", &key.expires_at])
        .row(["last used", key.last_used_at.as_deref().unwrap_or("never")])
        .row(["tenant", &key.tenant_id.to_string()])
        .to_string()
}

/// The key on a line of its own, so that it can be marked with one click.
fn shown_once(key: &str) -> String {
    format!("The key, shown this once:\n\n{}", clean(key))
}

pub(super) fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
