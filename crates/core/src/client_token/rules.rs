//! What the rules of a session allow.

use super::WebOrigin;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use titan_token::PlainName;

/// To whom a token may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecipientMode {
    /// To those in `allowed_recipients`.
    Allowlist,
    /// To anybody.
    Any,
    /// To the chat for which it was minted.
    Conversation,
}

impl RecipientMode {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Any, Self::Conversation, Self::Allowlist];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allowlist => "allowlist",
            Self::Any => "any",
            Self::Conversation => "conversation",
        }
    }
}

/// The rules of a session: what every client token for it may do now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientRules {
    /// To whom.
    pub recipient_mode: RecipientMode,
    /// The recipients of the mode `allowlist`.
    pub allowed_recipients: BTreeSet<Box<str>>,
    /// Actions that a policy gives to routes. None: nothing is allowed.
    pub allowed_actions: BTreeSet<Box<str>>,
    /// Origins of pages. None: the origin is not looked at.
    pub allowed_origins: BTreeSet<Box<str>>,
    /// How many requests each person may make in any 60 seconds; 0 is no limit.
    pub rate_limit: u32,
    /// How many messages and reactions each person may send on a day (UTC); 0 is no limit.
    pub max_daily: u32,
    /// Whether client tokens are accepted at all.
    pub enabled: bool,
}

impl ClientRules {
    /// What tells rules from others, or from none: a hash.
    pub fn mark(rules: Option<&Self>) -> [u8; 32] {
        let mut mark = [0; 32];
        mark.copy_from_slice(digest(&SHA256, &serde_json::to_vec(&rules).unwrap_or_default()).as_ref());
        mark
    }

    /// Whether a route with this action may be used.
    pub fn allow_action(&self, action: &str) -> bool {
        self.allowed_actions.contains(action)
    }

    /// Whether a page of this origin may ask; `None`: the request does not name one.
    pub fn allow_origin(&self, origin: Option<&str>) -> bool {
        self.allowed_origins.is_empty() || origin.is_some_and(|origin| self.allowed_origins.contains(origin))
    }

    /// Whether it matters who the recipient is.
    pub fn look_at_recipient(&self) -> bool {
        self.recipient_mode != RecipientMode::Any
    }

    /// Whether a token for `chat` may send to `recipient`; `None`: the request does not name one.
    pub fn allow_recipient(&self, recipient: Option<&str>, chat: Option<&PlainName>) -> bool {
        match (self.recipient_mode, recipient) {
            (RecipientMode::Any, _) => true,
            (RecipientMode::Conversation, Some(recipient)) => {
                chat.is_some_and(|chat| chat.as_str() == recipient)
            }
            (RecipientMode::Allowlist, Some(recipient)) => self.allowed_recipients.contains(recipient),
            (RecipientMode::Allowlist | RecipientMode::Conversation, None) => false,
        }
    }

    /// How many messages and reactions a person may send on a day, if this action is one of them and there is a limit.
    pub fn daily_limit(&self, action: &str) -> Option<u32> {
        let counts = matches!(action, "send_message" | "send_reaction");
        (counts && self.max_daily > 0).then_some(self.max_daily)
    }

    /// For which origins a preflight is answered; `None`: for all.
    pub fn origins(&self) -> impl Iterator<Item = Option<&str>> {
        let any = self.allowed_origins.is_empty().then_some(None);
        any.into_iter().chain(self.allowed_origins.iter().map(|origin| Some(&**origin)))
    }
}

/// The name of a recipient or a chat in its one spelling: `%40` is an at sign, as in a path.
pub(super) fn recipient(text: &str) -> Option<PlainName> {
    PlainName::new(&text.replace("%40", "@"))
}

impl From<WebOrigin> for Box<str> {
    fn from(origin: WebOrigin) -> Self {
        origin.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(recipient_mode: RecipientMode) -> ClientRules {
        let set = |names: &[&str]| names.iter().copied().map(Into::into).collect();
        ClientRules {
            recipient_mode,
            allowed_recipients: set(&["1@c.us", "2@c.us"]),
            allowed_actions: set(&["send_message"]),
            allowed_origins: set(&["https://a.example"]),
            rate_limit: 0,
            max_daily: 7,
            enabled: true,
        }
    }

    #[test]
    fn each_mode_allows_its_recipients_and_no_other() {
        let (chat, other) = (PlainName::new("1@c.us"), PlainName::new("3@c.us"));
        for (mode, recipient, chat, is_allowed) in [
            (RecipientMode::Any, None, &None, true),
            (RecipientMode::Any, Some("9@c.us"), &None, true),
            (RecipientMode::Conversation, Some("1@c.us"), &chat, true),
            (RecipientMode::Conversation, Some("2@c.us"), &chat, false),
            (RecipientMode::Conversation, Some("1@c.us "), &chat, false),
            (RecipientMode::Conversation, Some("1%40c.us"), &chat, false),
            (RecipientMode::Conversation, Some(""), &None, false),
            (RecipientMode::Conversation, None, &chat, false),
            (RecipientMode::Conversation, None, &None, false),
            (RecipientMode::Allowlist, Some("2@c.us"), &other, true),
            // The chat of the token does not count here.
            (RecipientMode::Allowlist, Some("3@c.us"), &other, false),
            (RecipientMode::Allowlist, None, &chat, false),
        ] {
            let decided = rules(mode).allow_recipient(recipient, chat.as_ref());
            assert_eq!(decided, is_allowed, "{mode:?} {recipient:?} {chat:?}");
        }
    }

    #[test]
    fn no_action_is_allowed_by_default_and_every_origin() {
        let rules = rules(RecipientMode::Any);
        assert!(rules.allow_action("send_message") && !rules.allow_action("send_typing"));
        assert!(rules.allow_origin(Some("https://a.example")));
        for origin in
            [None, Some("https://b.example"), Some("https://a.example.evil"), Some("null"), Some("")]
        {
            assert!(!rules.allow_origin(origin), "{origin:?}");
        }
        let none =
            ClientRules { allowed_actions: BTreeSet::new(), allowed_origins: BTreeSet::new(), ..rules };
        assert!(!none.allow_action("send_message") && !none.allow_action(""));
        assert!(none.allow_origin(None) && none.allow_origin(Some("https://b.example")));
    }

    #[test]
    fn only_messages_and_reactions_count_toward_the_day() {
        let rules = rules(RecipientMode::Any);
        assert_eq!([rules.daily_limit("send_message"), rules.daily_limit("send_reaction")], [Some(7); 2]);
        assert_eq!([rules.daily_limit("send_typing"), rules.daily_limit("read_presence")], [None; 2]);
        assert_eq!(ClientRules { max_daily: 0, ..rules }.daily_limit("send_message"), None);
    }
}
