//! `titan instances`: who uses the database.

use super::remote::Remote;
use super::table::Table;
use anyhow::Result;
use clap::Args;
use serde::Deserialize;

#[derive(Args)]
pub(super) struct Instances {
    #[command(flatten)]
    remote: Remote,
}

/// An instance, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstanceView {
    id: String,
    version: String,
    address: String,
    started_at: String,
    applied: u64,
    lease: String,
    is_self: bool,
}

impl Instances {
    pub(super) fn run(self) -> Result<()> {
        let answer = self.remote.client()?.get("/admin/instances", &[])?;
        self.remote.print(&answer, |instances: Vec<InstanceView>| table(&instances))
    }
}

fn table(instances: &[InstanceView]) -> String {
    let table = Table::headed(["INSTANCE", "ADDRESS", "VERSION", "STARTED", "APPLIED", "LEASE", ""]);
    let table = instances.iter().fold(table, |table, one| {
        table.row([
            one.id.as_str(),
            &one.address,
            &one.version,
            &one.started_at,
            &one.applied.to_string(),
            &one.lease,
            if one.is_self { "this one" } else { "" },
        ])
    });
    table.to_string()
}
