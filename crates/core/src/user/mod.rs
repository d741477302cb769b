//! Users: the people who sign in, by e-mail address, password and second factor.

mod blocklist;
mod email;
mod hash;
mod password;
mod recovery;
pub mod throttle;
mod totp;

pub use email::Email;
pub use hash::{ApprovedPassword, PasswordHash};
pub use password::{Factors, PlainPassword};
pub use recovery::{RecoveryCode, RecoveryHash};
pub use totp::TotpSecret;
