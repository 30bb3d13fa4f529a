//! Makes a `serde_json::Value` of each line of standard input: what reading JSON takes, and nothing else. Their number is
//! the answer.
#![allow(clippy::print_stdout)]

use std::io::{self, BufRead as _, BufReader};

use serde_json::Value;

fn main() -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 20, io::stdin().lock());
    let (mut line, mut values) = (Vec::new(), 0_u64);
    while input.read_until(b'\n', &mut line)? > 0 {
        std::hint::black_box(serde_json::from_slice::<Value>(&line)?);
        values += 1;
        line.clear();
    }
    println!("{values}");
    Ok(())
}
