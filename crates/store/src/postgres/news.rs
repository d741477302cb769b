//! Notifications (`LISTEN`): they only wake. Who is woken reads the tables, and reads them from time to time anyway.

use async_trait::async_trait;
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::time::Duration;
use titan_core::revision::News;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Sent with each change, and with each report of an instance.
pub(super) const CHANNEL: &str = "titan";
/// Until the next attempt to listen.
const PAUSE: Duration = Duration::from_millis(500);

/// A task that listens.
pub(super) struct Listener {
    news: watch::Sender<()>,
    task: JoinHandle<()>,
}

/// One who waits.
struct Subscriber(watch::Receiver<()>);

impl Listener {
    pub(super) fn start(pool: PgPool) -> Self {
        let news = watch::Sender::new(());
        let task = tokio::spawn(listen(pool, news.clone()));
        Self { news, task }
    }

    pub(super) fn subscribe(&self) -> impl News + use<> {
        Subscriber(self.news.subscribe())
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
            std::future::pending().await
        }
    }
}

async fn listen(pool: PgPool, news: watch::Sender<()>) {
    loop {
        // What goes wrong here is not worth a line in the log: changes are found without notifications, only later.
        let _ = listen_once(&pool, &news).await;
        tokio::time::sleep(PAUSE).await;
    }
}

async fn listen_once(pool: &PgPool, news: &watch::Sender<()>) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Also after the connection was lost and made anew: what was sent meanwhile is lost.
        news.send_replace(());
        listener.try_recv().await?;
    }
}
