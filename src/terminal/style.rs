//! Emphasis, where the reader's terminal shows it.

use std::io::{self, IsTerminal};

/// How a piece of text stands out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It does not.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// What is read last.
    Faint,
    /// What may need a look.
    Warning,
    /// What went wrong.
    Bad,
}

/// Whether tones are shown, or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    coloured: bool,
}

impl Style {
    /// Text as it is.
    pub(crate) const PLAIN: Self = Self { coloured: false };

    /// What `output` shows: tones on a terminal, unless `NO_COLOR` (<https://no-color.org>) or a terminal without
    /// them says otherwise.
    pub(crate) fn of(output: &impl IsTerminal) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { coloured: output.is_terminal() && !unwanted && !is_dumb() }
    }

    /// The style of stderr.
    pub(crate) fn of_stderr() -> Self {
        Self::of(&io::stderr())
    }

    /// Whether tones are shown.
    pub(crate) fn is_coloured(self) -> bool {
        self.coloured
    }

    /// The text in a tone.
    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => return text.to_owned(),
            Tone::Strong => "1",
            Tone::Faint => "2",
            Tone::Warning => "33",
            Tone::Bad => "31",
        };
        if self.coloured { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// The terminal can only add text at its end.
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb")
}
