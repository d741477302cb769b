//! `vectors/license.json`

use super::bytes;
use serde::Deserialize;
use titan_token::{LicenseKey, LicensePublicKey, UntrustedLicense};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Vectors {
    #[expect(dead_code, reason = "for people")]
    description: String,
    seed: String,
    public_key: String,
    claims: String,
    license: String,
    malformed: Vec<Case>,
    bad_signature: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    text: String,
}

fn vectors() -> (Vectors, LicensePublicKey) {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../../vectors/license.json")).unwrap();
    assert!(vectors.malformed.len() >= 11 && vectors.bad_signature.len() >= 7);
    let public = LicensePublicKey::parse(&vectors.public_key).unwrap();
    (vectors, public)
}

#[test]
fn the_license_verifies_and_is_made_byte_for_byte() {
    let (vectors, public) = vectors();
    let license = UntrustedLicense::parse(&vectors.license).unwrap().verify(&public).unwrap();
    assert_eq!(license.claims(), vectors.claims);
    let key = LicenseKey::from_seed(&bytes(&vectors.seed));
    assert_eq!(key.sign(&vectors.claims), vectors.license);
    assert_eq!(key.public().to_string(), vectors.public_key);
    let pem = key.to_pem().unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let stored = base64_simd::STANDARD.decode_to_vec(body).unwrap();
    assert_eq!(LicenseKey::from_pkcs8(&stored).unwrap().sign(&vectors.claims), vectors.license);
}

#[test]
fn white_space_is_no_part_of_it() {
    let (vectors, public) = vectors();
    let spaced = format!("\n {}\r\n\n", vectors.license.replace('\n', "\r\n"));
    assert!(UntrustedLicense::parse(&spaced).unwrap().verify(&public).is_ok());
}

#[test]
fn what_has_no_armour_is_malformed() {
    for case in vectors().0.malformed {
        assert!(UntrustedLicense::parse(&case.text).is_err(), "{}", case.name);
    }
}

#[test]
fn what_the_key_has_not_signed_is_refused() {
    let (vectors, public) = vectors();
    for case in vectors.bad_signature {
        let license = UntrustedLicense::parse(&case.text).unwrap();
        assert!(license.verify(&public).is_err(), "{}", case.name);
    }
    let other = LicenseKey::from_seed(&[7; 32]).public();
    assert!(UntrustedLicense::parse(&vectors.license).unwrap().verify(&other).is_err());
}
