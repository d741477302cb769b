//! The real program, as a process.

use super::app::MASTER_KEY;
use super::{Role, database};
use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

/// For what concerns only the embedded database, whatever engine this run is about.
pub(crate) const EMBEDDED: (&str, &str) = ("TITAN_DATABASE_URL", "sqlite://titan-data/titan.db");

/// A running `titan serve`. It is killed when this is dropped.
pub(crate) struct Program {
    pub(crate) address: SocketAddr,
    child: Child,
}

/// `titan` with these arguments in `folder`, and nothing of this process's environment. Many tests fail more often than is free.
pub(crate) fn titan(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_titan"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command.env("TITAN_FAILED_ATTEMPTS", "0");
    command
}

/// Runs to the end.
pub(crate) fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    titan(folder, arguments).envs(environment.iter().copied()).output().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A port for a program that is started in a moment. Whoever asks the system for a free port might get the same one until then, so
/// it is below those that the system gives away, and each test that runs at the same time has some of its own.
pub(crate) fn free_port() -> SocketAddr {
    const FIRST: u16 = 20_000;
    const EACH: u16 = 300;
    const SLOTS: u16 = 40;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let slot = std::env::var("NEXTEST_TEST_GLOBAL_SLOT").ok().and_then(|slot| slot.parse::<u16>().ok());
    let slot = slot.unwrap_or_default() % SLOTS;
    loop {
        let place = NEXT.fetch_add(1, Ordering::Relaxed) % EACH;
        let address = SocketAddr::from(([127, 0, 0, 1], FIRST + slot * EACH + place));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}

impl Program {
    /// Starts it, and does not wait.
    pub(crate) fn spawn(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let address = free_port();
        let mut command = titan(folder, &["serve"]);
        command
            .env("TITAN_LISTEN", address.to_string())
            .env("MASTER_KEY", MASTER_KEY)
            .env("TITAN_LOG", "warn")
            .env("TITAN_RATE_LIMIT", "0")
            .env("TITAN_MSG_RATE_LIMIT", "0")
            .envs(if environment.iter().any(|(name, _)| *name == EMBEDDED.0) {
                Vec::new()
            } else {
                database::environment(folder)
            });
        let child = command.envs(environment.iter().copied()).stdout(Stdio::null()).spawn().unwrap();
        Self::of(child, address)
    }

    /// A process that listens there.
    pub(crate) fn of(child: Child, address: SocketAddr) -> Self {
        Self { address, child }
    }

    /// Waits for its end and gives what it printed.
    pub(crate) fn output(&mut self) -> String {
        let mut printed = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
        self.child.wait().unwrap();
        printed
    }

    /// Starts it and waits until it is ready.
    pub(crate) async fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut program = Self::spawn(folder, environment);
        program.wait_until_ready().await;
        program
    }

    pub(crate) async fn wait_until_ready(&mut self) {
        let client = reqwest::Client::new();
        let url = format!("http://{}/health/ready", self.address);
        let began = Instant::now();
        loop {
            if let Ok(answer) = client.get(&url).send().await
                && answer.status().as_u16() == 200
            {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "titan ended before it was ready");
            assert!(began.elapsed() < Duration::from_secs(30), "titan is not ready");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn master(&self) -> Role {
        Role::new(&format!("http://{}", self.address), Some(MASTER_KEY))
    }

    pub(crate) fn role(&self, bearer: &str) -> Role {
        Role::new(&format!("http://{}", self.address), Some(bearer))
    }

    /// kill -9
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Its process id.
    pub(crate) fn id(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
