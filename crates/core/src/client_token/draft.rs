//! Rules as a caller writes them.

use super::rules::recipient;
use super::{ClientRules, RecipientMode, WebOrigin};
use crate::error::Error;
use crate::limit::MOST;
use std::collections::BTreeSet;

/// How many recipients there can be.
const MOST_RECIPIENTS: usize = 1000;
/// How many actions or origins.
const MOST_NAMES: usize = 64;
/// The longest name of an action.
const LONGEST_ACTION: usize = 64;

/// Rules that nobody has checked yet. What is not there has its default.
#[derive(Clone, Debug, Default)]
pub struct RulesDraft {
    /// `any`, `conversation` or `allowlist`
    pub recipient_mode: String,
    /// For the mode `allowlist`.
    pub allowed_recipients: Vec<String>,
    /// Names of actions.
    pub allowed_actions: Vec<String>,
    /// Origins.
    pub allowed_origins: Vec<String>,
    /// Requests a minute for each person; 0 is no limit.
    pub rate_limit: u32,
    /// Messages and reactions a day for each person; 0 is no limit.
    pub max_daily: u32,
    /// Whether client tokens are accepted.
    pub enabled: Option<bool>,
}

impl RulesDraft {
    /// The rules, or what is wrong with them.
    pub fn check(self) -> Result<ClientRules, Error> {
        let recipient_mode = mode(&self.recipient_mode)?;
        let allowed_recipients = self.recipients(recipient_mode)?;
        for (field, limit) in [("rateLimit", self.rate_limit), ("maxDaily", self.max_daily)] {
            if limit > MOST {
                return Err(Error::invalid(format!("{field}: must be 0 to {MOST}")));
            }
        }
        Ok(ClientRules {
            recipient_mode,
            allowed_recipients,
            allowed_actions: names("allowedActions", &self.allowed_actions, MOST_NAMES, action)?,
            allowed_origins: names("allowedOrigins", &self.allowed_origins, MOST_NAMES, origin)?,
            rate_limit: self.rate_limit,
            max_daily: self.max_daily,
            enabled: self.enabled.unwrap_or(true),
        })
    }

    fn recipients(&self, mode: RecipientMode) -> Result<BTreeSet<Box<str>>, Error> {
        let list = names("allowedRecipients", &self.allowed_recipients, MOST_RECIPIENTS, listed)?;
        match (mode, list.is_empty()) {
            (RecipientMode::Allowlist, true) => {
                Err(Error::invalid("allowedRecipients: must name at least one in the mode allowlist"))
            }
            // A list that nothing looks at would promise what nothing keeps.
            (RecipientMode::Any | RecipientMode::Conversation, false) => {
                Err(Error::invalid("allowedRecipients: needs the recipientMode allowlist"))
            }
            _ => Ok(list),
        }
    }
}

fn mode(name: &str) -> Result<RecipientMode, Error> {
    let known = RecipientMode::ALL.into_iter().find(|mode| mode.name() == name);
    known.ok_or_else(|| Error::invalid("recipientMode: must be any, conversation or allowlist"))
}

fn names(
    field: &str,
    list: &[String],
    most: usize,
    read: impl Fn(&str) -> Result<Box<str>, &'static str>,
) -> Result<BTreeSet<Box<str>>, Error> {
    if list.len() > most {
        return Err(Error::invalid(format!("{field}: must have at most {most} entries")));
    }
    let wrong = |name: &str, why| {
        let name: String = name.chars().take(80).collect();
        Error::invalid(format!("{field}: {name:?} {why}"))
    };
    list.iter().map(|name| read(name).map_err(|why| wrong(name, why))).collect()
}

fn action(name: &str) -> Result<Box<str>, &'static str> {
    let is_name = (1..=LONGEST_ACTION).contains(&name.len())
        && name.bytes().all(|c| c.is_ascii_lowercase() || c == b'_');
    if is_name { Ok(name.into()) } else { Err("is no action: a name has only lower-case letters and _") }
}

fn origin(text: &str) -> Result<Box<str>, &'static str> {
    match WebOrigin::parse(text) {
        Some(origin) => Ok(origin.into()),
        None if text == "*" => Err("is no origin: leave the list empty to allow every origin"),
        None => Err("is no origin: write it like https://shop.example, without a path"),
    }
}

fn listed(text: &str) -> Result<Box<str>, &'static str> {
    let name = recipient(text).ok_or("must have 1 to 128 visible ASCII characters without \" and \\")?;
    Ok(name.as_str().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> RulesDraft {
        RulesDraft { recipient_mode: "any".into(), ..RulesDraft::default() }
    }

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().copied().map(Into::into).collect()
    }

    fn message(draft: RulesDraft) -> String {
        draft.check().unwrap_err().to_string()
    }

    #[test]
    fn what_is_not_there_has_its_default() {
        let rules = draft().check().unwrap();
        assert!(rules.enabled && rules.allowed_actions.is_empty() && rules.allowed_origins.is_empty());
        assert_eq!((rules.rate_limit, rules.max_daily), (0, 0));
    }

    #[test]
    fn two_spellings_of_a_recipient_are_one() {
        let allowed_recipients = list(&["1%40c.us", "1@c.us"]);
        let draft = RulesDraft { recipient_mode: "allowlist".into(), allowed_recipients, ..draft() };
        assert_eq!(draft.check().unwrap().allowed_recipients, BTreeSet::from(["1@c.us".into()]));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (draft, part) in [
            (RulesDraft { recipient_mode: "Any".into(), ..draft() }, "recipientMode: must be any"),
            (RulesDraft { recipient_mode: "allowlist".into(), ..draft() }, "at least one"),
            (RulesDraft { allowed_recipients: list(&["1@c.us"]), ..draft() }, "needs the recipientMode"),
            (
                RulesDraft { allowed_actions: list(&["send message"]), ..draft() },
                "\"send message\" is no action",
            ),
            (RulesDraft { allowed_actions: list(&[""]), ..draft() }, "is no action"),
            (RulesDraft { allowed_origins: list(&["*"]), ..draft() }, "leave the list empty"),
            (RulesDraft { allowed_origins: list(&["https://a/b"]), ..draft() }, "without a path"),
            (RulesDraft { allowed_origins: vec!["https://a".into(); 65], ..draft() }, "at most 64"),
            (RulesDraft { rate_limit: MOST + 1, ..draft() }, "rateLimit: must be 0 to"),
            (RulesDraft { max_daily: MOST + 1, ..draft() }, "maxDaily: must be 0 to"),
        ] {
            let message = message(draft);
            assert!(message.contains(part), "{message}");
        }
    }
}
