//! `titan keys list`: one page, or all keys as they arrive.

use super::PATH;
use super::view::{KeyView, yes_or_no};
use crate::command::remote::{Remote, moment};
use crate::command::stream::{Extent, Rows, given};
use crate::command::table::Table;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;

#[derive(Args)]
pub(super) struct List {
    /// Show only the keys of this tenant
    #[arg(long, value_name = "NUMBER")]
    tenant: Option<u32>,
    /// Show only enabled keys (true), or only disabled keys (false)
    #[arg(long, value_name = "true|false")]
    active: Option<bool>,
    /// Show only keys whose label contains this text
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Show only keys that this key or user created, or `master` for the master key
    #[arg(long, value_name = "ID")]
    created_by: Option<String>,
    /// Show only keys that were granted exactly this scope
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// Show only keys that expire before this time, for example 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    expires_before: Option<String>,
    /// Show only keys that were last used before this time, or never
    #[arg(long, value_name = "TIME", value_parser = moment)]
    last_used_before: Option<String>,
    /// The order; by default the one of --expires-before or --last-used-before, otherwise created
    #[arg(long)]
    sort: Option<Sort>,
    /// The direction; by default desc for created and asc for the others
    #[arg(long)]
    order: Option<Order>,
    #[command(flatten)]
    extent: Extent,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sort {
    Created,
    Expires,
    LastUsed,
}

#[derive(Clone, Copy, ValueEnum)]
enum Order {
    Asc,
    Desc,
}

impl List {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let rows = Rows::new(std::io::stdout(), "No keys.", table);
        self.extent.print(remote, PATH, &self.query(), rows)
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let query = [
            ("tenantId", self.tenant.map(|number| number.to_string())),
            ("active", self.active.map(|is_active| is_active.to_string())),
            ("label", self.label.clone()),
            ("createdBy", self.created_by.clone()),
            ("scope", self.scope.clone()),
            ("expiresBefore", self.expires_before.clone()),
            ("lastUsedBefore", self.last_used_before.clone()),
            ("sort", self.sort.map(Sort::parameter)),
            ("order", self.order.map(Order::parameter)),
        ];
        given(query)
    }
}

impl Sort {
    fn parameter(self) -> String {
        match self {
            Self::Created => "created",
            Self::Expires => "expires",
            Self::LastUsed => "lastUsed",
        }
        .to_owned()
    }
}

impl Order {
    fn parameter(self) -> String {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
        .to_owned()
    }
}

/// The rows of a page; the first page has headings.
pub(super) fn table(items: &[Value], is_first: bool) -> Result<Table> {
    let headings = ["ID", "LABEL", "SCOPES", "ACTIVE", "EXPIRES", "LAST USED", "TENANT"];
    let start = if is_first { Table::headed(headings) } else { Table::default() };
    items.iter().try_fold(start, |table, item| {
        let key = KeyView::deserialize(item).context("this Titan has another version: use --json")?;
        let (scopes, tenant) = (key.scopes.join(","), key.tenant_id.to_string());
        let last_used = key.last_used_at.as_deref().unwrap_or("never");
        let is_active = yes_or_no(key.is_active);
        Ok(table.row([&key.id, &key.label, &scopes, is_active, &key.expires_at, last_used, &tenant]))
    })
}
