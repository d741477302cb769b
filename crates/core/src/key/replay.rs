//! `Idempotency-Key`: giving an answer once more.

use super::{Issued, Key};
use crate::error::Error;
use crate::idempotency::{Answer, REMEMBERED_SECS, RequestName};
use crate::port::Tx;
use crate::time::Timestamp;
use titan_token::SigningKey;

/// What this request was answered before, if it is a repetition.
pub(super) async fn answered(
    tx: &mut dyn Tx,
    actor: &str,
    request: Option<&RequestName>,
    now: Timestamp,
) -> Result<Option<Answer>, Error> {
    let Some(request) = request else { return Ok(None) };
    let answer = tx.answer(actor, request.name(), now.plus_secs(-REMEMBERED_SECS)).await?;
    if answer.as_ref().is_some_and(|answer| answer.fingerprint != *request.fingerprint()) {
        return Err(Error::conflict("Idempotency-Key: was used for another request"));
    }
    Ok(answer)
}

/// The same answer once more: the row as it was then, and the key signed again.
pub(super) async fn again(tx: &mut dyn Tx, answer: Answer) -> Result<Issued, Error> {
    let key = tx.lookup_key(answer.key).await?.ok_or_else(|| Error::internal("answer without its key"))?;
    let slots = tx.slots().await?;
    let slot = slots.iter().find(|slot| slot.slot == key.slot);
    let slot = slot.filter(|slot| slot.not_before <= key.created_at);
    let slot = slot.ok_or_else(|| Error::conflict("the signing key of this key was replaced"))?;
    let plain = key.claims().sign(key.prefix, &SigningKey::for_api_keys(&slot.secret));
    let key = Key { label: answer.label, is_active: answer.is_active, last_used_at: None, ..key };
    Ok(Issued { key, plain, receipt: None })
}

/// Remembers what was answered, if the caller gave the request a name.
pub(super) async fn remember(
    tx: &mut dyn Tx,
    actor: &str,
    request: Option<&RequestName>,
    key: &Key,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(request) = request else { return Ok(()) };
    let answer = Answer {
        fingerprint: *request.fingerprint(),
        key: key.id,
        label: key.label.clone(),
        is_active: key.is_active,
        at: now,
    };
    Ok(tx.add_answer(actor, request.name(), &answer).await?)
}
