//! `titan keys create`

use super::PATH;
use super::view::{IssuedView, fields, shown_once};
use crate::command::remote::Remote;
use anyhow::Result;
use clap::Args;
use serde_json::json;

#[derive(Args)]
pub(super) struct Create {
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
    /// How many requests the key may make in any 60 seconds [default: no limit of its own]
    #[arg(long, value_name = "NUMBER")]
    rate_limit: Option<u32>,
    /// A name for this request. If you repeat the request with the same name within 24 hours, you get the same key
    #[arg(long, value_name = "NAME")]
    idempotency_key: Option<String>,
    /// Print nothing but the key on standard output
    #[arg(long, conflicts_with = "json")]
    key_only: bool,
}

impl Create {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let body = json!({
            "label": self.label, "lifetimeDays": self.days, "scopes": self.scopes, "tenantId": self.tenant,
            "rateLimit": self.rate_limit,
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
