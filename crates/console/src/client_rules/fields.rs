//! Rules as the fields of a form, and back.

use super::place::Place;
use crate::form::Form;
use hex_simd::AsciiCase;
use std::collections::BTreeSet;
use titan_core::Error;
use titan_core::client_token::{ClientRules, RecipientMode, RulesDraft};

/// The fields for rules that exist, or for new ones: accepted, and only for the chat of a token.
pub(super) fn form(place: &Place, rules: Option<&ClientRules>) -> Form {
    let mode = rules.map_or(RecipientMode::Conversation, |rules| rules.recipient_mode);
    let list = |of: fn(&ClientRules) -> &BTreeSet<Box<str>>| rules.map(|rules| lines(of(rules)));
    let number = |of: fn(&ClientRules) -> u32| rules.map_or(0, of).to_string();
    Form::of([
        ("tenant_id", place.tenant.0.to_string()),
        ("session", place.session.to_string()),
        ("enabled", rules.is_none_or(|rules| rules.enabled).to_string()),
        ("recipient_mode", mode.name().to_owned()),
        ("allowed_recipients", list(|rules| &rules.allowed_recipients).unwrap_or_default()),
        ("allowed_actions", list(|rules| &rules.allowed_actions).unwrap_or_default()),
        ("allowed_origins", list(|rules| &rules.allowed_origins).unwrap_or_default()),
        ("rate_limit", number(|rules| rules.rate_limit)),
        ("max_daily", number(|rules| rules.max_daily)),
        ("shown", hex_simd::encode_to_string(ClientRules::mark(rules), AsciiCase::Lower)),
    ])
}

fn lines(names: &BTreeSet<Box<str>>) -> String {
    names.iter().map(|name| &**name).collect::<Vec<_>>().join("\n")
}

/// The mark of the rules that were shown. Another text is that of no rules.
pub(super) fn shown(form: &Form) -> [u8; 32] {
    let mark = hex_simd::decode_to_vec(form.text("shown")).ok();
    mark.and_then(|mark| mark.try_into().ok()).unwrap_or_default()
}

/// What the form says. The service checks it.
pub(super) fn draft(form: &Form) -> Result<RulesDraft, Error> {
    Ok(RulesDraft {
        recipient_mode: form.text("recipient_mode").to_owned(),
        allowed_recipients: form.lines("allowed_recipients"),
        allowed_actions: form.lines("allowed_actions"),
        allowed_origins: form.lines("allowed_origins"),
        rate_limit: form.number("rate_limit")?.unwrap_or_default(),
        max_daily: form.number("max_daily")?.unwrap_or_default(),
        enabled: Some(form.is_on("enabled")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_token::{SessionName, TenantId};

    #[test]
    fn rules_come_back_from_their_form() {
        let place = Place { tenant: TenantId(2), session: SessionName::new("default").unwrap() };
        let list = |names: &[&str]| names.iter().copied().map(Into::into).collect();
        let rules = ClientRules {
            recipient_mode: RecipientMode::Allowlist,
            allowed_recipients: list(&["1@c.us", "2@c.us"]),
            allowed_actions: list(&["send_message"]),
            allowed_origins: list(&["http://localhost:3000", "https://a.example"]),
            rate_limit: 5,
            max_daily: 0,
            enabled: false,
        };
        let form = form(&place, Some(&rules));
        assert_eq!(draft(&form).unwrap().check().unwrap(), rules);
        assert_eq!(shown(&form), ClientRules::mark(Some(&rules)));
        assert_ne!(shown(&form), ClientRules::mark(None));
    }

    #[test]
    fn new_rules_allow_nothing_yet() {
        let place = Place { tenant: TenantId(1), session: SessionName::new("default").unwrap() };
        let rules = draft(&form(&place, None)).unwrap().check().unwrap();
        assert!(rules.enabled && rules.allowed_actions.is_empty());
        assert_eq!(rules.recipient_mode, RecipientMode::Conversation);
    }
}
