#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| archproof_fuzz::registry::run(data));
