//! `titan keys inspect`: what a key says of itself.

use crate::command::ConfigFile;
use crate::command::remote::{print, print_json};
use crate::command::table::Table;
use crate::system::SystemClock;
use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::{Value, json};
use std::io::{BufRead, IsTerminal, Read, stdin};
use titan_core::access::Catalogue;
use titan_core::time::{Clock, Timestamp};
use titan_token::{Prefix, Presented, UntrustedKey};

/// No key is as long: more of standard input is not read.
const LONGEST_LINE: u64 = 4096;

const ANYBODYS_WORD: &str = "\
Unproven: this is what the key says of itself, and anybody can write such a text. Whether Titan
signed it, and whether it is revoked or disabled, only the server knows: POST /auth/verify.";
const NO_WORD: &str = "\
Unproven: a key of this kind says nothing of itself. Whether it is one, whose, and for what, only
the server knows: POST /auth/verify.";

#[derive(Args)]
pub(super) struct Inspect {
    /// The key, or - to read it from standard input, which keeps it out of the history of your shell
    key: String,
    #[command(flatten)]
    config: ConfigFile,
}

/// What a key says, with names for its bits.
struct Sayings {
    kind: &'static str,
    prefix: &'static str,
    id: String,
    issued_at: Timestamp,
    tenant: u32,
    scopes: Vec<String>,
    expires_at: Timestamp,
    slot: u8,
}

impl Inspect {
    pub(super) fn run(self, is_json: bool) -> Result<()> {
        let Self { key, config } = self;
        let catalogue = Catalogue::new(config.load()?.scopes)?;
        let key = if key == "-" { read_secret("Key: ")? } else { key };
        let presented = parse(key.trim())?;
        if is_json {
            print_json(&to_json(&presented, &catalogue))
        } else {
            print(&text(&presented, &catalogue, SystemClock.now()))
        }
    }
}

/// A secret from standard input: an argument can be read by every user of the machine.
pub(in crate::command) fn read_secret(prompt: &str) -> Result<String> {
    let stdin = stdin();
    if stdin.is_terminal() {
        eprint!("{prompt}");
    }
    let mut line = String::new();
    stdin.lock().take(LONGEST_LINE).read_line(&mut line)?;
    Ok(line)
}

/// What is wrong with a text is said without the text: it might be most of a key.
fn parse(text: &str) -> Result<Presented<'_>> {
    Presented::parse(text).map_err(|error| anyhow!("this is no key of Titan's: {error}"))
}

impl Sayings {
    fn new(key: &UntrustedKey, catalogue: &Catalogue) -> Self {
        let claims = key.unproven();
        let issued_ms = i64::try_from(claims.id.uuid().unix_ms()).unwrap_or(i64::MAX);
        Self {
            kind: match key.prefix() {
                Prefix::Standard => "API key",
                Prefix::Live => "platform key, live",
                Prefix::Test => "platform key, test",
            },
            prefix: key.prefix().as_str(),
            id: claims.id.to_string(),
            issued_at: Timestamp::from_ms(issued_ms),
            tenant: claims.tenant.0,
            scopes: claims.scopes.iter().map(|bit| catalogue.name(bit)).collect(),
            expires_at: Timestamp::from_secs(claims.expires_at.into()),
            slot: claims.slot.number(),
        }
    }

    fn table(&self, now: Timestamp) -> Table {
        let past = if now >= self.expires_at { " (past)" } else { "" };
        Table::default()
            .row(["kind", self.kind])
            .row(["prefix", self.prefix])
            .row(["id", &self.id])
            .row(["issued", &self.issued_at.to_string()])
            .row(["tenant", &self.tenant.to_string()])
            .row(["scopes", &self.scopes.join(", ")])
            .row(["expires", &format!("{}{past}", self.expires_at)])
            .row(["signing key", &format!("slot {}", self.slot)])
    }

    /// Why some bits have no name, if so.
    fn nameless(&self) -> &'static str {
        if self.scopes.iter().any(|name| name.starts_with("unknown:")) {
            "\n\nScopes without a name here are the deployment's own: --config FILE names them."
        } else {
            ""
        }
    }
}

fn text(presented: &Presented, catalogue: &Catalogue, now: Timestamp) -> String {
    match presented {
        Presented::Client(_) => silent("client token"),
        Presented::Jwt(_) => silent("session JWT"),
        Presented::Legacy(_) => silent("legacy key"),
        Presented::Opaque(_) => silent("opaque key"),
        Presented::SelfContained(key) => {
            let sayings = Sayings::new(key, catalogue);
            format!("{}{}\n\n{ANYBODYS_WORD}", sayings.table(now), sayings.nameless())
        }
    }
}

fn silent(kind: &str) -> String {
    format!("{}\n\n{NO_WORD}", Table::default().row(["kind", kind]))
}

fn to_json(presented: &Presented, catalogue: &Catalogue) -> Value {
    match presented {
        Presented::Client(_) => json!({ "proven": false, "kind": "client token" }),
        Presented::Jwt(_) => json!({ "proven": false, "kind": "session JWT" }),
        Presented::Legacy(_) => json!({ "proven": false, "kind": "legacy key" }),
        Presented::Opaque(_) => json!({ "proven": false, "kind": "opaque key" }),
        Presented::SelfContained(key) => {
            let sayings = Sayings::new(key, catalogue);
            json!({
                "proven": false,
                "kind": sayings.kind,
                "prefix": sayings.prefix,
                "id": sayings.id,
                "issuedAt": sayings.issued_at.to_string(),
                "tenantId": sayings.tenant,
                "scopes": sayings.scopes,
                "expiresAt": sayings.expires_at.to_string(),
                "slot": sayings.slot,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_token::{Claims, ScopeBit, ScopeSet, SigningKey, SigningSecret};

    /// The worked example of `vectors/api-key.json`.
    const KEY: &str = "titan_AAGWi7fKAH43otlakm5SEjwAAAABAAAAAAAAAAAAAAAAAAQABmg670CpkyBrWv3BUTWC_7-h\
                       Kf3mj5JUACZXSaTaF-oVdgDC6g";
    const EXPIRY: Timestamp = Timestamp::from_secs(1_748_692_800);

    fn catalogue(own: &[&str]) -> Catalogue {
        Catalogue::new(own.iter().map(|&name| name.to_owned())).unwrap()
    }

    fn text_of(key: &str, now: Timestamp) -> String {
        text(&parse(key).unwrap(), &catalogue(&[]), now)
    }

    #[test]
    fn a_key_says_what_it_is() {
        let text = text_of(KEY, EXPIRY.plus_secs(-1));
        let (table, warning) = text.split_once("\n\n").unwrap();
        assert_eq!(
            table,
            "kind         API key\n\
             prefix       titan_\n\
             id           key_01jt5vfjg0frvt5patj9q544hw\n\
             issued       2025-05-01T12:00:00Z\n\
             tenant       1\n\
             scopes       sessions:manage, messages:write, webhooks:manage\n\
             expires      2025-05-31T12:00:00Z\n\
             signing key  slot 0"
        );
        assert!(warning.starts_with("Unproven: "));
        assert!(text_of(KEY, EXPIRY).contains("expires      2025-05-31T12:00:00Z (past)"));
    }

    #[test]
    fn programs_read_the_same() {
        let json = to_json(&parse(KEY).unwrap(), &catalogue(&[]));
        assert_eq!(
            json,
            json!({
                "proven": false,
                "kind": "API key",
                "prefix": "titan_",
                "id": "key_01jt5vfjg0frvt5patj9q544hw",
                "issuedAt": "2025-05-01T12:00:00Z",
                "tenantId": 1,
                "scopes": ["sessions:manage", "messages:write", "webhooks:manage"],
                "expiresAt": "2025-05-31T12:00:00Z",
                "slot": 0,
            })
        );
    }

    #[test]
    fn scopes_of_the_deployment_are_named_if_they_are_configured() {
        let presented = signed(33);
        let unnamed = text(&presented, &catalogue(&[]), EXPIRY);
        assert!(unnamed.contains("unknown:33") && unnamed.contains("--config"));
        let named = text(&presented, &catalogue(&["orders:read"]), EXPIRY);
        assert!(named.contains("orders:read") && !named.contains("--config"));
    }

    /// A key with one scope bit and another MAC than any server would make: nobody checks it here.
    fn signed(bit: u8) -> Presented<'static> {
        let Presented::SelfContained(example) = parse(KEY).unwrap() else { panic!("another kind") };
        let scopes = ScopeSet::EMPTY.with(ScopeBit::new(bit).unwrap());
        let key = SigningKey::for_api_keys(&SigningSecret::new([7; 32]));
        let text = Claims { scopes, ..*example.unproven() }.sign(Prefix::Live, &key);
        let Presented::SelfContained(signed) = parse(text.expose()).unwrap() else { panic!("another kind") };
        Presented::SelfContained(signed)
    }

    #[test]
    fn keys_that_say_nothing_are_told_by_their_kind() {
        let opaque = text_of(&format!("whm_{}", "0".repeat(32)), EXPIRY);
        assert!(opaque.starts_with("kind  opaque key\n\nUnproven: "));
        let legacy = text_of(&format!("titan_{}", "a".repeat(64)), EXPIRY);
        assert!(legacy.starts_with("kind  legacy key\n\nUnproven: "));
    }

    #[test]
    fn other_texts_are_refused_and_not_repeated() {
        let refusal = |text: &str| parse(text).err().unwrap().to_string();
        assert_eq!(refusal("secret"), "this is no key of Titan's: unknown prefix");
        assert_eq!(refusal(&KEY[..80]), "this is no key of Titan's: wrong length");
        assert_eq!(refusal("titan_ct_x.y.z"), "this is no key of Titan's: unknown prefix");
    }
}
