//! The license of a running Titan.

use super::super::remote::Remote;
use super::super::table::Table;
use anyhow::Result;
use clap::Args;
use serde::Deserialize;

const PATH: &str = "/admin/license";
const SESSIONS: &str = "/admin/license/sessions";

/// A license, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LicenseView {
    session_limit: Option<u32>,
    platform: String,
    issued_at: String,
    expires_at: String,
    grace_period_days: u32,
    aws_account_id: Option<String>,
    is_expired: bool,
    is_in_grace_period: bool,
}

/// A session, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    tenant_id: u32,
    session: String,
    opened_at: String,
    is_pending: bool,
}

#[derive(Args)]
pub(super) struct Sessions {
    /// List all sessions, not only the first 100
    #[arg(long)]
    all: bool,
}

#[derive(Args)]
pub(super) struct Release {
    /// The name of the session
    session: String,
    /// The number of its tenant
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    tenant: u32,
}

pub(super) fn show(remote: &Remote) -> Result<()> {
    remote.print(&remote.client()?.get(PATH, &[])?, |license: LicenseView| table(&license))
}

fn table(license: &LicenseView) -> String {
    let state = match (license.is_expired, license.is_in_grace_period) {
        (false, _) => "valid",
        (true, true) => "expired, in its grace period",
        (true, false) => "over: the edge answers 402",
    };
    let limit = license.session_limit.map_or("any number".to_owned(), |limit| limit.to_string());
    Table::default()
        .row(["state", state])
        .row(["sessions", &limit])
        .row(["platform", &license.platform])
        .row(["issued", &license.issued_at])
        .row(["expires", &license.expires_at])
        .row(["grace", &format!("{} days", license.grace_period_days)])
        .row(["AWS account", license.aws_account_id.as_deref().unwrap_or("any")])
        .to_string()
}

impl Sessions {
    pub(super) fn run(self, remote: &Remote) -> Result<()> {
        let answer = remote.client()?.list(SESSIONS, &[], self.all)?;
        remote.print(&answer, |sessions: Vec<SessionView>| list(&sessions))
    }
}

fn list(sessions: &[SessionView]) -> String {
    if sessions.is_empty() {
        return "No session is open.".to_owned();
    }
    let table = Table::headed(["TENANT", "SESSION", "OPENED", "STATE"]);
    let table = sessions.iter().fold(table, |table, session| {
        let state = if session.is_pending { "unknown, counted" } else { "open" };
        table.row([&session.tenant_id.to_string(), &session.session, &session.opened_at, state])
    });
    table.to_string()
}

impl Release {
    pub(super) fn run(self, remote: &Remote) -> Result<()> {
        let Self { session, tenant } = self;
        let answer = remote.client()?.delete(&format!("{SESSIONS}/{tenant}/{session}"), &[])?;
        remote.print_done(&answer, &format!("{session} is not counted any more."))
    }
}
