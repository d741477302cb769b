//! See [`titan_fuzz::credential`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::credential(data));
