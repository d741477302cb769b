//! Keys and invitations that are found by their hash.

use proptest::prelude::*;
use titan_token::{InvitationToken, Malformed, OpaqueKey, Presented};

proptest! {
    #[test]
    fn new_opaque_keys_are_read_and_found(random: [u8; 16]) {
        let (text, key) = OpaqueKey::from_random(random);
        prop_assert_eq!(text.expose().len(), 36);
        let Ok(Presented::Opaque(parsed)) = Presented::parse(text.expose()) else { panic!("our own key") };
        prop_assert_eq!(parsed.hashed(), key.hashed());
        prop_assert_eq!(parsed.lead(), key.lead());
        prop_assert_eq!(text.expose().get(4..12), Some(key.lead()));
    }

    #[test]
    fn new_invitations_are_read_and_found(random: [u8; 32]) {
        let (text, token) = InvitationToken::from_random(random);
        prop_assert_eq!(text.expose().len(), 53);
        let parsed = InvitationToken::parse(text.expose()).unwrap();
        prop_assert_eq!(parsed.hashed(), token.hashed());
        prop_assert_eq!(Presented::parse(text.expose()).err(), Some(Malformed::Prefix));
    }

    #[test]
    fn other_random_bytes_are_found_elsewhere(random: [u8; 32], bit in 0..256usize) {
        let mut other = random;
        other[bit / 8] ^= 1 << (bit % 8);
        let (this, that) = (InvitationToken::from_random(random), InvitationToken::from_random(other));
        prop_assert_ne!(this.0.expose(), that.0.expose());
        prop_assert_ne!(this.1.hashed(), that.1.hashed());
    }

    /// A text is read in one spelling: what is read can be made.
    #[test]
    fn only_what_can_be_made_is_an_invitation(rest in "[A-Za-z0-9_=-]{42,44}|.{0,50}") {
        let text = format!("titan_inv_{rest}");
        let Ok(token) = InvitationToken::parse(&text) else { return Ok(()) };
        let random = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&rest).unwrap();
        let (made, same) = InvitationToken::from_random(random.try_into().unwrap());
        prop_assert_eq!(made.expose(), text);
        prop_assert_eq!(same.hashed(), token.hashed());
    }
}
