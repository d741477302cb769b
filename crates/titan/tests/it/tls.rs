//! TLS at both ports, and the commands that ask by it.

use crate::forward_auth::envoy::Envoy;
use crate::support::app::MASTER_KEY;
use crate::support::program::{Program, free_port, run, stderr, titan};
use crate::support::tls::{Ca, Dialer, Pair};
use crate::support::upstream::header;
use crate::support::{TestApp, raw};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LIVE: &str = "GET /health/live";

/// A Titan with a certificate for `localhost` of a CA of its own.
struct Secure {
    app: TestApp,
    ca: Ca,
    _folder: TempDir,
}

impl Secure {
    async fn start() -> Self {
        Self::with(|_, _| {}).await
    }

    async fn with(change: impl FnOnce(&mut titan::config::Config, &Path)) -> Self {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new("test"));
        let (certificate, key) = ca.pair(&["localhost"]).write(folder.path(), "titan");
        let app = TestApp::with(|config| {
            config.tls_cert_file = Some(certificate);
            config.tls_key_file = Some(key);
            // The test makes its keys on the control port, which speaks TLS as well.
            change(config, folder.path());
        })
        .await;
        Self { app, ca, _folder: folder }
    }

    fn dialer(&self) -> Dialer {
        Dialer::new(&self.ca)
    }

    /// A key with all scopes, as a header line.
    async fn key(&self) -> String {
        let mut stream = self.dialer().connect(self.app.address).await.unwrap();
        let body = r#"{"label":"tls","lifetimeDays":1,"scopes":["*"]}"#;
        let text = format!(
            "POST /admin/keys HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {MASTER_KEY}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let body: serde_json::Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        format!("Authorization: Bearer {}", body["data"]["key"].as_str().unwrap())
    }
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let secure = Secure::start().await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let answer = secure.dialer().version(version).request(secure.app.address, LIVE, &[]).await;
        assert_eq!(raw::status(&answer), 200, "{version:?}: {answer}");
    }
    // A ClientHello that knows TLS 1.1 at most, with two cipher suites of its time, and signatures that we could make.
    let extensions = [0, 10, 0, 13, 0, 6, 0, 4, 4, 3, 4, 1];
    let hello = [[3, 2].as_slice(), &[7; 32], &[0, 0, 4, 0xc0, 0x13, 0, 0x2f, 1, 0], &extensions].concat();
    let handshake = [[1, 0, 0, u8::try_from(hello.len()).unwrap()].as_slice(), &hello].concat();
    let record = [[22, 3, 1, 0, u8::try_from(handshake.len()).unwrap()].as_slice(), &handshake].concat();
    let mut stream = TcpStream::connect(secure.app.address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer.first(), Some(&21), "an alert, and nothing else: {answer:?}");
    assert_eq!(answer.get(5..), Some([2, 70].as_slice()), "fatal, protocol_version: {answer:?}");
}

#[tokio::test]
async fn a_client_chooses_http_2_or_http_1_1() {
    let secure = Secure::start().await;
    for (offered, chosen) in
        [(vec!["h2", "http/1.1"], Some("h2")), (vec!["http/1.1"], Some("http/1.1")), (vec![], None)]
    {
        let stream = secure.dialer().protocols(&offered).connect(secure.app.address).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen.map(str::as_bytes));
    }
    let stream = secure.dialer().protocols(&["h2"]).connect(secure.app.address).await.unwrap();
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut client, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = http::Request::get("https://localhost/health/live").body(axum::body::Body::empty());
    let answer = client.send_request(request.unwrap()).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
    connection.abort();
}

#[tokio::test]
async fn envoy_asks_over_tls() {
    let secure = Secure::start().await;
    let key = secure.key().await;
    let stream = secure.dialer().protocols(&["h2"]).connect(secure.app.address).await.unwrap();
    let envoy = Envoy::over(stream).await;
    let value = key.strip_prefix("Authorization: ").unwrap();
    let yes = envoy.ask("GET", "/api/sessions", &[("authorization", value)]).await.expect(200);
    assert_eq!(yes.header("x-titan-tenant"), "1");
    envoy.ask("GET", "/api/sessions", &[]).await.refused(401, "missing api key");
}

#[tokio::test]
async fn the_upstream_learns_that_it_was_https() {
    let secure = Secure::start().await;
    let key = secure.key().await;
    let answer = secure.dialer().request(secure.app.address, "GET /api/sessions", &[&key]).await;
    assert_eq!(raw::status(&answer), 200, "{answer}");
    assert_eq!(header(&secure.app.upstream.take().remove(0), "x-forwarded-proto"), ["https"]);
}

#[tokio::test]
async fn a_websocket_passes_through_tls() {
    let upstream = crate::support::upstream::Websocket::start().await.address;
    let secure = Secure::with(|config, _| config.upstreams[0].url = format!("http://{upstream}")).await;
    let key = secure.key().await;
    let mut stream = secure.dialer().connect(secure.app.address).await.unwrap();
    let hello = format!(
        "GET /api/sessions HTTP/1.1\r\nHost: a\r\n{key}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(hello.as_bytes()).await.unwrap();
    let mut piece = [0; 4096];
    let length = stream.read(&mut piece).await.unwrap();
    assert!(piece[..length].starts_with(b"HTTP/1.1 101"));
    for message in ["ping", "pong"] {
        stream.write_all(message.as_bytes()).await.unwrap();
        let length = stream.read(&mut piece).await.unwrap();
        assert_eq!(&piece[..length], message.as_bytes());
    }
}

#[tokio::test]
async fn plain_http_on_a_port_of_tls_is_told_so_and_closed() {
    let secure = Secure::start().await;
    let (status, answer) =
        raw::request(secure.app.address, LIVE, &["Host: a", "X-Long: aaaaaaaaaaaaaaaaaaaaaaaa"], "").await;
    assert_eq!(status, 400);
    assert!(answer.contains("this port speaks TLS: use https://"), "{answer}");
    assert_eq!(raw::exchange(secure.app.address, b"\0\0\0\0").await, "", "what is neither is closed");
}

/// The limit is that of the first request: 15 s.
#[tokio::test]
async fn a_handshake_that_does_not_come_to_its_end_is_cut_off() {
    let secure = Secure::start().await;
    let mut stream = TcpStream::connect(secure.app.address).await.unwrap();
    stream.write_all(&[22, 3, 1]).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_mins(1), stream.read(&mut [0; 64])).await;
    assert!(matches!(ended, Ok(Ok(0) | Err(_))), "{ended:?}");
}

#[tokio::test]
async fn what_runs_may_finish_by_tls_when_titan_stops() {
    let mut secure = Secure::start().await;
    let key = secure.key().await;
    let mut stream = secure.dialer().connect(secure.app.address).await.unwrap();
    let text = format!("GET /api/sessions/a/events?drip HTTP/1.1\r\nHost: a\r\n{key}\r\n\r\n");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let mut piece = [0; 4096];
    while !answer.contains("first") {
        let length = stream.read(&mut piece).await.unwrap();
        answer += &String::from_utf8_lossy(&piece[..length]);
    }
    let mut rest = String::new();
    let ((), rest_read) = tokio::join!(secure.app.stop(), stream.read_to_string(&mut rest));
    rest_read.unwrap();
    assert!(rest.contains("second"), "{rest}");
}

#[tokio::test]
async fn the_control_port_asks_for_a_certificate_of_its_clients_ca() {
    let (clients, others) = (Ca::new("clients"), Ca::new("others"));
    let secure = Secure::with(|config, folder| {
        let file = folder.join("clients.pem");
        fs::write(&file, &clients.pem).unwrap();
        config.admin_listen = Some("127.0.0.1:0".to_owned());
        config.admin_client_ca_file = Some(file);
    })
    .await;
    let control = secure.app.control.unwrap();
    let (right, wrong) = (clients.pair(&["operator"]), others.pair(&["operator"]));
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let dialer = secure.dialer().version(version);
        let status = async |dialer: Dialer, address| raw::status(&dialer.request(address, LIVE, &[]).await);
        assert_eq!(status(dialer.clone(), control).await, 0, "none, {version:?}");
        assert_eq!(status(dialer.clone().identity(&wrong), control).await, 0, "of another CA, {version:?}");
        assert_eq!(status(dialer.clone().identity(&right), control).await, 200, "{version:?}");
        assert_eq!(status(dialer, secure.app.address).await, 200, "the public port asks for none");
    }
}

/// It is for a network of the operator's own, where Prometheus has no certificate.
#[tokio::test]
async fn the_port_for_metrics_is_plain() {
    let secure = Secure::with(|config, _| config.metrics_listen = Some("127.0.0.1:0".to_owned())).await;
    let url = format!("http://{}/metrics", secure.app.metrics.unwrap());
    assert_eq!(reqwest::get(url).await.unwrap().status(), 200);
}

// --- The program

const MASTER: (&str, &str) = ("MASTER_KEY", MASTER_KEY);

/// Titan as a process, with the files `titan.pem` and `titan.key` of its folder.
struct Served {
    program: Program,
    folder: TempDir,
    ca: Ca,
}

impl Served {
    async fn start(pair: impl FnOnce(&Ca) -> Pair, more: &[(&str, &str)]) -> Self {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Ca::new("test"));
        pair(&ca).write(folder.path(), "titan");
        fs::write(folder.path().join("ca.pem"), &ca.pem).unwrap();
        let address = free_port();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = titan(folder.path(), &["serve"]);
        command.env("TITAN_LISTEN", address.to_string()).env("MASTER_KEY", MASTER_KEY);
        command.env("TITAN_TLS_CERT_FILE", "titan.pem").env("TITAN_TLS_KEY_FILE", "titan.key");
        command.envs(more.iter().copied()).stdout(Stdio::null()).stderr(log);
        let served = Self { program: Program::of(command.spawn().unwrap(), address), folder, ca };
        // Before this, a signal would end it.
        served.until(async || served.log().contains("ready")).await;
        served
    }

    /// Waits until something is so.
    async fn until(&self, mut is_so: impl AsyncFnMut() -> bool) {
        for _ in 0..3000 {
            if is_so().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never came to be: {}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    async fn serves(&self, pair: &Pair) -> bool {
        let Ok(stream) = Dialer::new(&self.ca).connect(self.program.address).await else { return false };
        stream.get_ref().1.peer_certificates().unwrap().first() == Some(&pair.der())
    }

    fn command(&self, url: &str, more: &[&str]) -> Output {
        let arguments = [["keys", "list", "--url", url].as_slice(), more].concat();
        // The platform's store is one of the test's, so that nothing depends on this machine's.
        run(self.folder.path(), &arguments, &[MASTER, ("SSL_CERT_FILE", "/dev/null")])
    }

    fn url(&self, host: &str) -> String {
        url(host, self.program.address)
    }
}

fn url(host: &str, address: SocketAddr) -> String {
    format!("https://{host}:{}", address.port())
}

#[tokio::test]
async fn the_commands_check_who_answers_and_say_what_to_do() {
    let served = Served::start(|ca| ca.pair(&["localhost", "titan.example"]), &[]).await;
    let unknown = served.command(&served.url("localhost"), &[]);
    assert!(!unknown.status.success());
    assert!(stderr(&unknown).contains("--ca FILE or TITAN_CA_FILE"), "{unknown:?}");
    let known = served.command(&served.url("localhost"), &["--ca", "ca.pem"]);
    assert!(known.status.success(), "{known:?}");
    let arguments = ["keys", "list", "--url", &served.url("localhost")];
    let by_variable = run(
        served.folder.path(),
        &arguments,
        &[MASTER, ("TITAN_CA_FILE", "ca.pem"), ("SSL_CERT_FILE", "/dev/null")],
    );
    assert!(by_variable.status.success(), "{by_variable:?}");
    let by_platform = run(served.folder.path(), &arguments, &[MASTER, ("SSL_CERT_FILE", "ca.pem")]);
    assert!(by_platform.status.success(), "the platform's store is trusted: {by_platform:?}");
    let misnamed = served.command(&served.url("127.0.0.1"), &["--ca", "ca.pem"]);
    let text = stderr(&misnamed);
    assert!(
        !misnamed.status.success() && text.contains("titan.example") && text.contains("127.0.0.1"),
        "{text}"
    );
    let plain = served.command(&format!("http://{}", served.program.address), &[]);
    assert!(stderr(&plain).contains("this port speaks TLS: use https://"), "{plain:?}");
    let nothing = served.command(&served.url("localhost"), &["--ca", "no-such-file"]);
    assert!(stderr(&nothing).contains("--ca: no-such-file"), "{nothing:?}");
    let empty = served.command(&served.url("localhost"), &["--ca", "titan.key"]);
    assert!(stderr(&empty).contains("holds no certificate"), "{empty:?}");
}

#[tokio::test]
async fn the_commands_say_if_there_is_no_tls_or_the_certificate_has_expired() {
    let served = Served::start(|ca| ca.expired_pair(&["localhost"]), &[]).await;
    served.until(async || served.log().contains("the certificate has expired")).await;
    let expired = served.command(&served.url("localhost"), &["--ca", "ca.pem"]);
    assert!(stderr(&expired).contains("has expired"), "{expired:?}");
    let folder = tempfile::tempdir().unwrap();
    let plain = Program::start(folder.path(), &[]).await;
    let refused = served.command(&url("localhost", plain.address), &["--ca", "ca.pem"]);
    assert!(stderr(&refused).contains("use http://"), "{refused:?}");
}

#[tokio::test]
async fn the_commands_show_a_certificate_where_one_is_asked_for() {
    let control = free_port();
    let listen = control.to_string();
    let clients = Ca::new("clients");
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), &clients.pem).unwrap();
    let more = [
        ("TITAN_ADMIN_LISTEN", listen.as_str()),
        ("TITAN_ADMIN_CLIENT_CA_FILE", file.path().to_str().unwrap()),
    ];
    let served = Served::start(|ca| ca.pair(&["localhost"]), &more).await;
    let folder = served.folder.path();
    clients.pair(&["operator"]).write(folder, "operator");
    Ca::new("others").pair(&["operator"]).write(folder, "stranger");
    let ask =
        |more: &[&str]| served.command(&url("localhost", control), &[&["--ca", "ca.pem"], more].concat());
    let none = ask(&[]);
    assert!(!none.status.success() && stderr(&none).contains("--client-cert"), "{none:?}");
    let wrong = ask(&["--client-cert", "stranger.pem", "--client-key", "stranger.key"]);
    assert!(stderr(&wrong).contains("does not accept the client certificate"), "{wrong:?}");
    let right = ask(&["--client-cert", "operator.pem", "--client-key", "operator.key"]);
    assert!(right.status.success(), "{right:?}");
    let half = ask(&["--client-cert", "operator.pem"]);
    assert!(stderr(&half).contains("go together"), "{half:?}");
    let mixed = ask(&["--client-cert", "operator.pem", "--client-key", "stranger.key"]);
    assert!(stderr(&mixed).contains("is not the key of the certificate in operator.pem"), "{mixed:?}");
}

#[tokio::test]
async fn a_new_certificate_is_served_after_sighup_or_by_itself_and_a_broken_one_is_not() {
    let served = Served::start(|ca| ca.pair(&["localhost"]), &[]).await;
    let folder = served.folder.path();
    let (second, third, other) =
        (served.ca.pair(&["localhost"]), served.ca.pair(&["localhost"]), served.ca.pair(&["localhost"]));
    second.write(folder, "titan");
    served.program.signal("HUP");
    served.until(async || served.serves(&second).await).await;
    // A key that does not belong to the certificate.
    fs::write(folder.join("titan.key"), &other.key).unwrap();
    served.until(async || served.log().contains("the old certificate stays in force")).await;
    let log = served.log();
    assert!(log.contains("titan.key is not the key of the certificate in titan.pem"), "{log}");
    assert!(served.serves(&second).await);
    fs::remove_file(folder.join("titan.pem")).unwrap();
    served.until(async || served.log().contains("tls_cert_file: titan.pem")).await;
    assert!(served.serves(&second).await);
    third.write(folder, "titan");
    served.until(async || served.serves(&third).await).await;
    for secret in [&second.key, &third.key, &other.key] {
        assert!(!served.log().contains(secret.lines().nth(1).unwrap()), "a key is in the log");
    }
}

/// As Kubernetes mounts a secret: the files lead through a folder that is itself a link, which is replaced whole.
#[tokio::test]
async fn a_swapped_link_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let more = [
        ("TITAN_TLS_CERT_FILE", folder.path().join("tls.crt")),
        ("TITAN_TLS_KEY_FILE", folder.path().join("tls.key")),
    ];
    let more: Vec<(&str, &str)> = more.iter().map(|(name, path)| (*name, path.to_str().unwrap())).collect();
    let write = |version: &str, pair: &Pair| {
        let versioned = folder.path().join(version);
        fs::create_dir(&versioned).unwrap();
        fs::write(versioned.join("tls.crt"), &pair.certificate).unwrap();
        fs::write(versioned.join("tls.key"), &pair.key).unwrap();
        std::os::unix::fs::symlink(version, folder.path().join("..next")).unwrap();
        fs::rename(folder.path().join("..next"), folder.path().join("..data")).unwrap();
    };
    for file in ["tls.crt", "tls.key"] {
        std::os::unix::fs::symlink(format!("..data/{file}"), folder.path().join(file)).unwrap();
    }
    let first = |ca: &Ca| {
        let pair = ca.pair(&["localhost"]);
        write("..1", &pair);
        pair
    };
    let served = Served::start(first, &more).await;
    let second = served.ca.pair(&["localhost"]);
    write("..2", &second);
    served.until(async || served.serves(&second).await).await;
}

#[test]
fn files_that_are_wrong_are_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let ca = Ca::new("test");
    let (pair, other) = (ca.pair(&["localhost"]), ca.pair(&["localhost"]));
    pair.write(folder, "titan");
    other.write(folder, "other");
    fs::write(folder.join("empty"), "").unwrap();
    fs::write(folder.join("text"), "-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n").unwrap();
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    fs::write(folder.join("encrypted"), encrypted).unwrap();
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    fs::write(folder.join("broken"), broken).unwrap();
    for (certificate, key, text) in [
        ("titan.pem", "other.key", "tls_key_file: other.key is not the key of the certificate in titan.pem"),
        ("empty", "titan.key", "tls_cert_file: empty holds no certificate"),
        ("text", "titan.key", "tls_cert_file: text is no PEM"),
        ("titan.key", "titan.key", "tls_cert_file: titan.key holds no certificate"),
        ("titan.pem", "empty", "tls_key_file: empty holds no private key"),
        ("titan.pem", "titan.pem", "tls_key_file: titan.pem holds no private key"),
        ("titan.pem", "encrypted", "tls_key_file: encrypted is encrypted"),
        ("titan.pem", "broken", "of a kind that is not supported"),
        ("no-such-file", "titan.key", "tls_cert_file: no-such-file"),
        ("titan.pem", "", "tls_cert_file: needs tls_key_file"),
        ("", "titan.key", "tls_key_file: needs tls_cert_file"),
    ] {
        let listen = ("TITAN_LISTEN", "127.0.0.1:0");
        let environment = [MASTER, listen, ("TITAN_TLS_CERT_FILE", certificate), ("TITAN_TLS_KEY_FILE", key)];
        for command in [["serve"].as_slice(), &["config", "check"]] {
            let output = run(folder, command, &environment);
            assert_eq!(output.status.code(), Some(1), "{command:?} {certificate} {key}");
            assert!(stderr(&output).contains(text), "{command:?} {text}: {output:?}");
        }
    }
    let check = |more: &[(&str, &str)]| {
        let files = [MASTER, ("TITAN_ADMIN_CLIENT_CA_FILE", "titan.pem")];
        stderr(&run(folder, &["config", "check"], &[&files, more].concat()))
    };
    assert!(check(&[]).contains("needs admin_listen"));
    assert!(check(&[("TITAN_ADMIN_LISTEN", "127.0.0.1:0")]).contains("needs tls_cert_file and tls_key_file"));
}
