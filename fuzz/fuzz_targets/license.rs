//! See [`titan_fuzz::license`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::license(data));
