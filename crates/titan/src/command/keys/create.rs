//! `titan keys create`

use super::PATH;
use super::view::{IssuedView, fields, shown_once};
use crate::command::remote::Remote;
use anyhow::Result;
use clap::Args;
use serde_json::json;

#[derive(Args)]
pub(super) struct Create {
    /// What people shall call it: 1 to 100 characters
    #[arg(long)]
    label: String,
    /// For how many days it shall live
    #[arg(long, value_name = "NUMBER")]
    days: u32,
    /// What it may do; say it several times for several scopes
    #[arg(long = "scope", value_name = "SCOPE", required = true, num_args = 1..)]
    scopes: Vec<String>,
    /// Whose it shall be; the default tenant's, if it is not given
    #[arg(long, value_name = "NUMBER")]
    tenant: Option<u32>,
    /// A name for this request: said again within 24 hours, it gives the same key
    #[arg(long, value_name = "NAME")]
    idempotency_key: Option<String>,
}

impl Create {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let body = json!({
            "label": self.label, "lifetimeDays": self.days, "scopes": self.scopes, "tenantId": self.tenant,
        });
        let answer = remote.client()?.post(PATH, Some(&body), self.idempotency_key.as_deref())?;
        remote.print(&answer, |issued: IssuedView| {
            format!("{}\n\n{}", fields(&issued.view), shown_once(&issued.key))
        })
    }
}
