#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| duikou_tests::fuzz::run("mail_link", bytes));
