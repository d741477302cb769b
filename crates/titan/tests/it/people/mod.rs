//! Users, sessions and their tokens.

mod confusion;
mod forgery;
mod invitations;
mod keys;
mod members;
mod password;
mod seal_key;
pub(crate) mod second_factor;
mod sessions;
mod throttle;
mod users;

use crate::support::TestApp;

/// A Titan in front of the platform's API.
async fn platform() -> TestApp {
    TestApp::with(|config| config.upstreams[0].policy = vec!["tasks".to_owned()]).await
}
