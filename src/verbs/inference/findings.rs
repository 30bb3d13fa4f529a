//! What was found in records: an inference a stream.

use std::borrow::Cow;
use std::collections::HashMap;

use alluvium_normalization::catalog;
use alluvium_normalization::infer::Inference;

use crate::failure::Failure;
use crate::protocol::message::StreamName;
use crate::terminal::inferred::Inferred;
use crate::verbs::inference::is_called;

/// More streams than any source has: their names are data.
const MOST_STREAMS: usize = 10_000;
/// So much that can't be used is told with its reason, what comes first.
const TOLD_REJECTIONS: usize = 5;
/// So many streams are named where the wanted one is not among them.
const TOLD_STREAMS: usize = 20;

/// Which records count.
#[derive(Debug, Clone, Copy)]
pub(in crate::verbs) struct Wanted<'a> {
    /// Names of streams, with or without their namespace; none: all.
    pub(in crate::verbs) streams: &'a [String],
    /// How many of each stream, the first ones; `None`: all.
    pub(in crate::verbs) sample: Option<u64>,
}

impl Wanted<'_> {
    pub(in crate::verbs) fn has(&self, stream: &StreamName<'_>) -> bool {
        self.streams.is_empty() || self.streams.iter().any(|wanted| is(stream, wanted))
    }
}

fn is(stream: &StreamName<'_>, wanted: &str) -> bool {
    is_called(stream.namespace.as_deref(), &stream.name, wanted)
}

/// What was found in some of the records.
///
/// Law: merging is commutative and associative; streams stand in the order of their first records.
#[derive(Debug, Default)]
pub(in crate::verbs) struct Findings {
    streams: Vec<Stream>,
    by_name: HashMap<StreamName<'static>, usize>,
    /// The stream of the record before: mostly that of the next one.
    latest: usize,
    rejected: u64,
    /// The first rejections by their places.
    rejections: Vec<(u64, String)>,
}

#[derive(Debug)]
struct Stream {
    name: StreamName<'static>,
    /// Where its first record is.
    place: u64,
    /// None if the stream is not wanted.
    inference: Option<Inference>,
}

impl Findings {
    /// Takes in a record of a stream: an object's JSON text, valid. `place` tells which of two is the first.
    pub(in crate::verbs) fn record(&mut self, stream: &StreamName<'_>, data: &str, place: u64, wanted: &Wanted<'_>) {
        let Some(index) = self.index(stream, place, wanted) else { return };
        if let Some(inference) = &mut self.streams[index].inference
            && wanted.sample.is_none_or(|most| inference.records() < most)
        {
            inference.record(data);
        }
    }

    /// Whether so many records of each stream as are wanted have been seen.
    pub(in crate::verbs) fn is_full(&self, wanted: &Wanted<'_>) -> bool {
        let has_enough = |most| {
            let mut inferences = self.streams.iter().filter_map(|stream| stream.inference.as_ref());
            !self.streams.is_empty() && inferences.all(|inference| inference.records() >= most)
        };
        wanted.sample.is_some_and(has_enough)
    }

    /// Counts what can't be used as a record; `reason` names it, `place` tells which of two is the first.
    pub(in crate::verbs) fn reject(&mut self, place: u64, reason: impl FnOnce() -> String) {
        self.rejected += 1;
        if self.rejections.len() < TOLD_REJECTIONS {
            self.rejections.push((place, reason()));
        }
    }

    /// Takes in all that another has found.
    pub(in crate::verbs) fn merge(&mut self, other: Self) {
        for stream in other.streams {
            match self.by_name.get(&stream.name) {
                Some(&index) => {
                    let known = &mut self.streams[index];
                    known.place = known.place.min(stream.place);
                    if let (Some(inference), Some(other)) = (&mut known.inference, stream.inference) {
                        inference.merge(other);
                    }
                }
                None => self.add(stream),
            }
        }
        self.rejected += other.rejected;
        self.rejections.extend(other.rejections);
        self.rejections.sort_unstable();
        self.rejections.truncate(TOLD_REJECTIONS);
    }

    /// What the records suggest. There is at least one stream, and every wanted one.
    pub(in crate::verbs) fn conclude(mut self, wanted: &Wanted<'_>) -> Result<Inferred, Failure> {
        let rejections: Vec<String> = self.rejections.into_iter().map(|(_, reason)| reason).collect();
        self.rejections = Vec::new();
        if self.streams.len() > MOST_STREAMS {
            return Err(Failure::config(format!("the records name more than {MOST_STREAMS} streams")));
        }
        if self.streams.is_empty() {
            let cause = rejections.first().map(|rejection| format!("; {rejection}")).unwrap_or_default();
            return Err(Failure::config(format!("there are no records to infer a catalog from{cause}")));
        }
        self.streams.sort_by_key(|stream| stream.place);
        for name in wanted.streams {
            if !self.streams.iter().any(|stream| is(&stream.name, name)) {
                return Err(self.no_stream(name));
            }
        }
        let streams = self.streams.into_iter().filter_map(|Stream { name, inference, .. }| {
            let proposal = inference?.propose(&name.name);
            let namespace = name.namespace.map(Cow::into_owned);
            Some((catalog::StreamName { namespace, name: name.name.into_owned() }, proposal))
        });
        Ok(Inferred { streams: streams.collect(), rejected: self.rejected, rejections })
    }

    fn index(&mut self, stream: &StreamName<'_>, place: u64, wanted: &Wanted<'_>) -> Option<usize> {
        if self.streams.get(self.latest).is_some_and(|latest| latest.name == *stream) {
            return Some(self.latest);
        }
        let known = self.by_name.get(stream).copied();
        let index = match known {
            Some(index) => index,
            None if self.streams.len() > MOST_STREAMS => return None,
            None => {
                let inference = wanted.has(stream).then(Inference::default);
                self.add(Stream { name: stream.clone().into_owned(), place, inference });
                self.streams.len() - 1
            }
        };
        self.latest = index;
        Some(index)
    }

    fn add(&mut self, stream: Stream) {
        self.by_name.insert(stream.name.clone(), self.streams.len());
        self.streams.push(stream);
    }

    fn no_stream(&self, wanted: &str) -> Failure {
        let mut names: Vec<String> =
            self.streams.iter().take(TOLD_STREAMS).map(|stream| stream.name.to_string()).collect();
        if self.streams.len() > names.len() {
            names.push(format!("{} more", self.streams.len() - names.len()));
        }
        let names = names.join(", ");
        Failure::config(format!("there is no record of stream `{wanted}`; the streams are {names}"))
    }
}
