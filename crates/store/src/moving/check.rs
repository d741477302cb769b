//! Whether both databases have the same rows.

use super::postgres::Target;
use super::sqlite::Source;
use super::table::{AUDIT, Row, TABLES, Table, Value};
use super::{MoveError, PAGE, Rows, Step, Watch, count, total};
use aws_lc_rs::digest::{Context, SHA256};
use titan_core::audit::{self, GENESIS, first_break};

/// What a table has: how many rows, and SHA-256 over all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// The table.
    pub table: &'static str,
    /// How many rows.
    pub rows: u64,
    /// SHA-256 over the rows in the order of primary keys. Each value is its kind, its length and its bytes.
    pub sha256: [u8; 32],
}

/// Reads both databases, and fails if they differ or if the audit log is not one chain.
pub(super) async fn compare(
    source: &mut Source,
    target: &mut Target,
    watch: &mut Watch<'_>,
) -> Result<Vec<Sum>, MoveError> {
    let all = total(source).await? + total(target).await?;
    watch.begin(Step::Check, 0, all);
    let mut sums = Vec::new();
    for table in &TABLES {
        watch.table(table);
        let of_source = sum(source, table, watch).await?;
        let of_target = sum(target, table, watch).await?;
        if of_source != of_target {
            return Err(MoveError::Different(of_source, of_target));
        }
        sums.push(of_source);
    }
    check_chain(target).await?;
    Ok(sums)
}

async fn sum(database: &mut impl Rows, table: &Table, watch: &mut Watch<'_>) -> Result<Sum, MoveError> {
    let mut context = Context::new(&SHA256);
    let (mut rows, mut after) = (0, None);
    loop {
        let page = database.page(table, after.as_deref()).await?;
        page.iter().flatten().for_each(|value| add(&mut context, value));
        rows += count(&page);
        if !table.is_single() {
            watch.advance(&page);
        }
        after = page.last().map(|row| table.key_of(row));
        if count(&page) < u64::from(PAGE) {
            break;
        }
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(context.finish().as_ref());
    Ok(Sum { table: table.name, rows, sha256 })
}

/// With its kind and its length, so that no two rows look the same.
fn add(context: &mut Context, value: &Value) {
    let number: [u8; 8];
    let (kind, bytes): (u8, &[u8]) = match value {
        Value::Null => (0, &[]),
        Value::Number(value) => {
            number = value.to_be_bytes();
            (1, &number)
        }
        Value::Text(text) => (2, text.as_bytes()),
        Value::Bytes(bytes) => (3, bytes),
    };
    context.update(&[kind]);
    context.update(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    context.update(bytes);
}

async fn check_chain(database: &mut impl Rows) -> Result<(), MoveError> {
    let (mut previous, mut after) = (GENESIS, None);
    loop {
        let page = database.page(&AUDIT, after.as_deref()).await?;
        let rows: Option<Vec<_>> = page.iter().map(audit_row).collect();
        let rows = rows.ok_or(MoveError::Chain(None))?;
        if let Some(sequence) = first_break(previous, &rows) {
            return Err(MoveError::Chain(Some(sequence)));
        }
        previous = rows.last().map_or(previous, |row| row.hash);
        after = page.last().map(|row| AUDIT.key_of(row));
        if count(&page) < u64::from(PAGE) {
            return Ok(());
        }
    }
}

fn audit_row(row: &Row) -> Option<audit::Row> {
    let [Value::Number(sequence), Value::Number(at), texts @ .., Value::Bytes(hash)] = row.as_slice() else {
        return None;
    };
    let texts = texts.iter().map(|value| match value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    let fields: Option<Vec<_>> = std::iter::once(Some(at.to_string())).chain(texts).collect();
    Some(audit::Row {
        sequence: *sequence,
        fields: fields?.try_into().ok()?,
        hash: hash.as_slice().try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(values: &[Value]) -> Vec<u8> {
        let mut context = Context::new(&SHA256);
        for value in values {
            add(&mut context, value);
        }
        context.finish().as_ref().to_vec()
    }

    #[test]
    fn rows_that_differ_have_hashes_that_differ() {
        let text = |text: &str| Value::Text(text.to_owned());
        let rows = [
            vec![],
            vec![Value::Null],
            vec![Value::Null, Value::Null],
            vec![text("")],
            vec![text("ab"), text("c")],
            vec![text("a"), text("bc")],
            vec![Value::Bytes(b"a".to_vec()), text("bc")],
            vec![Value::Number(0)],
            vec![Value::Number(1)],
            vec![Value::Bytes(vec![0; 8])],
        ];
        for (place, row) in rows.iter().enumerate() {
            for other in rows.iter().skip(place + 1) {
                assert_ne!(hash(row), hash(other), "{row:?} {other:?}");
            }
        }
    }
}
