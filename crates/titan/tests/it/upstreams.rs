//! Kinds of upstreams: how they are reached, trusted and kept.

use crate::support::app::MASTER_KEY;
use crate::support::program::{run, stderr};
use crate::support::scripted::{After, converse};
use crate::support::tls::{Ca, Pair};
use crate::support::{Role, TestApp};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use titan::config::UpstreamConfig;
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn a_socket_in_the_file_system_is_an_upstream() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("api.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let (accepted, all) = (Arc::<Mutex<u32>>::default(), Arc::clone(&seen));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            *count.lock().unwrap() += 1;
            tokio::spawn(converse(stream, ANSWER, After::KeepOpen, Arc::clone(&all)));
        }
    });
    let app = TestApp::with(|config| config.upstreams[0].url = format!("unix:{}", path.display())).await;
    let holder = app.holder(&app.key(&["*"]).await);
    for _ in 0..3 {
        assert_eq!(holder.get("/api/sessions").await.expect(200).text, "ok");
    }
    let seen = seen.lock().unwrap();
    assert!(seen.iter().all(|head| head.contains("\r\nhost: localhost\r\n")), "{seen:?}");
    assert_eq!(seen.len(), 3);
    drop(seen);
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_502() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("unix:{}", folder.path().join("api.sock").display());
    let app = TestApp::with(|config| config.upstreams[0].url = url).await;
    app.holder(&app.key(&["*"]).await).get("/api/sessions").await.refused(502, "upstream unreachable");
}

/// An upstream that speaks TLS with this pair, and asks for a client certificate of `clients` if there is one.
async fn tls_upstream(pair: &Pair, clients: Option<&Ca>) -> (SocketAddr, Arc<Mutex<u32>>) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        Some(ca) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(ca.pem.as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let config = builder.with_single_cert(vec![pair.der()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handshakes = Arc::<Mutex<u32>>::default();
    let counted = Arc::clone(&handshakes);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            *counted.lock().unwrap() += 1;
            tokio::spawn(converse(stream, ANSWER, After::KeepOpen, Arc::default()));
        }
    });
    (address, handshakes)
}

/// A Titan in front of an `https://` upstream by this name, and a key for it.
async fn in_front_of(
    name: &str,
    address: SocketAddr,
    change: impl FnOnce(&mut UpstreamConfig),
) -> (TestApp, Role) {
    let app = TestApp::with(|config| {
        config.upstreams[0].url = format!("https://{name}:{}", address.port());
        change(&mut config.upstreams[0]);
    })
    .await;
    let holder = app.holder(&app.key(&["*"]).await);
    (app, holder)
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_tls_upstream_is_trusted_by_its_ca_and_keeps_its_connection() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new("ours"));
    let (address, handshakes) = tls_upstream(&ca.pair(&["localhost"]), None).await;
    let file = write(&folder, "ca.pem", &ca.pem);
    let (_app, holder) = in_front_of("localhost", address, |upstream| upstream.ca_file = Some(file)).await;
    // One after the other on one connection: one worker serves them all, and has one connection to the upstream.
    for _ in 0..5 {
        assert_eq!(holder.get("/api/sessions").await.expect(200).text, "ok");
    }
    assert_eq!(*handshakes.lock().unwrap(), 1);
}

#[tokio::test]
async fn a_tls_upstream_of_another_ca_or_name_is_502() {
    let (folder, ca, other) = (tempfile::tempdir().unwrap(), Ca::new("ours"), Ca::new("theirs"));
    let (address, _) = tls_upstream(&ca.pair(&["localhost"]), None).await;
    let (ours, theirs) = (write(&folder, "ours.pem", &ca.pem), write(&folder, "theirs.pem", &other.pem));
    for (name, file) in [("localhost", Some(theirs)), ("127.0.0.1", Some(ours)), ("localhost", None)] {
        let (_app, holder) = in_front_of(name, address, |upstream| upstream.ca_file = file).await;
        holder.get("/api/sessions").await.refused(502, "upstream unreachable");
    }
}

#[tokio::test]
async fn titan_shows_its_client_certificate_to_an_upstream_that_asks() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new("ours"));
    let (address, _) = tls_upstream(&ca.pair(&["localhost"]), Some(&ca)).await;
    let file = write(&folder, "ca.pem", &ca.pem);
    let (certificate, key) = ca.pair(&["titan"]).write(folder.path(), "titan");
    let (_app, holder) =
        in_front_of("localhost", address, |upstream| upstream.ca_file = Some(file.clone())).await;
    holder.get("/api/sessions").await.refused(502, "upstream unreachable");
    let (_app, holder) = in_front_of("localhost", address, |upstream| {
        upstream.ca_file = Some(file);
        (upstream.cert_file, upstream.key_file) = (Some(certificate), Some(key));
    })
    .await;
    holder.get("/api/sessions").await.expect(200);
}

#[test]
fn what_is_wrong_with_an_upstream_s_tls_is_named() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new("ours"));
    write(&folder, "empty.pem", "");
    write(&folder, "ca.pem", &ca.pem);
    ca.pair(&["titan"]).write(folder.path(), "titan");
    ca.pair(&["titan"]).write(folder.path(), "other");
    let check = |more: &[(&str, &str)]| {
        let mut environment = vec![
            ("MASTER_KEY", MASTER_KEY),
            ("TITAN_UPSTREAM", "https://localhost"),
            ("TITAN_POLICY", "whatsapp"),
        ];
        environment.extend(more);
        stderr(&run(folder.path(), &["config", "check"], &environment))
    };
    let missing = check(&[("TITAN_UPSTREAM_CA_FILE", "no.pem")]);
    assert!(missing.contains("upstream https://localhost: ca_file: no.pem: No such file"), "{missing}");
    let empty = check(&[("TITAN_UPSTREAM_CA_FILE", "empty.pem")]);
    assert!(empty.contains("https://localhost: ca_file: empty.pem holds no certificate"), "{empty}");
    let pair = |certificate: &str, key: &str| {
        check(&[("TITAN_UPSTREAM_CERT_FILE", certificate), ("TITAN_UPSTREAM_KEY_FILE", key)])
    };
    let none = pair("titan.pem", "empty.pem");
    assert!(none.contains("https://localhost: key_file: empty.pem holds no private key"), "{none}");
    let other = pair("titan.pem", "other.key");
    assert!(other.contains("key_file: other.key is not the key of the certificate in titan.pem"), "{other}");
    let half = check(&[("TITAN_UPSTREAM_CERT_FILE", "empty.pem")]);
    assert!(half.contains("a client certificate and its key go only together"), "{half}");
    let plain = check(&[("TITAN_UPSTREAM", "http://localhost"), ("TITAN_UPSTREAM_CA_FILE", "ca.pem")]);
    assert!(plain.contains("goes only with https://"), "{plain}");
}
