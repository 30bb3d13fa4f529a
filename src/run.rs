//! One run of the binary: from the command line to the exit code.

use std::any::Any;
use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::Path;
use std::process::ExitCode;

use crate::cli::{Arguments, Verb};
use crate::config::{Config, connector_specification};
use crate::failure::Failure;
use crate::logging::{self, LogTarget};
use crate::protocol::writer::{ConnectionStatus, ProtocolWriter};
use crate::{sync, warehouse};
use alluvium_normalization::catalog::ConfiguredCatalog;
use std::sync::atomic::AtomicBool;

/// Does what the arguments ask for. See [`crate::failure`] for the exit codes.
pub(crate) fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let verb = match Arguments::read(arguments) {
        Ok(arguments) => arguments.verb,
        Err(answer) => {
            // Help and version go to stdout with code 0, mistakes to stderr with code 2.
            let _ = answer.print();
            return ExitCode::from(u8::try_from(answer.exit_code()).unwrap_or(2));
        }
    };
    let out = ProtocolWriter::stdout();
    let audience = Audience::of(&verb, &out);
    logging::start(audience.log_target());
    let witness = audience.clone();
    panic::set_hook(Box::new(move |panic| witness.tell(&panicked(panic))));
    match panic::catch_unwind(AssertUnwindSafe(|| perform(&verb, &out))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            audience.tell(&failure);
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE, // the hook has told
    }
}

fn perform(verb: &Verb, out: &ProtocolWriter) -> Result<(), Failure> {
    match verb {
        Verb::Spec => out.spec(&connector_specification()).map_err(Failure::output),
        Verb::Check { config } => check(config, out),
        Verb::Write { config, catalog } => write(&Config::load(config)?, catalog, out),
        Verb::Tables { config, limit } => tables(&Config::load(config)?, *limit),
    }
}

/// A failed check is an answer, not a failure of the run.
fn check(config: &Path, out: &ProtocolWriter) -> Result<(), Failure> {
    let answered = match Config::load(config).and_then(|config| connect(&config)) {
        Ok(()) => out.connection_status(ConnectionStatus::Succeeded, None),
        Err(failure) => out.connection_status(ConnectionStatus::Failed, Some(&failure.chain().to_string())),
    };
    answered.map_err(Failure::output)
}

fn connect(config: &Config) -> Result<(), Failure> {
    warehouse::connect(&config.warehouse, false)?;
    Ok(())
}

fn write(config: &Config, catalog: &Path, out: &ProtocolWriter) -> Result<(), Failure> {
    let text = std::fs::read_to_string(catalog).map_err(|error| {
        Failure::config(format!("the catalog file {} can't be read", catalog.display())).caused_by(error)
    })?;
    let catalog = ConfiguredCatalog::parse(&text).map_err(|error| Failure::config(error.to_string()))?;
    let warehouse = warehouse::connect(&config.warehouse, false)?;
    let stop = AtomicBool::new(false);
    let settings = sync::Settings { max_line_bytes: config.loading.max_record_bytes, ..sync::Settings::default() };
    let (report, outcome) =
        sync::run(io::stdin(), &catalog, &config.options(), &settings, warehouse, out, &stop, |_| {});
    tracing::info!(?report, "done");
    outcome
}

fn tables(_config: &Config, _limit: usize) -> Result<(), Failure> {
    Err(Failure::internal("`tables` has no warehouse to read"))
}

/// Who is told of failures and of progress.
#[derive(Clone)]
enum Audience {
    /// The platform, which reads stdout.
    Platform(ProtocolWriter),
    /// A person at a terminal.
    Person,
}

impl Audience {
    fn of(verb: &Verb, out: &ProtocolWriter) -> Self {
        if verb.is_protocol() && !io::stdout().is_terminal() { Self::Platform(out.clone()) } else { Self::Person }
    }

    fn log_target(&self) -> LogTarget {
        match self {
            Self::Platform(out) => LogTarget::Protocol(out.clone()),
            Self::Person => LogTarget::Stderr,
        }
    }

    fn tell(&self, failure: &Failure) {
        if let Self::Platform(out) = self
            && out.error(failure).is_ok()
        {
            return;
        }
        // With stderr gone too there is nobody left to tell but by the exit code.
        let _ = writeln!(io::stderr(), "error: {}", failure.chain());
    }
}

fn panicked(panic: &PanicHookInfo<'_>) -> Failure {
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let failure = Failure::internal(format!("this is a defect of alluvium, please report it: panic at {place}"));
    match literal(panic.payload()) {
        Some(reason) => failure.caused_by(reason),
        None => failure,
    }
}

/// The message of a panic, unless it was put together at run time: then it may quote a row's values.
fn literal(payload: &(dyn Any + Send)) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::{self, Write};
    use std::panic;
    use std::sync::{Arc, Mutex};

    use super::{Audience, literal, panicked};
    use crate::protocol::writer::ProtocolWriter;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_panic_of_any_thread_is_told_as_a_system_error_without_the_values_in_it() {
        let sink = Sink::default();
        let audience = Audience::Platform(ProtocolWriter::new(Box::new(sink.clone())));
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| audience.tell(&panicked(panic))));
        let value = "hunter2";
        let joined = std::thread::spawn(move || panic!("the value is {value}")).join();
        panic::set_hook(usual);
        assert!(joined.is_err());
        let told = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert!(told.starts_with(r#"{"type":"TRACE","trace":{"type":"ERROR","#), "{told}");
        assert!(told.contains("panic at src/run.rs:") && told.contains("system_error"), "{told}");
        assert!(!told.contains(value), "{told}");
    }

    #[test]
    fn only_the_fixed_message_of_a_panic_is_told() {
        assert_eq!(literal(&"index out of order"), Some("index out of order"));
        assert_eq!(literal(&"it is inside 'é' of `a row's value`".to_owned()), None);
    }
}
