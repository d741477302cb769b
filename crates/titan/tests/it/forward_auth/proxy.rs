//! A real proxy, with the configuration of its page.

use crate::support::program::free_port;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Which proxy.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Caddy,
    /// Over gRPC.
    Envoy,
    EnvoyHttp,
    /// Over gRPC, without `encode_raw_headers`.
    EnvoyJoined,
    Haproxy,
    Nginx,
}

/// A proxy that runs.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    child: Child,
    folder: TempDir,
}

impl Proxy {
    /// Asks this Titan, and forwards to this API.
    pub(super) async fn start(kind: Kind, titan: SocketAddr, api: SocketAddr) -> Self {
        let (folder, address) = (tempfile::tempdir().unwrap(), free_port());
        let page = |name: &str| {
            let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proxies").join(name);
            fs::read_to_string(page).unwrap()
        };
        let place = |text: &str| {
            let (titan, api) = (titan.to_string(), api.to_string());
            text.replace("127.0.0.1:8080", &titan).replace("127.0.0.1:3000", &api)
        };
        let port = address.port().to_string();
        let mut command = match kind {
            Kind::Caddy => {
                let config =
                    place(&block(&page("caddy.md"), "Caddyfile")).replace(":8000", &format!(":{port}"));
                let options = "{\n\tadmin off\n\tauto_https off\n}\n";
                fs::write(folder.path().join("Caddyfile"), options.to_owned() + &config).unwrap();
                let mut command = Command::new(find("caddy"));
                command.args(["run", "--config", "Caddyfile"]).env("HOME", folder.path());
                command
            }
            Kind::Envoy => {
                envoy(&block(&page("envoy.md"), "envoy.yaml"), folder.path(), [address, titan, api])
            }
            Kind::EnvoyHttp => {
                envoy(&block(&page("envoy.md"), "envoy-http.yaml"), folder.path(), [address, titan, api])
            }
            Kind::EnvoyJoined => {
                let config = block(&page("envoy.md"), "envoy.yaml").replace("encode_raw_headers: true", "");
                envoy(&config, folder.path(), [address, titan, api])
            }
            Kind::Haproxy => {
                let page = page("haproxy.md");
                let config =
                    place(&block(&page, "haproxy.cfg")).replace("bind :8000", &format!("bind {address}"));
                fs::write(folder.path().join("haproxy.cfg"), config).unwrap();
                fs::write(folder.path().join("titan.lua"), place(&block(&page, "titan.lua"))).unwrap();
                let mut command = Command::new(find("haproxy"));
                command.args(["-db", "-f", "haproxy.cfg"]);
                command
            }
            Kind::Nginx => {
                let server = place(&block(&page("nginx.md"), "titan.conf"));
                let server = server.replace("listen 8000", &format!("listen {address}"));
                let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|name| format!("{name}_temp_path {name};\n"))
                    .concat();
                let config = format!(
                    "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {{}}\n\
                     http {{\naccess_log off;\n{temporary}{server}}}\n"
                );
                fs::write(folder.path().join("nginx.conf"), config).unwrap();
                let mut command = Command::new(find("nginx"));
                command.arg("-p").arg(folder.path()).args(["-e", "stderr", "-c", "nginx.conf"]);
                command
            }
        };
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut proxy = Self { address, child: command.spawn().unwrap(), folder };
        proxy.wait_until_it_listens().await;
        proxy
    }

    async fn wait_until_it_listens(&mut self) {
        while TcpStream::connect(self.address).is_err() {
            let ended = self.child.try_wait().unwrap();
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap();
            assert!(ended.is_none(), "it has ended: {}", log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Addresses: its own, that of Titan and that of the API.
fn envoy(config: &str, folder: &Path, addresses: [SocketAddr; 3]) -> Command {
    let pages = ["0.0.0.0, port_value: 8000", "127.0.0.1, port_value: 8080", "127.0.0.1, port_value: 3000"];
    let config = pages.iter().zip(addresses).fold(config.to_owned(), |config, (page, address)| {
        assert!(config.contains(page), "no {page}");
        config.replace(page, &format!("{}, port_value: {}", address.ip(), address.port()))
    });
    fs::write(folder.join("envoy.yaml"), config).unwrap();
    let mut command = Command::new(find("envoy"));
    command.args(["-c", "envoy.yaml", "--disable-hot-restart", "--concurrency", "1"]);
    command
}

/// The text of the fenced block with this `file=`.
fn block(page: &str, file: &str) -> String {
    let mark = format!(" file={file}\n");
    let (_, rest) = page.split_once(&mark).unwrap_or_else(|| panic!("no block {file}"));
    rest.split_once("\n```").unwrap().0.to_owned() + "\n"
}

/// Debian keeps servers where users do not look.
fn find(program: &str) -> PathBuf {
    // What Debian does not have, `ci/tools` installs there.
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/test-tools");
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", own];
    let found = folders.into_iter().map(|folder| Path::new(folder).join(program)).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("{program} is not installed: ci/tools nextest"))
}
