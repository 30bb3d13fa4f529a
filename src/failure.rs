//! Why a run failed, and who must act.
//!
//! Exit codes of the binary:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done; `check`: the answer was given, whichever it is |
//! | 1 | failed; a protocol verb has said why in one TRACE ERROR |
//! | 2 | the command line was not understood |

use std::error::Error;
use std::fmt;

use serde::Serialize;

/// Who must act so that the next run does better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureKind {
    /// The user: the config, the catalog or what they point at.
    Config,
    /// The source: what it sent can't be used.
    Source,
    /// The warehouse: it refused, and will refuse the same again.
    Warehouse,
    /// Nobody: a lost connection, a lock held by another process. Trying again may do.
    Transient,
    /// The developers.
    Internal,
}

impl FailureKind {
    /// Airbyte's word for it.
    pub(crate) fn failure_type(self) -> &'static str {
        match self {
            Self::Config => "config_error",
            Self::Transient => "transient_error",
            Self::Source | Self::Warehouse | Self::Internal => "system_error",
        }
    }
}

/// The stream that a failure is about, as the protocol spells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct StreamDescriptor {
    /// The stream's name.
    pub(crate) name: String,
    /// The stream's namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
}

/// Why a run failed: the one error that reaches `main`.
///
/// The message is one sentence that a person can act on, without a full stop. It names tables, columns, files and line numbers,
/// never a row's values and never a secret.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// Who must act.
    pub(crate) kind: FailureKind,
    /// What happened.
    pub(crate) message: String,
    /// The stream that it happened to, if it was one.
    pub(crate) stream: Option<StreamDescriptor>,
    /// What caused it.
    #[source]
    pub(crate) source: Option<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    /// A failure with neither stream nor cause.
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), stream: None, source: None }
    }

    /// The user must act.
    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Config, message)
    }

    /// The source must act.
    pub(crate) fn source(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Source, message)
    }

    /// Trying again may do.
    pub(crate) fn transient(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Transient, message)
    }

    /// A defect of this binary.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, message)
    }

    /// Whoever reads our messages is gone.
    pub(crate) fn output(error: std::io::Error) -> Self {
        Self::internal("messages can't be written to stdout").caused_by(error)
    }

    /// Adds what caused it.
    pub(crate) fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds the stream that it happened to.
    pub(crate) fn in_stream(mut self, name: impl Into<String>, namespace: Option<impl Into<String>>) -> Self {
        self.stream = Some(StreamDescriptor { name: name.into(), namespace: namespace.map(Into::into) });
        self
    }

    /// The message and its causes in one line: `message: cause: cause of the cause`.
    pub(crate) fn chain(&self) -> Chain<'_> {
        Chain(self)
    }
}

/// Displays a failure with its causes.
pub(crate) struct Chain<'a>(&'a Failure);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;

    #[test]
    fn the_chain_names_every_cause_once() {
        let refused = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let failure = Failure::config("the file /a can't be opened").caused_by(refused);
        assert_eq!(failure.to_string(), "the file /a can't be opened");
        assert_eq!(failure.chain().to_string(), "the file /a can't be opened: permission denied");
    }
}
