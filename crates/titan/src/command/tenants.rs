//! `titan tenants …`

use super::keys::yes_or_no;
use super::remote::{Remote, Switch};
use super::table::Table;
use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use serde::{Deserialize, Serialize};
use serde_json::json;

const PATH: &str = "/admin/tenants";
/// As many at a time as Titan gives: there are few tenants, and all are shown.
const LIMIT: u32 = 1000;

#[derive(Args)]
pub(super) struct Tenants {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List all tenants, by number
    List,
    /// Create a tenant
    Create(Create),
    /// Show a tenant
    Get(Get),
    /// Rename, enable or disable a tenant, or revoke all its keys
    Update(Update),
}

#[derive(Args)]
struct Create {
    /// The name: 1 to 100 characters, not used by another tenant
    name: String,
}

#[derive(Args)]
struct Get {
    /// The number of the tenant
    id: u32,
}

#[derive(Args)]
#[command(group(
    ArgGroup::new("change").args(["name", "enable", "disable", "revoke_keys"]).required(true).multiple(true)
))]
struct Update {
    /// The number of the tenant
    id: u32,
    /// A new name: 1 to 100 characters, not used by another tenant
    #[arg(long)]
    name: Option<String>,
    #[command(flatten)]
    switch: Switch,
    /// Revoke all keys that the tenant has now. This cannot be undone
    #[arg(long)]
    revoke_keys: bool,
}

/// A tenant, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TenantView {
    id: u32,
    name: String,
    is_active: bool,
    not_before: Option<String>,
    created_at: String,
}

/// What shall change of a tenant.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
    revoke_keys: bool,
}

impl Tenants {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        let client = remote.client()?;
        match command {
            Command::List => {
                let answer = client.list(PATH, &[("limit", LIMIT.to_string())], true)?;
                remote.print(&answer, |tenants: Vec<TenantView>| table(&tenants))
            }
            Command::Create(Create { name }) => {
                let answer = client.post(PATH, Some(&json!({ "name": name })), None)?;
                remote.print(&answer, |tenant: TenantView| fields(&tenant))
            }
            Command::Get(Get { id }) => {
                let answer = client.get(&format!("{PATH}/{id}"), &[])?;
                remote.print(&answer, |tenant: TenantView| fields(&tenant))
            }
            Command::Update(update) => {
                let answer = client.patch(&format!("{PATH}/{}", update.id), &[], &json!(update.changes()))?;
                remote.print(&answer, |tenant: TenantView| format!("{}\n", fields(&tenant)))
            }
        }
    }
}

impl Update {
    fn changes(&self) -> Changes<'_> {
        let Self { name, switch, revoke_keys, .. } = self;
        Changes { name: name.as_deref(), is_active: switch.is_active(), revoke_keys: *revoke_keys }
    }
}

fn table(tenants: &[TenantView]) -> String {
    let table = Table::headed(["ID", "NAME", "ACTIVE", "CREATED", "KEYS REVOKED BEFORE"]);
    let table = tenants.iter().fold(table, |table, tenant| {
        let not_before = tenant.not_before.as_deref().unwrap_or("");
        let (id, is_active) = (tenant.id.to_string(), yes_or_no(tenant.is_active));
        table.row([&id, &tenant.name, is_active, &tenant.created_at, not_before])
    });
    table.to_string()
}

fn fields(tenant: &TenantView) -> String {
    let table = Table::default()
        .row(["id", &tenant.id.to_string()])
        .row(["name", &tenant.name])
        .row(["active", yes_or_no(tenant.is_active)])
        .row(["created", &tenant.created_at]);
    match &tenant.not_before {
        Some(at) => table.row(["keys revoked before", at]).to_string(),
        None => table.to_string(),
    }
}
