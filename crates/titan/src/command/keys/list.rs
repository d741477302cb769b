//! `titan keys list`: one page, or all keys as they arrive.

use super::PATH;
use super::view::{KeyView, yes_or_no};
use crate::command::client::Client;
use crate::command::remote::Remote;
use crate::command::stream::{JsonArray, Pages, Rows};
use crate::command::table::Table;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;
use titan_core::time::Timestamp;

/// The number of keys in a list without --limit.
const USUAL: usize = 100;
/// The most keys that Titan returns in one answer.
const MOST: usize = 1000;

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
    /// The number of keys: 1 to 1000; with --all, the number in one request
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: Option<u16>,
    /// Show all keys, as they arrive
    #[arg(long)]
    all: bool,
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
        let client = remote.client()?;
        if remote.json {
            self.stream(&client, &mut JsonArray::new(std::io::stdout()))
        } else {
            self.stream(&client, &mut Rows::new(std::io::stdout(), "No keys.", table))
        }
    }

    /// Requests one page after the other until there are enough keys or no more. Only one page is in memory.
    fn stream(&self, client: &Client, pages: &mut impl Pages) -> Result<()> {
        let mut missing = if self.all { usize::MAX } else { self.limit.map_or(USUAL, usize::from) };
        let at_once = self.limit.map_or(MOST, usize::from);
        let mut cursor = None;
        loop {
            let answer = client.get(PATH, &self.query(missing.min(at_once), cursor))?;
            let items = answer.data.as_array().map(Vec::as_slice).context("Titan answered no list")?;
            if !pages.page(items)? {
                return Ok(());
            }
            missing = missing.saturating_sub(items.len());
            cursor = answer.next_cursor;
            if cursor.is_none() || missing == 0 {
                break;
            }
        }
        pages.end()?;
        if cursor.is_some() {
            eprintln!("There are more: --all shows them.");
        }
        Ok(())
    }

    fn query(&self, limit: usize, cursor: Option<String>) -> Vec<(&'static str, String)> {
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
            ("limit", Some(limit.to_string())),
            ("cursor", cursor),
        ];
        query.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
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

/// A time, or the start of a day in UTC.
fn moment(text: &str) -> Result<String, String> {
    let day = format!("{text}T00:00:00Z");
    let moment = [text, &day].into_iter().find(|text| Timestamp::parse(text).is_some());
    moment
        .map(str::to_owned)
        .ok_or_else(|| "must be a day (2026-01-31) or a time (2026-01-31T12:00:00Z)".to_owned())
}

/// The rows of a page; the first page has headings.
fn table(items: &[Value], is_first: bool) -> Result<Table> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_days_or_moments() {
        assert_eq!(moment("2026-01-31").unwrap(), "2026-01-31T00:00:00Z");
        assert_eq!(moment("2026-01-31T12:00:00+02:00").unwrap(), "2026-01-31T12:00:00+02:00");
        for text in ["", "yesterday", "2026-02-30", "2026-1-1", "2026-01-31T12:00", "2026-01-31T25:00:00Z"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }
}
