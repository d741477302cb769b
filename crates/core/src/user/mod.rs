//! Users: the people who sign in, by e-mail address, password and second factor.

mod email;

pub use email::Email;
