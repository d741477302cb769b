//! See [`titan_fuzz::key_mutated`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::key_mutated(data));
