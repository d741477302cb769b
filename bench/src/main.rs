//! What a verification costs, beside the least that it can cost and beside what others cost.
//!
//! Part one of `make bench`; `http.py` is part two. `README.md` says what each row means.

mod cpu;
mod guards;
mod keys;
mod limits;
mod measure;
mod memory;
mod reference;
mod report;
mod rivals;

use cpu::Hashing;
use guards::OURS;
use keys::{EXPIRES, Kind, NEEDED, Pile};
use limits::Limited;
use measure::{Board, Row, RowId};
use report::AtMost;
use titan_core::access::Denial;
use titan_core::time::{Clock, Moment};
use titan_edge::Guard;
use titan_token::TenantId;

/// Odd, so that there is a middle.
const ROUNDS: usize = 61;
/// Live keys: 2^20, of which no round sees the same again.
const MANY: u32 = 20;
const FEW: u32 = 10;
/// Revoked keys.
const MILLION: usize = 1_000_000;
const TEN_MILLION: usize = 10_000_000;
/// Keys in the rivals' index and table.
const INDEXED: usize = 1_000_000;

/// Operations a round: about 5 ms for each row, so that a round is short beside a machine's moods.
const PER_ROUND: u32 = 8192;

/// What became of a key: whose it is, or why it was refused.
type Outcome = Result<TenantId, Denial>;

// Goals: what more would be a defect. Those of whole verifications depend on how the CPU hashes: `cpu.rs`.
/// With 10^7 revoked keys: with few, tables that grow by doubling are emptier.
const GOAL_BYTES: AtMost = AtMost(24.0);
const GOAL_OPAQUE_BYTES: AtMost = AtMost(93.0);
/// "Not slower" and "flat", within what two equal rows differ by on a shared machine.
const GOAL_EQUAL: AtMost = AtMost(1.05);

/// Texts of keys.
struct Piles {
    many: Pile,
    few: Pile,
    forged: Pile,
    malformed: Pile,
    revoked: Pile,
    opaque: Pile,
    titan_opaque: Pile,
}

impl Piles {
    fn new() -> Self {
        let many = keys::signed(Kind::Live, MANY, OURS);
        Self {
            few: keys::signed(Kind::Live, FEW, OURS),
            forged: keys::signed(Kind::Forged, MANY, OURS + 1),
            malformed: keys::malformed(&many),
            // Fewer than are revoked in the smallest guard that knows any.
            revoked: keys::signed(Kind::Revoked, MANY - 1, OURS),
            opaque: keys::opaque(MANY),
            // Fewer than are in the index.
            titan_opaque: keys::opaque(MANY - 1),
            many,
        }
    }
}

/// The guards that are compared.
struct Guards {
    empty: Guard,
    million: Guard,
    ten_million: Guard,
    opaque: Guard,
    limited: Limited,
    used_up: Limited,
}

impl Guards {
    fn new(opaque: &Pile) -> anyhow::Result<Self> {
        Ok(Self {
            empty: guards::with_revoked(0)?,
            million: guards::with_revoked(MILLION)?,
            ten_million: guards::with_revoked(TEN_MILLION)?,
            opaque: guards::with_opaque(opaque, INDEXED)?,
            limited: Limited::admitting(MILLION)?,
            used_up: Limited::refusing(MILLION)?,
        })
    }
}

/// Other ways to check a key.
struct Rivals {
    hs256: rivals::Jwt,
    eddsa: rivals::Jwt,
    index: rivals::Index,
    table: rivals::Table,
    password: rivals::Password,
}

impl Rivals {
    fn new(folder: &std::path::Path, keys: &Pile) -> anyhow::Result<Self> {
        Ok(Self {
            hs256: rivals::Jwt::hs256()?,
            eddsa: rivals::Jwt::eddsa()?,
            index: rivals::Index::new(keys, INDEXED),
            table: rivals::Table::new(&folder.join("rival.db"), keys, INDEXED)?,
            password: rivals::Password::new()?,
        })
    }
}

/// Every check of one key: shape, MAC, expiry, revocation, tenant, scope.
fn whole(guard: &Guard, key: &str, now: Moment) -> Outcome {
    let principal = guard.check(key, now)?;
    guard.check_scope(&principal, NEEDED, "messages:write")?;
    Ok(principal.tenant())
}

/// The rows about Titan.
struct TitanRows {
    empty: RowId,
    few: RowId,
    million: RowId,
    ten_million: RowId,
    served: RowId,
    forged: RowId,
    malformed: RowId,
    revoked: RowId,
    opaque: RowId,
    limited: RowId,
    used_up: RowId,
}

fn add_titan<'a>(board: &mut Board<'a>, guards: &'a Guards, piles: &'a Piles, now: Moment) -> TitanRows {
    let mut check = |name, guard: &'a Guard, pile: &'a Pile| {
        board.add(Row::new(name, PER_ROUND, move |n| whole(guard, pile.get(n), now)))
    };
    let Guards { empty, million, ten_million, opaque, limited, used_up } = guards;
    TitanRows {
        empty: check("titan, nothing revoked, 2^20 live keys", empty, &piles.many),
        few: check("titan, nothing revoked, 2^10 live keys", empty, &piles.few),
        million: check("titan, 10^6 revoked", million, &piles.many),
        ten_million: check("titan, 10^7 revoked", ten_million, &piles.many),
        forged: check("titan, 10^6 revoked, refuses a forged key", million, &piles.forged),
        malformed: check("titan, 10^6 revoked, refuses a malformed key", million, &piles.malformed),
        revoked: check("titan, 10^6 revoked, refuses a revoked key", million, &piles.revoked),
        opaque: check("titan, opaque key, 10^6 in memory", opaque, &piles.titan_opaque),
        limited: add_limited(board, "titan, 10^6 revoked, a limit counts it", limited, &piles.many, now),
        used_up: add_limited(board, "titan, 10^6 revoked, a limit refuses it", used_up, &piles.many, now),
        served: add_served(board, million, &piles.few),
    }
}

fn add_limited<'a>(
    board: &mut Board<'a>,
    name: &'static str,
    limited: &'a Limited,
    pile: &'a Pile,
    now: Moment,
) -> RowId {
    board.add(Row::new(name, PER_ROUND, move |n| {
        let _entered = limited.enter();
        limited.check(pile, n, now)
    }))
}

/// As the program does it at each request: with the clock and the note of the use.
fn add_served<'a>(board: &mut Board<'a>, guard: &'a Guard, pile: &'a Pile) -> RowId {
    let serve = move |n| -> Outcome {
        let now = guard.now();
        let principal = guard.check(pile.get(n), now)?;
        guard.record_use(&principal, now);
        guard.check_scope(&principal, NEEDED, "messages:write")?;
        Ok(principal.tenant())
    };
    board.add(Row::new("titan, 10^6 revoked, 2^10 live keys, and clock and last use", PER_ROUND, serve))
}

fn add_rivals<'a>(board: &mut Board<'a>, rivals: &'a Rivals, piles: &'a Piles, now: u32) -> Vec<RowId> {
    // Scattered over the index: the texts' order is not the hashes'.
    let keys = &piles.opaque;
    let index = move |n: usize| rivals.index.check(keys.get(n % INDEXED), now);
    let table = move |n: usize| rivals.table.check(keys.get(n % INDEXED), now);
    vec![
        board.add(Row::new("opaque key, SHA-256 + index of 10^6 in memory", PER_ROUND, index)),
        board.add(Row::new("jsonwebtoken HS256", 1024, |n| rivals.hs256.check(n))),
        board.add(Row::new("opaque key, SHA-256 + SQLite table of 10^6", 512, table)),
        board.add(Row::new("jsonwebtoken EdDSA", 64, |n| rivals.eddsa.check(n))),
        board.add(Row::new("argon2 verify, default parameters", 1, |_| rivals.password.check())),
    ]
}

/// A row that measures something else than its name says is worse than none.
fn check_outcomes(guards: &Guards, piles: &Piles, rivals: &Rivals, now: Moment) -> anyhow::Result<()> {
    let outcome = |pile: &Pile, n| whole(&guards.million, pile.get(n), now);
    for n in (0..1 << FEW).chain([piles.revoked.len() - 1]) {
        anyhow::ensure!(outcome(&piles.many, n) == Ok(keys::TENANT), "a good key was refused");
        anyhow::ensure!(outcome(&piles.few, n) == Ok(keys::TENANT), "a good key was refused");
        anyhow::ensure!(outcome(&piles.forged, n) == Err(Denial::Invalid), "a forged key passed");
        anyhow::ensure!(outcome(&piles.malformed, n) == Err(Denial::Malformed), "a malformed key passed");
        anyhow::ensure!(outcome(&piles.revoked, n) == Err(Denial::Revoked), "a revoked key passed");
        let opaque = whole(&guards.opaque, piles.titan_opaque.get(n % piles.titan_opaque.len()), now);
        anyhow::ensure!(opaque == Ok(keys::TENANT), "an opaque key was refused");
        let limited = |limited: &Limited| {
            let _entered = limited.enter();
            limited.check(&piles.many, n, now)
        };
        anyhow::ensure!(limited(&guards.limited) == Ok(keys::TENANT), "a limit refused a key");
        anyhow::ensure!(
            limited(&guards.used_up) == Err(Denial::Unknown),
            "a limit that is used up let a key pass"
        );
        anyhow::ensure!(
            rivals.index.check(piles.opaque.get(n), now.wall.secs_u32()).is_some(),
            "not in the index"
        );
        anyhow::ensure!(
            rivals.table.check(piles.opaque.get(n), now.wall.secs_u32()).is_some(),
            "not in the table"
        );
        anyhow::ensure!(rivals.hs256.check(n) && rivals.eddsa.check(n), "a token was refused");
    }
    anyhow::ensure!(rivals.password.check(), "a password was refused");
    Ok(())
}

fn print(board: &Board<'_>, hashing: Hashing, reference: &[RowId; 2], titan: &TitanRows, rivals: &[RowId]) {
    let goals = hashing.goals();
    let mut rows = vec![
        (reference[0], None),
        (reference[1], None),
        (titan.empty, None),
        (titan.few, None),
        (titan.million, Some(goals.million)),
        (titan.ten_million, Some(goals.ten_million)),
        (titan.served, None),
        (titan.forged, None),
        (titan.malformed, None),
        (titan.revoked, None),
        (titan.opaque, Some(goals.opaque)),
        (titan.limited, None),
        (titan.used_up, None),
    ];
    rows.extend(rivals.iter().map(|row| (*row, None)));
    report::rows(&format!("in process, {}", hashing.name()), board, reference, &rows);

    let equal = Some(GOAL_EQUAL);
    report::numbers(
        "in process, ratios between rows",
        &[
            ("2^20 live keys / 2^10 live keys", board.ratio(titan.empty, titan.few), equal),
            ("refusing a forged key / accepting a good one", board.ratio(titan.forged, titan.million), equal),
            (
                "refusing a malformed key / accepting a good one",
                board.ratio(titan.malformed, titan.million),
                equal,
            ),
            // A figure. Over HTTP, where it counts, it has a goal.
            (
                "refusing a revoked key / accepting a good one",
                board.ratio(titan.revoked, titan.million),
                None,
            ),
            ("a limit on / off", board.ratio(titan.limited, titan.million), None),
            (
                "refused by a limit / let through by it",
                board.ratio(titan.used_up, titan.limited),
                Some(AtMost(1.0)),
            ),
        ],
    );
}

fn print_memory() -> anyhow::Result<()> {
    report::numbers(
        "memory, resident bytes a revoked key",
        &[
            ("10^6 revoked", memory::bytes_per_revoked_key(MILLION)?, None),
            ("10^7 revoked", memory::bytes_per_revoked_key(TEN_MILLION)?, Some(GOAL_BYTES)),
        ],
    );
    let opaque = memory::bytes_per_opaque_key(INDEXED)?;
    report::numbers(
        "memory, resident bytes an opaque key",
        &[("10^6 keys", opaque, Some(GOAL_OPAQUE_BYTES))],
    );
    Ok(())
}

fn rounds() -> anyhow::Result<usize> {
    std::env::var("BENCH_ROUNDS").map_or(Ok(ROUNDS), |text| Ok(text.parse()?))
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => {
            compare(Hashing::detect())?;
            cpu::compare_again()?;
            print_memory()
        }
        [cpu::ARGUMENT] => compare(Hashing::ByOtherInstructions),
        [memory::ARGUMENT, count] => memory::print(count),
        [memory::OPAQUE, count] => memory::print_opaque(count),
        _ => anyhow::bail!("takes no arguments"),
    }
}

fn compare(hashing: Hashing) -> anyhow::Result<()> {
    let now = guards::WallClock.moment();
    anyhow::ensure!(now.wall.secs_u32() < EXPIRES, "the clock is past the keys' expiry");
    let piles = Piles::new();
    let guards = Guards::new(&piles.opaque)?;
    let folder = tempfile::tempdir()?;
    let rivals = Rivals::new(folder.path(), &piles.opaque)?;
    check_outcomes(&guards, &piles, &rivals, now)?;

    let mut board = Board::default();
    let aws_lc = Row::new(
        "reference: 2 dependent SHA-256 compressions, AWS-LC",
        PER_ROUND,
        reference::two_compressions,
    );
    let ring = Row::new("2 dependent SHA-256 digests of one block, ring", PER_ROUND, reference::two_digests);
    let reference = [board.add(aws_lc), board.add(ring)];
    let titan = add_titan(&mut board, &guards, &piles, now);
    let rival_rows = add_rivals(&mut board, &rivals, &piles, now.wall.secs_u32());
    board.run(rounds()?);
    print(&board, hashing, &reference, &titan, &rival_rows);
    Ok(())
}
