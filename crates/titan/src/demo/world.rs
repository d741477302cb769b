//! The sessions and messages that the demo keeps, within its bounds.

use super::object::{Chat, Message, Session};
use super::output::Failure;
use axum::http::StatusCode;
use std::collections::VecDeque;

const MAX_SESSIONS: usize = 100;
const MAX_MESSAGES: usize = 1_000;

#[derive(Default)]
pub(super) struct World {
    pub(super) sessions: VecDeque<Session>,
    messages: VecDeque<Message>,
    sent: u64,
}

impl World {
    pub(super) fn at_start(now: &str) -> Self {
        let mut session = Session::new("default", now.to_owned());
        session.connect();
        let mut world = Self { sessions: VecDeque::from([session]), ..Self::default() };
        world.add_message(Message::received("15550100001@s.whatsapp.net", "Is the shop open today?", now));
        world.add_message(Message::received("120363000000000001@g.us", "Lunch at noon?", now));
        world
    }

    pub(super) fn session(&self, name: &str) -> Result<&Session, Failure> {
        self.sessions.iter().find(|session| session.name == name).ok_or_else(|| unknown_session(name))
    }

    pub(super) fn session_mut(&mut self, name: &str) -> Result<&mut Session, Failure> {
        self.sessions.iter_mut().find(|session| session.name == name).ok_or_else(|| unknown_session(name))
    }

    pub(super) fn add_session(&mut self, session: Session) -> Result<(), Failure> {
        if self.session(&session.name).is_ok() {
            let text = format!("session already exists: {}", session.name);
            return Err(Failure::new(StatusCode::CONFLICT, text));
        }
        self.sessions.push_back(session);
        self.drop_oldest_session();
        Ok(())
    }

    fn drop_oldest_session(&mut self) {
        if self.sessions.len() > MAX_SESSIONS
            && let Some(oldest) = self.sessions.pop_front()
        {
            self.forget_messages(&oldest.name);
        }
    }

    pub(super) fn remove_session(&mut self, name: &str) -> Result<(), Failure> {
        self.session(name)?;
        self.sessions.retain(|session| session.name != name);
        self.forget_messages(name);
        Ok(())
    }

    // A later session of the same name must not find what an earlier one said.
    fn forget_messages(&mut self, session: &str) {
        self.messages.retain(|message| message.session != session);
    }

    pub(super) fn add_message(&mut self, mut message: Message) -> Message {
        self.sent += 1;
        message.id = format!("DEMO{:012X}", self.sent);
        self.messages.push_back(message.clone());
        if self.messages.len() > MAX_MESSAGES {
            self.messages.pop_front();
        }
        message
    }

    fn newest_first<'a>(&'a self, session: &'a str) -> impl Iterator<Item = &'a Message> {
        self.messages.iter().rev().filter(move |message| message.session == session)
    }

    // Chats are not stored: they are what the kept messages belong to, so the bound on messages bounds them.
    pub(super) fn chats(&self, session: &str) -> Vec<Chat> {
        let mut chats: Vec<Chat> = Vec::new();
        for message in self.newest_first(session) {
            match chats.iter_mut().find(|chat| chat.id == message.chat_id) {
                Some(chat) => chat.message_count += 1,
                None => chats.push(Chat::ending_with(message)),
            }
        }
        chats
    }

    pub(super) fn messages(&self, session: &str, chat: &str) -> Vec<Message> {
        self.newest_first(session).filter(|message| message.chat_id == chat).cloned().collect()
    }
}

fn unknown_session(name: &str) -> Failure {
    Failure::missing(format!("session not found: {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_sessions_and_messages_fall_out() {
        let mut world = World::at_start("now");
        for number in 0..MAX_MESSAGES {
            world.add_message(Message::received(&number.to_string(), "hi", "now"));
        }
        assert_eq!(world.messages.len(), MAX_MESSAGES);
        assert_eq!(world.messages[0].chat_id, "0");
        for number in 0..MAX_SESSIONS {
            world.add_session(Session::new(&number.to_string(), "now".to_owned())).unwrap();
        }
        assert_eq!(world.sessions.len(), MAX_SESSIONS);
        assert!(world.session("default").is_err());
        assert!(world.messages.is_empty());
    }
}
