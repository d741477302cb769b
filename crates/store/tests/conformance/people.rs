//! Stories about second factors and invitations.

use crate::fixture::{Counter, Fixture, NOW};
use crate::stories::id;
use titan_core::invitation::Invitation;
use titan_core::port::{Store, Tx};
use titan_core::tenant::DEFAULT;
use titan_core::user::{Email, Membership, Role, SecondFactor, User};
use titan_token::{HashedInvitation, InvitationId, InvitationToken, UserId, Uuid};

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
}

/// That what [`fill`] wrote is in both.
pub(crate) async fn assert_equal(one: &dyn Store, other: &dyn Store) {
    let ada = user(1).id;
    assert_eq!(one.user(ada).await.unwrap(), other.user(ada).await.unwrap());
    let invited = one.invitations(DEFAULT, NOW, 9).await.unwrap();
    assert!(invited.len() == 1 && invited == other.invitations(DEFAULT, NOW, 9).await.unwrap());
    let mut secrets = Vec::new();
    for store in [one, other] {
        let factor = store.begin().await.unwrap().second_factor(ada).await.unwrap().unwrap();
        secrets.push((*factor.secret.expose(), factor.last_step));
    }
    assert_eq!(secrets[0], secrets[1]);
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
