//! What a person sees: progress while a run goes on, tables at its end.

/// Who is told of failures, of progress and of results.
mod audience;
/// What a compaction did.
mod compacted;
/// How far a run is, and how long it will take.
mod forecast;
/// What was inferred from records.
pub(crate) mod inferred;
/// Numbers as a person reads them.
mod number;
/// Progress of a sync: the live view, as lines.
mod progress;
/// What a sync did, for a person and for the platform.
pub(crate) mod report;
/// stderr, with a live view at its end that is drawn over and over.
mod screen;
/// Emphasis, where the reader's terminal shows it.
pub(crate) mod style;
/// Tables of text, aligned by what a terminal shows.
pub(crate) mod table;
/// Text as a terminal shows it.
pub(crate) mod text;
/// Watches a sync while it runs.
mod watch;

pub(crate) use self::audience::Audience;
pub(crate) use self::number::{count, counted};
pub(crate) use self::screen::{Screen, Size};
pub(crate) use self::watch::Watched;
