//! The rows of a query as a stream, by `COPY … TO STDOUT (FORMAT binary)` in a session of its own.

use std::pin::pin;

use futures_util::StreamExt as _;
use tokio_postgres::Error;

use super::connect::Session;
use crate::config;
use crate::warehouse::rows::{RowSink, RowStream, row_stream};
use crate::warehouse::{RowReader, WarehouseError};

/// Signature and flags; the length of the header's extension follows.
const HEADER: usize = 15;

/// Reads what is committed, each query in a session of its own.
pub(super) struct Reader {
    pub(super) config: config::Postgres,
}

impl RowReader for Reader {
    fn stream(&mut self, sql: &str, width: usize) -> Result<RowStream, WarehouseError> {
        let session = Session::open(&self.config)?;
        let (mut sink, stream) = row_stream(width);
        let copy = format!("COPY ({sql}) TO STDOUT (FORMAT binary)");
        std::thread::spawn(move || {
            let sent = session.wait(send(&session, &copy, &mut sink));
            sink.end(sent.map_err(|error| match error {
                StreamError::Server(error) => session.place().explain("reading rows", &error),
                StreamError::Malformed => WarehouseError::Statement {
                    doing: "reading rows".to_owned(),
                    message: "what came is not the binary form of COPY".to_owned(),
                },
            }));
        });
        Ok(stream)
    }
}

enum StreamError {
    Server(Error),
    Malformed,
}

impl From<Error> for StreamError {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

async fn send(session: &Session, copy: &str, sink: &mut RowSink) -> Result<(), StreamError> {
    let mut messages = pin!(session.client().copy_out(copy).await?);
    let mut is_first = true;
    while let Some(message) = messages.next().await {
        let message = message?;
        let mut bytes = Bytes(&message);
        if std::mem::take(&mut is_first) {
            bytes.take(HEADER).ok_or(StreamError::Malformed)?;
            let extension = usize::try_from(bytes.int()?).map_err(|_| StreamError::Malformed)?;
            bytes.take(extension).ok_or(StreamError::Malformed)?;
        }
        // the server never spreads a row over messages
        while !bytes.0.is_empty() {
            let values = bytes.short()?;
            if values < 0 {
                break;
            }
            for _ in 0..values {
                sink.push(bytes.value()?);
            }
        }
        if !sink.hand_on() {
            break;
        }
    }
    Ok(())
}

/// What is left of a message.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn short(&mut self) -> Result<i16, StreamError> {
        let bytes = self.take(2).and_then(|bytes| bytes.try_into().ok()).ok_or(StreamError::Malformed)?;
        Ok(i16::from_be_bytes(bytes))
    }

    fn int(&mut self) -> Result<i32, StreamError> {
        let bytes = self.take(4).and_then(|bytes| bytes.try_into().ok()).ok_or(StreamError::Malformed)?;
        Ok(i32::from_be_bytes(bytes))
    }

    fn value(&mut self) -> Result<Option<&'a str>, StreamError> {
        let Ok(length) = usize::try_from(self.int()?) else { return Ok(None) };
        let text = self.take(length).and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.map(Some).ok_or(StreamError::Malformed)
    }
}
