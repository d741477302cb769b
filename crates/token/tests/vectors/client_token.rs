//! `vectors/client-token.json`

use super::{File, bytes, read};
use aws_lc_rs::hmac;
use base64_simd::URL_SAFE_NO_PAD;
use serde::Deserialize;
use titan_token::{
    BadJwt, ClientClaims, ClientKey, JwtParty, PlainName, Presented, SessionName, SigningSecret, Slot,
    TenantId, UntrustedClientToken, VerifiedClientToken,
};

const PREFIX: &str = "titan_ct_";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Valid {
    name: String,
    signing_secret_hex: String,
    mac_key_hex: String,
    slot: u8,
    claims: Members,
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    iss: String,
    aud: String,
    tenant: u32,
    session: String,
    sub: String,
    chat: Option<String>,
    parent: String,
    iat: u32,
    exp: u32,
    jti: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalid {
    name: String,
    signing_secret_hex: String,
    token: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Reason {
    Claims,
    /// The MAC does not hold.
    Invalid,
    Malformed,
}

fn tokens() -> File<Valid, Invalid> {
    read(include_str!("../../../../vectors/client-token.json"), (75, 837))
}

fn key(signing_secret_hex: &str) -> ClientKey {
    ClientKey::derive(&SigningSecret::new(bytes(signing_secret_hex)))
}

fn claims(members: &Members) -> ClientClaims {
    ClientClaims {
        issuer: JwtParty::new(&members.iss).unwrap(),
        audience: JwtParty::new(&members.aud).unwrap(),
        tenant: TenantId(members.tenant),
        session: SessionName::new(&members.session).unwrap(),
        subject: PlainName::new(&members.sub).unwrap(),
        chat: members.chat.as_ref().map(|chat| PlainName::new(chat).unwrap()),
        parent: members.parent.parse().unwrap(),
        issued_at: members.iat,
        expires_at: members.exp,
        id: members.jti.parse().unwrap(),
    }
}

/// The text of the claims of a vector, signed with its secret.
fn sign(vector: &Valid) -> String {
    let slot = Slot::new(vector.slot).unwrap();
    claims(&vector.claims).sign(slot, &key(&vector.signing_secret_hex)).expose().to_owned()
}

fn verify(text: &str, key: &ClientKey) -> Result<VerifiedClientToken, Reason> {
    let token = UntrustedClientToken::parse(text).map_err(|_| Reason::Malformed)?;
    token.verify(key).map_err(|error| match error {
        BadJwt::Claims => Reason::Claims,
        BadJwt::Signature => Reason::Invalid,
    })
}

#[test]
fn valid_tokens_verify_and_say_what_the_vector_says() {
    for vector in tokens().valid {
        let token = UntrustedClientToken::parse(&vector.token).unwrap();
        assert_eq!(token.slot().number(), vector.slot, "{}", vector.name);
        let verified = verify(&vector.token, &key(&vector.signing_secret_hex));
        assert_eq!(verified.as_ref().err(), None, "{}", vector.name);
        assert_eq!(*verified.unwrap().claims(), claims(&vector.claims), "{}", vector.name);
    }
}

/// The values and the texts of the vector are the same, one by one.
#[test]
fn the_claims_print_as_the_vector_has_them() {
    for Valid { name, signing_secret_hex, claims, token, .. } in tokens().valid {
        let verified = verify(&token, &key(&signing_secret_hex)).unwrap();
        let read = verified.claims();
        assert_eq!(read.issuer.as_str(), claims.iss, "{name}");
        assert_eq!(read.audience.as_str(), claims.aud, "{name}");
        assert_eq!(read.tenant.0, claims.tenant, "{name}");
        assert_eq!(read.session.as_str(), claims.session, "{name}");
        assert_eq!(read.subject.as_str(), claims.sub, "{name}");
        assert_eq!(read.chat.as_ref().map(PlainName::as_str), claims.chat.as_deref(), "{name}");
        assert_eq!(read.parent.to_string(), claims.parent, "{name}");
        assert_eq!((read.issued_at, read.expires_at), (claims.iat, claims.exp), "{name}");
        assert_eq!(read.id.to_string(), claims.jti, "{name}");
    }
}

#[test]
fn valid_tokens_are_told_from_other_credentials() {
    for vector in tokens().valid {
        let presented = Presented::parse(&vector.token);
        let Ok(Presented::Client(token)) = presented else { panic!("{}", vector.name) };
        assert_eq!(token.slot().number(), vector.slot, "{}", vector.name);
        assert!(token.verify(&key(&vector.signing_secret_hex)).is_ok(), "{}", vector.name);
    }
}

#[test]
fn signing_the_claims_gives_the_same_text() {
    for vector in tokens().valid {
        assert_eq!(sign(&vector), vector.token, "{}", vector.name);
    }
}

/// The MAC key does not leave the crate; see the test of the same name for keys.
#[test]
fn the_derived_key_is_the_mac_key_of_the_vector() {
    for vector in tokens().valid {
        let signed = sign(&vector);
        let (input, mac) = signed.strip_prefix(PREFIX).unwrap().rsplit_once('.').unwrap();
        let mac_key = hmac::Key::new(hmac::HMAC_SHA256, &bytes::<32>(&vector.mac_key_hex));
        let expected = hmac::sign(&mac_key, input.as_bytes());
        assert_eq!(expected.as_ref(), URL_SAFE_NO_PAD.decode_to_vec(mac).unwrap(), "{}", vector.name);
    }
}

/// The slot is under the MAC, too: as `kid`, in the header.
#[test]
fn another_slot_gives_another_text() {
    for vector in tokens().valid {
        let slot = Slot::new((vector.slot + 1) % 16).unwrap();
        let key = key(&vector.signing_secret_hex);
        let moved = claims(&vector.claims).sign(slot, &key);
        let (_, payload) = vector.token.split_once('.').unwrap();
        let (header, _) = moved.expose().split_once('.').unwrap();
        let mixed = format!("{header}.{payload}");
        assert_eq!(verify(&mixed, &key).err(), Some(Reason::Invalid), "{}", vector.name);
    }
}

#[test]
fn invalid_tokens_are_refused_for_the_reason_of_the_vector() {
    for vector in tokens().invalid {
        let verified = verify(&vector.token, &key(&vector.signing_secret_hex));
        assert_eq!(verified.err(), Some(vector.reason), "{}", vector.name);
    }
}

/// A malformed one is not tried again as something else, and what has the shape is nothing else.
#[test]
fn invalid_tokens_are_no_keys() {
    for vector in tokens().invalid {
        let presented = Presented::parse(&vector.token);
        let is_client = matches!(presented, Ok(Presented::Client(_)));
        assert_eq!(is_client, vector.reason != Reason::Malformed, "{}", vector.name);
        if vector.token.starts_with(PREFIX) {
            assert_eq!(presented.is_ok(), is_client, "{}", vector.name);
        }
    }
}
