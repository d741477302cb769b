//! The program as a process: commands, refusals to start, signals.

use crate::support::app::MASTER_KEY;
use crate::support::program::{EMBEDDED, Program, run, stderr, titan};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

const MASTER: (&str, &str) = ("MASTER_KEY", MASTER_KEY);

/// `serve` in a folder, which must refuse; what it says.
#[track_caller]
fn refuses_to_serve(folder: &Path, environment: &[(&str, &str)]) -> String {
    let output = run(folder, &["serve"], environment);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!stderr(&output).contains(MASTER_KEY), "no secret is printed");
    stderr(&output)
}

#[test]
fn serve_without_a_master_key_says_how_to_make_one() {
    let folder = tempfile::tempdir().unwrap();
    let text = refuses_to_serve(folder.path(), &[]);
    assert!(text.contains("MASTER_KEY is not set") && text.contains("openssl rand -base64 32"), "{text}");
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing was written");
}

#[test]
fn bad_master_keys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (key, part) in [
        ("short", "at least 32 characters"),
        ("titan_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "must not look like an API key"),
        ("with a space in it, and long enough too", "visible ASCII"),
    ] {
        let text = refuses_to_serve(folder.path(), &[("MASTER_KEY", key)]);
        assert!(text.contains(part) && !text.contains(key), "{text}");
    }
    let both = [MASTER, ("MASTER_KEY_FILE", "x")];
    assert!(refuses_to_serve(folder.path(), &both).contains("both set"));
    assert!(
        refuses_to_serve(folder.path(), &[("MASTER_KEY_FILE", "/no/such/file")]).contains("/no/such/file")
    );
}

#[test]
fn broken_configurations_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let check = |text: &str| {
        fs::write(folder.path().join("titan.toml"), text).unwrap();
        let output = run(folder.path(), &["config", "check"], &[MASTER]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        stderr(&output)
    };
    assert!(check("listen = 1\n").contains("titan.toml:1:"));
    assert!(check("\nlisten_to = \"x\"\n").contains("titan.toml:2: unknown field `listen_to`"));
    assert!(check("listen = \"nowhere\"\n").contains("must have the form address:port"));
    assert!(check("max_lifetime_days = 0\n").contains("max_lifetime_days"));
    assert!(check("scopes = [\"no\"]\n").contains("must have the form resource:action"));
    assert!(check("upstream = \"http://127.0.0.1:1\"\n").contains("needs a policy"));
    assert!(check("upstream = \"ftp://a\"\npolicy = [\"whatsapp\"]\n").contains("must be http://host:port"));
    assert!(check("upstream = \"http://a\"\npolicy = [\"no-such\"]\n").contains("neither a file nor"));
    assert!(check("database_url = \"mysql://a\"\n").contains("TITAN_DATABASE_URL"));
    assert!(check("trusted_proxies = [\"10.1.2.3/8\"]\n").contains("write 10.0.0.0/8 for the range"));
    assert!(check("log_format = \"xml\"\n").contains("titan.toml:1:"));
    fs::write(folder.path().join("titan.toml"), "").unwrap();
    let output = run(folder.path(), &["config", "check"], &[MASTER, ("TITAN_MAX_LIFETIME_DAYS", "many")]);
    assert!(stderr(&output).contains("TITAN_MAX_LIFETIME_DAYS: must be a whole number"));
    assert!(run(folder.path(), &["config", "check"], &[MASTER]).status.success());
}

#[test]
fn the_url_of_the_database_may_be_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("url"), "mysql://user:s3cret@host/db\n").unwrap();
    fs::write(folder.path().join("good"), "\n postgres://user:s3cret@127.0.0.1:1/db \n").unwrap();
    let check = |text: &str, environment: &[(&str, &str)]| {
        fs::write(folder.path().join("titan.toml"), text).unwrap();
        let output = run(folder.path(), &["config", "check"], &[&[MASTER], environment].concat());
        assert!(!stderr(&output).contains("s3cret"), "no secret is printed: {output:?}");
        (output.status.success(), stderr(&output))
    };
    let file = ("TITAN_DATABASE_URL_FILE", "url");
    let is_read = "must be sqlite://";
    assert!(check("", &[file]).1.contains(is_read));
    assert!(check("database_url_file = \"url\"\n", &[]).1.contains(is_read));
    assert!(check("database_url = \"sqlite://a.db\"\n", &[file]).1.contains(is_read), "the environment wins");
    assert!(check("database_url_file = \"url\"\n", &[("TITAN_DATABASE_URL", "sqlite://a.db")]).0);
    let good = [("TITAN_DATABASE_URL_FILE", "good"), ("TITAN_SEAL_KEY_FILE", "seal-key")];
    assert!(check("", &good).0, "white space around the URL");
    assert!(check("", &[good[0]]).1.contains("TITAN_SEAL_KEY"), "the file is read before this is known");
    let both = "database_url = \"sqlite://a.db\"\ndatabase_url_file = \"url\"\n";
    assert!(check(both, &[]).1.contains("TITAN_DATABASE_URL: its value and its file are both set"));
    assert!(check("", &[file, ("TITAN_DATABASE_URL", "sqlite://a.db")]).1.contains("both set"));
    assert!(check("", &[("TITAN_DATABASE_URL_FILE", "/no/such/file")]).1.contains("/no/such/file"));
}

#[test]
fn a_misspelt_name_is_answered_with_the_one_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let says = |arguments: &[&str], environment: &[(&str, &str)], expected: &str| {
        let output = run(folder.path(), arguments, &[&[MASTER], environment].concat());
        assert!(!output.status.success() && stderr(&output).contains(expected), "{output:?}");
    };
    let check = ["config", "check"];
    says(
        &check,
        &[("TITAN_LOG_FORMAT", "jsno")],
        "TITAN_LOG_FORMAT: unknown variant `jsno`; did you mean json?",
    );
    says(&check, &[("TITAN_LOG", "inof")], "did you mean info?");
    let policy = [("TITAN_UPSTREAM", "http://127.0.0.1:1"), ("TITAN_POLICY", "whatsap")];
    says(&check, &policy, "did you mean whatsapp?");
    says(&["policy", "check", "whatsap"], &[], "did you mean whatsapp?");
    says(&["polcy", "check"], &[], "'policy'");
    says(&["keys", "lst"], &[], "'list'");
    says(&["keys", "create", "--lable", "x"], &[], "'--label'");
    fs::write(folder.path().join("titan.toml"), "\nadmin_lisen = \"x\"\n").unwrap();
    says(&check, &[], "titan.toml:2: unknown field `admin_lisen`; did you mean admin_listen?");
    fs::write(folder.path().join("titan.toml"), "").unwrap();
    let route = "name = \"p\"\n[[route]]\nmethods = [\"GET\"]\npath = \"/a\"\n";
    fs::write(folder.path().join("p.toml"), format!("{route}scope = \"sesions:read\"\n")).unwrap();
    says(
        &["policy", "check", "p.toml"],
        &[],
        "p.toml:5: scope: `sesions:read` is not in the catalogue of scopes; did you mean sessions:read?",
    );
    fs::write(folder.path().join("p.toml"), format!("{route}scop = \"sessions:read\"\n")).unwrap();
    says(&["policy", "check", "p.toml"], &[], "p.toml:5: unknown field `scop`; did you mean scope?");
}

#[test]
fn every_command_that_reads_the_environment_refuses_an_unknown_variable() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        ["serve", "--dev"].as_slice(),
        &["config", "check"],
        &["policy", "check", "whatsapp"],
        &["keys", "list"],
        &["keys", "inspect", "x"],
        &["tenants", "list"],
        &["signing-keys", "list"],
        &["migrate", "--from", "sqlite://x.db", "--to", "postgres://a/b"],
    ] {
        for (variable, value) in [("TITAN_LISTN", "127.0.0.1:0"), ("TITAN_LISTN", "")] {
            let output = run(folder.path(), arguments, &[MASTER, (variable, value)]);
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            assert!(stderr(&output).contains("TITAN_LISTN: unknown variable; did you mean TITAN_LISTEN?"));
        }
        let output = run(folder.path(), arguments, &[MASTER, ("MASTER_KEY_PREV", "secret-value")]);
        assert!(stderr(&output).contains("did you mean MASTER_KEY_PREVIOUS?"), "{output:?}");
        assert!(!stderr(&output).contains("secret-value"), "the value may be a secret");
    }
    assert!(fs::read_dir(folder.path()).unwrap().next().is_none(), "nothing was written");
}

#[test]
fn every_option_is_in_the_schema_and_has_a_variable_or_says_that_it_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["config", "schema"], &[]);
    let schema: Value = serde_json::from_slice(&output.stdout).unwrap();
    let options = schema["properties"].as_object().unwrap();
    for (variable, option, _) in titan::config::VARIABLES {
        assert!(options.contains_key(option), "{variable}");
    }
    for (option, about) in options {
        let has_variable = titan::config::VARIABLES.iter().any(|(_, o, _)| o == option);
        let text = about["description"].as_str().unwrap();
        assert!(has_variable || text.contains("Only in the file"), "{option}");
    }
}

#[test]
fn broken_policies_are_named_with_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "name = \"p\"\n[[route]]\nmethods = [\"GET\"]\npath = \"/a/{x}\"\n[[route]]\nmethods = [\"GET\"]\npath = \"/a/{y}\"\n";
    fs::write(folder.path().join("p.toml"), policy).unwrap();
    let output = run(folder.path(), &["policy", "check", "p.toml"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(":5: GET /a/{y} matches the same requests as /a/{x}"), "{output:?}");
    fs::write(
        folder.path().join("p.toml"),
        "name = \"p\"\n[[route]]\nmethods = [\"GET\"]\npath = \"/a\"\nscope = \"a:b\"\n",
    )
    .unwrap();
    let output = run(folder.path(), &["policy", "check", "p.toml"], &[]);
    assert!(stderr(&output).contains("p.toml:5: scope: `a:b` is not in the catalogue"), "{output:?}");
    let environment = [MASTER, ("TITAN_UPSTREAM", "http://127.0.0.1:1"), ("TITAN_POLICY", "p.toml")];
    assert!(refuses_to_serve(folder.path(), &environment).contains("p.toml:5:"));
}

#[test]
fn the_shipped_policy_is_good_and_can_be_explained() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["policy", "check", "whatsapp"], &[]);
    assert!(output.status.success(), "{output:?}");
    let explain = |method: &str, path: &str| {
        let output = run(folder.path(), &["policy", "explain", "whatsapp", method, path, "--json"], &[]);
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let send = explain("post", "/api/sessions/default/messages/send?x=1");
    assert_eq!((&send["scope"], &send["limit"]), (&json!("messages:write"), &json!("message")));
    assert_eq!((&send["action"], &send["sessionName"]), (&json!("send_message"), &json!("default")));
    assert_eq!(explain("GET", "/nowhere")["decision"], "denied");
    assert_eq!(explain("GET", "/a/../b")["decision"], "refused");
    let output = run(folder.path(), &["policy", "explain", "whatsapp", "GET", "/api/sessions"], &[]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("needs scope sessions:read"), "{output:?}");
}

#[test]
fn the_openapi_document_can_be_printed_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["openapi"], &[]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["paths"]["/admin/keys"]["post"].is_object());
    assert!(document["paths"]["/auth/verify"]["post"].is_object());
}

#[tokio::test]
async fn two_processes_cannot_have_one_database() {
    let folder = tempfile::tempdir().unwrap();
    let first = Program::start(folder.path(), &[EMBEDDED]).await;
    let text = refuses_to_serve(folder.path(), &[MASTER, ("TITAN_LISTEN", "127.0.0.1:0")]);
    assert!(text.contains("another process uses this database"), "{text}");
    std::os::unix::fs::symlink(folder.path().join("titan-data/titan.db"), folder.path().join("other.db"))
        .unwrap();
    let by_another_name = [
        MASTER,
        ("TITAN_LISTEN", "127.0.0.1:0"),
        ("TITAN_DATABASE_URL", "sqlite://other.db"),
        ("TITAN_SEAL_KEY_FILE", "titan-data/titan.db.seal-key"),
    ];
    let text = refuses_to_serve(folder.path(), &by_another_name);
    assert!(text.contains("another process uses this database"), "{text}");
    first.master().get("/admin/keys").await.expect(200);
}

#[tokio::test]
async fn a_wrong_or_missing_seal_key_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Program::start(folder.path(), &[EMBEDDED]).await;
    first.kill();
    let seal = folder.path().join("titan-data/titan.db.seal-key");
    assert_eq!(fs::metadata(&seal).unwrap().permissions().mode() & 0o777, 0o600);
    let wrong = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let listen = ("TITAN_LISTEN", "127.0.0.1:0");
    let text = refuses_to_serve(folder.path(), &[MASTER, listen, ("TITAN_SEAL_KEY", wrong)]);
    assert!(
        text.contains("the seal key does not belong to this database") && !text.contains(wrong),
        "{text}"
    );
    assert!(
        refuses_to_serve(folder.path(), &[MASTER, listen, ("TITAN_SEAL_KEY", "short")])
            .contains("32 bytes in base64")
    );
    fs::rename(&seal, folder.path().join("away")).unwrap();
    let text = refuses_to_serve(folder.path(), &[MASTER, listen]);
    assert!(text.contains("is missing") && !seal.exists(), "{text}");
    fs::rename(folder.path().join("away"), &seal).unwrap();
    fs::set_permissions(&seal, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refuses_to_serve(folder.path(), &[MASTER, listen]).contains("chmod 600"));
    fs::set_permissions(&seal, fs::Permissions::from_mode(0o600)).unwrap();
    Program::start(folder.path(), &[EMBEDDED]).await.master().get("/admin/keys").await.expect(200);
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let listen = ("TITAN_LISTEN", "127.0.0.1:0");
    let other = tempfile::tempdir().unwrap();
    fs::create_dir(other.path().join("titan-data")).unwrap();
    fs::write(other.path().join("titan-data/titan.db"), "this is no database, but a text of some length")
        .unwrap();
    fs::write(
        other.path().join("titan-data/titan.db.seal-key"),
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    )
    .unwrap();
    let seal = other.path().join("titan-data/titan.db.seal-key");
    fs::set_permissions(seal, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(refuses_to_serve(other.path(), &[MASTER, listen]).contains("not a database"));
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let text = refuses_to_serve(folder.path(), &[MASTER, ("TITAN_LISTEN", &address)]);
    assert!(text.contains(&format!("cannot listen on {address}")), "{text}");
}

/// A file that may not grow is what a full disk looks like to the program.
#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::support::program::free_port();
    let mut command = std::process::Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -S -f 2000; exec {} serve", env!("CARGO_BIN_EXE_titan"));
    command.args(["-c", &script]).current_dir(folder.path()).env_clear().stdin(Stdio::null());
    command.env("MASTER_KEY", MASTER_KEY).env("TITAN_LISTEN", address.to_string()).env("TITAN_LOG", "off");
    let mut full = Program::of(command.spawn().unwrap(), address);
    full.wait_until_ready().await;
    let body = json!({ "label": "x".repeat(100), "lifetimeDays": 1, "scopes": ["*"] });
    let mut acknowledged = Vec::new();
    let refused = loop {
        let answer = full.master().post("/admin/keys", body.clone()).await;
        if answer.status != 201 {
            break answer;
        }
        acknowledged.push(answer.text_at("/data/id"));
        assert!(acknowledged.len() < 5000, "the disk is never full");
    };
    assert_eq!(
        (refused.status, refused.text_at("/error").as_str()),
        (503, "not ready, try again"),
        "{refused:?}"
    );
    let room =
        std::process::Command::new("prlimit").args(["--fsize=unlimited", "--pid", &full.id()]).status();
    assert!(room.unwrap().success());
    full.master().post("/admin/keys", body.clone()).await.expect(201);
    full.master().delete(&format!("/admin/keys/{}", acknowledged[0])).await.expect(204);
    acknowledged.remove(0);
    full.kill();
    let after = Program::start(folder.path(), &[EMBEDDED]).await;
    for id in &acknowledged {
        after.master().get(&format!("/admin/keys/{id}")).await.expect(200);
    }
    after.master().post("/admin/keys", body).await.expect(201);
}

#[tokio::test]
async fn sigterm_ends_it_in_order_and_sighup_reads_policies_anew() {
    let folder = tempfile::tempdir().unwrap();
    let policy = |scope: &str| {
        format!("name = \"p\"\n[[route]]\nmethods = [\"GET\"]\npath = \"/a\"\nscope = \"{scope}\"\n")
    };
    let file = folder.path().join("p.toml");
    fs::write(&file, policy("tasks:read")).unwrap();
    let environment = [("TITAN_UPSTREAM", "http://127.0.0.1:1"), ("TITAN_POLICY", "p.toml")];
    let mut program = Program::start(folder.path(), &environment).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["tasks:read"] });
    let key = program.master().post("/admin/keys", body).await.expect(201).text_at("/data/key");
    let role = program.role(&key);
    role.get("/a").await.expect(502);
    let until = async |status: u16| {
        for _ in 0..1000 {
            if role.get("/a").await.status == status {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        panic!("the policy was not read anew");
    };
    fs::write(&file, policy("data:read")).unwrap();
    program.signal("HUP");
    until(403).await;
    fs::write(&file, "name = ").unwrap();
    program.signal("HUP");
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    role.get("/a").await.expect(403);
    fs::write(&file, policy("tasks:read")).unwrap();
    program.signal("HUP");
    until(502).await;
    program.signal("TERM");
    assert_eq!(program.wait().code(), Some(0));
}

#[tokio::test]
async fn dev_shows_the_whole_path_with_one_command() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::support::program::free_port();
    let start = || {
        let mut command = titan(folder.path(), &["serve", "--dev"]);
        command.env("TITAN_LISTEN", address.to_string()).env("TITAN_LOG", "warn").stdout(Stdio::piped());
        Program::of(command.spawn().unwrap(), address)
    };
    let mut first = start();
    first.wait_until_ready().await;
    let file = folder.path().join("titan-data/master-key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let master = fs::read_to_string(&file).unwrap();
    let body = json!({ "label": "tour", "lifetimeDays": 1, "scopes": ["sessions:read"] });
    let key = first.role(&master).post("/admin/keys", body).await.expect(201).text_at("/data/key");
    let role = first.role(&key);
    assert_eq!(role.get("/api/sessions").await.expect(200).at("/data/0/name"), "default");
    role.post("/api/sessions", json!({ "name": "x" })).await.expect(403);
    first.signal("TERM");
    let printed = first.output();
    assert!(printed.contains(&master) && printed.lines().count() <= 24, "one screen: {printed}");
    let mut second = start();
    second.wait_until_ready().await;
    second.role(&key).get("/api/sessions").await.expect(200);
    second.signal("TERM");
    assert!(!second.output().contains(&master), "the master key is shown once");
}

/// At the default level, with both streams on one terminal.
#[tokio::test]
async fn dev_logs_nothing_above_its_screen_nor_on_it() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::support::program::free_port();
    let terminal = fs::File::create(folder.path().join("terminal")).unwrap();
    let mut command = titan(folder.path(), &["serve", "--dev"]);
    command.env("TITAN_LISTEN", address.to_string());
    command.stdout(terminal.try_clone().unwrap()).stderr(terminal);
    let mut program = Program::of(command.spawn().unwrap(), address);
    program.wait_until_ready().await;
    program.signal("TERM");
    program.wait();
    let shown = fs::read_to_string(folder.path().join("terminal")).unwrap();
    let (screen, log) = shown.split_once("\nCtrl-C stops Titan.\n").unwrap();
    assert!(screen.starts_with("\nTitan listens on ") && !screen.contains("INFO"), "{shown}");
    assert!(log.contains("INFO") && log.contains("ready"), "{shown}");
}

#[tokio::test]
async fn the_explorer_needs_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(folder.path(), &[]).await;
    let nobody = program.role("x");
    let page = nobody.get("/docs/").await.expect(200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        let plain = nobody.get(&format!("/docs/{file}")).await.expect(200);
        assert_eq!(plain.header("content-encoding"), "");
        assert!(plain.text.contains('{') && !plain.text.contains('\0'), "{file} is readable");
    }
    let request = nobody.request("GET", "/docs/swagger-ui.css").header("accept-encoding", "br, gzip");
    let gzip = request.send().await.unwrap();
    assert_eq!(gzip.headers()["content-encoding"], "gzip");
    assert_eq!(gzip.headers()["vary"], "accept-encoding");
    assert!(gzip.bytes().await.unwrap().starts_with(&[0x1f, 0x8b]), "RFC 1952, 2.3.1");
    nobody.get("/docs/no-such-file").await.expect(404);
    nobody.get("/docs").await.expect(308);
    let document = nobody.get("/openapi.json").await.expect(200);
    assert_eq!(document.at("/openapi"), "3.1.0");
}

/// At the finest level, as JSON: every line is an object, and no secret is in any.
#[tokio::test]
async fn logs_are_json_if_asked_for_and_never_hold_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let address = crate::support::program::free_port();
    let mut command = titan(folder.path(), &["serve"]);
    command.env("MASTER_KEY", MASTER_KEY).env("TITAN_LISTEN", address.to_string()).stdout(Stdio::null());
    command.env("TITAN_LOG", "trace").env("TITAN_LOG_FORMAT", "json").stderr(Stdio::piped());
    command.env("TITAN_UPSTREAM", "http://127.0.0.1:1").env("TITAN_POLICY", "whatsapp");
    let mut child = command.spawn().unwrap();
    let mut errors = child.stderr.take().unwrap();
    let logged = std::thread::spawn(move || {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut errors, &mut text).map(|_| text)
    });
    let mut program = Program::of(child, address);
    program.wait_until_ready().await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    let made = program.master().post("/admin/keys", body).await.expect(201);
    let (id, key) = (made.text_at("/data/id"), made.text_at("/data/key"));
    program.role(&key).get("/api/account/keys").await.expect(200);
    program.role(&key).get("/api/sessions").await.expect(502);
    program.master().post("/auth/verify", json!({ "key": key })).await.expect(200);
    program.master().send("POST", &format!("/admin/keys/{id}/rotate"), None).await.expect(200);
    program.signal("TERM");
    program.wait();
    let logged = logged.join().unwrap().unwrap();
    assert!(logged.lines().count() > 20, "{logged}");
    for line in logged.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
    let seal = fs::read_to_string(folder.path().join("titan-data/titan.db.seal-key")).unwrap();
    for secret in [MASTER_KEY, &key, seal.trim()] {
        assert!(!logged.contains(secret), "a secret is in the log");
    }
}
