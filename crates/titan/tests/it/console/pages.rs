//! Every page against every principal. The table is held against the source: a route without a row fails.

use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::browser::Browser;
use crate::support::people::PASSWORD;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// For whom a page is.
#[derive(Clone, Copy, PartialEq)]
enum For {
    /// Whoever has signed in.
    Anybody,
    /// The holder of the master key.
    Master,
    /// Whoever has not signed in yet.
    Nobody,
    /// A user.
    User,
}

use For::{Anybody, Master, Nobody, User};

/// `G` is a page, `P` a form.
const TABLE: &[(&str, &str, For)] = &[
    ("G", "/", Anybody),
    ("G", "/account", User),
    ("P", "/account/password", User),
    ("G", "/account/second-factor", User),
    ("P", "/account/second-factor", User),
    ("G", "/account/second-factor/confirm", User),
    ("P", "/account/second-factor/confirm", User),
    ("G", "/account/second-factor/remove", User),
    ("P", "/account/second-factor/remove", User),
    ("P", "/account/sessions/end-others", User),
    ("P", "/account/sessions/{id}/end", User),
    ("G", "/audit", Master),
    ("G", "/audit/verify", Master),
    ("P", "/audit/verify", Master),
    ("G", "/client-rules", Master),
    ("P", "/client-rules", Master),
    ("G", "/client-rules/delete", Master),
    ("P", "/client-rules/delete", Master),
    ("G", "/instances", Master),
    ("G", "/keys", Master),
    ("P", "/keys", Master),
    ("G", "/keys/new", Master),
    ("G", "/keys/{key}", Master),
    ("P", "/keys/{key}/disable", Master),
    ("G", "/keys/{key}/edit", Master),
    ("P", "/keys/{key}/edit", Master),
    ("P", "/keys/{key}/enable", Master),
    ("G", "/keys/{key}/revoke", Master),
    ("P", "/keys/{key}/revoke", Master),
    ("G", "/keys/{key}/rotate", Master),
    ("P", "/keys/{key}/rotate", Master),
    ("G", "/license", Master),
    ("P", "/license/release", Master),
    ("G", "/members", User),
    ("P", "/members/invitations", User),
    ("P", "/members/invitations/{invitation}/withdraw", User),
    ("P", "/members/{user}", User),
    ("G", "/members/{user}/remove", User),
    ("P", "/members/{user}/remove", User),
    ("G", "/my-keys", User),
    ("P", "/my-keys", User),
    ("G", "/my-keys/new", User),
    ("G", "/my-keys/{own}/delete", User),
    ("P", "/my-keys/{own}/delete", User),
    ("G", "/my-keys/{own}/rotate", User),
    ("P", "/my-keys/{own}/rotate", User),
    ("G", "/people", Master),
    ("P", "/people", Master),
    ("G", "/people/new", Master),
    ("G", "/people/{user}", Master),
    ("P", "/people/{user}/disable", Master),
    ("P", "/people/{user}/enable", Master),
    ("P", "/people/{user}/members", Master),
    ("P", "/people/{user}/members/{tenant}", Master),
    ("G", "/people/{user}/members/{tenant}/remove", Master),
    ("P", "/people/{user}/members/{tenant}/remove", Master),
    ("G", "/people/{user}/password", Master),
    ("P", "/people/{user}/password", Master),
    ("G", "/policies", Master),
    ("G", "/receipts/{revision}", Anybody),
    ("G", "/settings", Master),
    ("P", "/settings", Master),
    ("P", "/settings/debug", Master),
    ("G", "/sign-in", Nobody),
    ("P", "/sign-in", Nobody),
    ("P", "/sign-out", Anybody),
    ("G", "/signing-keys", Master),
    ("G", "/signing-keys/rotate", Master),
    ("P", "/signing-keys/rotate", Master),
    ("G", "/signing-keys/{slot}/retire", Master),
    ("P", "/signing-keys/{slot}/retire", Master),
    ("G", "/tenants", Master),
    ("P", "/tenants", Master),
    ("G", "/tenants/{tenant}", Master),
    ("P", "/tenants/{tenant}", Master),
    ("P", "/tenants/{tenant}/disable", Master),
    ("P", "/tenants/{tenant}/enable", Master),
    ("G", "/tenants/{tenant}/revoke", Master),
    ("P", "/tenants/{tenant}/revoke", Master),
];

/// Fields with which every form is complete, and its sender has proved who it is: what refuses it then is the permit.
const COMPLETE: [(&str, &str); 29] = [
    ("password", PASSWORD),
    ("master_key", MASTER_KEY),
    ("current_password", PASSWORD),
    ("new_password", "another quite long one"),
    ("code", "000000"),
    ("email", "bob@example.com"),
    ("name", "x"),
    ("label", "x"),
    ("shown_label", "y"),
    ("role", "member"),
    ("tenant_id", "1"),
    ("tenant", "1"),
    ("session", "default"),
    ("request", "x"),
    ("scopes", "billing:read"),
    ("lifetime_days", "7"),
    ("expires_in_days", "7"),
    ("environment", "live"),
    ("overlap_seconds", "3600"),
    ("rate_limit", "5"),
    ("shown_rate_limit", "0"),
    ("msg_rate_limit", "5"),
    ("shown_msg_rate_limit", "0"),
    ("max_daily", "0"),
    ("recipient_mode", "any"),
    ("log_level", "warn"),
    ("enabled", "true"),
    ("mode", "on"),
    ("signer", "0"),
];

/// Pages that are 404 as long as there is nothing to see.
const EMPTY: [&str; 3] =
    ["/account/second-factor/confirm", "/account/second-factor/remove", "/client-rules/delete"];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// The routes that the source registers.
fn registered() -> BTreeSet<(&'static str, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../console/src");
    let mut files = Vec::new();
    sources(&folder, &mut files);
    let mut routes = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).unwrap();
        for part in text.split(".route(").skip(1) {
            let call = part.split([';', '\n']).next().unwrap().split(".route(").next().unwrap();
            let Some(path) = call.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            for (method, name) in [("G", "get("), ("P", "post(")] {
                if call.contains(name) && path != "/console/" {
                    routes.insert((method, shape(path)));
                }
            }
        }
    }
    routes
}

#[test]
fn every_route_has_a_row() {
    let rows: BTreeSet<_> = TABLE.iter().map(|(method, path, _)| (*method, shape(path))).collect();
    assert_eq!(rows, registered());
}

/// Everything that paths name.
struct World {
    app: TestApp,
    names: Vec<(&'static str, String)>,
}

impl World {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let ada = app.person("ada@example.com", "owner").await;
        let key = app.key(&["sessions:read"]).await;
        let body = serde_json::json!({ "name": "x", "scopes": ["billing:read"] });
        let own = app.as_person(&ada).post("/api/v1/api-keys", body).await.expect(201).text_at("/id");
        let body = serde_json::json!({ "email": "eve@example.com", "role": "member" });
        let answer = app.master().post("/admin/tenants/1/invitations", body).await.expect(201);
        let invitation = answer.text_at("/data/id");
        let names = vec![
            ("{key}", key.id),
            ("{own}", own),
            ("{user}", ada.id),
            ("{id}", ada.session),
            ("{invitation}", invitation),
            ("{tenant}", "1".to_owned()),
            ("{slot}", "0".to_owned()),
            ("{revision}", "1".to_owned()),
        ];
        Self { app, names }
    }

    fn path(&self, path: &str) -> String {
        let named = self.names.iter().fold(path.to_owned(), |path, (name, value)| path.replace(name, value));
        // Which rules, stands in the query.
        let query = if path == "/client-rules/delete" { "?tenant_id=1&session=default" } else { "" };
        format!("/console{}{query}", named.trim_end_matches('/'))
    }
}

/// The pages of a principal are shown, and no others.
#[tokio::test]
async fn every_page_is_shown_to_whom_it_is_for() {
    let world = World::start().await;
    let (mut master, mut user) = (world.app.master_browser().await, world.app.browser());
    user.sign_in("ada@example.com").await.expect(303);
    for (_, path, whose) in TABLE.iter().filter(|(method, ..)| *method == "G") {
        let url = world.path(path);
        let nobody = world.app.browser().get(&url).await.status;
        let [by_master, by_user] = [master.get(&url).await.status, user.get(&url).await.status];
        let seen = |status: u16| status == 200 || (EMPTY.contains(path) && [303, 404].contains(&status));
        let (sees_master, sees_user) = match whose {
            Anybody | Nobody => (by_master < 400, by_user < 400),
            Master => (seen(by_master), by_user == 403),
            User => (by_master == 403, seen(by_user)),
        };
        assert!(sees_master && sees_user, "{path}: master {by_master}, user {by_user}");
        assert_eq!(nobody, if *whose == Nobody { 200 } else { 303 }, "{path}");
    }
}

/// No form is taken from nobody, from another site, without its token, or for what is not the sender's: 403, as complete as it may be.
#[tokio::test]
async fn every_form_passes_the_guard() {
    let world = World::start().await;
    let (mut master, mut user) = (world.app.master_browser().await, world.app.browser());
    user.sign_in("ada@example.com").await.expect(303);
    user.get("/console/my-keys").await.expect(200);
    for (_, path, whose) in TABLE.iter().filter(|(method, ..)| *method == "P") {
        if *whose == Nobody {
            continue;
        }
        let url = world.path(path);
        // Who has no session has signed out already.
        let by_nobody = if *path == "/sign-out" { 303 } else { 401 };
        assert_eq!(world.app.browser().post(&url, &[]).await.status, by_nobody, "{path} by nobody");
        for browser in [&master, &user] {
            assert_eq!(from_elsewhere(browser, &url).await, 403, "{path} of another site");
            let mut stranger = browser.clone();
            "x".clone_into(&mut stranger.csrf);
            assert_eq!(stranger.post(&url, &[]).await.status, 403, "{path} without its token");
        }
        let wrong = match whose {
            Master => Some(&mut user),
            User => Some(&mut master),
            Anybody | Nobody => None,
        };
        if let Some(browser) = wrong {
            assert_eq!(browser.post(&url, &COMPLETE).await.status, 403, "{path} by the wrong one");
        }
    }
    // Nothing of it has changed anything.
    master.get(&world.path("/keys/{key}/edit")).await.expect(200);
    user.get(&world.path("/my-keys/{own}/delete")).await.expect(200);
}

async fn from_elsewhere(browser: &Browser, url: &str) -> u16 {
    let request = browser.request("POST", url).header("sec-fetch-site", "cross-site");
    let request = request.form(&[("csrf", browser.csrf.as_str())]);
    request.send().await.unwrap().status().as_u16()
}
