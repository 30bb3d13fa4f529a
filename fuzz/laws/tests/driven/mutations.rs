//! Changes to inputs: what is likely to be interesting rather than likely to be sent.

use proptest::prelude::*;
use proptest::sample::{Index, select};

#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Replace(Index, usize, Vec<u8>),
    Remove(Index, usize),
    Cut(Index),
    /// A piece comes again, so many times.
    Repeat(Index, usize, usize),
    /// A piece of another input comes in.
    Splice(Index, Vec<u8>, Index, usize),
    /// A piece goes to another place.
    Move(Index, usize, Index),
}

/// Inputs that few changes lead to from those of the corpus.
pub(super) fn of(corpus: Vec<Vec<u8>>) -> BoxedStrategy<Vec<u8>> {
    let changes = prop::collection::vec(change(corpus.clone()), 0..6);
    (select(corpus), changes).prop_map(|(input, changes)| changes.into_iter().fold(input, apply)).boxed()
}

/// Few changes to inputs that are made.
pub(super) fn changed(made: impl Strategy<Value = Vec<u8>> + 'static) -> BoxedStrategy<Vec<u8>> {
    let changes = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(change(vec![b"0".to_vec()]), 1..3)];
    (made, changes).prop_map(|(input, changes)| changes.into_iter().fold(input, apply)).boxed()
}

fn change(corpus: Vec<Vec<u8>>) -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    let token = select(tokens());
    prop_oneof![
        1 => (place(), any::<u8>()).prop_map(|(at, bits)| Change::Flip(at, bits)),
        3 => (place(), token.clone()).prop_map(|(at, token)| Change::Insert(at, token)),
        3 => (place(), 1_usize..9, token).prop_map(|(at, length, token)| Change::Replace(at, length, token)),
        2 => (place(), 1_usize..30).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => place().prop_map(Change::Cut),
        1 => (place(), 1_usize..40, prop_oneof![4 => 1_usize..4, 1 => 1_usize..300])
            .prop_map(|(at, length, times)| Change::Repeat(at, length, times)),
        2 => (place(), select(corpus), place(), 1_usize..200)
            .prop_map(|(at, other, from, length)| Change::Splice(at, other, from, length)),
        1 => (place(), 1_usize..60, place()).prop_map(|(from, length, to)| Change::Move(from, length, to)),
    ]
}

fn apply(mut input: Vec<u8>, change: Change) -> Vec<u8> {
    let place = |at: Index, input: &[u8]| at.index(input.len() + 1);
    let piece = |at: Index, length: usize, input: &[u8]| {
        let start = place(at, input);
        start..(start + length).min(input.len())
    };
    match change {
        Change::Flip(at, bits) if !input.is_empty() => {
            let at = at.index(input.len());
            input[at] ^= bits;
        }
        Change::Flip(..) => {}
        Change::Insert(at, token) => {
            let at = place(at, &input);
            input.splice(at..at, token);
        }
        Change::Replace(at, length, token) => {
            let range = piece(at, length, &input);
            input.splice(range, token);
        }
        Change::Remove(at, length) => {
            let range = piece(at, length, &input);
            input.drain(range);
        }
        Change::Cut(at) => input.truncate(place(at, &input)),
        Change::Repeat(at, length, times) => {
            let range = piece(at, length, &input);
            let repeated = input[range.clone()].repeat(times);
            input.splice(range.end..range.end, repeated);
        }
        Change::Splice(at, other, from, length) => {
            let at = place(at, &input);
            input.splice(at..at, other[piece(from, length, &other)].iter().copied());
        }
        Change::Move(from, length, to) => {
            let moved: Vec<u8> = input.drain(piece(from, length, &input)).collect();
            let to = place(to, &input);
            input.splice(to..to, moved);
        }
    }
    input
}

/// What libFuzzer is given too.
fn tokens() -> Vec<Vec<u8>> {
    let lines = include_str!("../../../tokens.dict").lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| unescaped(line.strip_prefix('"').unwrap().strip_suffix('"').unwrap())).collect()
}

fn unescaped(token: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = token;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let length = if escape.starts_with('x') { 3 } else { 1 };
        match escape.strip_prefix('x') {
            Some(hex) => bytes.push(u8::from_str_radix(&hex[..2], 16).unwrap()),
            None => bytes.push(escape.as_bytes()[0]),
        }
        rest = &escape[length..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}
