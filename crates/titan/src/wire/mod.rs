//! Puts the crates together: a database, the rules over it, the edge that follows it.

mod guarded;
mod seal;
mod services;

pub(crate) use seal::{read_seal_key, seal_keys};

use crate::access_log::AccessLogWriter;
use crate::config::Settings;
use crate::dispatch::{Dispatcher, Parts};
use crate::failures::Failures;
use crate::metrics::{Metrics, Sources};
use crate::traces::Traces;
use crate::upkeep::{LicenseUpkeep, SigningKeyUpkeep, Upkeep};
use anyhow::{Context, Result};
use axum::Router;
use services::Services;
use std::convert::Infallible;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use titan_console::Pages;
use titan_core::access::{Catalogue, MasterKeys};
use titan_core::entropy::{Entropy, random};
use titan_core::license::{Installed, SessionCounter};
use titan_core::port::Store;
use titan_core::revision::{InstanceId, Member};
use titan_core::settings::{LogControl, SettingsService};
use titan_core::signing::SigningKeyService;
use titan_core::time::Clock;
use titan_edge::access_log::Sinks;
use titan_edge::gateway;
use titan_edge::upstream::Upstreams;
use titan_edge::usage::Usage;
use titan_edge::verify::{Document, Verifier};
use titan_edge::{Follower, ForwardAuth, Gateway, Guard, TrustedProxies};
use utoipa::OpenApi;

/// A Titan that is ready to be served.
pub struct App {
    pub(crate) follower: Arc<Follower>,
    pub(crate) upkeep: Upkeep,
    guard: Arc<Guard>,
    master: Arc<MasterKeys>,
    upstreams: Arc<Upstreams>,
    catalogue: Arc<Catalogue>,
    entropy: Arc<dyn Entropy>,
    router: Router,
    /// `None`: it is switched off.
    console: Option<Pages>,
    gateway: gateway::Settings,
    access_log: Option<AccessLogWriter>,
    failures: Arc<Failures>,
    license: Arc<Installed>,
    sessions: Arc<SessionCounter>,
    metrics: Arc<Metrics>,
    traces: Option<Arc<Traces>>,
    usage: Option<Arc<Usage>>,
}

impl App {
    /// Opens the database, builds the edge's snapshot, and wires all up. When it returns, requests can be
    /// answered.
    pub async fn start(
        settings: &Settings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        log: Arc<dyn LogControl>,
    ) -> Result<Self> {
        let (store, catalogue) = open(settings, &*clock, &entropy).await?;
        SigningKeyService::ensure(&*store, &*clock, &*entropy).await?;
        SettingsService::ensure(&*store, &*clock, settings.first_settings).await?;
        let catalogue = Arc::new(catalogue);
        let upstreams = Arc::new(Upstreams::new(settings.upstream_map(&catalogue)?));
        let roles = settings.roles.resolve(&catalogue)?;
        let jwt = settings.jwt.clone();
        let guard = Guard::new(Arc::clone(&catalogue), jwt, Arc::clone(&clock), Arc::clone(&store));
        let license = Arc::new(Installed::new(settings.license.clone()));
        let guard = Arc::new(
            guard
                .with_roles(roles)
                .with_license(Arc::clone(&license))
                .with_legacy_link(settings.legacy_link.clone())
                .with_identity_audience(settings.identity_audience.clone()),
        );
        let member = member(settings, &*clock, &*entropy);
        let usage = settings.usage.map(|retention| {
            let (store, clock) = (Arc::clone(&store), Arc::clone(&clock));
            Arc::new(Usage::new(store, clock, member.id, retention.keeps_clients))
        });
        let follower = Follower::new(Arc::clone(&store), Arc::clone(&guard), Arc::clone(&clock), member);
        let follower = follower.with_log(Arc::clone(&log)).with_usage_retention(settings.usage);
        let follower = Arc::new(follower);
        follower.start().await?;
        // A rotation that did not see this instance yet has ended by now: its lease is good.
        store.seal_state().await?;

        let access_log = settings.access_log.as_ref();
        let access_log =
            access_log.map(|settings| AccessLogWriter::start(settings, Arc::clone(&clock))).transpose()?;
        let traces = settings.traces.as_ref().map(Traces::start).transpose()?.map(Arc::new);
        let master = Arc::new(settings.master.hashed());
        let failures = Arc::new(Failures::new(settings.failed_attempts));
        let metrics = Sources::new(
            Arc::clone(&follower),
            Arc::clone(&store),
            Arc::clone(&failures),
            access_log.as_ref().map(AccessLogWriter::log),
            traces.clone(),
            usage.clone(),
        );
        let metrics = Arc::new(Metrics::new(metrics));
        let services =
            Services { settings, store, clock, entropy, catalogue, roles, guard, follower, log, license };
        let control_plane = services.control_plane(Arc::clone(&master), Arc::clone(&metrics));
        let signing_keys = Arc::clone(&control_plane.signing_keys);
        let console = settings.console.then(|| {
            let has_control_port = settings.admin_listen.is_some();
            let guarded = Arc::new(guarded::GuardedBy::new(Arc::clone(&upstreams), has_control_port));
            Pages::new(services.console(&control_plane, guarded))
        });
        let router = titan_api::router(control_plane, vec![Document::openapi()]);
        let sessions = Arc::new(services.session_counter());
        let Services { clock, entropy, catalogue, guard, follower, license, .. } = services;
        let gateway = settings.gateway.clone();
        let upkeep = Upkeep {
            signing_keys: SigningKeyUpkeep::new(signing_keys, settings.signing_key_rotation_days),
            license: LicenseUpkeep::new(Arc::clone(&license), clock),
        };
        Ok(Self {
            follower,
            upkeep,
            guard,
            master,
            upstreams,
            catalogue,
            entropy,
            router,
            console,
            gateway,
            access_log,
            failures,
            license,
            sessions,
            metrics,
            traces,
            usage,
        })
    }

    /// What answers the requests of one worker. They share all that decides; each has connections to the
    /// upstreams of its own, so that no request waits for another thread.
    pub(crate) fn dispatcher(&self) -> Dispatcher {
        let (guard, master, upstreams) =
            (Arc::clone(&self.guard), Arc::clone(&self.master), Arc::clone(&self.upstreams));
        let metrics = self.metrics.worker();
        let gateway = Gateway::new(
            Arc::clone(&guard),
            Arc::clone(&upstreams),
            self.gateway.clone(),
            Arc::clone(&master),
            Arc::clone(&self.sessions),
            Arc::clone(&metrics),
        );
        let forward_auth = ForwardAuth::new(
            Arc::clone(&guard),
            Arc::clone(&upstreams),
            Arc::clone(&master),
            Arc::clone(&metrics),
        );
        let verifier =
            Verifier::new(guard, Arc::clone(&self.follower), master, upstreams, Arc::clone(&metrics));
        let trusted = self.gateway.trusted_proxies.clone();
        let sinks = Sinks {
            log: self.access_log.as_ref().map(AccessLogWriter::log),
            usage: self.usage.as_ref().map(|usage| usage.worker()),
        };
        Dispatcher::new(
            Parts {
                router: self.router.clone(),
                console: self.console.clone(),
                verifier,
                gateway,
                forward_auth,
            },
            Arc::clone(&self.failures),
            sinks,
            (Arc::clone(&self.metrics), metrics),
            self.traces.clone(),
            trusted,
            &*self.entropy,
        )
    }

    /// What is counted.
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Proxies whose word about a client is believed.
    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.gateway.trusted_proxies
    }

    /// Puts new policies and a new license in force. A mistake leaves the old ones.
    pub fn reload(&self, settings: &Settings) -> Result<()> {
        self.upstreams.replace(settings.upstream_map(&self.catalogue)?);
        self.license.replace(settings.license.clone());
        Ok(())
    }

    /// The access log's file was moved away: the next lines go to a new one.
    pub fn reopen_access_log(&self) {
        if let Some(access_log) = &self.access_log {
            access_log.reopen();
        }
    }

    /// Writes what is counted, as long as it is polled.
    pub(crate) async fn keep_usage(&self) -> Infallible {
        if let Some(usage) = &self.usage {
            usage.run().await;
        }
        std::future::pending().await
    }

    /// Writes what the last exchanges counted. None may be running.
    pub(crate) async fn flush_usage(&self) {
        let Some(usage) = &self.usage else { return };
        if let Err(error) = usage.flush().await {
            tracing::warn!(%error, "the last usage is lost");
        }
    }

    /// Sends the last spans.
    pub(crate) async fn close_traces(&self) {
        let Some(traces) = self.traces.clone() else { return };
        // It waits for the collector.
        let closed = tokio::task::spawn_blocking(move || traces.close()).await;
        closed.unwrap_or_else(|error| tracing::warn!(%error, "the last spans were not sent"));
    }

    /// Writes the last lines of the access log.
    pub(crate) async fn close_access_log(&self) {
        if let Some(access_log) = &self.access_log {
            access_log.close().await;
        }
    }
}

/// What others see of this instance.
fn member(settings: &Settings, clock: &dyn Clock, entropy: &dyn Entropy) -> Member {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Member {
        id: InstanceId(u64::from_be_bytes(random(entropy))),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        address: format!("{host}:{}", settings.listen.port()),
        started_at: clock.now(),
    }
}

/// The OpenAPI document of all that Titan serves itself.
pub fn openapi() -> utoipa::openapi::OpenApi {
    titan_api::document(vec![Document::openapi()])
}

async fn open(
    settings: &Settings,
    clock: &dyn Clock,
    entropy: &Arc<dyn Entropy>,
) -> Result<(Arc<dyn Store>, Catalogue)> {
    if let Some(path) = settings.database.file()
        && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
    {
        make_folder(folder)?;
    }
    let is_new = settings.database.file().is_some_and(|file| !file.exists());
    let seal = seal_keys(&settings.seal, is_new, &**entropy).await?;
    let opened =
        titan_store::connect(&settings.database, seal, &settings.scopes, clock, Arc::clone(entropy)).await?;
    Ok(opened)
}

/// A folder for the database: what is made is its owner's alone.
pub(crate) fn make_folder(folder: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("{}", folder.display()))
}
