//! One run of the binary: from the command line to the exit code.

use std::any::Any;
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process::ExitCode;

use crate::cli::{Arguments, Verb};
use crate::config::{Config, connector_specification};
use crate::failure::Failure;
use crate::logging;
use crate::protocol::writer::ProtocolWriter;
use crate::terminal::Audience;
use crate::verbs;

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
    let (audience, out) = Audience::of_process(verb.is_protocol());
    logging::start(audience.log_target());
    let witness = audience.clone();
    panic::set_hook(Box::new(move |panic| witness.tell(&panicked(panic))));
    match panic::catch_unwind(AssertUnwindSafe(|| perform(&verb, &out, &audience))) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(failure)) => {
            audience.tell(&failure);
            ExitCode::FAILURE
        }
        Err(_) => ExitCode::FAILURE, // the hook has told
    }
}

fn perform(verb: &Verb, out: &ProtocolWriter, audience: &Audience) -> Result<(), Failure> {
    match verb {
        Verb::Spec => out.spec(&connector_specification()).map_err(Failure::output),
        Verb::Check { config } => verbs::check(config, out),
        Verb::Write { config, catalog } => verbs::write(&Config::load(config)?, catalog, out, audience),
        Verb::Normalize(arguments) => verbs::normalize(arguments, audience),
        Verb::Compact(arguments) => verbs::compact(&Config::load(&arguments.config)?, arguments, audience),
        Verb::Plan { config, catalog, format } => verbs::plan(&Config::load(config)?, catalog, *format),
        Verb::Tables { config, limit } => verbs::tables(&Config::load(config)?, *limit),
        Verb::Infer(arguments) => verbs::infer(arguments, audience),
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

    use std::panic;

    use super::{literal, panicked};
    use crate::captured::Captured;
    use crate::protocol::writer::ProtocolWriter;
    use crate::terminal::Audience;

    #[test]
    fn a_panic_of_any_thread_is_told_as_a_system_error_without_the_values_in_it() {
        let sink = Captured::default();
        let audience = Audience::platform(ProtocolWriter::new(Box::new(sink.clone())));
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |panic| audience.tell(&panicked(panic))));
        let value = "hunter2";
        let joined = std::thread::spawn(move || panic!("the value is {value}")).join();
        panic::set_hook(usual);
        assert!(joined.is_err());
        let told = sink.take();
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
