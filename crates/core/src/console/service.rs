//! What can be done with sessions of the console.

use super::jwts::Jwts;
use super::{PROOF_SECS, SESSION_SECS};
use crate::access::{Caller, Denial, Gate, MasterKeys, Origin, Permit, Principal, decide};
use crate::audit::Entry;
use crate::entropy::{Entropy, random};
use crate::error::{Code, Error};
use crate::port::Store;
use crate::retry::retried;
use crate::revision::{Change, Propagation, Receipt, Wait};
use crate::session::{SessionService, SignIn};
use crate::signing::signer;
use crate::time::{Clock, Timestamp};
use crate::user::PlainPassword;
use serde_json::json;
use std::sync::Arc;
use titan_token::{
    Binding, ConsoleClaims, ConsoleKey, ConsoleKind, PlainToken, SessionId, UntrustedConsole, Uuid,
    VerifiedConsole,
};

/// So long, a signing key is new. A clock that is wrong by more only makes a token unknown for a moment.
const NEW_SECS: i64 = 60;
/// No user is bound to anything beyond its session.
const UNBOUND: Binding = [0; 8];

/// The rules of the console's sessions.
pub struct ConsoleService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    propagation: Arc<dyn Propagation>,
    gate: Arc<dyn Gate>,
    master: Arc<MasterKeys>,
    sessions: Arc<SessionService>,
    jwts: Jwts,
}

/// Whose session it is, proven for one request.
#[derive(Clone, Debug)]
pub struct Holder {
    session: VerifiedConsole,
    caller: Caller,
}

impl Holder {
    /// As whom the session works.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// When the session ends by itself.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_secs(self.session.claims().expires_at.into())
    }
}

/// What proves once more who one is.
pub enum Proof {
    /// A holder of the master key.
    Master(String),
    /// A user: the password, and the code of a second factor if there is one.
    User(PlainPassword, Option<String>),
}

impl ConsoleService {
    /// The rules over this store.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        propagation: Arc<dyn Propagation>,
        gate: Arc<dyn Gate>,
        master: Arc<MasterKeys>,
        sessions: Arc<SessionService>,
    ) -> Self {
        Self { store, clock, entropy, propagation, gate, master, sessions, jwts: Jwts::default() }
    }

    /// Begins a session of a user, as in the API: an unknown user and a wrong password have one answer. The token is for the browser to
    /// hold.
    pub async fn sign_in(&self, request: SignIn) -> Result<PlainToken, Error> {
        let request = SignIn { lasts_secs: SESSION_SECS, ..request };
        let signed_in = self.sessions.sign_in(request).await?;
        let (session, end) = (signed_in.session.id, signed_in.session.expires_at);
        self.jwts.keep(session, signed_in.token);
        self.token((ConsoleKind::User, session), end, UNBOUND, None).await
    }

    /// Begins a session of a holder of the master key.
    pub async fn sign_in_master(&self, key: &str, origin: &Origin) -> Result<PlainToken, Error> {
        let binding = self.master.binding(key).ok_or_else(wrong_master)?;
        let now = self.clock.now();
        let session = SessionId::new(Uuid::v7(now.ms().unsigned_abs(), random(&*self.entropy)));
        let (actor, subject) = ("master".to_owned(), session.to_string());
        let entry = Entry::of(origin, actor, now, "console.begin", subject, json!({}));
        let end = now.plus_secs(SESSION_SECS);
        self.token((ConsoleKind::Master, session), end, binding, Some(&entry)).await
    }

    /// Whose session this is now.
    pub async fn authenticate(&self, token: &str) -> Result<Holder, Error> {
        let session = self.prove(token)?;
        let caller = match session.claims().kind {
            ConsoleKind::Master => Caller::Master,
            ConsoleKind::User => self.user(session.claims().session).await?,
            ConsoleKind::Proof => return Err(Denial::TokenInvalid.into()),
        };
        Ok(Holder { session, caller })
    }

    /// Whether this token says that the holder of the session has proved a moment ago who it is.
    pub fn is_proven(&self, holder: &Holder, token: &str) -> bool {
        let (session, proof) = (&holder.session, self.prove(token));
        proof.is_ok_and(|proof| {
            let is_of = proof.claims().session == session.claims().session;
            is_of && proof.claims().kind == ConsoleKind::Proof && proof.binding() == session.binding()
        })
    }

    /// Proves once more who holds the session, for some minutes: a token to show beside that of the session.
    pub async fn prove_again(
        &self,
        holder: &Holder,
        proof: Proof,
        origin: &Origin,
    ) -> Result<PlainToken, Error> {
        match (&holder.caller, proof) {
            (Caller::Master, Proof::Master(key)) => {
                if self.master.binding(&key) != Some(holder.session.binding()) {
                    return Err(wrong_master());
                }
            }
            (Caller::User(_), Proof::User(password, code)) => {
                let permit = decide(&holder.caller, None, origin.clone())?;
                self.sessions.prove_identity(&permit, password, code.as_deref()).await?;
            }
            _ => return Err(Error::invalid("proof: is not of whoever has signed in")),
        }
        let end = self.clock.now().plus_secs(PROOF_SECS).min(holder.expires_at());
        let (session, binding) = (holder.session.claims().session, holder.session.binding());
        self.token((ConsoleKind::Proof, session), end, binding, None).await
    }

    /// Ends the session on every instance.
    pub async fn sign_out(&self, holder: &Holder, origin: &Origin) -> Result<Receipt, Error> {
        let session = holder.session.claims().session;
        if let Caller::User(_) = &holder.caller {
            let permit: Permit<_> = decide(&holder.caller, None, origin.clone())?;
            self.jwts.drop(session);
            return self.sessions.end(&permit, None, Wait::UntilInForce).await;
        }
        retried(|| self.end(session, origin)).await
    }

    async fn end(&self, session: SessionId, origin: &Origin) -> Result<Receipt, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let revision = tx.record_change(&Change::Console(session)).await?;
        let (actor, subject) = ("master".to_owned(), session.to_string());
        tx.add_audit(&Entry::of(origin, actor, now, "console.end", subject, json!({}))).await?;
        tx.commit().await?;
        self.propagation.receipt(revision, Wait::UntilInForce).await
    }

    /// The token, if it is good now.
    fn prove(&self, token: &str) -> Result<VerifiedConsole, Error> {
        let token = UntrustedConsole::parse(token).map_err(|_| Denial::TokenInvalid)?;
        let bindings = match token.kind() {
            ConsoleKind::User => vec![UNBOUND],
            ConsoleKind::Master => self.master.bindings(),
            ConsoleKind::Proof => [vec![UNBOUND], self.master.bindings()].concat(),
        };
        Ok(self.gate.console(&token, &bindings)?)
    }

    /// The user of a session, by a JWT that this instance holds for it. An expired one, or one from before a change of the role, is
    /// replaced once.
    async fn user(&self, session: SessionId) -> Result<Caller, Error> {
        if let Some(jwt) = self.jwts.find(session) {
            match self.gate.authenticate(jwt.expose()).await {
                Ok(Principal::User(user)) => return Ok(Caller::User(user)),
                // Perhaps only its signing key was retired. The session itself says whether it goes on.
                Err(Denial::SessionEnded | Denial::TokenExpired | Denial::TokenInvalid) | Ok(_) => {}
                Err(denial) => return Err(denial.into()),
            }
        }
        let jwt = self.jwts.keep(session, self.sessions.resume(session).await?.token);
        Ok(Caller::try_from(self.gate.authenticate(jwt.expose()).await?)?)
    }

    /// A token under a signing key that every instance knows.
    async fn token(
        &self,
        (kind, session): (ConsoleKind, SessionId),
        end: Timestamp,
        binding: Binding,
        entry: Option<&Entry>,
    ) -> Result<PlainToken, Error> {
        retried(|| async {
            let mut tx = self.store.begin().await?;
            let slots = tx.slots().await?;
            let signer = signer(&slots).ok_or_else(|| Error::internal("no signing key"))?;
            let claims = ConsoleClaims { slot: signer.slot, kind, session, expires_at: end.secs_u32() };
            let token = claims.sign(&ConsoleKey::derive(&signer.secret), binding);
            if let Some(entry) = entry {
                tx.add_audit(entry).await?;
            }
            let head = tx.head().await?;
            tx.commit().await?;
            // Every instance must know the signing key before the token is used. Of one that is older than a lease, they do.
            if self.clock.now() < signer.created_at.plus_secs(NEW_SECS) {
                self.propagation.wait_until_in_force(head).await?;
            }
            Ok(token)
        })
        .await
    }
}

fn wrong_master() -> Error {
    Error::new(Code::InvalidMasterKey, "invalid master key")
}
