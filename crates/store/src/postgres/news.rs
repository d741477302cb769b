//! Notifications (`LISTEN`): they only wake. Who is woken reads the tables, and reads them from time to time anyway.

use async_trait::async_trait;
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgNotification};
use std::time::Duration;
use titan_core::revision::{News, Topic};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The channel for committed changes.
pub(super) const CHANGES: &str = "titan_changes";
/// The channel for reports of instances.
pub(super) const REPORTS: &str = "titan_reports";
/// Until the next attempt to listen.
const PAUSE: Duration = Duration::from_millis(500);

/// A task that listens.
pub(super) struct Listener {
    senders: Senders,
    task: JoinHandle<()>,
}

#[derive(Clone, Default)]
struct Senders {
    changes: watch::Sender<()>,
    reports: watch::Sender<()>,
}

/// One who waits.
struct Subscriber(watch::Receiver<()>);

impl Listener {
    pub(super) fn start(pool: PgPool) -> Self {
        let senders = Senders::default();
        let task = tokio::spawn(listen(pool, senders.clone()));
        Self { senders, task }
    }

    pub(super) fn subscribe(&self, topic: Topic) -> impl News + use<> {
        Subscriber(match topic {
            Topic::Changes => self.senders.changes.subscribe(),
            Topic::Reports => self.senders.reports.subscribe(),
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait]
impl News for Subscriber {
    async fn wait(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn listen(pool: PgPool, senders: Senders) {
    loop {
        // What goes wrong here is not worth a line in the log: changes are found without notifications, only later.
        let _ = listen_once(&pool, &senders).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(pool: &PgPool, senders: &Senders) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen_all([CHANGES, REPORTS]).await?;
    // What was sent before, or while a connection was lost, is lost.
    senders.send(true, true);
    loop {
        let notification = listener.try_recv().await?;
        let channel = notification.as_ref().map(PgNotification::channel);
        senders.send(channel != Some(REPORTS), channel != Some(CHANGES));
    }
}

impl Senders {
    fn send(&self, has_changes: bool, has_reports: bool) {
        if has_changes {
            self.changes.send_replace(());
        }
        if has_reports {
            self.reports.send_replace(());
        }
    }
}
