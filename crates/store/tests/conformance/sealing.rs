//! Stories about the seal key and its change.

use crate::fixture::{Closed, Counter, Fixed, Fixture, NOW, SEAL, open_with, seal};
use crate::instances::member;
use crate::moving::{sql, sql_of_source};
use crate::people::user;
use crate::stories::slot_key;
use std::path::Path;
use std::sync::Arc;
use titan_core::access::{Caller, Origin, decide};
use titan_core::port::{Store, Tx};
use titan_core::revision::Revision;
use titan_core::seal::{SealKeyName, SealKeyService, SealedSecrets};
use titan_core::user::SecondFactor;
use titan_store::{BackupError, ConnectError, Location, Restore, Restored, SealKeys, back_up};

const NEW: &str = "//////////////////////////////////////////8=";
const OTHER: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const PEOPLE: u8 = 5;

/// Two signing keys and the second factors of five people.
async fn filled(fixture: Fixture) -> Closed {
    let mut tx = fixture.store.begin().await.unwrap();
    tx.put_slot(&slot_key(0, 1)).await.unwrap();
    tx.put_slot(&slot_key(1, 2)).await.unwrap();
    for n in 1..=PEOPLE {
        tx.add_user(&user(n)).await.unwrap();
        put_factor(&mut *tx, n).await;
    }
    tx.commit().await.unwrap();
    fixture.close()
}

async fn put_factor(tx: &mut dyn Tx, n: u8) {
    tx.put_second_factor(user(n).id, &SecondFactor::begin(&Counter::new(), NOW)).await.unwrap();
}

async fn sealed(store: &dyn Store) -> (u64, u64) {
    let SealedSecrets { current, previous } = store.sealed_secrets().await.unwrap();
    (current, previous)
}

/// Everything that is sealed opens, and is what was sealed.
async fn assert_opens(store: &dyn Store) {
    let keys = store.signing_keys().await.unwrap();
    assert_eq!(keys.iter().map(|key| key.secret.expose()[0]).collect::<Vec<_>>(), [1, 2]);
    let secret = SecondFactor::begin(&Counter::new(), NOW).secret;
    let mut tx = store.begin().await.unwrap();
    for n in 1..=PEOPLE {
        let factor = tx.second_factor(user(n).id).await.unwrap().unwrap();
        assert_eq!(factor.secret.expose(), secret.expose());
    }
}

/// Seals anew from the beginning to the end.
async fn finish(store: Arc<dyn Store>) -> u64 {
    let mut tx = store.begin().await.unwrap();
    let (mut after, mut total) = (None, 0);
    loop {
        let piece = tx.reseal_second_factors(after, 2).await.unwrap();
        total += piece.count;
        after = piece.last;
        if after.is_none() {
            break;
        }
    }
    tx.end_seal_round().await.unwrap();
    tx.commit().await.unwrap();
    total
}

pub(crate) async fn keys_that_do_not_belong_to_the_database_are_refused_and_change_nothing(fixture: Fixture) {
    let closed = filled(fixture).await;
    let place = &closed.location;
    for (current, previous) in [(NEW, None), (NEW, Some(OTHER)), (OTHER, Some(NEW))] {
        let error = open_with(place, current, previous).await.err().unwrap();
        assert!(matches!(error, ConnectError::WrongSealKey), "{error}");
        assert!(error.to_string().contains("TITAN_SEAL_KEY_PREVIOUS"), "{error}");
    }
    let store = open_with(place, SEAL, None).await.unwrap();
    assert_opens(&*store).await;
    assert_eq!(sealed(&*store).await, (7, 0));
    let state = store.seal_state().await.unwrap();
    assert_eq!((state.by, state.has_previous, state.is_unfinished), (SealKeyName::Current, false, false));
}

/// An instance with only the old key may run beside one that has both.
pub(crate) async fn the_key_that_the_database_names_seals_until_a_rotation(fixture: Fixture) {
    let closed = filled(fixture).await;
    let store = open_with(&closed.location, NEW, Some(SEAL)).await.unwrap();
    assert_eq!(store.seal_state().await.unwrap().by, SealKeyName::Previous);
    let mut tx = store.begin().await.unwrap();
    tx.put_slot(&slot_key(1, 2)).await.unwrap();
    put_factor(&mut *tx, 3).await;
    tx.commit().await.unwrap();
    assert_eq!(sealed(&*store).await, (0, 7));
    drop(store);
    assert_opens(&*open_with(&closed.location, SEAL, None).await.unwrap()).await;
}

pub(crate) async fn a_rotation_that_was_cut_off_goes_on_and_the_old_key_is_not_needed_then(fixture: Fixture) {
    let closed = filled(fixture).await;
    let place = &closed.location;
    let store = open_with(place, NEW, Some(SEAL)).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.begin_seal_round().await.unwrap();
    assert_eq!(tx.reseal_signing_keys().await.unwrap(), 2);
    tx.commit().await.unwrap();
    let mut tx = store.begin().await.unwrap();
    let piece = tx.reseal_second_factors(None, 2).await.unwrap();
    assert_eq!((piece.count, piece.last), (2, Some(user(2).id)));
    tx.commit().await.unwrap();
    // Here it is cut off.
    drop(store);

    let error = open_with(place, SEAL, None).await.err().unwrap();
    assert!(matches!(error, ConnectError::WrongSealKey), "{error}");
    for previous in [None, Some(OTHER)] {
        let error = open_with(place, NEW, previous).await.err().unwrap();
        assert!(matches!(error, ConnectError::EarlierSealKey), "{error}");
        assert!(error.to_string().contains("titan seal-key rotate"), "{error}");
    }
    // An instance whose keys stand in the other order opens and seals the same.
    let store = open_with(place, SEAL, Some(NEW)).await.unwrap();
    assert_opens(&*store).await;
    assert_eq!(store.seal_state().await.unwrap().by, SealKeyName::Previous);
    drop(store);

    let store = open_with(place, NEW, Some(SEAL)).await.unwrap();
    assert_opens(&*store).await;
    assert_eq!(sealed(&*store).await, (4, 3));
    let state = store.seal_state().await.unwrap();
    assert_eq!((state.by, state.is_unfinished, state.round), (SealKeyName::Current, true, 1));
    assert_eq!(finish(store).await, 3);
    let store = open_with(place, NEW, None).await.unwrap();
    assert_opens(&*store).await;
    assert_eq!(sealed(&*store).await, (7, 0));
    drop(store);
    let error = open_with(place, SEAL, None).await.err().unwrap();
    assert!(matches!(error, ConnectError::WrongSealKey), "{error}");
    // And back, as a rotation like any other.
    let store = open_with(place, SEAL, Some(NEW)).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.begin_seal_round().await.unwrap();
    assert_eq!(tx.current_seal_state().await.unwrap().round, 2);
    assert_eq!(tx.reseal_signing_keys().await.unwrap(), 2);
    tx.commit().await.unwrap();
    assert_eq!(finish(store).await, 5);
    assert_opens(&*open_with(place, SEAL, None).await.unwrap()).await;
}

pub(crate) async fn a_rotation_that_is_dropped_leaves_nothing(fixture: Fixture) {
    let closed = filled(fixture).await;
    let store = open_with(&closed.location, NEW, Some(SEAL)).await.unwrap();
    let mut tx = store.begin().await.unwrap();
    tx.begin_seal_round().await.unwrap();
    tx.reseal_signing_keys().await.unwrap();
    drop(tx);
    assert_opens(&*store).await;
    assert_eq!(sealed(&*store).await, (0, 7));
    drop(store);
    assert_opens(&*open_with(&closed.location, SEAL, None).await.unwrap()).await;
}

pub(crate) async fn instances_say_which_keys_they_have(fixture: Fixture) {
    let closed = filled(fixture).await;
    let old = open_with(&closed.location, SEAL, None).await.unwrap();
    let new = open_with(&closed.location, NEW, Some(SEAL)).await.unwrap();
    let (first, second) = (member(1), member(2));
    old.grant(&first, Revision(0)).await.unwrap();
    new.grant(&second, Revision(0)).await.unwrap();
    let strangers = async || new.begin().await.unwrap().instances_without_seal_key().await.unwrap();
    assert_eq!(strangers().await, [first.address.as_str()]);
    old.leave(first.id).await.unwrap();
    assert_eq!(strangers().await, [""; 0]);
}

/// What an instance with the keys in the other order does, as soon as the rotation of this one has begun: with its commit.
const OVERTAKE: &str = "\
    CREATE FUNCTION overtake() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        UPDATE seal SET fingerprint = remaining, remaining = fingerprint, round = round + 1; \
        RETURN NULL; \
    END $$; \
    CREATE CONSTRAINT TRIGGER overtake AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW WHEN (NEW.action = 'seal_key.rotate') EXECUTE FUNCTION overtake()";

async fn actions(store: &dyn Store) -> Vec<String> {
    let rows = store.audit_after(0, 100).await.unwrap();
    rows.into_iter()
        .map(|row| row.fields[2].clone())
        .filter(|action| action.starts_with("seal_key"))
        .collect()
}

/// Otherwise it would say that nothing is left under a key under which the other one seals.
pub(crate) async fn a_rotation_that_another_one_overtakes_stops_and_ends_nothing(fixture: Fixture) {
    let closed = filled(fixture).await;
    let store = open_with(&closed.location, NEW, Some(SEAL)).await.unwrap();
    let service = SealKeyService::new(Arc::clone(&store), Arc::new(Fixed));
    let permit = decide(&Caller::Master, None, Origin::default()).unwrap();
    sql(&closed.location, OVERTAKE).await;
    let error = service.rotate(&permit).await.unwrap_err().to_string();
    assert!(error.contains("another rotation of the seal key began meanwhile"), "{error}");
    let state = store.seal_state().await.unwrap();
    assert_eq!((state.by, state.is_unfinished, state.round), (SealKeyName::Previous, true, 2));
    assert_eq!(actions(&*store).await, ["seal_key.rotate"], "it ended nothing");
    assert_eq!(sealed(&*store).await, (2, 5), "both keys are still needed");
    assert_opens(&*store).await;

    sql(&closed.location, "DROP TRIGGER overtake ON audit").await;
    let resealed = service.rotate(&permit).await.unwrap();
    assert_eq!((resealed.signing_keys, resealed.second_factors), (0, 5));
    assert_eq!(sealed(&*store).await, (7, 0));
    assert!(!store.seal_state().await.unwrap().is_unfinished);
}

/// A piece that another instance seals anew goes to the key that the database names, not to the instance's own.
pub(crate) async fn an_overtaken_instance_seals_with_the_key_that_the_database_names(fixture: Fixture) {
    let closed = filled(fixture).await;
    let one = open_with(&closed.location, NEW, Some(SEAL)).await.unwrap();
    let other = open_with(&closed.location, SEAL, Some(NEW)).await.unwrap();
    for store in [&one, &other] {
        let mut tx = store.begin().await.unwrap();
        tx.begin_seal_round().await.unwrap();
        tx.reseal_signing_keys().await.unwrap();
        tx.reseal_second_factors(None, 2).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = one.begin().await.unwrap();
    tx.put_slot(&slot_key(1, 2)).await.unwrap();
    put_factor(&mut *tx, 1).await;
    assert_eq!(tx.reseal_second_factors(None, 9).await.unwrap().count, 0);
    tx.commit().await.unwrap();
    assert_eq!(one.seal_state().await.unwrap().by, SealKeyName::Previous);
    assert_eq!(sealed(&*one).await, (0, 7));
    assert_opens(&*one).await;
    assert_opens(&*other).await;
}

/// Its row was removed, so the rotation did not wait for it.
pub(crate) async fn an_instance_that_slept_through_a_rotation_seals_nothing(fixture: Fixture) {
    let closed = filled(fixture).await;
    let asleep = open_with(&closed.location, SEAL, None).await.unwrap();
    let new = open_with(&closed.location, NEW, Some(SEAL)).await.unwrap();
    let mut tx = new.begin().await.unwrap();
    tx.begin_seal_round().await.unwrap();
    tx.reseal_signing_keys().await.unwrap();
    tx.commit().await.unwrap();
    finish(Arc::clone(&new)).await;
    let error = asleep.seal_state().await.unwrap_err().to_string();
    assert!(error.contains("the seal key was changed"), "{error}");
    assert!(asleep.signing_keys().await.is_err());
    let mut tx = asleep.begin().await.unwrap();
    assert!(tx.put_slot(&slot_key(2, 3)).await.is_err());
    drop(tx);
    let mut tx = asleep.begin().await.unwrap();
    let factor = SecondFactor::begin(&Counter::new(), NOW);
    assert!(tx.put_second_factor(user(1).id, &factor).await.is_err());
    drop(tx);
    assert_opens(&*new).await;
}

/// No row says which key seals.
pub(crate) async fn a_database_of_before_goes_on_with_the_key_that_opens_it(fixture: Fixture) {
    let closed = filled(fixture).await;
    match &closed.location {
        Location::Postgres(_) => sql(&closed.location, "DELETE FROM seal").await,
        Location::Sqlite(_) => sql_of_source(&closed.location, "DELETE FROM seal").await,
    }
    let error = open_with(&closed.location, NEW, None).await.err().unwrap();
    assert!(matches!(error, ConnectError::WrongSealKey), "{error}");
    let store = open_with(&closed.location, NEW, Some(SEAL)).await.unwrap();
    assert_eq!(store.seal_state().await.unwrap().by, SealKeyName::Previous);
    drop(store);
    let store = open_with(&closed.location, SEAL, None).await.unwrap();
    assert_eq!(store.seal_state().await.unwrap().by, SealKeyName::Current);
    assert_opens(&*store).await;
}

async fn restore(
    backup: &Path,
    target: &Location,
    current: &str,
    previous: Option<&str>,
) -> Result<Restored, BackupError> {
    let seal = SealKeys::new(seal(current), previous.map(seal));
    let restore = Restore { backup, target, seal, replaces: false, now: NOW };
    restore.run(Arc::new(Counter::new()), &mut |_| {}).await
}

/// The database that it makes is one in which the previous key seals.
pub(crate) async fn a_backup_of_before_a_rotation_is_restored_with_the_earlier_key(fixture: Fixture) {
    let closed = filled(fixture).await;
    let folder = tempfile::tempdir().unwrap();
    let (file, target) = (folder.path().join("backup"), Location::Sqlite(folder.path().join("new.db")));
    back_up(&closed.location, &file, &mut |_| {}).await.unwrap();
    assert!(restore(&file, &target, NEW, None).await.is_err());
    restore(&file, &target, NEW, Some(SEAL)).await.unwrap();
    let store = open_with(&target, NEW, Some(SEAL)).await.unwrap();
    assert_eq!(store.seal_state().await.unwrap().by, SealKeyName::Previous);
    // A restore adds a signing key.
    assert_eq!(sealed(&*store).await, (0, 8));
}
