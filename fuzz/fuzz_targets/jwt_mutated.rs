//! See [`titan_fuzz::jwt_mutated`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::jwt_mutated(data));
