//! stderr, with a live view at its end that is drawn over and over.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::terminal::style::is_dumb;
use crate::terminal::text::width;

/// Rows and columns of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Columns.
    pub(crate) columns: usize,
    /// Rows.
    pub(crate) rows: usize,
}

impl Size {
    /// The size of the terminal that stderr is.
    fn of_stderr() -> Self {
        Self::from(terminal_size::terminal_size_of(io::stderr()))
    }

    /// The size of the terminal that stdout is.
    pub(crate) fn of_stdout() -> Self {
        Self::from(terminal_size::terminal_size_of(io::stdout()))
    }

    fn from(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Self {
        match size {
            // 0 is what a terminal says that does not know
            Some((columns, rows)) if columns.0 > 0 && rows.0 > 0 => {
                Self { columns: columns.0.into(), rows: rows.0.into() }
            }
            _ => Self { columns: 80, rows: 24 },
        }
    }
}

/// Where lines for a person go: below each other, and a live view after the last of them.
///
/// Law: the live view never stays behind and never mixes with lines, whoever writes them and however the terminal is
/// resized: everything that reaches the terminal goes through here, and a frame is written at once.
#[derive(Clone)]
pub(crate) struct Screen(Arc<Mutex<State>>);

struct State {
    sink: Box<dyn Write + Send>,
    size: fn() -> Size,
    /// Widths of the lines of the live view that is on the screen.
    drawn: Vec<usize>,
    /// The sink can be drawn over.
    is_live: bool,
}

impl Screen {
    /// The process's stderr.
    pub(crate) fn stderr() -> Self {
        let is_live = io::stderr().is_terminal() && !is_dumb();
        Self::new(Box::new(io::stderr()), is_live, Size::of_stderr)
    }

    fn new(sink: Box<dyn Write + Send>, is_live: bool, size: fn() -> Size) -> Self {
        Self(Arc::new(Mutex::new(State { sink, size, drawn: Vec::new(), is_live })))
    }

    /// Whether a live view can be drawn.
    pub(crate) fn is_live(&self) -> bool {
        self.lock().is_live
    }

    /// How large it is now.
    pub(crate) fn size(&self) -> Size {
        (self.lock().size)()
    }

    /// Draws the live view in the place of the one before. Lines must not be wider than the screen.
    pub(crate) fn draw(&self, lines: &[Line]) {
        let mut state = self.lock();
        if !state.is_live {
            return;
        }
        let mut frame = state.erasure();
        for line in lines {
            frame.push_str(&line.painted);
            frame.push('\n');
        }
        state.drawn = lines.iter().map(|line| line.width).collect();
        state.put(frame.as_bytes());
    }

    /// Takes the live view away.
    pub(crate) fn clear(&self) {
        let mut state = self.lock();
        let erasure = state.erasure();
        state.put(erasure.as_bytes());
    }

    /// Writes a line. The live view is gone until it is drawn again.
    pub(crate) fn say(&self, line: &str) {
        let mut state = self.lock();
        let text = format!("{}{line}\n", state.erasure());
        state.put(text.as_bytes());
    }

    /// `output` as something to write to that shares a terminal with the screen.
    pub(crate) fn beside<W: Write>(&self, output: W) -> Beside<W> {
        Beside { screen: self.clone(), output }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // a panic while it is held leaves at most a torn live view
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What takes the live view from the screen, and forgets it.
    fn erasure(&mut self) -> String {
        if self.drawn.is_empty() {
            return String::new();
        }
        let columns = (self.size)().columns.max(1);
        // Lines that are wider than the screen is now have been folded by it.
        let rows: usize = self.drawn.drain(..).map(|width| width.div_ceil(columns).max(1)).sum();
        format!("\x1b[{rows}F\x1b[J")
    }

    fn put(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        // A person who has closed the terminal is no reason to stop.
        let _ = self.sink.write_all(bytes).and_then(|()| self.sink.flush());
    }
}

/// A line of a live view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    painted: String,
    width: usize,
}

impl Line {
    /// A line with its tones; `plain` is the same without them.
    pub(crate) fn new(painted: String, plain: &str) -> Self {
        Self { painted, width: width(plain) }
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.painted
    }

    #[cfg(test)]
    pub(super) fn width(&self) -> usize {
        self.width
    }
}

/// Something else that shares the screen's terminal. See [`Screen::beside`].
pub(crate) struct Beside<W> {
    screen: Screen,
    output: W,
}

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.screen.lock();
        let erasure = state.erasure();
        state.put(erasure.as_bytes());
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::{Line, Screen, Size};
    use crate::captured::Captured;

    fn screen(is_live: bool) -> (Captured, Screen) {
        let sink = Captured::default();
        let screen = Screen::new(Box::new(sink.clone()), is_live, || Size { columns: 10, rows: 24 });
        (sink, screen)
    }

    fn line(text: &str) -> Line {
        Line::new(text.to_owned(), text)
    }

    #[test]
    fn a_frame_takes_the_place_of_the_one_before() {
        let (sink, screen) = screen(true);
        screen.draw(&[line("a"), line("b")]);
        assert_eq!(sink.take(), "a\nb\n");
        screen.draw(&[line("c")]);
        assert_eq!(sink.take(), "\x1b[2F\x1b[Jc\n");
        screen.clear();
        screen.clear();
        assert_eq!(sink.take(), "\x1b[1F\x1b[J");
    }

    #[test]
    fn lines_that_a_narrower_screen_has_folded_are_taken_away_whole() {
        let (sink, screen) = screen(true);
        screen.draw(&[line("eleven wide"), line("ten wide .."), line("")]);
        sink.take();
        screen.clear();
        assert_eq!(sink.take(), "\x1b[5F\x1b[J");
    }

    #[test]
    fn what_others_write_stands_above_the_live_view() {
        let (sink, screen) = screen(true);
        screen.draw(&[line("a")]);
        screen.beside(sink.clone()).write_all(b"{}\n").unwrap();
        screen.draw(&[line("a")]);
        screen.say("said");
        assert_eq!(sink.take(), "a\n\x1b[1F\x1b[J{}\na\n\x1b[1F\x1b[Jsaid\n");
    }

    #[test]
    fn what_is_no_terminal_gets_lines_only() {
        let (sink, screen) = screen(false);
        screen.draw(&[line("a")]);
        screen.say("said");
        assert_eq!(sink.take(), "said\n");
    }
}
