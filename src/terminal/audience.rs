//! Who is told of failures, of progress and of results.

use std::io::{self, IsTerminal as _};

use alluvium_normalization::names::cut;

use crate::failure::Failure;
use crate::logging::LogTarget;
use crate::protocol::writer::{LONGEST_MESSAGE, ProtocolWriter};
use crate::sync::compact::report::Compacted;
use crate::sync::report::{Progress, Report};
use crate::terminal::compacted;
use crate::terminal::inferred::{self, Inferred};
use crate::terminal::report::{Results, log, show};
use crate::terminal::screen::Screen;
use crate::terminal::style::{Style, Tone};
use crate::terminal::text::harmless;
use crate::terminal::watch::{Watch, Watched};

/// Who is told: the platform by messages on stdout, a person by lines on stderr, or both.
///
/// There is a platform where a protocol verb's stdout is not a terminal. There is a person where stderr is one, or
/// where nobody else is there.
#[derive(Clone)]
pub(crate) struct Audience {
    platform: Option<ProtocolWriter>,
    screen: Screen,
    has_person: bool,
}

impl Audience {
    /// Who is there; `is_protocol`: the verb answers with protocol messages.
    pub(crate) fn of_process(is_protocol: bool) -> (Self, ProtocolWriter) {
        let screen = Screen::stderr();
        let shares_a_terminal = screen.is_live() && io::stdout().is_terminal();
        let out = if shares_a_terminal {
            ProtocolWriter::new(Box::new(screen.beside(io::stdout())))
        } else {
            ProtocolWriter::stdout()
        };
        let platform = (is_protocol && !io::stdout().is_terminal()).then(|| out.clone());
        let has_person = platform.is_none() || io::stderr().is_terminal();
        (Self { platform, screen, has_person }, out)
    }

    /// The platform alone.
    #[cfg(test)]
    pub(crate) fn platform(out: ProtocolWriter) -> Self {
        Self { platform: Some(out), screen: Screen::stderr(), has_person: false }
    }

    /// Where logs go: to the person if one is there.
    pub(crate) fn log_target(&self) -> LogTarget {
        match &self.platform {
            Some(out) if !self.has_person => LogTarget::Protocol(out.clone()),
            _ => LogTarget::Stderr(self.screen.clone()),
        }
    }

    /// Tells why the run failed.
    pub(crate) fn tell(&self, failure: &Failure) {
        let told = self.platform.as_ref().is_some_and(|out| out.error(failure).is_ok());
        if self.has_person || !told {
            let mark = Style::of_stderr().paint(Tone::Bad, "error:");
            let chain = failure.chain().to_string();
            let lines = cut(&chain, LONGEST_MESSAGE).lines().map(harmless).collect::<Vec<_>>().join("\n");
            self.screen.say(&format!("{mark} {lines}"));
        }
    }

    /// Tells a person something that is no failure.
    pub(crate) fn hint(&self, hint: &str) {
        if io::stderr().is_terminal() {
            self.screen.say(&Style::of_stderr().paint(Tone::Faint, hint));
        }
    }

    /// Shows the progress of a sync until what is returned is dropped.
    pub(crate) fn watch(&self, watched: Watched) -> Watch {
        // What a person types would tear the live view.
        let is_drawn = self.screen.is_live() && !io::stdin().is_terminal();
        Watch::start(watched, is_drawn.then(|| self.screen.clone()))
    }

    /// Tells what a sync did.
    pub(crate) fn report(&self, report: &Report, progress: Option<&Progress>) {
        let results = Results::new(report, progress);
        if io::stderr().is_terminal() {
            for line in show(&results, self.screen.size().columns, Style::of_stderr()) {
                self.screen.say(&line);
            }
        } else {
            log(&results);
        }
    }

    /// Tells what a compaction did.
    pub(crate) fn compacted(&self, compacted: &Compacted) {
        if io::stderr().is_terminal() {
            for line in compacted::show(compacted, self.screen.size().columns, Style::of_stderr()) {
                self.screen.say(&line);
            }
        } else {
            compacted::log(compacted);
        }
    }

    /// Tells what was inferred from records.
    pub(crate) fn inferred(&self, inferred: &Inferred) {
        if io::stderr().is_terminal() {
            for line in inferred::show(inferred, self.screen.size().columns, Style::of_stderr()) {
                self.screen.say(&line);
            }
        } else {
            inferred::log(inferred);
        }
    }
}
