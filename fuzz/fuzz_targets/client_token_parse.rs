//! See [`titan_fuzz::client_token_parse`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::client_token_parse(data));
