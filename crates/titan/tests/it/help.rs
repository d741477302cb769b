//! Help, completions and manual pages, all from the definitions of the commands.

use crate::support::program::run;
use clap::{Command, CommandFactory};
use std::fs;
use std::path::Path;
use titan::command::Titan;

/// The names of all commands with those below them: `titan`, `titan keys`, `titan keys list` …
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &Command, above: &[String], found: &mut Vec<Vec<String>>) {
        let path = [above, &[command.get_name().to_owned()]].concat();
        command.get_subcommands().for_each(|below| walk(below, &path, found));
        found.push(path);
    }
    let mut found = Vec::new();
    walk(&Titan::command(), &[], &mut found);
    found
}

fn stdout(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments, &[]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn completions_know_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(folder.path(), &["completions", shell]);
        for command in commands() {
            assert!(script.contains(command.last().unwrap()), "{shell}: {command:?}");
        }
        assert!(script.contains("--key-only") || script.contains("key-only"), "{shell}: options, too");
    }
}

/// Bash reads the script, and completes a command with it.
#[test]
fn bash_completes_a_command() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("titan.bash"), stdout(folder.path(), &["completions", "bash"])).unwrap();
    let checked = std::process::Command::new("bash").args(["-n", "titan.bash"]).current_dir(&folder).status();
    assert!(checked.unwrap().success());
    let ask = "source titan.bash; COMP_WORDS=(titan keys ro); COMP_CWORD=2; _titan titan ro keys; echo ${COMPREPLY[@]}";
    let output = std::process::Command::new("bash").args(["-c", ask]).current_dir(&folder).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "rotate", "{output:?}");
}

#[test]
fn the_manual_names_every_command_and_each_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let main = stdout(folder.path(), &["man"]);
    assert!(main.contains(".TH titan 1"), "{main}");
    stdout(folder.path(), &["man", "--dir", "man/man1"]);
    for command in commands() {
        let page = format!("man/man1/{}.1", command.join("-"));
        let text = fs::read_to_string(folder.path().join(&page)).unwrap();
        assert!(text.contains(".SH NAME") && text.lines().count() > 10, "{page}");
        if let [_, name] = command.as_slice() {
            assert!(main.contains(&format!("titan\\-{}(1)", name.replace('-', "\\-"))), "{name}");
        }
    }
    let list = fs::read_to_string(folder.path().join("man/man1/titan-keys-list.1")).unwrap();
    assert!(list.contains("TITAN_URL"), "variables are in the manual: {list}");
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let output = run(folder.path(), &["man", "--dir", "file/man1"], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("file/man1: "), "{output:?}");
}

/// A help text is a short line in one form: it begins with a capital letter, and has no full stop at its end.
#[test]
fn every_command_and_option_has_a_short_help_text() {
    fn check(command: &Command) {
        let options = command.get_arguments().map(|option| (option.get_id().as_str(), option.get_help()));
        let texts = options.chain([(command.get_name(), command.get_about())]);
        for (name, text) in texts.filter(|(name, _)| *name != "titan") {
            let text = text.unwrap_or_else(|| panic!("{} {name}: no help", command.get_name())).to_string();
            assert!(text.len() <= 110 && !text.ends_with('.'), "{name}: {text}");
            assert!(text.starts_with(|c: char| c.is_uppercase()), "{name}: {text}");
        }
        command.get_subcommands().for_each(check);
    }
    check(&Titan::command());
}
