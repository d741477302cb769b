//! Passwords that an attacker tries first. `blocklist.md` says where the list comes from.

/// Sorted lines in lower case, each with its line feed.
const PASSWORDS: &[u8] = include_bytes!("blocklist.txt");

/// Whether the list has this password, which must be in lower case. A binary search over the text: no table is built at
/// the start, and nothing is allocated.
pub(super) fn contains(password: &str) -> bool {
    let (mut from, mut to) = (0, PASSWORDS.len());
    while from < to {
        let (start, end) = line_at(from + (to - from) / 2);
        match PASSWORDS[start..end].cmp(password.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    false
}

/// Where the line with this byte begins, and where its line feed is.
fn line_at(byte: usize) -> (usize, usize) {
    let is_end = |c: &u8| *c == b'\n';
    let start = PASSWORDS[..byte].iter().rposition(is_end).map_or(0, |end| end + 1);
    let end = PASSWORDS[byte..].iter().position(is_end).map_or(PASSWORDS.len(), |length| byte + length);
    (start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<&'static str> {
        str::from_utf8(PASSWORDS).unwrap().lines().collect()
    }

    #[test]
    fn the_file_is_what_the_search_needs() {
        let lines = lines();
        assert!(lines.is_sorted_by(|a, b| a < b), "sorted, none twice");
        assert!(lines.iter().all(|line| line.len() >= 8 && line.bytes().all(|c| c.is_ascii_graphic())));
        assert!(lines.iter().all(|line| !line.bytes().any(|c| c.is_ascii_uppercase())));
        assert!(PASSWORDS.ends_with(b"\n"));
        assert!((10_000..50_000).contains(&lines.len()) && PASSWORDS.len() < 400_000, "{}", lines.len());
    }

    #[test]
    fn each_line_is_found_and_nothing_beside_it() {
        for line in lines() {
            assert!(contains(line), "{line}");
            assert!(!contains(&format!("{line}\n")) && !contains(&format!("{line}\u{0}")), "{line}");
        }
        for other in ["", "\n", "a", "zzzzzzzzzzzzzzzz", "~~~~~~~~~", "passwor", "Password", "пароль123"]
        {
            assert!(!contains(other), "{other}");
        }
    }
}
