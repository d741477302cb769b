//! See [`titan_fuzz::console_parse`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::console_parse(data));
