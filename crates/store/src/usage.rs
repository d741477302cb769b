//! How usage is stored and asked for, alike on every engine.

use crate::stored::{key_bytes, key_id};
use hex_simd::decode_to_vec;
use sqlx::{Database, Encode, QueryBuilder, Type};
use std::collections::BTreeMap;
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;
use titan_core::usage::{
    Flush, Group, Label, Outcome, Series, Step, Tally, UsageEnd, UsageQuery, UsageRow, Who,
};
use titan_token::{KeyId, TenantId};

pub(crate) const TABLE: &str = "usage";
const NOBODY: i64 = -1;
const OTHER: i64 = -2;
const OTHER_KEY: [u8; 1] = [0xff];
const OTHER_ROUTE: &str = "*";

/// Raises the number of an instance. No row: this piece was added before.
pub(crate) const RAISE: &str = "\
    INSERT INTO usage_flush (instance, number, at) VALUES ($1, $2, $3) \
    ON CONFLICT (instance) DO UPDATE SET number = excluded.number, at = excluded.at \
    WHERE usage_flush.number < excluded.number";

pub(crate) const ADD: &str = " \
    ON CONFLICT (step, at, tenant, key, route, outcome) DO UPDATE SET \
    requests = usage.requests + excluded.requests, bytes_in = usage.bytes_in + excluded.bytes_in, \
    bytes_out = usage.bytes_out + excluded.bytes_out, micros = usage.micros + excluded.micros";

/// What is newer stays, unless it lies more than an hour ahead: a clock that was wrong must not freeze it.
pub(crate) const SAW: &str = " \
    ON CONFLICT (key) DO UPDATE SET at = excluded.at, address = excluded.address, user_agent = excluded.user_agent \
    WHERE last_client.at <= excluded.at OR last_client.at > excluded.at + 3600000";

const SWEEP_FLUSHES: &str = "\
    DELETE FROM usage_flush WHERE instance IN (SELECT instance FROM usage_flush WHERE at < $1 LIMIT $2)";
const SWEEP_CLIENTS: &str = "\
    DELETE FROM last_client WHERE key IN (SELECT key FROM last_client WHERE at < $1 ORDER BY at LIMIT $2)";
/// How many rows leave at once. A day can have a million that begin at the same time: other writes wait for one piece at most.
pub(crate) const PIECE: u64 = 2000;

/// What the sweep deletes: a statement, the numbers that it takes first, and the number of rows that it takes last.
pub(crate) type Sweep = (&'static str, Vec<i64>);

/// All that is to be deleted, what says most about a person first. `rollups` deletes those of a step.
pub(crate) fn sweeps(end: &UsageEnd, rollups: &'static str) -> Vec<Sweep> {
    let mut sweeps = vec![(SWEEP_CLIENTS, vec![end.clients.ms()]), (SWEEP_FLUSHES, vec![end.day.ms()])];
    for step in Step::ALL {
        let before = end.of(step).ms();
        sweeps.push((rollups, vec![step.secs(), before]));
        sweeps.push((rollups, vec![sums(step), before]));
    }
    sweeps
}

/// A series and its numbers, as columns hold them.
#[derive(Clone)]
pub(crate) struct StoredRow {
    pub(crate) tenant: i64,
    pub(crate) key: Vec<u8>,
    pub(crate) route: String,
    pub(crate) outcome: String,
    /// Requests, bytes in, bytes out, microseconds.
    pub(crate) numbers: [i64; 4],
}

impl StoredRow {
    pub(crate) fn of((series, tally): &(Series, Tally)) -> Self {
        let Tally { requests, bytes_in, bytes_out, micros } = *tally;
        Self {
            tenant: tenant_number(series.tenant),
            key: usage_key_bytes(series.key),
            route: match &series.route {
                Who::Known(route) => route.to_string(),
                Who::Nobody => String::new(),
                Who::Other => OTHER_ROUTE.to_owned(),
            },
            outcome: series.outcome.to_string(),
            numbers: [requests, bytes_in, bytes_out, micros].map(|n| i64::try_from(n).unwrap_or(i64::MAX)),
        }
    }
}

/// Rows, and the three rollups to which they are added: what is in the column `step`, and when they begin.
pub(crate) type Part = (Vec<StoredRow>, [(i64, i64); 3]);

/// What a piece adds: each series, and beside them the sums of each tenant and outcome.
pub(crate) fn parts(flush: &Flush) -> [Part; 2] {
    let rollups =
        |number: fn(Step) -> i64| Step::ALL.map(|step| (number(step), step.floor(flush.minute).ms()));
    [(rows(&flush.rows), rollups(Step::secs)), (rows(&sums_of(&flush.rows)), rollups(sums))]
}

/// What `step` is for the sums without key and route of this length: most questions name neither, and would read all rows of a time.
const fn sums(step: Step) -> i64 {
    -step.secs()
}

fn sums_of(rows: &[(Series, Tally)]) -> Vec<(Series, Tally)> {
    let mut sums = BTreeMap::<Series, Tally>::new();
    for (series, tally) in rows {
        let sum = Series { key: Who::Nobody, route: Who::Nobody, ..series.clone() };
        *sums.entry(sum).or_default() += *tally;
    }
    sums.into_iter().collect()
}

fn rows(rows: &[(Series, Tally)]) -> Vec<StoredRow> {
    rows.iter().map(StoredRow::of).collect()
}

/// The number of a piece.
pub(crate) fn number(flush: &Flush) -> i64 {
    i64::try_from(flush.number).unwrap_or(i64::MAX)
}

fn tenant_number(tenant: Who<TenantId>) -> i64 {
    match tenant {
        Who::Known(tenant) => i64::from(tenant.0),
        Who::Nobody => NOBODY,
        Who::Other => OTHER,
    }
}

fn usage_key_bytes(key: Who<KeyId>) -> Vec<u8> {
    match key {
        Who::Known(key) => key_bytes(key),
        Who::Nobody => Vec::new(),
        Who::Other => OTHER_KEY.to_vec(),
    }
}

/// What an engine says in its own words.
pub(crate) struct Words {
    /// The bytes of `named.label` in hexadecimal.
    pub(crate) hex: &'static str,
    /// Behind the table: use the index for a key.
    pub(crate) by_key: &'static str,
    /// The same for a tenant.
    pub(crate) by_tenant: &'static str,
}

impl Words {
    fn index(&self, query: &UsageQuery) -> &'static str {
        match (query.key, query.tenant) {
            (Some(_), _) => self.by_key,
            (None, Some(_)) => self.by_tenant,
            (None, None) => "",
        }
    }
}

/// What `step` is for the rows that a question needs.
fn step_of(query: &UsageQuery) -> i64 {
    let is_narrow = query.key.is_some() || query.route.is_some();
    match query.group {
        None | Some(Group::Code | Group::Tenant) if !is_narrow => sums(query.step),
        _ => query.step.secs(),
    }
}

/// The query for the rows of an answer.
pub(crate) fn select<DB: Database>(query: &UsageQuery, words: &Words) -> QueryBuilder<DB>
where
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Vec<u8>: for<'q> Encode<'q, DB> + Type<DB>,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    let mut select = QueryBuilder::new("");
    let label = match query.group {
        None => "CAST(NULL AS TEXT)".to_owned(),
        Some(Group::Code) => "outcome".to_owned(),
        Some(group) => {
            name_the_first(&mut select, query, words, group);
            if group == Group::Key { words.hex.to_owned() } else { "CAST(named.label AS TEXT)".to_owned() }
        }
    };
    select.push(format!("SELECT at, {label} AS label, outcome"));
    for column in ["requests", "bytes_in", "bytes_out", "micros"] {
        select.push(format!(", CAST(sum({column}) AS BIGINT) AS {column}"));
    }
    select.push(format!(" FROM usage{}", words.index(query)));
    if let Some(column) = query.group.and_then(column) {
        select.push(format!(" LEFT JOIN named ON named.label = usage.{column}"));
    }
    restrict(&mut select, query);
    select.push(" GROUP BY at, outcome");
    if query.group.and_then(column).is_some() {
        select.push(", named.label");
    }
    select.push(" ORDER BY at");
    select
}

/// The column of a group of which only the first have a label.
fn column(group: Group) -> Option<&'static str> {
    match group {
        Group::Code => None,
        Group::Key => Some("key"),
        Group::Route => Some("route"),
        Group::Tenant => Some("tenant"),
    }
}

fn name_the_first<DB: Database>(
    select: &mut QueryBuilder<DB>,
    query: &UsageQuery,
    words: &Words,
    group: Group,
) where
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Vec<u8>: for<'q> Encode<'q, DB> + Type<DB>,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    let (column, index) = (column(group).unwrap_or_default(), words.index(query));
    select.push(format!("WITH named AS (SELECT {column} AS label FROM usage{index}"));
    restrict(select, query);
    select.push(format!(" GROUP BY {column} ORDER BY sum(requests) DESC, {column} LIMIT "));
    select.push_bind(i64::from(query.top)).push(") ");
}

fn restrict<DB: Database>(select: &mut QueryBuilder<DB>, query: &UsageQuery)
where
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    Vec<u8>: for<'q> Encode<'q, DB> + Type<DB>,
    String: for<'q> Encode<'q, DB> + Type<DB>,
{
    select.push(" WHERE step = ").push_bind(step_of(query));
    select.push(" AND at >= ").push_bind(query.from.ms());
    select.push(" AND at < ").push_bind(query.to.ms());
    if let Some(tenant) = query.tenant {
        select.push(" AND tenant = ").push_bind(i64::from(tenant.0));
    }
    if let Some(key) = query.key {
        select.push(" AND key = ").push_bind(key_bytes(key));
    }
    if let Some(route) = &query.route {
        select.push(" AND route = ").push_bind(route.clone());
    }
}

/// A row of an answer, from its columns.
pub(crate) fn row(
    group: Option<Group>,
    at: i64,
    label: Option<&str>,
    outcome: String,
    numbers: [i64; 4],
) -> StoreResult<UsageRow> {
    let [requests, bytes_in, bytes_out, micros] = numbers.map(i64::unsigned_abs);
    Ok(UsageRow {
        at: Timestamp::from_ms(at),
        label: read_label(group, label).ok_or(StoreError::Corrupt { table: TABLE, column: "label" })?,
        outcome: Outcome::new(outcome),
        tally: Tally { requests, bytes_in, bytes_out, micros },
    })
}

fn read_label(group: Option<Group>, text: Option<&str>) -> Option<Label> {
    Some(match group {
        None => Label::All,
        Some(Group::Code) => Label::Code(Outcome::new(text?.to_owned())),
        Some(Group::Key) => Label::Key(read_key(text)?),
        Some(Group::Route) => Label::Route(match text {
            None | Some(OTHER_ROUTE) => Who::Other,
            Some("") => Who::Nobody,
            Some(route) => Who::Known(route.to_owned()),
        }),
        Some(Group::Tenant) => Label::Tenant(read_tenant(text)?),
    })
}

fn read_key(text: Option<&str>) -> Option<Who<KeyId>> {
    let Some(text) = text else { return Some(Who::Other) };
    let bytes = decode_to_vec(text).ok()?;
    Some(match bytes.as_slice() {
        [] => Who::Nobody,
        bytes if bytes == OTHER_KEY => Who::Other,
        bytes => Who::Known(key_id(bytes)?),
    })
}

fn read_tenant(text: Option<&str>) -> Option<Who<TenantId>> {
    let Some(text) = text else { return Some(Who::Other) };
    Some(match text.parse().ok()? {
        NOBODY => Who::Nobody,
        OTHER => Who::Other,
        number => Who::Known(TenantId(u32::try_from(number).ok()?)),
    })
}
