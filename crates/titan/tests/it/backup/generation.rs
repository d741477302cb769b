//! An instance that still runs when its PostgreSQL database is replaced by a restored one.

use crate::support::TestApp;
use crate::support::app::MadeKey;
use crate::support::database::{new_postgres, psql};
use serde_json::json;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// What a restore leaves: a database that does not know the key, and whose revisions are beyond those that were applied.
fn forget_opaque_keys(url: &str, revision: u64) {
    let sql = format!("DELETE FROM change WHERE kind = 5; UPDATE revision_head SET revision = {revision}");
    psql(url, &sql);
}

/// The first three times, an instance cannot leave. Then it takes longer than the next grant needs to be asked for.
const LEAVES_LATE: &str = "\
    CREATE SEQUENCE leaves; \
    CREATE FUNCTION leaves_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
        IF nextval('leaves') <= 3 THEN RAISE EXCEPTION 'not now'; END IF; \
        PERFORM pg_sleep(1.5); \
        RETURN OLD; \
    END $$; \
    CREATE TRIGGER leaves_late BEFORE DELETE ON instance FOR EACH ROW EXECUTE FUNCTION leaves_late()";

/// Otherwise, a change would be in force when it is not, because of what this instance had applied of the old database.
#[tokio::test]
async fn the_row_of_an_instance_says_what_it_has_applied_of_the_copy() {
    let url = new_postgres();
    let app = TestApp::with(|config| config.database_url.clone_from(&url)).await;
    for _ in 0..3 {
        let made = app.key(&["sessions:read"]).await;
        app.master().delete(&format!("/admin/keys/{}", made.id)).await.expect(204);
    }
    let copy = "CREATE TABLE copied AS TABLE change; CREATE TABLE copied_head AS TABLE revision_head";
    psql(&url, copy);
    let copied = psql(&url, "SELECT revision FROM copied_head");
    for _ in 0..3 {
        let made = app.key(&["sessions:read"]).await;
        app.master().delete(&format!("/admin/keys/{}", made.id)).await.expect(204);
    }
    assert_ne!(psql(&url, "SELECT applied FROM instance"), copied);
    psql(&url, LEAVES_LATE);
    psql(
        &url,
        "BEGIN; DELETE FROM change; INSERT INTO change SELECT * FROM copied; \
         UPDATE revision_head SET revision = (SELECT revision FROM copied_head); COMMIT",
    );
    let began = Instant::now();
    while psql(&url, "SELECT applied FROM instance") != copied || !has_left_late(&url) {
        assert!(began.elapsed() < PATIENCE, "{}", psql(&url, "SELECT applied FROM instance"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let made = app.key(&["sessions:read"]).await;
    assert_eq!(app.code(&made).await, "VALID");
}

fn has_left_late(url: &str) -> bool {
    psql(url, "SELECT last_value > 3 FROM leaves") == "t"
}

#[tokio::test]
async fn an_instance_that_runs_on_forgets_what_the_restored_database_does_not_know() {
    let url = new_postgres();
    let app = TestApp::with(|config| config.database_url.clone_from(&url)).await;
    let ada = app.person("ada@example.com", "owner").await;
    let answer = app.as_person(&ada).post("/api/api-keys", json!({ "name": "opaque" })).await.expect(200);
    let key = MadeKey { id: answer.text_at("/data/id"), text: answer.text_at("/data/key") };
    assert_eq!(app.code(&key).await, "VALID");
    let before = app.master().get("/admin/revisions/1").await.expect(200);
    assert_eq!(before.at("/data/inForce"), json!(true));

    forget_opaque_keys(&url, (1 << 40) + 3);
    let began = Instant::now();
    loop {
        let answer = app.master().post("/auth/verify", json!({ "key": key.text })).await;
        // It has no lease for a moment, and looks the key up.
        if answer.status == 200 && answer.text_at("/data/code") == "INVALID" {
            break;
        }
        assert!(began.elapsed() < PATIENCE, "the instance decides with what it knew before");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Nobody knows what became of a change of the old database.
    let of_before = app.master().get("/admin/revisions/1").await.expect(200);
    assert_eq!(of_before.at("/data/inForce"), json!(false));
    // And it goes on.
    let made = app.key(&["sessions:read"]).await;
    assert_eq!(app.code(&made).await, "VALID");
    app.master().delete(&format!("/admin/keys/{}", made.id)).await.expect(204);
    assert_eq!(app.code(&made).await, "REVOKED");
}
