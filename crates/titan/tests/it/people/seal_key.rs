//! The seal key is replaced, and everybody signs in as before.

use super::second_factor::{code, enrolled, login};
use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::database::SEAL_KEY;
use crate::support::people::PASSWORD;
use crate::support::program::{run, stderr};
use serde_json::json;

const NEW: &str = "//////////////////////////////////////////8=";
const STATUS: &str = "/admin/seal-key";
const ROTATE: &str = "/admin/seal-key/rotate";

async fn on(url: &str, key: &str, previous: Option<&str>) -> TestApp {
    TestApp::with(|config| {
        config.database_url = url.to_owned();
        config.seal_key = Some(key.to_owned());
        config.seal_key_previous = previous.map(str::to_owned);
        config.upstreams[0].policy = vec!["tasks".to_owned()];
    })
    .await
}

/// What `titan serve` says with this key.
fn refusal(url: &str, key: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("TITAN_DATABASE_URL", url),
        ("TITAN_SEAL_KEY", key),
        ("MASTER_KEY", MASTER_KEY),
        ("TITAN_LISTEN", "127.0.0.1:0"),
    ];
    let output = run(folder.path(), &["serve"], &environment);
    assert!(!output.status.success());
    stderr(&output)
}

#[tokio::test]
async fn codes_and_keys_stay_good_when_the_seal_key_is_replaced() {
    let mut first = super::platform().await;
    let url = first.database_url.clone();
    let (_, secret, _) = enrolled(&first).await;
    let key = first.key(&["*"]).await;
    first.stop().await;

    let mut both = on(&url, NEW, Some(SEAL_KEY)).await;
    let status = both.master().get(STATUS).await.expect(200);
    let view = json!({
        "sealingKey": "previous", "hasPrevious": true, "isUnfinished": false,
        "sealedByCurrent": 0, "sealedByPrevious": 2,
    });
    assert_eq!(status.at("/data"), view);
    let done = both.master().send("POST", ROTATE, None).await.expect(200);
    assert_eq!(done.at("/data"), json!({ "signingKeys": 1, "secondFactors": 1 }));
    let again = both.master().send("POST", ROTATE, None).await.expect(200);
    assert_eq!(again.at("/data"), json!({ "signingKeys": 0, "secondFactors": 0 }));
    let status = both.master().get(STATUS).await.expect(200);
    assert_eq!(
        (status.at("/data/sealingKey"), status.at("/data/sealedByCurrent")),
        (json!("current"), json!(2))
    );
    for (action, detail) in
        [("seal_key.rotate", json!({})), ("seal_key.reseal", json!({ "signingKeys": 1, "secondFactors": 1 }))]
    {
        let audit = both.master().get(&format!("/admin/audit?action={action}")).await.expect(200);
        assert_eq!(audit.at("/data").as_array().unwrap().len(), 1, "{audit:?}");
        assert_eq!((audit.at("/data/0/actor"), audit.at("/data/0/detail")), (json!("master"), detail));
    }
    both.stop().await;

    let text = refusal(&url, SEAL_KEY);
    assert!(text.contains("the seal key does not belong to this database"), "{text}");
    assert!(!text.contains(SEAL_KEY) && !text.contains(NEW), "{text}");
    let new = on(&url, NEW, None).await;
    new.clock.advance(60);
    assert_eq!(new.code(&key).await, "VALID");
    login(&new, PASSWORD, None).await.expect(401);
    let right = code(&new, &secret, 0);
    login(&new, PASSWORD, Some(&right)).await.expect(200);
}

#[tokio::test]
async fn without_a_previous_key_there_is_nothing_to_rotate() {
    let app = TestApp::start().await;
    let answer = app.master().send("POST", ROTATE, None).await.expect(409);
    assert!(answer.text.contains("give every instance the new key as seal_key"), "{answer:?}");
    let status = app.master().get(STATUS).await.expect(200);
    assert_eq!(
        (status.at("/data/sealingKey"), status.at("/data/hasPrevious")),
        (json!("current"), json!(false))
    );
}
