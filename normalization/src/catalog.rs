//! The configured catalog: streams, sync modes, generations; the only protocol types the core needs.

use std::fmt;

/// The source's name of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamName {
    /// The namespace, if any; never empty.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{namespace}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Whether a sync's rows replace what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replacement {
    /// What is there stays.
    Keep,
    /// The rows of this generation (above 0) replace what older generations left.
    Generation(i64),
    /// Whatever is there is replaced, afresh with every sync.
    Always,
}
