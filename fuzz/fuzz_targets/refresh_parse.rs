//! See [`titan_fuzz::refresh_parse`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::refresh_parse(data));
