//! `titan keys rotate`

use super::path;
use super::view::{IssuedView, fields, shown_once};
use crate::command::remote::Remote;
use anyhow::Result;
use clap::Args;
use serde_json::json;

#[derive(Args)]
pub(super) struct Rotate {
    /// The key's id
    #[arg(value_name = "ID")]
    id: String,
    /// For how long the old key lives on: up to 604800 seconds, which are 7 days
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    overlap: u32,
    /// A name for this request: said again within 24 hours, it gives the same key
    #[arg(long, value_name = "NAME")]
    idempotency_key: Option<String>,
}

impl Rotate {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let path = format!("{}/rotate", path(&self.id)?);
        let body = json!({ "overlapSeconds": self.overlap });
        let answer = remote.client()?.post(&path, Some(&body), self.idempotency_key.as_deref())?;
        let fate = match self.overlap {
            0 => "is refused from now on".to_owned(),
            seconds => format!("lives on for {seconds} seconds from its rotation"),
        };
        remote.print(&answer, |issued: IssuedView| {
            let (fields, key) = (fields(&issued.view), shown_once(&issued.key));
            format!("{fields}\n\n{key}\n\nIt replaces {}, which {fate}.", self.id)
        })
    }
}
