//! `titan keys rotate`

use super::path;
use super::view::{IssuedView, fields, shown_once};
use super::which::Which;
use crate::command::remote::Remote;
use anyhow::Result;
use clap::Args;
use serde_json::json;

#[derive(Args)]
pub(super) struct Rotate {
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

impl Rotate {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
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
