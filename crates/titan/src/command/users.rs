//! `titan users …`

use super::client::Client;
use super::keys::{read_secret, yes_or_no};
use super::remote::{Remote, Switch, confirm};
use super::table::Table;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Value, json};
use titan_core::user::Role;
use titan_token::UserId;

const PATH: &str = "/admin/users";

#[derive(Args)]
pub(super) struct Users {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List users, all or those of a tenant
    List(List),
    /// Create a user with a role in a tenant. The password is read from standard input
    Create(Create),
    /// Invite somebody to a tenant, and print the secret to send
    Invite(Invite),
    /// Show a user and its roles
    Get(Get),
    /// Enable or disable a user. Disabling ends all its sessions
    Update(Update),
    /// Set the password of a user, which is read from standard input. This ends all its sessions
    SetPassword(SetPassword),
    /// Give a user a role in a tenant, or another one
    SetRole(SetRole),
    /// Remove a user from a tenant, and end its sessions there
    Remove(Remove),
}

#[derive(Args)]
struct List {
    /// Only the members of this tenant
    #[arg(long, value_name = "NUMBER")]
    tenant: Option<u32>,
    /// How many at most, 1 to 1000 [default: 100]
    #[arg(long, conflicts_with = "all")]
    limit: Option<u32>,
    /// All of them
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
struct Create {
    /// The e-mail address, not used by another user
    email: String,
    /// The role: a member works with the guarded API, an admin also manages keys, an owner also manages people
    #[arg(long, value_parser = Role::ALL.map(Role::name))]
    role: String,
    /// The number of the tenant [default: 1]
    #[arg(long, value_name = "NUMBER")]
    tenant: Option<u32>,
}

#[derive(Args)]
struct Get {
    /// The id of the user: usr_…
    id: UserId,
}

#[derive(Args)]
struct Update {
    /// The id of the user: usr_…
    id: UserId,
    #[command(flatten)]
    switch: Switch,
}

#[derive(Args)]
struct SetRole {
    /// The id of the user: usr_…
    id: UserId,
    /// The role
    #[arg(value_parser = Role::ALL.map(Role::name))]
    role: String,
    /// The number of the tenant
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    tenant: u32,
}

#[derive(Args)]
struct Invite {
    /// The e-mail address
    email: String,
    /// The role: a member works with the guarded API, an admin also manages keys, an owner also manages people
    #[arg(long, value_parser = ["member", "admin", "owner"])]
    role: String,
    /// The number of the tenant
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    tenant: u32,
}

/// An invitation that was made just now.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InvitationView {
    id: String,
    email: String,
    role: String,
    expires_at: String,
    token: String,
    link: Option<String>,
}

#[derive(Args)]
struct SetPassword {
    /// The id of the user: usr_…
    id: UserId,
    /// Remove the second factor, too: for somebody who lost it
    #[arg(long)]
    remove_second_factor: bool,
}

#[derive(Args)]
struct Remove {
    /// The id of the user: usr_…
    id: UserId,
    /// The number of the tenant
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    tenant: u32,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

/// A user, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserView {
    id: String,
    email: String,
    is_active: bool,
    created_at: String,
    #[serde(default)]
    memberships: Vec<MembershipView>,
    #[serde(default)]
    has_second_factor: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MembershipView {
    tenant_id: u32,
    role: String,
    since: String,
}

impl Users {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        let client = remote.client()?;
        let person = |user: UserView| fields(&user);
        match command {
            Command::List(list) => {
                let answer = client.list(PATH, &list.query(), list.all)?;
                remote.print(&answer, |users: Vec<UserView>| table(&users))
            }
            Command::Create(create) => remote.print(&create.run(&client)?, person),
            Command::Invite(invite) => {
                remote.print(&invite.run(&client)?, |made: InvitationView| made.text())
            }
            Command::Get(Get { id }) => remote.print(&client.get(&path(id), &[])?, person),
            Command::Update(Update { id, switch }) => {
                let change = json!({ "isActive": switch.is_active() });
                remote.print(&client.patch(&path(id), &[], &change)?, person)
            }
            Command::SetPassword(SetPassword { id, remove_second_factor }) => {
                let change = json!({ "password": password()?, "removeSecondFactor": remove_second_factor });
                remote.print(&client.patch(&path(id), &[], &change)?, person)
            }
            Command::SetRole(SetRole { id, role, tenant }) => {
                let answer = client.put(&member(tenant, id), &json!({ "role": role }))?;
                remote.print_done(&answer, &format!("{id} is {role} of tenant {tenant}."))
            }
            Command::Remove(remove) => remove.run(&client, &remote),
        }
    }
}

impl List {
    fn query(&self) -> Vec<(&'static str, String)> {
        let limit = if self.all { Some(1000) } else { self.limit };
        let values = [("tenantId", self.tenant), ("limit", limit)];
        values.into_iter().filter_map(|(name, value)| Some((name, value?.to_string()))).collect()
    }
}

impl Create {
    fn run(&self, client: &Client) -> Result<super::client::Answer> {
        let body = json!({
            "email": self.email, "password": password()?, "role": self.role, "tenantId": self.tenant,
        });
        client.post(PATH, Some(&body), None)
    }
}

impl Invite {
    fn run(&self, client: &Client) -> Result<super::client::Answer> {
        let path = format!("/admin/tenants/{}/invitations", self.tenant);
        client.post(&path, Some(&json!({ "email": self.email, "role": self.role })), None)
    }
}

impl InvitationView {
    /// The secret on a line of its own, so that it can be marked with one click.
    fn text(&self) -> String {
        let secret = self.link.as_ref().unwrap_or(&self.token);
        let fields = Table::default()
            .row(["id", &self.id])
            .row(["email", &self.email])
            .row(["role", &self.role])
            .row(["expires", &self.expires_at]);
        format!("{fields}\nSend this, shown this once:\n\n{}", super::table::clean(secret))
    }
}

impl Remove {
    fn run(&self, client: &Client, remote: &Remote) -> Result<()> {
        let Self { id, tenant, yes } = self;
        confirm(*yes, || {
            let user: UserView = serde_json::from_value(client.get(&path(*id), &[])?.data)?;
            Ok(format!("Remove {id} ({}) from tenant {tenant}?", super::table::clean(&user.email)))
        })?;
        let answer = client.delete(&member(*tenant, *id), &[])?;
        remote.print_done(&answer, &format!("{id} is no member of tenant {tenant} any more."))
    }
}

/// Not an argument: every user of the machine can read those.
fn password() -> Result<Value> {
    let line = read_secret("Password (it is shown): ")?;
    Ok(Value::from(line.trim_end_matches(['\r', '\n'])))
}

fn path(id: UserId) -> String {
    format!("{PATH}/{id}")
}

fn member(tenant: u32, id: UserId) -> String {
    format!("/admin/tenants/{tenant}/members/{id}")
}

fn table(users: &[UserView]) -> String {
    let table = Table::headed(["ID", "EMAIL", "ACTIVE", "CREATED"]);
    let table = users.iter().fold(table, |table, user| {
        table.row([&user.id, &user.email, yes_or_no(user.is_active), &user.created_at])
    });
    table.to_string()
}

fn fields(user: &UserView) -> String {
    let table = Table::default()
        .row(["id", &user.id])
        .row(["email", &user.email])
        .row(["active", yes_or_no(user.is_active)])
        .row(["second factor", yes_or_no(user.has_second_factor)])
        .row(["created", &user.created_at]);
    let table = user.memberships.iter().fold(table, |table, membership| {
        let MembershipView { tenant_id, role, since } = membership;
        table.row(["role", &format!("{role} of tenant {tenant_id} since {since}")])
    });
    table.to_string()
}
