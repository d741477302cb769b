//! Every fuzz body over its seeds, over random inputs and over mutated seeds: what can be had of fuzzing
//! without a nightly compiler, in seconds and the same on each machine.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;

/// For each target, random inputs and as many mutated seeds.
const INPUTS: usize = 20_000;
/// Long enough for two keys in one text.
const LONGEST: usize = 240;
/// Of what the formats are made.
const PIECES: &[u8] = b"titan_sk_live_test_whm_key_ABCDQgw019af/.%25;\\{*}\"[]=:?bearer \t\n\0\xc3\xa9";

/// xorshift64* (Vigna, 2014): the same inputs in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// Any bytes, or bytes of which the formats are made.
    fn input(&mut self) -> Vec<u8> {
        let is_plain = self.below(2) == 0;
        let length = self.below(LONGEST);
        (0..length).map(|_| if is_plain { self.byte() } else { PIECES[self.below(PIECES.len())] }).collect()
    }

    fn mutate(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(4) {
            self.edit(&mut input, seeds);
        }
        input
    }

    fn edit(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.below(input.len());
        match (self.below(6), input.get_mut(at)) {
            (0, Some(byte)) => *byte ^= 1 << self.below(8),
            (1, Some(byte)) => *byte = PIECES[self.below(PIECES.len())],
            (2, Some(_)) => drop(input.remove(at)),
            (3, Some(byte)) => {
                *byte = if byte.is_ascii_lowercase() { byte.to_ascii_uppercase() } else { self.byte() }
            }
            (4, _) => {
                let other = &seeds[self.below(seeds.len())];
                input.truncate(at);
                input.extend_from_slice(&other[self.below(other.len())..]);
            }
            _ => input.insert(at, PIECES[self.below(PIECES.len())]),
        }
    }
}

/// Says with which input a body failed.
struct Shown<'a>(&'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("input: \"{}\"", self.0.escape_ascii());
        }
    }
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let is_seed = |path: &Path| path.file_name().unwrap().to_str().unwrap().starts_with("seed-");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| is_seed(path));
    // A folder's order is the file system's.
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn try_out(target: &str, body: fn(&[u8])) {
    let seeds = seeds(target);
    assert!(!seeds.is_empty(), "fuzz/seed.py writes the seeds of {target}");
    let mut random = Random(0x7469_7461_6e00_0001);
    let try_one = |input: &[u8]| {
        let shown = Shown(input);
        body(shown.0);
    };
    for seed in &seeds {
        try_one(seed);
    }
    for _ in 0..INPUTS {
        try_one(&random.input());
        try_one(&random.mutate(&seeds));
    }
}

#[test]
fn key_parse() {
    try_out("key_parse", titan_fuzz::key_parse);
}

#[test]
fn key_round_trip() {
    try_out("key_round_trip", titan_fuzz::key_round_trip);
}

#[test]
fn key_mutated() {
    try_out("key_mutated", titan_fuzz::key_mutated);
}

#[test]
fn type_id() {
    try_out("type_id", titan_fuzz::type_id);
}

#[test]
fn credential() {
    try_out("credential", titan_fuzz::credential);
}

#[test]
fn policy_path() {
    try_out("policy_path", titan_fuzz::policy_path);
}

#[test]
fn policy_file() {
    try_out("policy_file", titan_fuzz::policy_file);
}

#[test]
fn jwt_parse() {
    try_out("jwt_parse", titan_fuzz::jwt_parse);
}

#[test]
fn jwt_mutated() {
    try_out("jwt_mutated", titan_fuzz::jwt_mutated);
}

#[test]
fn license() {
    try_out("license", titan_fuzz::license);
}

#[test]
fn client_token_parse() {
    try_out("client_token_parse", titan_fuzz::client_token_parse);
}

#[test]
fn console_parse() {
    try_out("console_parse", titan_fuzz::console_parse);
}

#[test]
fn refresh_parse() {
    try_out("refresh_parse", titan_fuzz::refresh_parse);
}
