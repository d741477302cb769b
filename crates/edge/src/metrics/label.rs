//! The labels, and all their values.

/// A label with a closed set of values, or several together.
pub trait Label: Copy + 'static {
    /// How many values there are.
    const COUNT: usize;

    /// All of them, in the order of [`Self::index`].
    fn all() -> impl Iterator<Item = Self>;

    /// Its place among all of them.
    fn index(self) -> usize;

    /// Appends names and values as Prometheus shows them.
    fn write(self, out: &mut Vec<(&'static str, &'static str)>);
}

macro_rules! labels {
    ($($(#[$doc:meta])* $label:ident, $key:literal: { $($(#[$value_doc:meta])* $value:ident = $text:literal,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $label { $($(#[$value_doc])* $value,)+ }

        impl $label {
            const ALL: &'static [Self] = &[$(Self::$value),+];

            /// As Prometheus shows it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$value => $text,)+ }
            }
        }

        impl Label for $label {
            const COUNT: usize = Self::ALL.len();

            fn all() -> impl Iterator<Item = Self> {
                Self::ALL.iter().copied()
            }

            #[inline]
            #[expect(clippy::as_conversions, reason = "the number of a variant has no other form")]
            fn index(self) -> usize {
                self as usize
            }

            fn write(self, out: &mut Vec<(&'static str, &'static str)>) {
                out.push(($key, self.name()));
            }
        }
    )+};
}

labels! {
    /// What kind of credential a text looks like.
    Credential, "credential": {
        /// `titan_…`
        ApiKey = "api_key",
        /// `titan_ct_…`
        ClientToken = "client_token",
        /// A key of another system that was imported.
        Imported = "imported",
        /// Three parts that begin like a JSON object.
        Jwt = "jwt",
        /// No credential.
        None = "none",
        /// `whm_…`
        Opaque = "opaque",
        /// `titan_sk_…`
        PlatformKey = "platform_key",
        /// Another text.
        Unknown = "unknown",
    }

    /// A limit.
    Limit, "limit": {
        /// `rateLimit` of the rules for client tokens.
        Client = "client",
        /// `maxDaily` of the rules for client tokens.
        Day = "day",
        /// `rateLimit` of the settings.
        Global = "global",
        /// `rateLimit` of a key.
        Key = "key",
        /// `msgRateLimit` of the settings.
        Message = "message",
    }

    /// Where a connection to an upstream comes from.
    Link, "source": {
        /// It was opened for the request.
        Opened = "opened",
        /// It was idle in the pool.
        Reused = "reused",
    }

    /// What became of a loan.
    LoanResult, "result": {
        /// The database did not answer in time.
        Failed = "failed",
        /// It was lent.
        Lent = "lent",
        /// The limit is used up.
        Refused = "refused",
    }

    /// What answers a request.
    Part, "part": {
        /// The control plane.
        ControlPlane = "control_plane",
        /// The questions of other proxies.
        ForwardAuth = "forward_auth",
        /// The gateway.
        Gateway = "gateway",
        /// `/auth/verify`
        Verify = "verify",
    }

    /// The result of a decision.
    Reason, "reason": {
        /// The rules for client tokens do not allow the action.
        ActionNotAllowed = "action_not_allowed",
        /// There are no rules for client tokens, or they are switched off.
        ClientTokensDisabled = "client_tokens_disabled",
        /// Two credentials that differ.
        Conflicting = "conflicting",
        /// The key, its tenant or its owner is switched off.
        Disabled = "disabled",
        /// Past its end.
        Expired = "expired",
        /// Good, but without the scope.
        InsufficientScope = "insufficient_scope",
        /// Not from this Titan.
        Invalid = "invalid",
        /// The license is over.
        LicenseExpired = "license_expired",
        /// Not the shape of a credential.
        Malformed = "malformed",
        /// There is none.
        Missing = "missing",
        /// The page that asks is of another origin.
        OriginNotAllowed = "origin_not_allowed",
        /// A limit is used up.
        RateLimited = "rate_limited",
        /// The rules for client tokens do not allow the recipient.
        RecipientNotAllowed = "recipient_not_allowed",
        /// Rotated or deleted.
        Revoked = "revoked",
        /// No route of the policy names the request.
        RouteNotAllowed = "route_not_allowed",
        /// The session was ended.
        SessionEnded = "session_ended",
        /// A client token asks for another session.
        SessionNotAllowed = "session_not_allowed",
        /// Nobody knows now whether it was revoked.
        Stale = "stale",
        /// The database was needed and did not answer.
        Unavailable = "unavailable",
        /// The body or the query of a request with a client token cannot be checked.
        Unreadable = "unreadable",
        /// Good, and the request may pass.
        Valid = "valid",
        /// Of the wrong kind.
        WrongCredential = "wrong_credential",
    }

    /// What became of a span of a trace.
    SpanResult, "result": {
        /// There was no room.
        Dropped = "dropped",
        /// The collector did not take it.
        Failed = "failed",
        /// The collector has it.
        Sent = "sent",
    }

    /// The class of a status.
    Status, "code": {
        /// The client has gone before there was an answer.
        None = "none",
        /// 101: a WebSocket.
        Informational = "1xx",
        /// It was done.
        Success = "2xx",
        /// It is elsewhere.
        Redirection = "3xx",
        /// The client's mistake.
        ClientError = "4xx",
        /// The server's, and whatever is no class of HTTP.
        ServerError = "5xx",
    }

    /// What became of a request to an upstream.
    UpstreamResult, "result": {
        /// The head of an answer came.
        Answered = "answered",
        /// The connection broke before an answer.
        Broken = "broken",
        /// There was no connection.
        ConnectFailed = "connect_failed",
        /// There was none in time.
        ConnectTimeout = "connect_timeout",
        /// The client went away or stopped sending, or its credential ended.
        GivenUp = "given_up",
        /// There was no answer in time.
        Timeout = "timeout",
    }
}

impl<A: Label, B: Label> Label for (A, B) {
    const COUNT: usize = A::COUNT * B::COUNT;

    fn all() -> impl Iterator<Item = Self> {
        A::all().flat_map(|a| B::all().map(move |b| (a, b)))
    }

    #[inline]
    fn index(self) -> usize {
        self.0.index() * B::COUNT + self.1.index()
    }

    fn write(self, out: &mut Vec<(&'static str, &'static str)>) {
        self.0.write(out);
        self.1.write(out);
    }
}

impl<A: Label, B: Label, C: Label> Label for (A, B, C) {
    const COUNT: usize = A::COUNT * B::COUNT * C::COUNT;

    fn all() -> impl Iterator<Item = Self> {
        A::all().flat_map(|a| <(B, C)>::all().map(move |(b, c)| (a, b, c)))
    }

    #[inline]
    fn index(self) -> usize {
        (self.0, (self.1, self.2)).index()
    }

    fn write(self, out: &mut Vec<(&'static str, &'static str)>) {
        (self.0, (self.1, self.2)).write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn check<L: Label>() {
        let places: Vec<usize> = L::all().map(Label::index).collect();
        assert_eq!(places, (0..L::COUNT).collect::<Vec<_>>());
        let texts: BTreeSet<_> = L::all()
            .map(|label| {
                let mut out = Vec::new();
                label.write(&mut out);
                out
            })
            .collect();
        assert_eq!(texts.len(), L::COUNT, "two values look alike");
    }

    #[test]
    fn each_value_has_a_place_and_a_text_of_its_own() {
        check::<Credential>();
        check::<(Part, Status)>();
        check::<(Part, Credential, Reason)>();
        check::<UpstreamResult>();
    }
}
