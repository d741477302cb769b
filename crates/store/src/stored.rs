//! How values are stored, alike on every engine: a row of one can be moved to another as it is.

use std::sync::Arc;
use titan_core::client_token::{ClientRules, ClientSession, RevokedToken};
use titan_core::console;
use titan_core::key::Creator;
use titan_core::limit::{Person, Subject};
use titan_core::port::{StoreError, StoreResult};
use titan_core::revision::{Change, Changes, CredentialId, Encoded, Revision, Swept};
use titan_core::settings::Settings;
use titan_core::time::Timestamp;
use titan_core::user::{RecoveryHash, Role};
use titan_token::{
    ClientTokenId, HashedKey, InvitationId, KeyId, Prefix, SessionId, SessionName, Slot, TenantId, UserId,
    Uuid,
};

/// How the kinds of changes are stored. A number never changes its meaning.
pub(crate) const KEY: i16 = 1;
const TENANT: i16 = 2;
const SIGNING_KEY: i16 = 3;
pub(crate) const SESSION: i16 = 4;
pub(crate) const OPAQUE: i16 = 5;
pub(crate) const SETTINGS: i16 = 6;
const DEBUG: i16 = 7;
pub(crate) const IMPORTED: i16 = 8;
pub(crate) const CLIENT_RULES: i16 = 9;
pub(crate) const CLIENT_TOKEN: i16 = 10;
pub(crate) const CONSOLE: i16 = 11;
/// The subject of a kind that has only one.
const ONLY: [u8; 1] = [0];

/// A change as its row holds it: kind, subject, and status as JSON.
pub(crate) struct StoredChange {
    pub(crate) kind: i16,
    pub(crate) subject: Vec<u8>,
    pub(crate) status: String,
}

impl StoredChange {
    pub(crate) fn of(change: &Change) -> StoreResult<Self> {
        let json = |error: serde_json::Error| StoreError::Failed(error.into());
        let (kind, subject, status) = match change {
            Change::Key(id, status) => (KEY, key_bytes(*id), serde_json::to_string(status).map_err(json)?),
            Change::Tenant(id, status) => {
                (TENANT, tenant_bytes(*id), serde_json::to_string(status).map_err(json)?)
            }
            Change::Opaque(hash, status) => {
                (OPAQUE, hash.as_bytes().to_vec(), serde_json::to_string(status).map_err(json)?)
            }
            Change::Imported(hash, status) => {
                (IMPORTED, hash.as_bytes().to_vec(), serde_json::to_string(status).map_err(json)?)
            }
            Change::ClientRules(session, rules) => {
                let status = serde_json::to_string(&rules.as_deref()).map_err(json)?;
                (CLIENT_RULES, client_session_bytes(session), status)
            }
            Change::ClientToken(token) => (CLIENT_TOKEN, revoked_token_bytes(*token), "null".to_owned()),
            Change::Console(session) => (CONSOLE, session_bytes(*session), "null".to_owned()),
            Change::Debug(is_on) => (DEBUG, ONLY.to_vec(), serde_json::to_string(is_on).map_err(json)?),
            Change::Settings(settings) => {
                (SETTINGS, ONLY.to_vec(), serde_json::to_string(settings).map_err(json)?)
            }
            Change::SigningKey(slot) => (SIGNING_KEY, vec![slot.number()], "null".to_owned()),
            Change::Other => return Err(StoreError::Failed("a change of an unknown kind".into())),
            Change::Session(id, status) => {
                (SESSION, session_bytes(*id), serde_json::to_string(status).map_err(json)?)
            }
        };
        Ok(Self { kind, subject, status })
    }
}

/// The change in a row.
pub(crate) fn read_change(kind: i16, subject: &[u8], status: &str) -> StoreResult<Change> {
    let bad_subject = || corrupt("change", "subject");
    let bad_status = |_| corrupt("change", "status");
    Ok(match kind {
        KEY => Change::Key(
            key_id(subject).ok_or_else(bad_subject)?,
            serde_json::from_str(status).map_err(bad_status)?,
        ),
        TENANT => {
            let bytes = subject.try_into().map_err(|_| bad_subject())?;
            let status = serde_json::from_str(status).map_err(bad_status)?;
            Change::Tenant(TenantId(u32::from_be_bytes(bytes)), status)
        }
        SIGNING_KEY => {
            let slot = subject.first().copied().and_then(Slot::new);
            Change::SigningKey(slot.ok_or_else(bad_subject)?)
        }
        SESSION => Change::Session(
            session_id(subject).ok_or_else(bad_subject)?,
            serde_json::from_str(status).map_err(bad_status)?,
        ),
        OPAQUE => {
            let hash = subject.try_into().map_err(|_| bad_subject())?;
            Change::Opaque(HashedKey::from_bytes(hash), serde_json::from_str(status).map_err(bad_status)?)
        }
        IMPORTED => {
            let hash = subject.try_into().map_err(|_| bad_subject())?;
            Change::Imported(HashedKey::from_bytes(hash), serde_json::from_str(status).map_err(bad_status)?)
        }
        CLIENT_RULES => {
            let session = client_session(subject).ok_or_else(bad_subject)?;
            Change::ClientRules(session, read_client_rules(status)?.map(Arc::new))
        }
        CLIENT_TOKEN => Change::ClientToken(revoked_token(subject).ok_or_else(bad_subject)?),
        CONSOLE => Change::Console(session_id(subject).ok_or_else(bad_subject)?),
        SETTINGS => Change::Settings(read_settings(status)?),
        DEBUG => Change::Debug(serde_json::from_str(status).map_err(bad_status)?),
        _ => Change::Other,
    })
}

/// The settings in the status of their change.
pub(crate) fn read_settings(status: &str) -> StoreResult<Settings> {
    serde_json::from_str(status).map_err(|_| corrupt("change", "status"))
}

/// The rules for client tokens in the status of their change; `None`: they were deleted.
pub(crate) fn read_client_rules(status: &str) -> StoreResult<Option<ClientRules>> {
    serde_json::from_str(status).map_err(|_| corrupt("change", "status"))
}

/// The tenant and the name, so that those of one tenant are neighbours.
pub(crate) fn client_session_bytes(session: &ClientSession) -> Vec<u8> {
    [tenant_bytes(session.tenant), session.name.as_str().into()].concat()
}

fn client_session(bytes: &[u8]) -> Option<ClientSession> {
    let (tenant, name) = bytes.split_first_chunk()?;
    let name = SessionName::new(str::from_utf8(name).ok()?)?;
    Some(ClientSession { name, tenant: TenantId(u32::from_be_bytes(*tenant)) })
}

/// The subjects that all rules of a tenant are between: the second is not one of them.
pub(crate) fn client_sessions_of(tenant: TenantId) -> [Vec<u8>; 2] {
    // No name begins with such a byte.
    [tenant_bytes(tenant), [tenant_bytes(tenant), vec![0xff]].concat()]
}

/// The id and the tenant, so that those of one time are neighbours.
fn revoked_token_bytes(token: RevokedToken) -> Vec<u8> {
    [uuid_bytes(token.id.uuid()), tenant_bytes(token.tenant)].concat()
}

fn revoked_token(bytes: &[u8]) -> Option<RevokedToken> {
    let (id, tenant) = bytes.split_last_chunk()?;
    let id = ClientTokenId::new(uuid(id)?);
    Some(RevokedToken { id, tenant: TenantId(u32::from_be_bytes(*tenant)) })
}

/// The subject before which all client tokens lie that expired at or before this time.
pub(crate) fn client_tokens_until(until: Timestamp) -> Vec<u8> {
    revoked_token_bytes(RevokedToken::end_of_expired(until))
}

/// The subject before which all console sessions lie that expired at or before this time.
pub(crate) fn console_sessions_until(until: Timestamp) -> Vec<u8> {
    session_bytes(console::first_living(until))
}

/// A piece of the log, as a query gives it: how many changes, the newest revision, and their text.
pub(crate) struct Piece {
    pub(crate) count: i64,
    pub(crate) last: Option<i64>,
    pub(crate) lines: Option<String>,
}

impl Piece {
    /// `limit`: how many were asked for.
    pub(crate) fn changes(self, head: Revision, swept: Swept, limit: u32) -> StoreResult<Changes> {
        Ok(Changes {
            head,
            last: self.last.map(revision).transpose()?,
            has_more: self.count == i64::from(limit),
            swept,
            list: Encoded::new(move || read_lines(&self.lines.unwrap_or_default())),
        })
    }
}

/// The changes in a text with a line for each: revision, kind, subject in hexadecimal, and status, with spaces between.
fn read_lines(lines: &str) -> StoreResult<Vec<(Revision, Change)>> {
    let mut list = lines.lines().map(read_line).collect::<StoreResult<Vec<_>>>()?;
    // They come in their order, but nothing promises it.
    list.sort_by_key(|(revision, _)| *revision);
    Ok(list)
}

fn read_line(line: &str) -> StoreResult<(Revision, Change)> {
    let mut fields = line.splitn(4, ' ');
    let mut field = |column| fields.next().ok_or_else(|| corrupt("change", column));
    let number = field("revision")?.parse().map_err(|_| corrupt("change", "revision"))?;
    let kind = field("kind")?.parse().map_err(|_| corrupt("change", "kind"))?;
    let subject = hex_simd::decode_to_vec(field("subject")?).map_err(|_| corrupt("change", "subject"))?;
    Ok((revision(number)?, read_change(kind, &subject, field("status")?)?))
}

/// How the subject of a limit is stored: its kind, and an id where there is one.
pub(crate) fn limited(subject: Subject) -> Vec<u8> {
    match subject {
        Subject::Client(person) => [vec![3], person.as_bytes().to_vec()].concat(),
        Subject::Global => vec![0],
        Subject::Message => vec![1],
        Subject::Key(id) => [vec![2], key_bytes(id)].concat(),
    }
}

pub(crate) fn limited_of(bytes: &[u8]) -> Option<Subject> {
    match bytes.split_first()? {
        (0, []) => Some(Subject::Global),
        (1, []) => Some(Subject::Message),
        (2, id) => key_id(id).map(Subject::Key),
        (3, person) => Some(Subject::Client(Person::from_bytes(person.try_into().ok()?))),
        _ => None,
    }
}

pub(crate) fn key_bytes(id: KeyId) -> Vec<u8> {
    uuid_bytes(id.uuid())
}

/// Who made a key, from the two columns that say it.
pub(crate) fn creator(id: Option<Uuid>, is_owned: bool) -> Creator {
    match id {
        Some(id) if is_owned => Creator::User(UserId::new(id)),
        Some(id) => Creator::Key(KeyId::new(id)),
        None => Creator::Master,
    }
}

/// Ids of users and of keys are never alike.
pub(crate) fn creator_bytes(creator: Creator) -> Option<Vec<u8>> {
    match creator {
        Creator::Key(id) => Some(key_bytes(id)),
        Creator::Master => None,
        Creator::User(id) => Some(user_bytes(id)),
    }
}

pub(crate) fn key_id(bytes: &[u8]) -> Option<KeyId> {
    uuid(bytes).map(KeyId::new)
}

/// The kinds and subjects of the changes that decide about a credential of this tenant.
pub(crate) fn deciding(id: CredentialId, tenant: TenantId) -> Vec<(i16, Vec<u8>)> {
    let mut subjects = match id {
        CredentialId::Client(token, parent, session) => vec![
            (CLIENT_TOKEN, revoked_token_bytes(token)),
            (KEY, key_bytes(parent)),
            (CLIENT_RULES, client_session_bytes(&session)),
        ],
        CredentialId::Key(id) => vec![(KEY, key_bytes(id))],
        CredentialId::Opaque(hash) => vec![(OPAQUE, hash.as_bytes().to_vec())],
        CredentialId::Session(id) => vec![(SESSION, session_bytes(id))],
    };
    subjects.push((TENANT, tenant_bytes(tenant)));
    subjects
}

pub(crate) fn user_bytes(id: UserId) -> Vec<u8> {
    uuid_bytes(id.uuid())
}

pub(crate) fn user_id(bytes: &[u8]) -> Option<UserId> {
    uuid(bytes).map(UserId::new)
}

pub(crate) fn session_bytes(id: SessionId) -> Vec<u8> {
    uuid_bytes(id.uuid())
}

pub(crate) fn session_id(bytes: &[u8]) -> Option<SessionId> {
    uuid(bytes).map(SessionId::new)
}

pub(crate) fn invitation_bytes(id: InvitationId) -> Vec<u8> {
    uuid_bytes(id.uuid())
}

pub(crate) fn invitation_id(bytes: &[u8]) -> Option<InvitationId> {
    uuid(bytes).map(InvitationId::new)
}

fn uuid_bytes(uuid: Uuid) -> Vec<u8> {
    uuid.bits().to_be_bytes().to_vec()
}

pub(crate) fn uuid(bytes: &[u8]) -> Option<Uuid> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    Some(Uuid::from_bits(u128::from_be_bytes(bytes)))
}

/// The recovery codes that are left, one behind the other.
pub(crate) fn recovery(bytes: &[u8]) -> Option<Vec<RecoveryHash>> {
    let (hashes, rest) = bytes.as_chunks();
    rest.is_empty().then(|| hashes.iter().copied().map(RecoveryHash::new).collect())
}

pub(crate) fn recovery_bytes(hashes: &[RecoveryHash]) -> Vec<u8> {
    hashes.iter().flat_map(RecoveryHash::as_bytes).copied().collect()
}

/// How a role is stored. A number never changes its meaning.
pub(crate) const fn role_number(role: Role) -> u8 {
    match role {
        Role::Member => 1,
        Role::Admin => 2,
        Role::Owner => 3,
    }
}

pub(crate) fn role(number: u8) -> Option<Role> {
    Role::ALL.into_iter().find(|role| role_number(*role) == number)
}

pub(crate) fn tenant_bytes(id: TenantId) -> Vec<u8> {
    id.0.to_be_bytes().to_vec()
}

/// How a prefix is stored. A number never changes its meaning.
pub(crate) const fn prefix_number(prefix: Prefix) -> u8 {
    match prefix {
        Prefix::Standard => 0,
        Prefix::Live => 1,
        Prefix::Test => 2,
    }
}

pub(crate) fn prefix(number: u8) -> Option<Prefix> {
    Prefix::ALL.into_iter().find(|prefix| prefix_number(*prefix) == number)
}

pub(crate) fn revision(number: i64) -> StoreResult<Revision> {
    u64::try_from(number).map(Revision).map_err(|_| corrupt("revision_head", "revision"))
}

pub(crate) fn revision_number(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

fn corrupt(table: &'static str, column: &'static str) -> StoreError {
    StoreError::Corrupt { table, column }
}
