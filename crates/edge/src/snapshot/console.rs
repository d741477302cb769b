//! The decision about a console token.

use super::Snapshot;
use titan_core::access::Denial;
use titan_core::console;
use titan_core::time::Timestamp;
use titan_token::{Binding, UntrustedConsole, VerifiedConsole};

impl Snapshot {
    /// Every check of a console token: MAC, expiry, signing key, and whether its session was ended. That of a user ends with its
    /// JWTs, which are decided by themselves.
    pub(crate) fn decide_console(
        &self,
        token: &UntrustedConsole,
        bindings: &[Binding],
        now: Timestamp,
    ) -> Result<VerifiedConsole, Denial> {
        let signing = self.signing(token.slot()).map_err(|_| Denial::TokenInvalid)?;
        let mut verified =
            bindings.iter().filter_map(|binding| token.verify(&signing.console, *binding).ok());
        let verified = verified.next().ok_or(Denial::TokenInvalid)?;
        let claims = verified.claims();
        if now.secs_u32() >= claims.expires_at || claims.expires_at <= self.swept_until {
            return Err(Denial::TokenExpired);
        }
        if signing.is_retired || self.consoles.contains(&claims.session) {
            return Err(Denial::SessionEnded);
        }
        Ok(verified)
    }

    /// Forgets sessions that expired at or before this time.
    pub(super) fn forget_consoles(&mut self, until: Timestamp) {
        let end = console::first_living(until);
        while let Some(oldest) = self.consoles.get_min().copied().filter(|oldest| *oldest < end) {
            self.consoles.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_core::revision::Change;
    use titan_core::signing::SlotKey;
    use titan_token::{ConsoleClaims, ConsoleKey, ConsoleKind, SessionId, SigningSecret, Slot, Uuid};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
    const BINDING: Binding = [7; 8];

    fn snapshot(retired_at: Option<Timestamp>) -> Snapshot {
        let mut snapshot = Snapshot::new();
        let (slot, secret) = (Slot::new(3).unwrap(), SigningSecret::new([1; 32]));
        let start = Timestamp::from_ms(0);
        snapshot.set_slots(&[SlotKey { slot, secret, created_at: start, retired_at, not_before: start }]);
        snapshot
    }

    fn session() -> SessionId {
        SessionId::new(Uuid::v7(1_799_999_000_000, [9; 10]))
    }

    fn decide(snapshot: &Snapshot, bindings: &[Binding], now: Timestamp) -> Result<(), Denial> {
        let (slot, session) = (Slot::new(3).unwrap(), session());
        let claims =
            ConsoleClaims { slot, kind: ConsoleKind::Master, session, expires_at: NOW.secs_u32() + 1 };
        let text = claims.sign(&ConsoleKey::derive(&SigningSecret::new([1; 32])), BINDING);
        let token = UntrustedConsole::parse(text.expose()).unwrap();
        snapshot.decide_console(&token, bindings, now).map(drop)
    }

    #[test]
    fn a_good_token_passes_until_the_second_it_expires() {
        let snapshot = snapshot(None);
        assert_eq!(decide(&snapshot, &[[0; 8], BINDING], NOW), Ok(()));
        assert_eq!(decide(&snapshot, &[BINDING], NOW.plus_secs(1)), Err(Denial::TokenExpired));
    }

    #[test]
    fn it_is_of_no_other_holder_and_of_no_other_signing_key() {
        assert_eq!(decide(&snapshot(None), &[[0; 8]], NOW), Err(Denial::TokenInvalid));
        assert_eq!(decide(&snapshot(None), &[], NOW), Err(Denial::TokenInvalid));
        assert_eq!(decide(&Snapshot::new(), &[BINDING], NOW), Err(Denial::TokenInvalid));
        assert_eq!(decide(&snapshot(Some(NOW)), &[BINDING], NOW), Err(Denial::SessionEnded));
    }

    #[test]
    fn what_was_ended_stays_so_until_it_would_have_expired() {
        let mut snapshot = snapshot(None);
        let to_add = snapshot.apply([&Change::Console(session())]);
        assert!(to_add.is_empty());
        assert_eq!(decide(&snapshot, &[BINDING], NOW), Err(Denial::SessionEnded));
        snapshot.forget_expired(NOW);
        assert_eq!(decide(&snapshot, &[BINDING], NOW), Err(Denial::SessionEnded));
        snapshot.forget_expired(NOW.plus_secs(13 * 3600));
        assert!(snapshot.consoles.is_empty());
        // By then it has expired, whatever a clock says.
        snapshot.sweep_until(NOW.plus_secs(1));
        assert_eq!(decide(&snapshot, &[BINDING], NOW), Err(Denial::TokenExpired));
    }
}
