//! See [`titan_fuzz::key_parse`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::key_parse(data));
