//! The network: upstreams, and the ports to listen on.

use super::finding::Finding;
use crate::config::{Settings, UpstreamConfig, upstream_address};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);
/// An answer is shorter.
const MOST: u64 = 4096;

pub(super) async fn upstreams(settings: &Settings) -> Vec<Finding> {
    let mut findings = Vec::new();
    for upstream in settings.upstreams.iter().filter(|upstream| upstream.url != "none") {
        findings.push(probe(upstream).await);
    }
    findings
}

async fn probe(upstream: &UpstreamConfig) -> Finding {
    // A mistake in it is a finding about policies already.
    let reached = match upstream_address(upstream) {
        Ok(address) => address.probe(PATIENCE).await,
        Err(error) => Err(format!("{error:#}")),
    };
    match reached {
        Ok(()) => Finding::ok("upstream", format!("{} accepts connections", upstream.url)),
        Err(error) => Finding::problem(
            "upstream",
            format!("{}: {error}", upstream.url),
            "Start it, or correct its URL. If its certificate is not accepted, set ca_file to the CA that signed it.",
        ),
    }
}

pub(super) async fn ports(settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![port(settings.listen, settings.tls.is_some()).await];
    if let Some(control) = settings.admin_listen {
        findings.push(port(control, settings.tls.is_some()).await);
    }
    findings
}

async fn port(address: SocketAddr, is_tls: bool) -> Finding {
    let error = match bind(address) {
        Ok(()) => return Finding::ok("port", format!("{address} is free")),
        Err(error) => error,
    };
    let what = format!("{address}: {error}");
    match error.kind() {
        ErrorKind::AddrInUse if is_tls => {
            Finding::ok("port", format!("{address} is in use; TLS, so it was not asked"))
        }
        ErrorKind::AddrInUse => in_use(address).await,
        ErrorKind::PermissionDenied => {
            let advice = "Listen on a port above 1023, or give the program CAP_NET_BIND_SERVICE.";
            Finding::problem("port", what, advice)
        }
        _ => Finding::problem("port", what, "Set TITAN_LISTEN to an address of this machine."),
    }
}

/// As `titan serve` does, but it does not listen.
fn bind(address: SocketAddr) -> std::io::Result<()> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}

async fn in_use(address: SocketAddr) -> Finding {
    match timeout(PATIENCE, ask(reachable(address))).await {
        Ok(Ok(answer)) if answer.ends_with(r#"{"status":"ok"}"#) => {
            Finding::ok("port", format!("{address}: Titan runs there, and is ready"))
        }
        Ok(Ok(answer)) if answer.contains(r#"{"status":"#) => Finding::warning(
            "port",
            format!("{address}: Titan runs there, and is not ready"),
            "Read its log. With PostgreSQL, see whether it reaches the database.",
        ),
        _ => Finding::problem(
            "port",
            format!("{address}: another program listens there"),
            "End that program, or set TITAN_LISTEN to another port.",
        ),
    }
}

/// Where a program can be reached that listens on this address.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MOST).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
