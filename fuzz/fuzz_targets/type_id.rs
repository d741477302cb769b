//! See [`titan_fuzz::type_id`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| titan_fuzz::type_id(data));
