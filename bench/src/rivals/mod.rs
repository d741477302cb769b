//! Other ways to check an API key, each as its library's pages show it.

mod jwt;
mod opaque;
mod password;
mod sqlite;

pub use jwt::Jwt;
pub use opaque::Index;
pub use password::Password;
pub use sqlite::Table;
