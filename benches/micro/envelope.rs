//! Lines of messages taken apart, the record's data left as text.
#![allow(clippy::unwrap_used, missing_docs)]
// The binary's own module as a part of this program, most of it unused, its tests too: nothing becomes public for a bench.
#![allow(dead_code, unreachable_pub, unused_imports)]

#[path = "../../normalization/benches/sample/mod.rs"]
mod sample;

#[path = "../../src/protocol"]
mod protocol {
    mod grammar;
    mod members;
    pub(crate) mod message;
    mod usual;
}

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};

use protocol::message::{Line, classify};
use sample::Stream;

fn main() {
    divan::main();
}

fn bench(bencher: Bencher<'_, '_>, stream: &Stream) {
    let line = |data: &String| {
        format!(r#"{{"type":"RECORD","record":{{"stream":"sample","emitted_at":1740787200000,"data":{data}}}}}"#)
    };
    let lines: Vec<String> = stream.records.iter().map(line).collect();
    let bytes: usize = lines.iter().map(String::len).sum();
    bencher.counter(ItemsCount::new(lines.len())).counter(BytesCount::new(bytes)).bench_local(|| {
        let data = lines.iter().map(|line| match classify(line.as_bytes()).unwrap() {
            Line::Record(record) => record.data.len(),
            _ => 0,
        });
        data.sum::<usize>()
    });
}

#[divan::bench]
fn flat(bencher: Bencher<'_, '_>) {
    bench(bencher, &sample::flat());
}

#[divan::bench]
fn nested(bencher: Bencher<'_, '_>) {
    bench(bencher, &sample::nested());
}

#[divan::bench]
fn wide(bencher: Bencher<'_, '_>) {
    bench(bencher, &sample::wide());
}
