//! "Did you mean …?": the known name that is nearest to an unknown one.

/// Names are short. A longer text is no slip of the finger, and to compare it would cost time.
const LONGEST: usize = 64;
/// More slips than this make another word.
const MOST_SLIPS: usize = 3;

/// What a name and its short form must share.
const SHORTEST_STEM: usize = 4;

/// The known name that `word` most likely stands for: one that differs by a few slips, or else one that goes on where
/// `word` ends, or ends where `word` goes on. Case does not count.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = word.to_ascii_lowercase();
    by_slips(&word, known.clone()).or_else(|| by_stem(&word, known))
}

/// At most one slip in three letters (a letter more, less, other, or two exchanged), and at most three.
fn by_slips<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).clamp(1, MOST_SLIPS);
    let near = known.into_iter().filter(|name| name.len().abs_diff(word.len()) <= MOST_SLIPS);
    let near = near.map(|name| (strsim::osa_distance(word, &name.to_ascii_lowercase()), name));
    near.filter(|(slips, _)| *slips <= limit).min_by_key(|(slips, _)| *slips).map(|(_, name)| name)
}

fn by_stem<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let is_stem = |stem: &str, whole: &str| stem.len() >= SHORTEST_STEM && whole.starts_with(stem);
    let related = known.into_iter().filter(|name| {
        let name = name.to_ascii_lowercase();
        is_stem(word, &name) || is_stem(&name, word)
    });
    related.min_by_key(|name| name.len().abs_diff(word.len()))
}

/// The end of an error about an unknown name: `; did you mean NAME?`, or nothing.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    nearest(word, known).map_or(String::new(), |name| format!("; did you mean {name}?"))
}

/// A message of serde about an unknown field or variant, with the nearest known name in place of all known names.
///
/// Serde gives the names only as text: "unknown field `a`, expected one of `b`, `c`".
pub fn explain(message: &str) -> String {
    let is_about_a_name = message.starts_with("unknown field") || message.starts_with("unknown variant");
    let Some((head, list)) = message.split_once(", expected ").filter(|_| is_about_a_name) else {
        return message.to_owned();
    };
    let word = quoted(head).next().unwrap_or_default();
    match nearest(word, quoted(list)) {
        Some(name) => format!("{head}; did you mean {name}?"),
        None => message.to_owned(),
    }
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCOPES: [&str; 4] = ["sessions:read", "sessions:manage", "messages:write", "media:read"];

    #[test]
    fn slips_find_the_name() {
        for word in ["sesions:read", "sessions:raed", "session:read", "Sessions:Read", "sessions.read"] {
            assert_eq!(nearest(word, SCOPES), Some("sessions:read"), "{word}");
        }
        assert_eq!(nearest("whatsap", ["whatsapp"]), Some("whatsapp"));
    }

    #[test]
    fn the_nearest_of_several_is_named() {
        assert_eq!(nearest("medai:read", ["media:reads", "media:read"]), Some("media:read"));
        assert_eq!(nearest("b", ["a", "ab"]), Some("a"));
    }

    #[test]
    fn short_and_long_forms_find_the_name() {
        let names = ["MASTER_KEY_PREVIOUS", "MASTER_KEY_PREVIOUS_FILE", "TITAN_LISTEN"];
        assert_eq!(nearest("MASTER_KEY_PREV", names), Some("MASTER_KEY_PREVIOUS"));
        assert_eq!(nearest("TITAN_LISTEN_ADDRESS", names), Some("TITAN_LISTEN"));
        assert_eq!(nearest("ses", SCOPES), None, "three letters are not enough");
    }

    #[test]
    fn another_word_finds_nothing() {
        for word in ["", "no:such", "sessions:write", "orders:read", "*"] {
            assert_eq!(nearest(word, SCOPES), None, "{word}");
        }
    }

    /// A caller chooses the text: its length must not choose how long the answer takes.
    #[test]
    fn long_texts_are_not_compared() {
        let name = "x".repeat(LONGEST + 1);
        assert_eq!(nearest(&name, [name.as_str()]), None);
        let name = "x".repeat(LONGEST);
        assert_eq!(nearest(&name, [name.as_str()]), Some(name.as_str()));
    }

    #[test]
    fn messages_of_serde_name_the_nearest_and_otherwise_all() {
        let near = "unknown field `lisen`, expected one of `listen`, `log`";
        assert_eq!(explain(near), "unknown field `lisen`; did you mean listen?");
        let variant = "unknown variant `jsn`, expected `json` or `text`";
        assert_eq!(explain(variant), "unknown variant `jsn`; did you mean json?");
        for other in [
            "unknown field `x`, expected `label` or `days`",
            "unknown field `x`, there are no fields",
            "invalid type: integer `1`, expected a string",
            "unknown field `a`b`, expected `label`",
        ] {
            assert_eq!(explain(other), other);
        }
    }
}
