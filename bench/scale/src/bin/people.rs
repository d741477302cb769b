//! Starting with very many users and opaque keys. `titan-people make DATABASE COUNT` fills a database with so many of each, and
//! `titan-people start DATABASE` prints a line of JSON about a start: how long it takes until requests can be answered, and the
//! memory. For PostgreSQL it is faster to fill one of SQLite and to move it (`titan migrate`, with `TITAN_SEAL_KEY`).

use anyhow::{Context, Result, anyhow};
use std::sync::Arc;
use std::time::Instant;
use titan::system::{SystemClock, SystemEntropy};
use titan_core::entropy::{Entropy, random};
use titan_core::opaque::OpaqueRow;
use titan_core::port::Store;
use titan_core::revision::{InstanceId, Member};
use titan_core::session::JwtSettings;
use titan_core::signing::SigningKeyService;
use titan_core::tenant::DEFAULT;
use titan_core::time::Clock;
use titan_core::user::{Email, Membership, Role, User};
use titan_edge::{Follower, Guard};
use titan_store::{Location, SealKey, connect};
use titan_token::{KeyId, OpaqueKey, UserId, Uuid};

const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Users and keys of a transaction.
const PIECE: u64 = 10_000;

/// Adds a user with a key, from this number to the next piece.
async fn add_piece(store: &dyn Store, first: u64, count: u64, entropy: &dyn Entropy) -> Result<()> {
    let now = SystemClock.now().whole_seconds();
    let mut tx = store.begin().await?;
    for n in first..(first + PIECE).min(count) {
        let uuid = || Uuid::v7(now.ms().unsigned_abs(), random(entropy));
        let email = Email::parse(&format!("user{n}@example.com")).map_err(|error| anyhow!("{error}"))?;
        let user = User { id: UserId::new(uuid()), email, is_active: true, created_at: now };
        tx.add_user(&user).await?;
        tx.put_membership(&Membership { user: user.id, tenant: DEFAULT, role: Role::Admin, since: now })
            .await?;
        let (_, key) = OpaqueKey::from_random(random(entropy));
        let row = OpaqueRow {
            id: KeyId::new(uuid()),
            hash: key.hashed(),
            lead: key.lead().to_owned(),
            tenant: DEFAULT,
            owner: user.id,
            name: format!("key {n}"),
            created_at: now,
            expires_at: None,
            is_active: true,
            is_suspended: false,
            deleted_at: None,
            last_used_at: None,
        };
        tx.add_opaque(&row).await?;
        tx.record_change(&row.change(Role::Admin)).await?;
    }
    Ok(tx.commit().await?)
}

/// Resident bytes of this process.
fn resident() -> Result<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    Ok(pages.split(' ').nth(1).context("statm")?.parse::<u64>()? * 4096)
}

async fn open(
    database: &str,
    entropy: &Arc<dyn Entropy>,
) -> Result<(Arc<dyn Store>, titan_core::access::Catalogue)> {
    let location = Location::parse(database)?;
    let seal = SealKey::from_base64(SEAL_KEY)?;
    Ok(connect(&location, seal, &[], &SystemClock, Arc::clone(entropy)).await?)
}

async fn make(database: &str, count: u64) -> Result<()> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let (store, _) = open(database, &entropy).await?;
    for first in (0..count).step_by(usize::try_from(PIECE)?) {
        add_piece(&*store, first, count, &*entropy).await?;
    }
    println!("made {count} users with a key each");
    Ok(())
}

async fn start(database: &str) -> Result<()> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let (before, began) = (resident()?, Instant::now());
    let (store, catalogue) = open(database, &entropy).await?;
    SigningKeyService::ensure(&*store, &SystemClock, &*entropy).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let guard =
        Guard::new(Arc::new(catalogue), JwtSettings::default(), Arc::clone(&clock), Arc::clone(&store));
    let guard = Arc::new(guard);
    let member = Member {
        id: InstanceId(1),
        version: "people".to_owned(),
        address: String::new(),
        started_at: clock.now(),
    };
    let follower = Follower::new(store, Arc::clone(&guard), clock, member);
    follower.start().await?;
    let (seconds, bytes) = (began.elapsed().as_secs_f64(), resident()?.saturating_sub(before));
    println!(
        "{{\"opaque_keys\":{},\"seconds_until_ready\":{seconds:.2},\"resident_bytes\":{bytes}}}",
        guard.opaque_count()
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["make", database, count] => make(database, count.parse()?).await,
        ["start", database] => start(database).await,
        _ => anyhow::bail!("titan-people make DATABASE COUNT, or titan-people start DATABASE"),
    }
}
