//! The seal key of the program: from a command, and replaced by `titan seal-key rotate`.

use crate::support::app::MASTER_KEY;
use crate::support::database::{SEAL_KEY, environment, is_postgres};
use crate::support::program::{EMBEDDED, Program, run, stderr};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use titan::system::{SystemClock, SystemEntropy};
use titan_core::time::Clock;
use titan_core::user::{Email, SecondFactor, User};
use titan_store::{Location, SealKey, connect};
use titan_token::{UserId, Uuid};

const NEW: &str = "//////////////////////////////////////////8=";

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn seal_key(folder: &Path, program: &Program, command: &str) -> Output {
    let url = format!("http://{}", program.address);
    run(folder, &["seal-key", command], &[("TITAN_URL", &url), ("MASTER_KEY", MASTER_KEY)])
}

/// The database of a folder, without the seal key that the tests use elsewhere.
fn database(folder: &Path) -> Vec<(&'static str, String)> {
    let mut environment = environment(folder);
    environment.retain(|(name, _)| *name != "TITAN_SEAL_KEY");
    environment.push(("TITAN_SEAL_KEY", String::new()));
    environment
}

async fn start(folder: &Path, options: &[(&str, &str)]) -> Program {
    let database = database(folder);
    let database = database.iter().map(|(name, value)| (*name, value.as_str()));
    let environment: Vec<_> = database.chain(options.iter().copied()).collect();
    Program::start(folder, &environment).await
}

#[tokio::test]
async fn a_key_that_commands_print_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "old", SEAL_KEY);
    write(folder.path(), "new", NEW);
    let mut program = start(folder.path(), &[("TITAN_SEAL_KEY_COMMAND", "cat old")]).await;
    let output = seal_key(folder.path(), &program, "rotate");
    assert!(!output.status.success() && stderr(&output).contains("there is no new seal key"), "{output:?}");
    program.signal("TERM");
    program.wait();

    let both = [("TITAN_SEAL_KEY_COMMAND", "cat new"), ("TITAN_SEAL_KEY_PREVIOUS_COMMAND", "cat  old ")];
    let mut program = start(folder.path(), &both).await;
    let text = |output: &Output| String::from_utf8(output.stdout.clone()).unwrap();
    let status = text(&seal_key(folder.path(), &program, "status"));
    assert!(
        status.contains("The previous key seals") && status.contains("titan seal-key rotate"),
        "{status}"
    );
    let done = text(&seal_key(folder.path(), &program, "rotate"));
    assert!(done.contains("Sealed anew: signing keys 1, second factors 0"), "{done}");
    let status = text(&seal_key(folder.path(), &program, "status"));
    assert!(
        status.contains("The current key seals") && status.contains("remove seal_key_previous"),
        "{status}"
    );
    program.signal("TERM");
    program.wait();
    start(folder.path(), &[("TITAN_SEAL_KEY_FILE", "new")]).await;
}

const PEOPLE: u64 = 6000;

/// Many people with a second factor, while no Titan runs.
async fn fill(folder: &Path) {
    let url = if is_postgres() {
        fs::read_to_string(folder.join("database-url")).unwrap()
    } else {
        format!("sqlite://{}", folder.join("titan-data/titan.db").display())
    };
    let (location, seal) = (Location::parse(&url).unwrap(), SealKey::from_base64(SEAL_KEY).unwrap());
    let entropy = Arc::new(SystemEntropy);
    let (store, _) =
        connect(&location, seal, &[], &SystemClock, Arc::<SystemEntropy>::clone(&entropy)).await.unwrap();
    let now = SystemClock.now();
    let mut tx = store.begin().await.unwrap();
    for n in 0..PEOPLE {
        let email = Email::parse(&format!("user{n}@example.com")).unwrap();
        let id = UserId::new(Uuid::from_bits(n.into()));
        tx.add_user(&User { id, email, is_active: true, created_at: now }).await.unwrap();
        tx.put_second_factor(id, &SecondFactor::begin(&*entropy, now)).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// The program is killed while it seals anew, and the next one goes on.
#[tokio::test]
async fn a_rotation_that_is_killed_in_the_middle_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = start(folder.path(), &[("TITAN_SEAL_KEY", SEAL_KEY)]).await;
    program.signal("TERM");
    program.wait();
    fill(folder.path()).await;
    let both = [("TITAN_SEAL_KEY", NEW), ("TITAN_SEAL_KEY_PREVIOUS", SEAL_KEY)];
    let mut program = start(folder.path(), &both).await;
    let rotation = tokio::spawn(program.master().request("POST", "/admin/seal-key/rotate").send());
    let status = async |program: &Program| program.master().get("/admin/seal-key").await.expect(200);
    while status(&program).await.at("/data/sealedByCurrent").as_u64() == Some(0) {}
    program.signal("KILL");
    program.wait();
    assert!(rotation.await.unwrap().is_err(), "it ended before it was killed");

    let program = start(folder.path(), &both).await;
    let view = status(&program).await;
    let count = |name: &str| view.at(name).as_u64().unwrap();
    let (current, previous) = (count("/data/sealedByCurrent"), count("/data/sealedByPrevious"));
    assert!(current > 0 && previous > 0 && current + previous == PEOPLE + 1, "{current}, {previous}");
    assert_eq!(view.at("/data/isUnfinished"), serde_json::json!(true));
    let done = program.master().send("POST", "/admin/seal-key/rotate", None).await.expect(200);
    assert_eq!(done.at("/data/secondFactors").as_u64().unwrap(), previous);
    let view = status(&program).await;
    assert_eq!(view.at("/data/sealedByCurrent").as_u64(), Some(PEOPLE + 1));
}

/// An embedded database has its key beside it. The old file becomes the previous key.
#[tokio::test]
async fn the_file_beside_the_database_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let beside = folder.path().join("titan-data/titan.db.seal-key");
    let mut program = Program::start(folder.path(), &[EMBEDDED]).await;
    program.signal("TERM");
    program.wait();
    fs::rename(&beside, folder.path().join("old")).unwrap();
    let output = run(folder.path(), &["serve"], &[EMBEDDED, ("MASTER_KEY", MASTER_KEY)]);
    assert!(stderr(&output).contains("is missing"), "{output:?}");
    write(folder.path(), "titan-data/titan.db.seal-key", NEW);
    std::process::Command::new("chmod").arg("600").arg(&beside).status().unwrap();
    let output = run(folder.path(), &["serve"], &[EMBEDDED, ("MASTER_KEY", MASTER_KEY)]);
    assert!(stderr(&output).contains("does not belong to this database"), "{output:?}");
    let both = [EMBEDDED, ("TITAN_SEAL_KEY_PREVIOUS_FILE", "old")];
    let mut program = Program::start(folder.path(), &both).await;
    assert!(seal_key(folder.path(), &program, "rotate").status.success());
    program.signal("TERM");
    program.wait();
    Program::start(folder.path(), &[EMBEDDED]).await;
}

#[test]
fn a_command_that_gives_no_key_ends_the_start_and_what_it_printed_is_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "bad", "hunter2");
    write(folder.path(), "empty", "");
    write(folder.path(), "fails.sh", &format!("echo {SEAL_KEY}; exit 7"));
    write(folder.path(), "spies.sh", "echo \"${MASTER_KEY}${TITAN_SEAL_KEY_PREVIOUS}\" > seen; exit 1");
    for (command, why) in [
        ("cat bad", "printed something else than a key"),
        ("cat empty", "printed no text"),
        ("sh fails.sh", "exit status: 7"),
        ("no-such-program", "cannot be run"),
        ("sh spies.sh", "exit status: 1"),
    ] {
        for serves in ["serve", "doctor"] {
            let environment = [
                EMBEDDED,
                ("MASTER_KEY", MASTER_KEY),
                ("TITAN_LISTEN", "127.0.0.1:0"),
                ("TITAN_SEAL_KEY_COMMAND", command),
                ("PATH", "/usr/bin:/bin"),
                ("TITAN_SEAL_KEY_PREVIOUS", NEW),
            ];
            let output = run(folder.path(), &[serves], &environment);
            let text = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
            assert!(!output.status.success() && text.contains("TITAN_SEAL_KEY_COMMAND"), "{text}");
            assert!(text.contains(why), "{text}");
            assert!(!text.contains("hunter2") && !text.contains(SEAL_KEY) && !text.contains(NEW), "{text}");
        }
    }
    assert_eq!(fs::read_to_string(folder.path().join("seen")).unwrap(), "\n", "it saw a secret of ours");
}

#[test]
fn sources_of_one_key_exclude_each_other() {
    let folder = tempfile::tempdir().unwrap();
    for (one, other) in [
        ("TITAN_SEAL_KEY", "TITAN_SEAL_KEY_COMMAND"),
        ("TITAN_SEAL_KEY_FILE", "TITAN_SEAL_KEY_COMMAND"),
        ("TITAN_SEAL_KEY_PREVIOUS", "TITAN_SEAL_KEY_PREVIOUS_FILE"),
        ("TITAN_SEAL_KEY_PREVIOUS_FILE", "TITAN_SEAL_KEY_PREVIOUS_COMMAND"),
    ] {
        let environment = [EMBEDDED, ("MASTER_KEY", MASTER_KEY), (one, SEAL_KEY), (other, SEAL_KEY)];
        let text = stderr(&run(folder.path(), &["serve"], &environment));
        assert!(
            text.contains("both set; set one") && text.contains(one) && !text.contains(SEAL_KEY),
            "{text}"
        );
    }
}
