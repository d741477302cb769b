//! `titan keys revoke-all`

use super::which::parse;
use super::{PATH, reaching};
use crate::command::client::Client;
use crate::command::remote::{Remote, confirm};
use anyhow::Result;
use clap::Args;
use serde::Deserialize;

/// The question counts keys up to this number.
const COUNTED: usize = 1000;

#[derive(Args)]
pub(super) struct RevokeAll {
    /// The key that created the keys; it does not change itself
    #[arg(long, value_name = "ID")]
    created_by: String,
    /// Also revoke the descendants of these keys
    #[arg(long)]
    descendants: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

/// The result.
#[derive(Deserialize)]
struct RevokedView {
    revoked: u64,
}

impl RevokeAll {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let creator = parse(&self.created_by)?.to_string();
        let client = remote.client()?;
        confirm(self.yes, || self.question(&client, &creator))?;
        let query = [vec![("createdBy", creator.clone())], reaching(self.descendants)].concat();
        let answer = client.delete(PATH, &query)?;
        remote.print(&answer, |RevokedView { revoked }| match revoked {
            0 => format!("{creator} has created no key that is still valid."),
            1 => "1 key is permanently revoked.".to_owned(),
            _ => format!("{revoked} keys are permanently revoked."),
        })
    }

    fn question(&self, client: &Client, creator: &str) -> Result<String> {
        let query = [("createdBy", creator.to_owned()), ("limit", COUNTED.to_string())];
        let answer = client.get(PATH, &query)?;
        let count = answer.data.as_array().map_or(0, Vec::len);
        let or_more = if answer.next_cursor.is_some() { " or more" } else { "" };
        let others = if self.descendants { ", and all their descendants," } else { "" };
        Ok(format!("Permanently revoke all keys that {creator} created ({count}{or_more}){others}?"))
    }
}
