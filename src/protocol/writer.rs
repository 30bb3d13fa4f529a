//! The only place that writes protocol messages to stdout.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use alluvium_normalization::names::cut;
use serde::Serialize;
use serde_json::Value;

use crate::failure::{Failure, StreamDescriptor};
use crate::protocol::splice::set_member;

/// How grave a LOG message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum LogLevel {
    /// Something went wrong.
    Error,
    /// Something may be wrong.
    Warn,
    /// What a person follows a run by.
    Info,
    /// What a developer follows a run by.
    Debug,
    /// Everything.
    Trace,
}

/// What became of the records that a STATE covers, since the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DestinationStats {
    /// Records that landed.
    pub(crate) records: u64,
    /// Records that were refused and skipped.
    pub(crate) rejected_records: u64,
}

/// The answer to `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum ConnectionStatus {
    /// A sync would find what it needs.
    Succeeded,
    /// It would not.
    Failed,
}

/// The most characters of what a message of ours tells, whatever is quoted in it. Names in it are cut far earlier.
pub(crate) const LONGEST_MESSAGE: usize = 1 << 15;

/// Writes protocol messages, each whole and on its own line; shared by all threads.
///
/// The law: whatever happens, what comes out is valid protocol. Once a write has failed, part of a line may be out, so
/// nothing more is written and every further call gives the error again. Of several errors only the first is written,
/// as the platform expects of a run.
#[derive(Clone)]
pub(crate) struct ProtocolWriter(Arc<Mutex<Output>>);

struct Output {
    sink: Box<dyn Write + Send>,
    broken: Option<io::ErrorKind>,
    said_error: bool,
}

impl ProtocolWriter {
    /// Writes to `sink`, which is flushed after every message.
    pub(crate) fn new(sink: Box<dyn Write + Send>) -> Self {
        Self(Arc::new(Mutex::new(Output { sink, broken: None, said_error: false })))
    }

    /// Writes to the process's stdout.
    pub(crate) fn stdout() -> Self {
        Self::new(Box::new(io::stdout()))
    }

    /// LOG.
    pub(crate) fn log(&self, level: LogLevel, message: &str) -> io::Result<()> {
        self.send(&Envelope::Log { log: Log { level, message: &cut(message, LONGEST_MESSAGE) } })
    }

    /// Gives back the STATE `message`, byte for byte but for the statistics in it.
    pub(crate) fn state(&self, message: &str, stats: DestinationStats) -> io::Result<()> {
        let DestinationStats { records, rejected_records } = stats;
        let stats = match rejected_records {
            0 => format!(r#"{{"recordCount":{records}.0}}"#),
            _ => format!(r#"{{"recordCount":{records}.0,"rejectedRecordCount":{rejected_records}.0}}"#),
        };
        let mut line = set_member(message, "state", "destinationStats", &stats)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a state message without a state object"))?;
        line.push('\n');
        self.lock().write(line.as_bytes())
    }

    /// TRACE ERROR, unless one has been written before.
    pub(crate) fn error(&self, failure: &Failure) -> io::Result<()> {
        self.error_at(failure, SystemTime::now())
    }

    fn error_at(&self, failure: &Failure, now: SystemTime) -> io::Result<()> {
        let chain = failure.chain().to_string();
        let trace = Trace {
            r#type: "ERROR",
            emitted_at: now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis(),
            error: TraceError {
                message: &cut(&failure.message, LONGEST_MESSAGE),
                internal_message: &cut(&chain, LONGEST_MESSAGE),
                failure_type: failure.kind.failure_type(),
                stream_descriptor: failure.stream.as_ref(),
            },
        };
        let line = line(&Envelope::Trace { trace })?;
        let mut output = self.lock();
        if output.said_error {
            return Ok(());
        }
        output.said_error = true;
        output.write(&line)
    }

    /// `CONNECTION_STATUS`; `message` says what to do about a failure.
    pub(crate) fn connection_status(&self, status: ConnectionStatus, message: Option<&str>) -> io::Result<()> {
        let message = message.map(|message| cut(message, LONGEST_MESSAGE));
        self.send(&Envelope::ConnectionStatus { connection_status: Answer { status, message: message.as_deref() } })
    }

    /// SPEC.
    pub(crate) fn spec(&self, spec: &Value) -> io::Result<()> {
        self.send(&Envelope::Spec { spec })
    }

    fn send(&self, message: &Envelope<'_>) -> io::Result<()> {
        let line = line(message)?;
        self.lock().write(&line)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Output> {
        // A panic of another thread while it held the lock leaves at most `broken` unset, and the panic ends the run.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        if let Some(kind) = self.broken {
            return Err(kind.into());
        }
        let written = self.sink.write_all(line).and_then(|()| self.sink.flush());
        self.broken = written.as_ref().err().map(io::Error::kind);
        written
    }
}

/// A message of ours. The type comes first, where Airbyte's readers expect it.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
enum Envelope<'a> {
    Log {
        log: Log<'a>,
    },
    Trace {
        trace: Trace<'a>,
    },
    ConnectionStatus {
        #[serde(rename = "connectionStatus")]
        connection_status: Answer<'a>,
    },
    Spec {
        spec: &'a Value,
    },
}

#[derive(Serialize)]
struct Log<'a> {
    level: LogLevel,
    message: &'a str,
}

#[derive(Serialize)]
struct Trace<'a> {
    r#type: &'static str,
    emitted_at: u128,
    error: TraceError<'a>,
}

#[derive(Serialize)]
struct TraceError<'a> {
    message: &'a str,
    internal_message: &'a str,
    failure_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_descriptor: Option<&'a StreamDescriptor>,
}

#[derive(Serialize)]
struct Answer<'a> {
    status: ConnectionStatus,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

fn line(message: &Envelope<'_>) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, UNIX_EPOCH};

    use super::{ConnectionStatus, DestinationStats, LogLevel, ProtocolWriter};
    use crate::failure::Failure;

    /// Takes so many bytes, then the reader is gone.
    #[derive(Clone)]
    struct Pipe {
        taken: Arc<Mutex<Vec<u8>>>,
        room: usize,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut taken = self.taken.lock().unwrap();
            let room = (self.room - taken.len()).min(bytes.len());
            taken.extend_from_slice(&bytes[..room]);
            if room == 0 { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(room) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Pipe {
        fn with_room(room: usize) -> (Self, ProtocolWriter) {
            let pipe = Self { taken: Arc::default(), room };
            (pipe.clone(), ProtocolWriter::new(Box::new(pipe)))
        }

        fn text(&self) -> String {
            String::from_utf8(self.taken.lock().unwrap().clone()).unwrap()
        }
    }

    fn written(write: impl FnOnce(&ProtocolWriter) -> io::Result<()>) -> String {
        let (pipe, writer) = Pipe::with_room(1 << 20);
        write(&writer).unwrap();
        pipe.text()
    }

    #[test]
    fn messages_are_spelled_as_the_protocol_spells_them() {
        assert_eq!(
            written(|writer| writer.log(LogLevel::Warn, "two\nlines")),
            "{\"type\":\"LOG\",\"log\":{\"level\":\"WARN\",\"message\":\"two\\nlines\"}}\n"
        );
        assert_eq!(
            written(|writer| writer.connection_status(ConnectionStatus::Succeeded, None)),
            "{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{\"status\":\"SUCCEEDED\"}}\n"
        );
        assert_eq!(
            written(|writer| writer.connection_status(ConnectionStatus::Failed, Some("no such folder"))),
            "{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{\"status\":\"FAILED\",\"message\":\"no such folder\"}}\n"
        );
        assert_eq!(
            written(|writer| writer.spec(&serde_json::json!({"supportsDBT": false}))),
            "{\"type\":\"SPEC\",\"spec\":{\"supportsDBT\":false}}\n"
        );
    }

    #[test]
    fn an_error_names_its_cause_its_stream_and_who_must_act() {
        let failure = Failure::source("line 3 is not JSON").in_stream("a", Some("n")).caused_by("cause");
        assert_eq!(
            written(|writer| writer.error_at(&failure, UNIX_EPOCH + Duration::from_millis(5))),
            "{\"type\":\"TRACE\",\"trace\":{\"type\":\"ERROR\",\"emitted_at\":5,\"error\":{\"message\":\"line 3 is not JSON\",\
             \"internal_message\":\"line 3 is not JSON: cause\",\"failure_type\":\"system_error\",\
             \"stream_descriptor\":{\"name\":\"a\",\"namespace\":\"n\"}}}}\n"
        );
    }

    #[test]
    fn only_the_first_error_is_written() {
        let written = written(|writer| {
            writer.error(&Failure::config("first"))?;
            writer.error(&Failure::config("second"))
        });
        assert!(written.contains("first") && !written.contains("second"), "{written}");
    }

    #[test]
    fn a_state_goes_back_byte_for_byte_with_its_statistics() {
        let message = r#"{"state": {"stream_state":{"v":1.50}}, "type":"STATE","x":null}"#;
        assert_eq!(
            written(|writer| writer.state(message, DestinationStats { records: 12, rejected_records: 0 })),
            "{\"state\": {\"stream_state\":{\"v\":1.50},\"destinationStats\":{\"recordCount\":12.0}}, \"type\":\"STATE\",\"x\":null}\n"
        );
        assert_eq!(
            written(|writer| writer.state(
                r#"{"type":"STATE","state":{"destinationStats":{"recordCount":1.0}}}"#,
                DestinationStats { records: 0, rejected_records: 3 }
            )),
            "{\"type\":\"STATE\",\"state\":{\"destinationStats\":{\"recordCount\":0.0,\"rejectedRecordCount\":3.0}}}\n"
        );
    }

    #[test]
    fn after_a_broken_pipe_nothing_more_is_written() {
        let (pipe, writer) = Pipe::with_room(10);
        for _ in 0..2 {
            let error = writer.log(LogLevel::Info, "hello").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        }
        assert_eq!(pipe.text().len(), 10);
    }

    #[test]
    fn lines_of_many_threads_do_not_mix() {
        let (pipe, writer) = Pipe::with_room(1 << 20);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| writer.log(LogLevel::Info, "hello").unwrap()));
            }
        });
        let text = pipe.text();
        assert_eq!(text.lines().count(), 400);
        assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    }
}
