//! Rotation and deletion are atomic and immediate: what a caller that hammers a key may see.

use crate::support::app::MadeKey;
use crate::support::{Role, TestApp};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::task::JoinSet;

/// Tasks that send one request after another until they are told to stop, and remember what they saw.
struct Hammer {
    tasks: JoinSet<Vec<(bool, u16)>>,
    is_over: Arc<AtomicBool>,
    sent: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
}

impl Hammer {
    /// `is_over` is set by the test when the answer has come; a request that began after that is marked.
    fn start(role: &Role, path: &'static str, count: u32) -> Self {
        let (is_over, stop, sent) =
            (Arc::<AtomicBool>::default(), Arc::<AtomicBool>::default(), Arc::<AtomicU32>::default());
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let (role, is_over, stop, sent) =
                (role.clone(), Arc::clone(&is_over), Arc::clone(&stop), Arc::clone(&sent));
            tasks.spawn(async move {
                let mut seen = Vec::new();
                while !stop.load(Ordering::SeqCst) {
                    let began_after = is_over.load(Ordering::SeqCst);
                    seen.push((began_after, role.get(path).await.status));
                    sent.fetch_add(1, Ordering::SeqCst);
                }
                seen
            });
        }
        Self { tasks, is_over, sent, stop }
    }

    async fn until_sent(&self, more: u32) {
        let goal = self.sent.load(Ordering::SeqCst) + more;
        while self.sent.load(Ordering::SeqCst) < goal {
            tokio::task::yield_now().await;
        }
    }

    async fn finish(self) -> Vec<(bool, u16)> {
        self.stop.store(true, Ordering::SeqCst);
        self.tasks.join_all().await.into_iter().flatten().collect()
    }
}

async fn rotated(app: &TestApp, key: &MadeKey) -> MadeKey {
    MadeKey::of(&app.master().send("POST", &format!("/admin/keys/{}/rotate", key.id), None).await.expect(200))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_answer_the_old_key_never_passes_and_the_new_one_always_does() {
    let app = TestApp::start().await;
    let mut key = app.key(&["sessions:read"]).await;
    for _ in 0..20 {
        let hammer = Hammer::start(&app.holder(&key), "/api/sessions", 16);
        hammer.until_sent(40).await;
        let next = rotated(&app, &key).await;
        hammer.is_over.store(true, Ordering::SeqCst);
        let fresh = Hammer::start(&app.holder(&next), "/api/sessions", 4);
        hammer.until_sent(60).await;
        let (old, new) = (hammer.finish().await, fresh.finish().await);
        assert!(old.iter().any(|(after, status)| !after && *status == 200), "the key was good before");
        assert!(
            old.iter().filter(|(after, _)| *after).all(|(_, status)| *status == 401),
            "a dead key passed"
        );
        assert!(old.iter().any(|(after, _)| *after), "the hammer went on after the answer");
        assert!(new.iter().all(|(_, status)| *status == 200), "a new key failed");
        key = next;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_overlap_neither_key_ever_fails() {
    let app = TestApp::start().await;
    for _ in 0..10 {
        let key = app.key(&["sessions:read"]).await;
        let hammer = Hammer::start(&app.holder(&key), "/api/sessions", 8);
        hammer.until_sent(30).await;
        let path = format!("/admin/keys/{}/rotate", key.id);
        app.master().post(&path, json!({ "overlapSeconds": 600 })).await.expect(200);
        hammer.until_sent(30).await;
        assert!(hammer.finish().await.iter().all(|(_, status)| *status == 200), "a retiring key failed");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_and_a_disabled_key_are_dead_when_the_answer_is_there() {
    let app = TestApp::start().await;
    for round in 0..20 {
        let key = app.key(&["sessions:read"]).await;
        let hammer = Hammer::start(&app.holder(&key), "/api/sessions", 8);
        hammer.until_sent(20).await;
        let path = format!("/admin/keys/{}", key.id);
        if round % 2 == 0 {
            app.master().delete(&path).await.expect(204);
        } else {
            app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
        }
        hammer.is_over.store(true, Ordering::SeqCst);
        hammer.until_sent(30).await;
        let seen = hammer.finish().await;
        assert!(
            seen.iter().filter(|(after, _)| *after).all(|(_, status)| *status == 401),
            "a dead key passed"
        );
    }
}

/// Of many who rotate one key at once, one succeeds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_rotated_once() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}/rotate", key.id);
    let master = app.master();
    let answers = futures_util::future::join_all((0..16).map(|_| master.send("POST", &path, None))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(409)), (1, 15));
    assert_eq!(master.get("/admin/keys").await.at("/data").as_array().unwrap().len(), 1);
}
