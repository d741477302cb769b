//! Passwords: which are accepted.
//!
//! The rules are those of NIST SP 800-63B-4, 3.1.1.2: length counts, and what an attacker tries first is refused. Which
//! kinds of characters a password has does not matter.
//!
//! A password comes in as a [`PlainPassword`]. It can be hashed only once it is an [`ApprovedPassword`], and two doors
//! lead there: [`PlainPassword::approve`], the rules, and [`PasswordHash::verify`], the hash that is stored.
//!
//! [`PasswordHash::verify`]: super::PasswordHash::verify

use super::hash::ApprovedPassword;
use super::{Email, blocklist};
use crate::error::Error;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use zeroize::Zeroizing;

/// The most bytes of a password. At four bytes a character, that is four times the 64 characters that NIST wants
/// accepted, and nobody types more. The hash takes any length; the limit keeps normalising and searching short.
const MAX_BYTES: usize = 1024;
/// Fewer bytes than this, repeated, make no password: by themselves they are too short, with whatever factor.
const SHORTEST_UNIT: usize = 8;
/// What an attacker guesses wherever this program answers, besides the e-mail address.
const PRODUCT: &str = "titan";
/// Whoever follows one of these from character to character, forth or back, round its end, chose nothing.
const ROWS: [&str; 3] = ["0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm"];

/// What a sign-in asks for. It decides how long a password must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factors {
    /// The password alone.
    Password,
    /// The password and a second factor.
    PasswordAndSecond,
}

impl Factors {
    /// The fewest characters of a password (NIST SP 800-63B-4, 3.1.1.2).
    pub const fn shortest_password(self) -> usize {
        match self {
            Self::Password => 15,
            Self::PasswordAndSecond => 8,
        }
    }
}

/// A password as somebody typed it, in NFC (UAX #15): each keyboard gives the same bytes.
pub struct PlainPassword(Zeroizing<String>);

impl PlainPassword {
    /// Takes over what was typed: 400 if it is longer than any password can be.
    pub fn new(text: String) -> Result<Self, Error> {
        let text = nfc(text);
        if text.len() > MAX_BYTES {
            return Err(Error::invalid("password: must have at most 1024 bytes"));
        }
        Ok(Self(text))
    }

    /// The password, if the rules accept it for this person: 400 with the rule that refuses it.
    pub fn approve(self, factors: Factors, owner: &Email) -> Result<ApprovedPassword, Error> {
        self.check_length(factors)?;
        if self.0.chars().any(char::is_control) {
            return Err(Error::invalid(
                "password: must not contain control characters, such as a line break",
            ));
        }
        check_folded(&folded(&self.0), owner)?;
        Ok(ApprovedPassword::new(self))
    }

    /// Whether it is long enough where this is all that a sign-in asks for.
    pub(crate) fn is_long_enough(&self, factors: Factors) -> bool {
        self.check_length(factors).is_ok()
    }

    /// Its bytes, for the hash.
    pub(super) fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Each code point counts as one character (NIST SP 800-63B-4, 3.1.1.2).
    fn check_length(&self, factors: Factors) -> Result<(), Error> {
        let fewest = factors.shortest_password();
        if self.0.chars().count() < fewest {
            return Err(Error::invalid(format!(
                "password: must have at least {fewest} characters; several words in a row are easy to remember"
            )));
        }
        Ok(())
    }
}

fn check_folded(text: &str, owner: &Email) -> Result<(), Error> {
    if is_sequence(text) || unit(text).is_some_and(|unit| unit.len() < SHORTEST_UNIT) {
        return Err(Error::invalid("password: must not be a sequence, or the same few characters repeated"));
    }
    let email = owner.lookup_form();
    let names = [email.as_str(), &email[..owner.local_part().len()], PRODUCT];
    if stems(text).any(|stem| names.contains(&stem)) {
        return Err(Error::invalid(
            "password: must not be your e-mail address or the name of this service; choose something unrelated",
        ));
    }
    if stems(text).any(blocklist::contains) {
        return Err(Error::invalid(
            "password: is one that many people use, so it is tried first; choose another",
        ));
    }
    Ok(())
}

/// What a password is made from: itself, what stands before the digits at its end, and what it repeats.
fn stems(text: &str) -> impl Iterator<Item = &str> {
    let without_digits = text.trim_end_matches(|c: char| c.is_ascii_digit());
    [Some(text), Some(without_digits), unit(text)].into_iter().flatten()
}

/// The shortest beginning that gives the whole text when it is repeated, at least twice; the last time can be cut off.
fn unit(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let length = (1..=bytes.len() / 2).find(|&length| bytes[length..] == bytes[..bytes.len() - length])?;
    text.get(..length)
}

fn is_sequence(text: &str) -> bool {
    ROWS.iter().any(|row| follows(row, text.chars()) || follows(row, text.chars().rev()))
}

/// Whether each character is followed by the next one in the row, or after the last by the first.
fn follows(row: &str, text: impl Iterator<Item = char>) -> bool {
    let mut places = text.map(|c| row.find(c));
    let Some(mut last) = places.next().flatten() else { return false };
    places.all(|place| {
        let is_next = place == Some((last + 1) % row.len());
        last = place.unwrap_or(last);
        is_next
    })
}

/// Most passwords are in NFC as they come, and are not copied.
fn nfc(text: String) -> Zeroizing<String> {
    let text = Zeroizing::new(text);
    if is_nfc(&text) { text } else { collected(text.nfc(), 3 * text.len()) }
}

/// In lower case, to compare with what is in lower case.
fn folded(text: &str) -> Zeroizing<String> {
    collected(text.chars().flat_map(char::to_lowercase), 3 * text.len())
}

/// A copy that never moves while it grows: a move would leave a part of the secret behind. Neither NFC (Unicode's FAQ
/// on normalization) nor lower case makes a text more than three times as long.
fn collected(characters: impl Iterator<Item = char>, capacity: usize) -> Zeroizing<String> {
    let mut copy = Zeroizing::new(String::with_capacity(capacity));
    characters.for_each(|c| copy.push(c));
    copy
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(text: &str, factors: Factors) -> Option<String> {
        let owner = Email::parse("Ada.Lovelace@example.org").unwrap();
        let approved =
            PlainPassword::new(text.to_owned()).and_then(|password| password.approve(factors, &owner));
        approved.err().map(|error| error.message().to_owned())
    }

    fn is_refused(texts: &[&str], why: &str) {
        for text in texts {
            let refusal = refusal(text, Factors::PasswordAndSecond).unwrap_or_default();
            assert!(refusal.starts_with("password: ") && refusal.contains(why), "{text:?}: {refusal}");
        }
    }

    #[test]
    fn length_is_counted_in_code_points_and_the_factors_decide() {
        for (text, alone, with_second) in [
            ("correct battery", true, true),
            ("correct batter", false, true),
            ("8 chars.", false, true),
            ("7 chars", false, false),
            ("ключ от квартир", true, true),
            // One e with an acute accent, in two code points before NFC and in one after.
            ("corre\u{301}ct batter", false, true),
            ("", false, false),
        ] {
            assert_eq!(refusal(text, Factors::Password).is_none(), alone, "{text}");
            assert_eq!(refusal(text, Factors::PasswordAndSecond).is_none(), with_second, "{text}");
        }
        assert!(refusal("short", Factors::Password).unwrap().contains("at least 15"));
        assert!(refusal("short", Factors::PasswordAndSecond).unwrap().contains("at least 8"));
    }

    #[test]
    fn no_kind_of_character_is_demanded_or_refused() {
        for text in
            ["quietlamppostriver", "3141592653589793238", "@@ ~~ || << >> {} ^^", "🦀 кр\u{e4}b is good 🦀"]
        {
            assert_eq!(refusal(text, Factors::Password), None, "{text}");
        }
        is_refused(&["pasted with line\n", "nul\0in the middle"], "control characters");
    }

    #[test]
    fn the_limit_is_in_bytes_after_normalisation() {
        let text = |bytes: usize| "quiet lamppost river ".repeat(50).chars().take(bytes).collect::<String>();
        assert!(PlainPassword::new(text(1024)).is_ok());
        let error = PlainPassword::new(text(1025)).err().unwrap();
        assert_eq!(error.message(), "password: must have at most 1024 bytes");
        assert!(PlainPassword::new("e\u{301}".repeat(512)).is_ok(), "1,536 bytes become 1,024");
    }

    #[test]
    fn what_many_people_use_is_refused() {
        let common = ["password", "PassWord", "1qaz2wsx", "iloveyou", "trustno1"];
        is_refused(&common, "many people");
        is_refused(&["password1", "PASSWORD1234567", "passwordpassword", "iloveyou20252026"], "many people");
        is_refused(&["passwordpasswordpass"], "many people");
        assert_eq!(refusal("passwords of quiet rivers", Factors::Password), None);
    }

    #[test]
    fn what_an_attacker_knows_is_refused() {
        let known =
            ["ada.lovelace@example.org", "ADA.LOVELACE", "ada.lovelace1815", "Titan2026", "titan20262026"];
        is_refused(&known, "unrelated");
        is_refused(&["ada.lovelaceada.lovelace"], "unrelated");
        assert_eq!(refusal("ada.lovelace wrote notes", Factors::Password), None);
    }

    #[test]
    fn sequences_and_repetitions_are_refused() {
        is_refused(
            &["aaaaaaaaaaaaaaaa", "жжжжжжжжжжжжжжж", "abcabcabcabcabca", "titantitantitan", "12121212"],
            "sequence",
        );
        is_refused(
            &["1234567890123456", "0987654321098765", "98765432", "abcdefghijklmnop", "ZYXWVUTS"],
            "sequence",
        );
        is_refused(&["qwertyuiop", "asdfghjklzxcvbnmqwe", "mnbvcxzlkjhgfdsa"], "sequence");
        for text in ["abcdefga", "12345679", "qwertzui!", "abcdefgh ijklmnop"] {
            let refusal = refusal(text, Factors::PasswordAndSecond).unwrap_or_default();
            assert!(!refusal.contains("sequence"), "{text}: {refusal}");
        }
    }

    /// U+2126 is the sign for ohm, and in NFC the letter omega. U+FB2C is three code points in NFC, and three times as
    /// long: the longest that a text can become.
    #[test]
    fn one_password_has_one_form() {
        let form = |text: &str| PlainPassword::new(text.to_owned()).unwrap().0.to_string();
        assert_eq!(form("\u{2126}"), "\u{3a9}");
        assert_eq!(form("e\u{301}"), "\u{e9}");
        assert_eq!(form("\u{fb2c}"), "\u{5e9}\u{5bc}\u{5c1}");
    }

    proptest! {
        #[test]
        fn copies_never_move(text in "\\PC{0,60}") {
            let capacity = 3 * text.len();
            for copy in [collected(text.nfc(), capacity), folded(&text)] {
                prop_assert!(copy.len() <= capacity);
                prop_assert_eq!(copy.capacity(), capacity);
            }
        }

        #[test]
        fn a_unit_gives_the_text_again(unit_text in "[ab]{1,6}", times in 2_usize..5, cut in 0_usize..6) {
            let mut text = unit_text.repeat(times + 1);
            text.truncate(unit_text.len() * times + cut.min(unit_text.len()));
            let unit = unit(&text).unwrap();
            prop_assert!(unit.len() <= unit_text.len());
            prop_assert!(unit.repeat(text.len()).starts_with(&text));
        }

        #[test]
        fn any_text_has_an_answer(text in "\\PC{0,40}", second in any::<bool>()) {
            let factors = if second { Factors::PasswordAndSecond } else { Factors::Password };
            if let Some(refusal) = refusal(&text, factors) {
                prop_assert!(refusal.starts_with("password: "));
            }
        }
    }
}
