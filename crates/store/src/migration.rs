//! Migrations from the lists that the engines have: each has its version, what it is about, and its text.

use crate::error::ConnectError;
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use std::cmp::Ordering;

pub(crate) fn migrator<const N: usize>(list: [(i64, &'static str, &'static str); N]) -> Migrator {
    let migrations = list.map(|(version, about, sql)| {
        Migration::new(version, about.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.into())
}

/// Refuses tables whose newest migration is not that of this version.
pub(crate) fn check(migrator: &Migrator, newest: i64) -> Result<(), ConnectError> {
    let own = migrator.iter().map(|migration| migration.version).max().unwrap_or_default();
    match newest.cmp(&own) {
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(ConnectError::Newer(newest)),
        Ordering::Less => Err(ConnectError::Older(newest)),
    }
}

/// A line for each, as `sha384sum` writes it.
#[cfg(test)]
pub(crate) fn checksums(migrator: &Migrator) -> String {
    let line = |migration: &Migration| {
        let checksum: String = migration.checksum.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{checksum}  {:04}_{}.sql\n", migration.version, migration.description)
    };
    migrator.iter().map(line).collect()
}
