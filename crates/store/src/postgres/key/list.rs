//! Pages of lists: `docs/adr/0015-postgresql-and-group-commit.md`.
//!
//! Where few keys match the whole filter, by the estimate of the planner, one query finds and sorts them. Otherwise, a
//! page is read in the order of the list, and examines a limited number of keys.

use super::{read, term};
use crate::columns::{columns, select};
use crate::postgres::error::failed;
use crate::stored::key_bytes;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, query_scalar};
use titan_core::key::{Key, KeyFilter, Order, Page, Position, Sort};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;
use titan_token::KeyId;

type Builder = QueryBuilder<Postgres>;

/// Up to this number of keys, finding and sorting them takes a few milliseconds.
const FEW: i64 = 3000;
/// The most keys that a page in the order of the list examines.
const EXAMINED: i64 = 5000;

/// A place in an order.
#[derive(Clone, Copy)]
enum After {
    /// After the key with this number.
    Number(i64),
    /// After the key with this time and id.
    Time(i64, KeyId),
}

/// A page of a list.
pub(super) async fn page(connection: &mut PgConnection, filter: &KeyFilter) -> StoreResult<Page> {
    // PostgreSQL has no texts with NUL, so it cannot even be asked for one.
    if filter.label.as_ref().is_some_and(|label| label.contains('\0')) {
        return Ok(Page { keys: Vec::new(), next: None });
    }
    let after = match filter.after {
        None => None,
        Some(at) if filter.sort == Sort::Created => Some(After::Number(number(connection, at.id).await?)),
        Some(at) => Some(After::Time(at.value, at.id)),
    };
    if are_few(connection, filter).await? {
        few(connection, filter, after).await
    } else {
        in_order(connection, filter, after).await
    }
}

/// All keys that match, sorted: as many as the page has, and one more to see whether there is a next page.
async fn few(connection: &mut PgConnection, filter: &KeyFilter, after: Option<After>) -> StoreResult<Page> {
    let mut select = Builder::new(select!(key, "WHERE revoked_at IS NULL"));
    push_checks(&mut select, filter);
    push_after(&mut select, filter, after);
    push_order(&mut select, filter);
    select.push(" LIMIT ").push_bind(i64::from(filter.limit) + 1);
    let mut keys = rows(connection, &mut select).await?;
    let limit = limit(filter);
    let next = (keys.len() > limit).then(|| {
        keys.truncate(limit);
        keys.last().map(|key| position(filter, key))
    });
    Ok(Page { keys, next: next.flatten() })
}

/// The keys that match among the next ones in the order of the list, and the last one that was examined.
async fn in_order(
    connection: &mut PgConnection,
    filter: &KeyFilter,
    after: Option<After>,
) -> StoreResult<Page> {
    // The terms are only for the checks.
    const COLUMNS: &str = columns!(key);
    let mut select = Builder::new(format!(
        "SELECT {COLUMNS}, place, matches FROM (SELECT {COLUMNS}, row_number() OVER () AS place, true"
    ));
    push_checks(&mut select, filter);
    select.push(format_args!(
        " AS matches FROM (SELECT {COLUMNS}, key.terms FROM key WHERE revoked_at IS NULL"
    ));
    push_range(&mut select, filter);
    push_after(&mut select, filter, after);
    push_order(&mut select, filter);
    select.push(format_args!(
        " LIMIT {EXAMINED}) AS key) AS key WHERE matches OR place = {EXAMINED} ORDER BY place LIMIT "
    ));
    select.push_bind(i64::from(filter.limit) + 1);
    let rows = select.build().fetch_all(connection).await.map_err(failed)?;
    let mut keys = Vec::new();
    for row in &rows {
        let key = read(row)?;
        let place = position(filter, &key);
        let is_last = row.try_get::<i64, _>("place").map_err(failed)? == EXAMINED;
        if row.try_get("matches").map_err(failed)? {
            keys.push(key);
        }
        if is_last || keys.len() == limit(filter) {
            return Ok(Page { keys, next: Some(place) });
        }
    }
    Ok(Page { keys, next: None })
}

/// Whether few keys match, as the planner estimates from its statistics.
async fn are_few(connection: &mut PgConnection, filter: &KeyFilter) -> StoreResult<bool> {
    let mut select = Builder::new("EXPLAIN SELECT 1 FROM key WHERE revoked_at IS NULL");
    push_checks(&mut select, filter);
    let plan: String = select.build_query_scalar().fetch_one(connection).await.map_err(failed)?;
    let rows = plan.split("rows=").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<i64>().ok());
    rows.map(|rows| rows <= FEW).ok_or_else(|| StoreError::Failed("a plan without an estimate".into()))
}

fn limit(filter: &KeyFilter) -> usize {
    usize::try_from(filter.limit).unwrap_or(usize::MAX)
}

fn position(filter: &KeyFilter, key: &Key) -> Position {
    Position { value: filter.sort.value(key), id: key.id }
}

/// The number of a key. If its row does not exist any more: the number of the next key.
async fn number(connection: &mut PgConnection, id: KeyId) -> StoreResult<i64> {
    let select =
        query_scalar("SELECT number FROM key WHERE id >= $1 ORDER BY id LIMIT 1").bind(key_bytes(id));
    Ok(select.fetch_optional(connection).await.map_err(failed)?.unwrap_or(i64::MAX))
}

async fn rows(connection: &mut PgConnection, select: &mut Builder) -> StoreResult<Vec<Key>> {
    select.build().fetch_all(connection).await.map_err(failed)?.iter().map(read).collect()
}

/// The conditions of the filter.
fn push_checks(select: &mut Builder, filter: &KeyFilter) {
    let now = filter.now.map_or(0, Timestamp::ms);
    select.push(" AND (key.retires_at IS NULL OR key.retires_at > ").push_bind(now).push(")");
    if let Some(is_active) = filter.is_active {
        select.push(" AND key.is_active = ").push_bind(is_active);
    }
    let terms = term::wanted(filter);
    if !terms.is_empty() {
        select.push(" AND key.terms @> ").push_bind(terms);
    }
    if let Some(label) = &filter.label {
        // Not LIKE: no character has a special meaning. Only ASCII letters are equal in both cases.
        select
            .push(" AND strpos(translate(key.label, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), ")
            .push_bind(label.to_ascii_lowercase())
            .push(") > 0");
    }
    for sort in [Sort::Expires, Sort::LastUsed] {
        push_bound(select, filter, sort);
    }
    push_tenant(select, filter);
}

/// The conditions that the index of the order answers.
fn push_range(select: &mut Builder, filter: &KeyFilter) {
    push_tenant(select, filter);
    push_bound(select, filter, filter.sort);
}

fn push_tenant(select: &mut Builder, filter: &KeyFilter) {
    if let Some(tenant) = filter.tenant {
        select.push(" AND key.tenant = ").push_bind(i64::from(tenant.0));
    }
}

fn push_bound(select: &mut Builder, filter: &KeyFilter, sort: Sort) {
    let end = match sort {
        Sort::Created => None,
        Sort::Expires => filter.expires_before,
        Sort::LastUsed => filter.last_used_before,
    };
    if let Some(end) = end {
        select.push(format_args!(" AND key.{} < ", column(sort))).push_bind(end.ms());
    }
}

/// Only keys after the place where the page begins.
fn push_after(select: &mut Builder, filter: &KeyFilter, after: Option<After>) {
    let than = if filter.order == Order::Ascending { '>' } else { '<' };
    match after {
        None => {}
        Some(After::Number(last)) => {
            select.push(format_args!(" AND key.number {than} ")).push_bind(last);
        }
        Some(After::Time(time, id)) => {
            select.push(format_args!(" AND (key.{}, key.id) {than} (", column(filter.sort)));
            select.push_bind(time).push(", ").push_bind(key_bytes(id)).push(")");
        }
    }
}

fn push_order(select: &mut Builder, filter: &KeyFilter) {
    let direction = if filter.order == Order::Ascending { "ASC" } else { "DESC" };
    let column = column(filter.sort);
    select.push(format_args!(" ORDER BY key.{column} {direction}"));
    if filter.sort != Sort::Created {
        select.push(format_args!(", key.id {direction}"));
    }
}

const fn column(sort: Sort) -> &'static str {
    match sort {
        Sort::Created => "number",
        Sort::Expires => "expires_at",
        Sort::LastUsed => "last_used_at",
    }
}
