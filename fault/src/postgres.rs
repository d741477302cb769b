//! A PostgreSQL of its own, which can be killed. It writes to the disk before it answers, as it does by default.

use crate::lock;
use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::fs::Permissions;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::sleep;

pub(crate) struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    /// Whether the folder stays, for who wants to know why.
    stays: AtomicBool,
    pub(crate) address: SocketAddr,
    server: Mutex<Option<Child>>,
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The newest version that is installed; Debian keeps it beside the path.
fn programs() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").context("please install postgresql")?;
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| Some(entry.ok()?.path())).max_by_key(version);
    Ok(newest.context("please install postgresql")?.join("bin"))
}

impl Postgres {
    pub(crate) async fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("titan-fault-").tempdir()?.keep();
        // PostgreSQL may run as another user.
        std::fs::set_permissions(&folder, Permissions::from_mode(0o777))?;
        let (programs, address) = (programs()?, free_port()?);
        let postgres =
            Self { programs, folder, address, stays: AtomicBool::new(false), server: Mutex::default() };
        let output = postgres
            .command("initdb")
            .args(["-D", "data", "-U", "titan", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"])
            .output()?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        postgres.run().await?;
        Ok(postgres)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Leaves the logs of all programs when they have ended, and says where.
    pub(crate) fn keep(&self) {
        self.stays.store(true, Ordering::Relaxed);
        println!("fault: the logs are in {}", self.folder.display());
    }

    /// As a user who is not root: PostgreSQL insists.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let mut command = if geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        command.current_dir(&self.folder).stdin(Stdio::null());
        command
    }

    fn spawn(&self) -> Result<Child> {
        let log =
            std::fs::OpenOptions::new().create(true).append(true).open(self.folder().join("postgres.log"))?;
        let settings = [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "shared_buffers=128MB",
        ];
        let settings = settings.iter().flat_map(|setting| ["-c", *setting]);
        let mut command = self.command("postgres");
        command.args(["-D", "data", "-p", &self.address.port().to_string()]).args(settings);
        Ok(command.stdout(Stdio::null()).stderr(log).spawn()?)
    }

    /// Returns when it takes connections. It does not start before the last child of one that was killed has ended.
    pub(crate) async fn run(&self) -> Result<()> {
        for _ in 0..600 {
            if self.has_ended() {
                *lock(&self.server) = Some(self.spawn()?);
            }
            let address = self.address.port().to_string();
            let mut ask = self.command("pg_isready");
            if ask.args(["-q", "-h", "127.0.0.1", "-p", &address]).status()?.success() && !self.has_ended() {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
        anyhow::bail!("PostgreSQL does not start: see {}", self.folder().display())
    }

    fn has_ended(&self) -> bool {
        let mut server = lock(&self.server);
        server.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// kill -9
    pub(crate) fn kill(&self) {
        if let Some(mut server) = lock(&self.server).take() {
            // Nobody else has it, so the process is still there, if only as a zombie.
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Makes a database, and says how it is called.
    pub(crate) fn new_database(&self, name: &str) -> Result<()> {
        let port = self.address.port().to_string();
        let statement = format!("CREATE DATABASE {name}");
        let mut command = self.command("psql");
        command.args(["-h", "127.0.0.1", "-p", &port, "-U", "titan", "-d", "postgres", "-qc", &statement]);
        ensure!(command.status()?.success(), "no database can be made");
        Ok(())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(mut server) = lock(&self.server).take() {
            let pid = i32::try_from(server.id()).ok().and_then(Pid::from_raw);
            // A fast shutdown, which ends its children too.
            let _ = pid.map(|pid| kill_process(pid, Signal::INT));
            let _ = server.wait();
        }
        if !self.stays.load(Ordering::Relaxed) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
