//! Stories about second factors and invitations.

use crate::fixture::{Counter, Fixture, NOW};
use crate::stories::id;
use titan_core::invitation::Invitation;
use titan_core::opaque::{OpaqueFilter, OpaqueRow};
use titan_core::port::{Store, Tx};
use titan_core::revision::{Change, CredentialId, Revision};
use titan_core::tenant::DEFAULT;
use titan_core::user::{Email, Membership, Role, SecondFactor, User};
use titan_token::{HashedInvitation, InvitationId, InvitationToken, OpaqueKey, UserId, Uuid};

pub(crate) fn user(n: u8) -> User {
    let email = Email::parse(&format!("user{n}@example.com")).unwrap();
    User { id: UserId::new(id(n).uuid()), email, is_active: true, created_at: NOW }
}

fn invitation(n: u8, email: &str) -> (Invitation, HashedInvitation) {
    let (_, token) = InvitationToken::from_random([n; 32]);
    let invitation = Invitation {
        id: InvitationId::new(Uuid::from_bits(n.into())),
        tenant: DEFAULT,
        email: Email::parse(email).unwrap(),
        role: Role::Admin,
        invited_by: None,
        created_at: NOW,
        expires_at: NOW.plus_secs(10),
    };
    (invitation, token.hashed())
}

/// A user with everything that belongs to one.
pub(crate) async fn fill(tx: &mut dyn Tx) {
    let (ada, factor) = (user(1), SecondFactor::begin(&Counter::new(), NOW));
    tx.add_user(&ada).await.unwrap();
    tx.put_membership(&Membership { user: ada.id, tenant: DEFAULT, role: Role::Owner, since: NOW })
        .await
        .unwrap();
    tx.put_second_factor(ada.id, &SecondFactor { is_confirmed: true, last_step: Some(7), ..factor })
        .await
        .unwrap();
    let (invitation, secret) = invitation(1, "new@example.com");
    tx.put_invitation(&Invitation { invited_by: Some(ada.id), ..invitation }, &secret).await.unwrap();
    tx.add_opaque(&opaque(9, &ada)).await.unwrap();
}

/// That what [`fill`] wrote is in both.
pub(crate) async fn assert_equal(one: &dyn Store, other: &dyn Store) {
    let ada = user(1).id;
    assert_eq!(one.user(ada).await.unwrap(), other.user(ada).await.unwrap());
    let invited = one.invitations(DEFAULT, NOW, 9).await.unwrap();
    assert!(invited.len() == 1 && invited == other.invitations(DEFAULT, NOW, 9).await.unwrap());
    assert_eq!(
        one.opaque_key(id(9)).await.unwrap().unwrap(),
        other.opaque_key(id(9)).await.unwrap().unwrap()
    );
    let mut secrets = Vec::new();
    for store in [one, other] {
        let factor = store.begin().await.unwrap().second_factor(ada).await.unwrap().unwrap();
        secrets.push((*factor.secret.expose(), factor.last_step));
    }
    assert_eq!(secrets[0], secrets[1]);
}

fn opaque(n: u8, owner: &User) -> OpaqueRow {
    let (_, key) = OpaqueKey::from_random([n; 16]);
    OpaqueRow {
        id: id(n),
        hash: key.hashed(),
        lead: key.lead().to_owned(),
        tenant: DEFAULT,
        owner: owner.id,
        name: format!("Key {n} Größe 100%"),
        created_at: NOW,
        expires_at: None,
        is_active: true,
        is_suspended: false,
        deleted_at: None,
        last_used_at: None,
    }
}

pub(crate) async fn opaque_keys_come_back_and_are_found(fixture: Fixture) {
    let (ada, bob) = (user(1), user(2));
    let end = NOW.plus_secs(10);
    let keys = [opaque(1, &ada), OpaqueRow { expires_at: Some(end), ..opaque(2, &ada) }, opaque(3, &bob)];
    let mut tx = fixture.store.begin().await.unwrap();
    tx.add_user(&ada).await.unwrap();
    tx.add_user(&bob).await.unwrap();
    for key in &keys {
        tx.add_opaque(key).await.unwrap();
    }
    assert_eq!(tx.lookup_opaque(id(2)).await.unwrap(), Some(keys[1].clone()));
    assert_eq!(tx.opaque_of(ada.id, DEFAULT, NOW).await.unwrap().len(), 2);
    assert_eq!(tx.opaque_of(ada.id, DEFAULT, end).await.unwrap(), keys[..1], "one has expired");
    assert_eq!(tx.opaque_of(ada.id, titan_token::TenantId(9), NOW).await.unwrap(), []);
    let deleted = OpaqueRow { deleted_at: Some(NOW), ..keys[2].clone() };
    tx.save_opaque(&deleted).await.unwrap();
    let off = OpaqueRow { is_active: false, is_suspended: true, ..keys[0].clone() };
    tx.save_opaque(&off).await.unwrap();
    assert_eq!(tx.lookup_opaque(id(3)).await.unwrap(), None);
    tx.commit().await.unwrap();

    fixture.store.record_uses(&[(id(1), end), (id(3), end)]).await.unwrap();
    fixture.store.record_uses(&[(id(1), NOW)]).await.unwrap();
    let used = OpaqueRow { last_used_at: Some(end), ..off };
    assert_eq!(fixture.store.opaque_key(id(1)).await.unwrap(), Some(used.clone()));
    let found = async |search: &str, offset, limit| {
        let search = Some(search.to_owned()).filter(|search| !search.is_empty());
        fixture.store.opaque_keys(DEFAULT, &OpaqueFilter { search, offset, limit }).await.unwrap()
    };
    assert_eq!(found("", 0, 9).await, (vec![keys[1].clone(), used.clone()], 2), "the newest first");
    assert_eq!(found("", 1, 9).await, (vec![used], 2));
    assert_eq!(found("key 2", 0, 9).await, (vec![keys[1].clone()], 1));
    assert_eq!(found("100%", 0, 1).await.1, 2);
    assert_eq!(found("_", 0, 9).await.1, 0);
    assert_eq!(found("0202", 0, 9).await.1, 1, "by its first digits");
}

pub(crate) async fn an_expired_opaque_key_leaves_the_log_and_one_that_is_deleted_stays(fixture: Fixture) {
    let ada = user(1);
    let end = NOW.plus_secs(10);
    let expired = OpaqueRow { expires_at: Some(end), ..opaque(1, &ada) };
    let deleted = OpaqueRow { deleted_at: Some(NOW), ..opaque(2, &ada) };
    let mut tx = fixture.store.begin().await.unwrap();
    tx.add_user(&ada).await.unwrap();
    for key in [&expired, &deleted] {
        tx.add_opaque(key).await.unwrap();
        tx.record_change(&key.change(Role::Owner)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let log = async || fixture.store.changes_after(Revision(0), 9).await.unwrap().list.decode().unwrap();
    let changes: Vec<_> = log().await.into_iter().map(|(_, change)| change).collect();
    assert_eq!(changes, [expired.change(Role::Owner), Change::Opaque(deleted.hash, None)]);
    let state = fixture.store.credential_state(CredentialId::Opaque(expired.hash), DEFAULT).await.unwrap();
    assert_eq!(state.changes, [expired.change(Role::Owner)]);
    let mut tx = fixture.store.begin().await.unwrap();
    tx.sweep_until(end).await.unwrap();
    tx.sweep_log(end, 100).await.unwrap();
    tx.commit().await.unwrap();
    let left: Vec<_> = log().await.into_iter().map(|(_, change)| change).collect();
    // An instance that was away must hear of it, however late.
    assert_eq!(left, [Change::Opaque(deleted.hash, None)]);
}

pub(crate) async fn a_second_factor_comes_back_opened(fixture: Fixture) {
    let ada = user(1);
    let mut tx = fixture.store.begin().await.unwrap();
    tx.add_user(&ada).await.unwrap();
    assert!(tx.second_factor(ada.id).await.unwrap().is_none());
    let mut factor = SecondFactor::begin(&Counter::new(), NOW);
    tx.put_second_factor(ada.id, &factor).await.unwrap();
    assert!(!tx.second_factor(ada.id).await.unwrap().unwrap().is_confirmed);
    factor.last_step = Some(-3);
    factor.is_confirmed = true;
    tx.save_second_factor(ada.id, &factor).await.unwrap();
    let found = tx.second_factor(ada.id).await.unwrap().unwrap();
    assert_eq!(found.secret.expose(), factor.secret.expose());
    assert_eq!((found.is_confirmed, found.last_step, found.created_at), (true, Some(-3), NOW));
    assert!(found.recovery.is_empty());
    tx.commit().await.unwrap();
    assert!(fixture.store.has_second_factor(ada.id).await.unwrap());
    assert!(!fixture.store.has_second_factor(user(2).id).await.unwrap());
    let mut tx = fixture.store.begin().await.unwrap();
    tx.remove_second_factor(ada.id).await.unwrap();
    assert!(tx.second_factor(ada.id).await.unwrap().is_none());
}

pub(crate) async fn an_invitation_is_found_by_its_secret_until_it_is_removed(fixture: Fixture) {
    let (first, secret) = invitation(1, "New@example.com");
    let (second, other) = invitation(2, "new@example.com");
    let mut tx = fixture.store.begin().await.unwrap();
    tx.put_invitation(&first, &secret).await.unwrap();
    assert_eq!(tx.invitation(&secret).await.unwrap(), Some(first));
    tx.put_invitation(&second, &other).await.unwrap();
    assert_eq!(tx.invitation(&secret).await.unwrap(), None, "replaced by one for the same address");
    assert_eq!(tx.count_invitations(DEFAULT, NOW).await.unwrap(), 1);
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.find_invitation(&other).await.unwrap(), Some(second.clone()));
    assert_eq!(fixture.store.invitations(DEFAULT, NOW, 9).await.unwrap(), std::slice::from_ref(&second));
    let end = second.expires_at;
    assert_eq!(fixture.store.invitations(DEFAULT, end, 9).await.unwrap(), []);
    let mut tx = fixture.store.begin().await.unwrap();
    assert_eq!(tx.count_invitations(DEFAULT, end).await.unwrap(), 0);
    tx.forget_invitations(NOW).await.unwrap();
    assert!(tx.invitation(&other).await.unwrap().is_some());
    assert!(!tx.remove_invitation(titan_token::TenantId(9), second.id).await.unwrap());
    assert!(tx.remove_invitation(DEFAULT, second.id).await.unwrap());
    assert!(!tx.remove_invitation(DEFAULT, second.id).await.unwrap());
    tx.put_invitation(&second, &other).await.unwrap();
    tx.forget_invitations(end).await.unwrap();
    assert!(tx.invitation(&other).await.unwrap().is_none());
}
