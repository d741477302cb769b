//! `titan keys revoke-all`

use super::{PATH, check_id, reaching};
use crate::command::client::Client;
use crate::command::remote::{Remote, confirm};
use anyhow::Result;
use clap::Args;
use serde::Deserialize;

/// As many are counted before it is asked.
const COUNTED: usize = 1000;

#[derive(Args)]
pub(super) struct RevokeAll {
    /// The key that made them; it stays as it is
    #[arg(long, value_name = "ID")]
    created_by: String,
    /// Revoke also the keys that those made, and theirs
    #[arg(long)]
    descendants: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

/// What was done.
#[derive(Deserialize)]
struct RevokedView {
    revoked: u64,
}

impl RevokeAll {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let creator = check_id(&self.created_by)?;
        let client = remote.client()?;
        confirm(self.yes, || self.question(&client, &creator))?;
        let query = [vec![("createdBy", creator.clone())], reaching(self.descendants)].concat();
        let answer = client.delete(PATH, &query)?;
        remote.print(&answer, |RevokedView { revoked }| match revoked {
            0 => format!("{creator} has made no key that is still there."),
            1 => "1 key is revoked for good.".to_owned(),
            _ => format!("{revoked} keys are revoked for good."),
        })
    }

    fn question(&self, client: &Client, creator: &str) -> Result<String> {
        let query = [("createdBy", creator.to_owned()), ("limit", COUNTED.to_string())];
        let answer = client.get(PATH, &query)?;
        let count = answer.data.as_array().map_or(0, Vec::len);
        let or_more = if answer.next_cursor.is_some() { " or more" } else { "" };
        let others = if self.descendants { ", and every key that comes from them," } else { "" };
        Ok(format!("Revoke all keys that {creator} made ({count}{or_more}){others} for good?"))
    }
}
