//! The names of scope bits, which are given once.

use crate::error::ConnectError;
use titan_core::access::{Catalogue, KEYS_MANAGE, KEYS_VERIFY, USAGE_READ};

/// Brings the stored names and the configured ones together: new names get the next bits, and names that are
/// no longer configured keep theirs, so that an old key never comes to mean something else. Returns also the new names
/// with their bits, which must be stored.
pub(crate) fn reconcile(
    stored: &[String],
    own: &[String],
) -> Result<(Catalogue, Vec<(u8, String)>), ConnectError> {
    let mut names = stored.to_vec();
    let wanted = Catalogue::shipped().map(str::to_owned).chain(own.iter().cloned());
    names.extend(wanted.filter(|name| !stored.contains(name)));
    let catalogue = Catalogue::of(names.clone())?;
    // These have their bits in the program, too. They shipped with the first version, so every database gives them these.
    for (bit, name) in [KEYS_MANAGE, KEYS_VERIFY, USAGE_READ] {
        if catalogue.bit(name) != Some(bit) {
            return Err(ConnectError::Scopes(format!(
                "the database gives `{name}` another bit than this program"
            )));
        }
    }
    Ok((catalogue, (0u8..).zip(names).skip(stored.len()).collect()))
}
