//! Migrations from the lists that the engines have: each has its version, what it is about, and its text.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

pub(crate) fn migrator<const N: usize>(list: [(i64, &'static str, &'static str); N]) -> Migrator {
    let migrations = list.map(|(version, about, sql)| {
        Migration::new(version, about.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(migrations.into())
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
