//! A PostgreSQL of a test's own, which it can stop, start and configure.

use super::program::free_port;
use super::tls::Pair;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running server. It is killed when this is dropped.
pub(crate) struct Server {
    pub(crate) port: u16,
    folder: TempDir,
    child: Child,
}

impl Server {
    /// A new server with these settings, whose users have a password.
    pub(crate) fn start(settings: &[&str]) -> Self {
        let folder = new_folder();
        let data = folder.path().join("data");
        let password = folder.path().join("password");
        std::fs::write(&password, "secret").unwrap();
        let made = as_postgres("initdb")
            .args(["-U", "titan", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .arg(format!("--pwfile={}", password.display()))
            .arg("-D")
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self::run(folder, settings)
    }

    /// A new server that speaks TLS with this certificate.
    pub(crate) fn with_tls(pair: &Pair) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = pair.write(folder.path(), "server");
        for file in [folder.path(), &certificate, &key] {
            own(file);
        }
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        let settings = [
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", certificate.display()),
            format!("ssl_key_file={}", key.display()),
        ];
        // PostgreSQL has read the files when this returns.
        Self::start(&settings.each_ref().map(String::as_str))
    }

    /// A standby that follows this server.
    pub(crate) fn standby(&self) -> Self {
        let folder = new_folder();
        let copied = as_postgres("pg_basebackup")
            .env("PGPASSWORD", "secret")
            .args(["-h", "127.0.0.1", "-U", "titan", "-R", "-X", "stream", "-c", "fast", "--no-sync"])
            .args(["-p", &self.port.to_string(), "-D"])
            .arg(folder.path().join("data"))
            .output()
            .unwrap();
        assert!(copied.status.success(), "{}", String::from_utf8_lossy(&copied.stderr));
        Self::run(folder, &["hot_standby=on"])
    }

    fn run(folder: TempDir, settings: &[&str]) -> Self {
        let port = free_port().port();
        let child = spawn(&folder.path().join("data"), port, settings);
        let server = Self { port, folder, child };
        server.wait_until_ready();
        server
    }

    pub(crate) fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs a statement, outside of Titan.
    pub(crate) fn sql(&self, database: &str, statement: &str) {
        let url = self.url("titan:secret", database);
        let done = Command::new(program("psql")).args([&url, "-qc", statement]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// kill -9: as if the power had failed.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port.
    pub(crate) fn restart(&mut self) {
        self.child = spawn(&self.folder.path().join("data"), self.port, &[]);
        self.wait_until_ready();
    }

    fn wait_until_ready(&self) {
        let began = Instant::now();
        loop {
            let ready = Command::new(program("pg_isready"))
                .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
                .status()
                .unwrap();
            if ready.success() {
                return;
            }
            assert!(began.elapsed() < Duration::from_mins(1), "PostgreSQL is not ready");
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(data: &Path, port: u16, settings: &[&str]) -> Child {
    let mut command = as_postgres("postgres");
    command.arg("-D").arg(data).args(["-p", &port.to_string()]);
    for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories="].iter().chain(settings) {
        command.args(["-c", setting]);
    }
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A folder in which the user of the server can write.
fn new_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    own(folder.path());
    folder
}

/// Gives a file to the user of the server.
fn own(path: &Path) {
    if is_root() {
        assert!(Command::new("chown").arg("postgres:postgres").arg(path).status().unwrap().success());
    }
}

/// PostgreSQL does not run as root.
fn as_postgres(name: &str) -> Command {
    if !is_root() {
        return Command::new(program(name));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL"]);
    command.arg(program(name));
    command
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The newest version that is installed.
fn program(name: &str) -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").unwrap();
    let newest = versions
        .map(|version| version.unwrap().path())
        .max_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    newest.unwrap().join("bin").join(name)
}
