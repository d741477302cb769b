//! One instance of Titan: a process, its wire, and its clock.

use crate::http::MASTER_KEY;
use crate::wire::Wire;
use crate::{lock, postgres};
use anyhow::Result;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

/// The same for all instances.
const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(crate) struct Instance {
    pub(crate) number: usize,
    pub(crate) address: SocketAddr,
    pub(crate) wire: Wire,
    program: PathBuf,
    folder: PathBuf,
    environment: Vec<(String, String)>,
    /// What is broken in it, for `TITAN_FAULT`.
    breaks: String,
    /// By how many milliseconds its wall clock is off.
    clock: Mutex<i64>,
    child: Mutex<Option<Child>>,
}

/// What all instances of a database have in common.
pub(crate) struct Site {
    pub(crate) program: PathBuf,
    pub(crate) folder: PathBuf,
    pub(crate) database: String,
    pub(crate) server: SocketAddr,
    pub(crate) upstream: SocketAddr,
    pub(crate) breaks: String,
}

impl Instance {
    pub(crate) async fn start(number: usize, site: &Site) -> Result<Self> {
        let (wire, address) = (Wire::to(site.server).await?, postgres::free_port()?);
        let folder = site.folder.join(format!("{}-{number}", site.database));
        std::fs::create_dir_all(&folder)?;
        let url = format!("postgres://titan@{}/{}?sslmode=disable", wire.address, site.database);
        let pair = |name: &str, value: String| (name.to_owned(), value);
        let environment = vec![
            pair("TITAN_LISTEN", address.to_string()),
            pair("TITAN_DATABASE_URL", url),
            pair("TITAN_UPSTREAM", format!("http://{}", site.upstream)),
            pair("TITAN_FAULT", folder.join("fault").display().to_string()),
            pair("TITAN_POLICY", "whatsapp".to_owned()),
            pair("TITAN_SEAL_KEY", SEAL_KEY.to_owned()),
            pair("TITAN_LOG", "warn".to_owned()),
            pair("TITAN_FAILED_ATTEMPTS", "0".to_owned()),
            pair("TITAN_RATE_LIMIT", "0".to_owned()),
            pair("TITAN_MSG_RATE_LIMIT", "0".to_owned()),
            pair("MASTER_KEY", MASTER_KEY.to_owned()),
        ];
        let (program, breaks) = (site.program.clone(), site.breaks.clone());
        let (clock, child) = (Mutex::default(), Mutex::default());
        let one = Self { number, address, wire, program, folder, environment, breaks, clock, child };
        one.set_clock(0)?;
        one.revive()?;
        Ok(one)
    }

    /// Starts the process if it does not run, and says whether it did so: without its database it ends at once.
    pub(crate) fn revive(&self) -> Result<bool> {
        let mut child = lock(&self.child);
        if child.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None))) {
            return Ok(false);
        }
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("log"))?;
        let mut command = Command::new(&self.program);
        command.arg("serve").current_dir(&self.folder).env_clear().envs(self.environment.iter().cloned());
        *child = Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn()?);
        Ok(true)
    }

    /// kill -9
    pub(crate) fn kill(&self) {
        if let Some(child) = lock(&self.child).as_mut() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let mut child = lock(&self.child);
        let Some(child) = child.as_mut() else { return };
        // Only one that runs: the number of one that has ended may be another's.
        if matches!(child.try_wait(), Ok(None)) {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            let _ = pid.map(|pid| kill_process(pid, signal));
        }
    }

    /// Sets the wall clock forward, or back.
    pub(crate) fn step_clock(&self, ms: i64) -> Result<()> {
        let offset = lock(&self.clock).saturating_add(ms);
        self.set_clock(offset)
    }

    fn set_clock(&self, offset: i64) -> Result<()> {
        *lock(&self.clock) = offset;
        let (new, file) = (self.folder.join("fault.new"), self.folder.join("fault"));
        std::fs::write(&new, format!("{offset} {}\n", self.breaks))?;
        Ok(std::fs::rename(new, file)?)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}
