//! What the options about people become.

use anyhow::{Context, Result, anyhow, bail};
use http::{HeaderValue, Uri};
use titan_core::access::Catalogue;
use titan_core::session::JwtSettings;
use titan_core::user::{Role, Roles};
use titan_token::{JwtParty, ScopeNames};

/// The scopes of each role, by their names.
pub struct RoleScopes {
    pub(super) owner: Vec<String>,
    pub(super) admin: Vec<String>,
    pub(super) member: Vec<String>,
}

impl RoleScopes {
    /// With the bits of this deployment.
    pub fn resolve(&self, catalogue: &Catalogue) -> Result<Roles> {
        let names = |role| match role {
            Role::Owner => self.owner.as_slice(),
            Role::Admin => &self.admin,
            Role::Member => &self.member,
        };
        for role in Role::ALL {
            // A JWT names them all.
            if ScopeNames::join(names(role).iter().map(String::as_str)).is_none() {
                bail!("{role}_scopes: must have at most 2048 bytes together; use `*` for all scopes");
            }
        }
        Roles::new(catalogue, names).map_err(|(role, error)| anyhow!("{role}_scopes: {error}"))
    }
}

/// Issuer and audience of JWTs.
pub(super) fn jwt(issuer: &str, audience: &str) -> Result<JwtSettings> {
    Ok(JwtSettings { issuer: party("jwt_issuer", issuer)?, audience: party("jwt_audience", audience)? })
}

/// For whom identity tokens are.
pub(super) fn identity_audience(text: Option<&str>) -> Result<Option<JwtParty>> {
    text.map(|text| party("identity_audience", text)).transpose()
}

/// A name in a JWT.
fn party(option: &str, text: &str) -> Result<JwtParty> {
    JwtParty::new(text).with_context(|| {
        format!("{option}: must have 1 to 255 visible ASCII characters, without quotes and backslashes")
    })
}

/// The address of the page that accepts invitations.
pub(super) fn invitation_page(text: String) -> Result<String> {
    if !is_web(&text) || text.contains('#') {
        bail!("invitation_url: must be http:// or https://, without a fragment (#…)");
    }
    Ok(text)
}

/// The page about imported keys, as the value of a `Link` (RFC 8288, 3).
pub(super) fn legacy_link(text: &str) -> Result<HeaderValue> {
    let link = HeaderValue::try_from(format!("<{text}>; rel=\"deprecation\"")).ok();
    let link = link.filter(|_| is_web(text) && !text.contains(['<', '>', '"']));
    link.context("legacy_keys_url: must be http:// or https://")
}

fn is_web(text: &str) -> bool {
    let uri: Option<Uri> = text.parse().ok();
    uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_that_is_unknown_is_named_with_its_option() {
        let scopes = |member: &str| RoleScopes {
            owner: vec!["*".to_owned()],
            admin: Vec::new(),
            member: vec![member.to_owned()],
        };
        let catalogue = Catalogue::new([]).unwrap();
        assert!(scopes("tasks:read").resolve(&catalogue).is_ok());
        let error = scopes("task:read").resolve(&catalogue).unwrap_err().to_string();
        assert_eq!(error, "member_scopes: unknown scope: task:read; did you mean tasks:read?");
    }

    #[test]
    fn a_page_is_an_address_without_a_fragment() {
        for good in ["https://app.example/join", "http://127.0.0.1:3000/?join"] {
            assert_eq!(invitation_page(good.to_owned()).unwrap(), good);
        }
        for bad in ["", "app.example/join", "javascript:x", "https://app.example/#join", "/join"] {
            assert!(invitation_page(bad.to_owned()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_party_is_a_name() {
        assert!(jwt("https://titan.example", "api").is_ok());
        let error = jwt("titan", "a b").unwrap_err().to_string();
        assert!(error.starts_with("jwt_audience: must have 1 to 255"), "{error}");
    }
}
