//! Logs: LOG messages where the platform reads stdout, lines on stderr where a person does.
//!
//! An event is a fixed message and fields: `tracing::info!(table, rows, "loaded")`. Neither ever holds a row's values.

use std::fmt::{self, Write as _};

use alluvium_normalization::names::cut;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{self, Writer};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, registry};

use crate::protocol::writer::{LONGEST_MESSAGE, LogLevel, ProtocolWriter};
use crate::terminal::Screen;
use crate::terminal::style::Style;
use crate::terminal::text::harmless;

/// Where logs go.
pub(crate) enum LogTarget {
    /// LOG messages.
    Protocol(ProtocolWriter),
    /// Lines on stderr.
    Stderr(Screen),
}

/// Starts logging, for the whole process.
///
/// The level is that of `ALLUVIUM_LOG` (a level, or directives such as `alluvium::sync=debug`), else that of `LOG_LEVEL`,
/// which the platform sets, else info.
pub(crate) fn start(target: LogTarget) {
    let filter = filter(std::env::var("ALLUVIUM_LOG").ok().as_deref(), std::env::var("LOG_LEVEL").ok().as_deref());
    // A subscriber that is there already stays.
    let _ = match target {
        LogTarget::Protocol(writer) => registry().with(ProtocolLayer(writer).with_filter(filter)).try_init(),
        LogTarget::Stderr(screen) => {
            let lines = tracing_subscriber::fmt::layer()
                .fmt_fields(harmless_fields())
                .without_time()
                .with_target(false)
                .with_ansi(Style::of_stderr().is_coloured())
                .with_writer(move || screen.beside(std::io::stderr()));
            registry().with(lines.with_filter(filter)).try_init()
        }
    };
}

/// The fields of an event as a terminal shows them: names of streams and tables come from the source.
fn harmless_fields() -> impl for<'w> FormatFields<'w> + 'static {
    let field = |writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug| {
        let value = harmless(&cut(&format!("{value:?}"), LONGEST_MESSAGE));
        match field.name() {
            "message" => write!(writer, "{value}"),
            name if writer.has_ansi_escapes() => write!(writer, "\x1b[3m{name}\x1b[0m\x1b[2m=\x1b[0m{value}"),
            name => write!(writer, "{name}={value}"),
        }
    };
    format::debug_fn(field).delimited(" ")
}

fn filter(own: Option<&str>, platform: Option<&str>) -> EnvFilter {
    if let Some(Ok(filter)) = own.filter(|directives| !directives.is_empty()).map(EnvFilter::try_new) {
        return filter;
    }
    let level = platform.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    EnvFilter::default().add_directive(level.into())
}

struct ProtocolLayer(ProtocolWriter);

impl<S: Subscriber> Layer<S> for ProtocolLayer {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warn,
            Level::INFO => LogLevel::Info,
            Level::DEBUG => LogLevel::Debug,
            Level::TRACE => LogLevel::Trace,
        };
        let mut text = Text::default();
        event.record(&mut text);
        // A broken pipe shows where it matters: at the next STATE.
        let _ = self.0.log(level, &format!("{}{}", text.message, text.fields));
    }
}

/// An event as one line: `message key=value key=value`.
#[derive(Default)]
struct Text {
    message: String,
    fields: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

    use super::{ProtocolLayer, filter};
    use crate::captured::Captured;
    use crate::protocol::writer::ProtocolWriter;

    fn logged(own: Option<&str>, platform: Option<&str>) -> String {
        let sink = Captured::default();
        let layer = ProtocolLayer(ProtocolWriter::new(Box::new(sink.clone())));
        let subscriber = tracing_subscriber::registry().with(layer.with_filter(filter(own, platform)));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(table = "orders", rows = 5, "loaded");
            tracing::debug!("details");
        });
        sink.take()
    }

    #[test]
    fn an_event_is_a_log_message_with_its_fields() {
        assert_eq!(
            logged(None, None),
            "{\"type\":\"LOG\",\"log\":{\"level\":\"INFO\",\"message\":\"loaded table=orders rows=5\"}}\n"
        );
    }

    #[test]
    fn our_own_variable_goes_before_the_platforms() {
        assert_eq!(logged(None, Some("DEBUG")).lines().count(), 2);
        assert_eq!(logged(Some("warn"), Some("DEBUG")).lines().count(), 0);
        assert_eq!(logged(Some(""), Some("noise")).lines().count(), 1);
    }
}
