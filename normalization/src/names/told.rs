//! Names as messages tell them.

use std::borrow::Cow;

/// The most characters of a source's name that a message repeats: whoever chose the name chose its length, too.
const LONGEST_TOLD: usize = 200;

/// A source's name as logs, errors and reports tell it: what is over 200 characters is cut off, and `…` stands for it.
#[must_use]
pub fn told(name: &str) -> Cow<'_, str> {
    cut(name, LONGEST_TOLD)
}

/// The first characters of a text, with `…` behind them if something is gone.
#[must_use]
pub fn cut(text: &str, characters: usize) -> Cow<'_, str> {
    if text.len() <= characters {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(characters) {
        Some((end, _)) => Cow::Owned(format!("{}…", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_name_is_told_whole_or_by_its_beginning() {
        let name = "é".repeat(200);
        assert_eq!(told(&name), name);
        assert_eq!(told(&format!("{name}x")), format!("{name}…"));
    }
}
