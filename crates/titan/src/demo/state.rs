//! What the handlers share: the world behind its lock, and the clock.

use super::object::Session;
use super::output::{Data, Failure};
use super::world::World;
use axum::response::sse::Event;
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Clone)]
pub(super) struct Demo {
    clock: fn() -> String,
    world: Arc<Mutex<World>>,
}

impl Demo {
    pub(super) fn new(clock: fn() -> String) -> Self {
        Self { clock, world: Arc::new(Mutex::new(World::at_start(&clock()))) }
    }

    pub(super) fn now(&self) -> String {
        (self.clock)()
    }

    // A handler that panicked must not take the demo with it: what it left behind is still only demo data.
    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn change(&self, name: &str, change: fn(&mut Session)) -> Result<Data<Session>, Failure> {
        let mut world = self.world();
        let session = world.session_mut(name)?;
        change(session);
        session.updated_at = self.now();
        Ok(Data(session.clone()))
    }

    pub(super) fn status_event(&self, name: &str) -> Option<Result<Event, axum::Error>> {
        let status = self.world().session(name).ok()?.status;
        let body = json!({
            "event": "session.status",
            "session": name,
            "timestamp": self.now(),
            "payload": { "status": status },
        });
        Some(Event::default().event("session.status").json_data(body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poisoned_lock_still_opens() {
        let demo = Demo::new(|| "now".to_owned());
        let other = demo.clone();
        let handler = std::thread::spawn(move || {
            let _world = other.world();
            panic!("a handler fails while it holds the lock");
        });
        assert!(handler.join().is_err());
        assert!(demo.world().session("default").is_ok());
    }
}
