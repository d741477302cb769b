//! What `titan serve --dev` prints: one screen with what runs, and what to paste next.

use super::dev::{Dev, MasterKey};
use crate::command::client::DEFAULT_URL;
use anyhow::Result;
use std::env::{current_dir, current_exe, split_paths, var_os};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

/// Titan cannot know the CA of its certificate, or for which of its names this machine has an address.
const TRUST: &str = "
# TLS: put a name of the certificate in place of the address. If this machine does not trust the CA:
# export TITAN_CA_FILE=ca.pem CURL_CA_BUNDLE=ca.pem";

/// Where Titan listens.
pub(super) struct Ports {
    pub(super) public: SocketAddr,
    /// The address of `admin_listen`, if there is one.
    pub(super) control: Option<SocketAddr>,
    pub(super) has_tls: bool,
    /// Whether there is a console.
    pub(super) has_console: bool,
}

impl Ports {
    /// Where this machine reaches an address on which Titan listens.
    fn url(&self, mut address: SocketAddr) -> String {
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        let scheme = if self.has_tls { "https" } else { "http" };
        format!("{scheme}://{address}")
    }
}

/// The whole screen. `ci/tour` runs the lines between "Paste" and "Ctrl-C", and the README shows them.
pub(super) fn screen(ports: &Ports, dev: &Dev) -> Result<String> {
    let (api, control) = (ports.url(ports.public), ports.url(ports.control.unwrap_or(ports.public)));
    let mut setup = setup(&control, dev)?;
    if ports.has_tls {
        setup += TRUST;
    }
    let (guarded, tour) = match dev.demo {
        Some(_) => ("a small demo API", tour(&api)),
        None => ("your API", "titan keys list\n".to_owned()),
    };
    let key = master_key(dev);
    // By its name: browsers keep the cookie there without TLS, too.
    let console = control.replace("127.0.0.1", "localhost");
    let console =
        if ports.has_console { format!("Console:      {console}/console\n") } else { String::new() };
    Ok(format!(
        "
Titan listens on {api} and guards {guarded}.
API explorer: {control}/docs
{console}{key}

Paste this into a second terminal, in the same folder:

{setup}
{tour}
Ctrl-C stops Titan.
"
    ))
}

fn master_key(dev: &Dev) -> String {
    let file = dev.master_key_file.display();
    match &dev.master_key {
        MasterKey::File => format!("Master key:   in {file}"),
        MasterKey::Made(key) => format!("Master key:   {key} (shown this once, kept in {file})"),
        MasterKey::Value => "Master key:   the one in your configuration".to_owned(),
    }
}

/// What the commands of the tour need: this program on the path, the master key, and the address if it is not the
/// usual one.
fn setup(control: &str, dev: &Dev) -> Result<String> {
    let mut line = "export".to_owned();
    if let Some(folder) = current_exe()?.parent().filter(|folder| !is_on_path(folder)) {
        line += &format!(r#" PATH="{}:$PATH""#, from_here(folder)?);
    }
    if control != DEFAULT_URL {
        line += &format!(" TITAN_URL={control}");
    }
    line += &match dev.master_key {
        MasterKey::Value => " MASTER_KEY='put yours here'".to_owned(),
        _ => format!(" MASTER_KEY_FILE={}", dev.master_key_file.display()),
    };
    Ok(line)
}

fn is_on_path(folder: &Path) -> bool {
    var_os("PATH").is_some_and(|path| split_paths(&path).any(|entry| entry == folder))
}

/// A folder as short as a shell in the current folder understands it.
fn from_here(folder: &Path) -> Result<String> {
    Ok(match folder.strip_prefix(current_dir()?) {
        Ok(below) => format!("$PWD/{}", below.display()),
        Err(_) => folder.display().to_string(),
    })
}

fn tour(api: &str) -> String {
    format!(
        r#"# 1. Create a key that may read sessions.
KEY=$(titan keys create --label tour --days 1 --scope sessions:read --key-only); echo $KEY
# 2. Call the API with it. It may read sessions, but not create one.
curl -H "X-API-Key: $KEY" {api}/api/sessions; echo
curl -H "X-API-Key: $KEY" -X POST {api}/api/sessions; echo
# 3. Replace it with a new one. From now on Titan refuses the old key.
echo $KEY | titan keys rotate - --key-only
curl -H "X-API-Key: $KEY" {api}/api/sessions; echo
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn dev(master_key: MasterKey) -> Dev {
        let demo = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
        Dev { master_key, master_key_file: PathBuf::from("titan-data/master-key"), seal_key_file: None, demo }
    }

    fn usual(dev: &Dev) -> String {
        screen(
            &Ports {
                public: ([127, 0, 0, 1], 8080).into(),
                control: None,
                has_tls: false,
                has_console: true,
            },
            dev,
        )
        .unwrap()
    }

    fn tour_of(screen: &str) -> Vec<&str> {
        let tour = screen.lines().skip_while(|line| !line.starts_with("Paste this")).skip(1);
        tour.take_while(|line| !line.starts_with("Ctrl-C")).filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn it_fits_on_one_screen_and_the_tour_has_at_most_fifteen_lines() {
        let screen = usual(&dev(MasterKey::Made("m".repeat(43))));
        assert!(screen.lines().count() <= 24, "{screen}");
        assert!((5..=15).contains(&tour_of(&screen).len()), "{screen}");
        assert!(screen.lines().all(|line| line.len() <= 110), "{screen}");
    }

    #[test]
    fn the_master_key_is_there_once_when_it_is_made_and_never_again() {
        assert_eq!(usual(&dev(MasterKey::Made("secret".to_owned()))).matches("secret").count(), 1);
        let again = usual(&dev(MasterKey::File));
        assert!(again.contains("Master key:   in titan-data/master-key"), "{again}");
        let own = usual(&dev(MasterKey::Value));
        assert!(own.contains("MASTER_KEY='put yours here'") && !own.contains("titan-data"), "{own}");
    }

    #[test]
    fn the_commands_ask_the_port_of_the_control_plane() {
        let (public, control) = (([0, 0, 0, 0], 80).into(), Some(([127, 0, 0, 1], 9090).into()));
        let screen =
            screen(&Ports { public, control, has_tls: false, has_console: true }, &dev(MasterKey::File))
                .unwrap();
        assert!(screen.contains(" TITAN_URL=http://127.0.0.1:9090 "), "{screen}");
        assert!(screen.contains("http://127.0.0.1:9090/docs"), "{screen}");
        assert!(screen.contains("http://127.0.0.1:80/api/sessions"), "{screen}");
        assert!(!usual(&dev(MasterKey::File)).contains("TITAN_URL"));
    }

    #[test]
    fn with_tls_every_address_is_https_and_the_screen_says_how_to_trust_it() {
        let ports =
            Ports { public: ([127, 0, 0, 1], 8080).into(), control: None, has_tls: true, has_console: true };
        let screen = screen(&ports, &dev(MasterKey::Made("m".repeat(43)))).unwrap();
        assert!(!screen.contains("http://"), "{screen}");
        assert!(screen.contains(" TITAN_URL=https://127.0.0.1:8080 "), "{screen}");
        assert!(screen.contains("TITAN_CA_FILE") && screen.lines().count() <= 24, "{screen}");
        assert!(TRUST.lines().all(|line| line.len() <= 110) && tour_of(&screen).len() <= 15, "{screen}");
    }

    #[test]
    fn an_api_of_ones_own_gets_no_tour_of_the_demo() {
        let screen = usual(&Dev { demo: None, ..dev(MasterKey::File) });
        assert!(screen.contains("guards your API") && !screen.contains("sessions"), "{screen}");
    }
}
