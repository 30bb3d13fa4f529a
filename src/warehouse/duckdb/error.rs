//! DuckDB's errors as a person reads them.
//!
//! DuckDB gives a kind and a sentence (`IO Error: Cannot open file …`) and nothing else, so both are read as text. An
//! unknown sentence is passed on; an error about data is passed on without the data.

use duckdb::Error;

use crate::warehouse::WarehouseError;

/// What errors call a database.
#[derive(Debug, Clone)]
pub(super) struct Place {
    name: String,
    /// Never shown, whoever quotes it.
    secret: Option<String>,
}

/// Who must act, of the errors that DuckDB's own words tell apart.
#[derive(Debug, Clone, Copy)]
enum Act {
    User,
    Machine,
}

/// Parts of DuckDB's sentences, and what they mean. The first that fits counts.
const REASONS: &[(&str, Act, &str)] = &[
    ("No space left on device", Act::Machine, "the disk is full"),
    ("Disk quota exceeded", Act::Machine, "the disk quota is used up"),
    ("failed to offload data block", Act::Machine, "the disk has no room for temporary files"),
    ("Input/output error", Act::Machine, "the disk can't be read or written (input/output error)"),
    ("Too many open files", Act::Machine, "too many open files"),
    ("Read-only file system", Act::User, "the file system is read-only"),
    ("Permission denied", Act::User, "no permission to open it"),
    ("Is a directory", Act::User, "it is a directory, not a file"),
    ("Not a directory", Act::User, "a part of the path is not a directory"),
    ("File name too long", Act::User, "the file's name is too long"),
    ("database does not exist", Act::User, "there is no such file"),
    ("No such file or directory", Act::User, "there is no such directory"),
    ("not a valid DuckDB database file", Act::User, "the file exists, but is not a DuckDB database"),
    ("Corrupt database file", Act::User, "the database file is damaged"),
];

/// Kinds of errors whose sentences speak of files, statements and tables; all other kinds may quote values.
const WITHOUT_VALUES: &[&str] = &[
    "IO Error",
    "TransactionContext Error",
    "FATAL Error",
    "Out of Memory Error",
    "Catalog Error",
    "Binder Error",
    "Parser Error",
    "Dependency Error",
    "Permission Error",
    "Not implemented Error",
    "HTTP Error",
    "Connection Error",
    "Missing Extension Error",
    "INTERRUPT Error",
];

impl Place {
    pub(super) fn new(name: String, secret: Option<String>) -> Self {
        Self { name, secret: secret.filter(|secret| !secret.is_empty()) }
    }

    /// What errors call the database.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// What an error means that came while doing something.
    pub(super) fn explain(&self, doing: &str, error: &Error) -> WarehouseError {
        let mut text = text(error);
        if let Some(secret) = &self.secret {
            text = text.replace(secret, "***");
        }
        let (kind, sentence) = text.split_once(": ").unwrap_or(("", &text));
        if !WITHOUT_VALUES.contains(&kind) {
            return statement(doing, without_values(sentence));
        }
        if let Some(holder) = Holder::of(sentence) {
            return WarehouseError::Transient(format!(
                "{} is in use by another process, {holder}: end it or wait for its end",
                self.name
            ));
        }
        if sentence.contains("created with a newer version of DuckDB") {
            return WarehouseError::Config(format!(
                "{} was written by a newer DuckDB: this one can read files up to storage version {}, the file has {}",
                self.name,
                number_after(sentence, " and ").unwrap_or("?"),
                number_after(sentence, "version number ").unwrap_or("?"),
            ));
        }
        if kind == "Out of Memory Error" && !sentence.contains("failed to offload") {
            return WarehouseError::Resource(format!(
                "{doing}: DuckDB needs more memory than it may use: {}",
                line(sentence)
            ));
        }
        if let Some((_, act, meaning)) = REASONS.iter().find(|(part, ..)| sentence.contains(part)) {
            let file = quoted_path(sentence).unwrap_or(&self.name);
            return match act {
                Act::User => WarehouseError::Config(format!("{file} can't be opened: {meaning}")),
                Act::Machine => WarehouseError::Resource(format!("{doing}: {file} can't be written: {meaning}")),
            };
        }
        match kind {
            "HTTP Error" | "Connection Error" => WarehouseError::Transient(format!("{doing}: {}", line(sentence))),
            // A view of the user's has a name that we need.
            "Catalog Error" if sentence.starts_with("Existing object") || sentence.contains("is not an table") => {
                WarehouseError::Config(format!("{doing}: {}", line(sentence)))
            }
            _ => statement(doing, line(sentence).to_owned()),
        }
    }
}

/// Whether another process holds the file.
pub(super) fn is_locked(error: &Error) -> bool {
    Holder::of(&text(error)).is_some()
}

/// Whether a transaction is already gone, as after a commit that failed.
pub(super) fn is_over(error: &Error) -> bool {
    text(error).contains("no transaction is active")
}

fn statement(doing: &str, message: String) -> WarehouseError {
    WarehouseError::Statement { doing: doing.to_owned(), message }
}

fn text(error: &Error) -> String {
    match error {
        Error::DuckDBFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// The first line: the others show the statement or advise on settings.
fn line(sentence: &str) -> &str {
    sentence.lines().next().unwrap_or_default().trim_end()
}

/// The process that holds a file's lock, from `Conflicting lock is held in /usr/bin/duckdb (PID 42) by user ann.`
#[derive(Debug, PartialEq, Eq)]
struct Holder<'a> {
    program: &'a str,
    process: Option<&'a str>,
}

impl<'a> Holder<'a> {
    fn of(sentence: &'a str) -> Option<Self> {
        let (_, lock) = sentence.split_once("Could not set lock on file ")?;
        let Some((_, held)) = lock.split_once("Conflicting lock is held in ") else {
            return Some(Self { program: "", process: None });
        };
        let (program, rest) = held.split_once(" (PID ").unwrap_or((line(held), ""));
        Some(Self { program, process: rest.split_once(')').map(|(process, _)| process) })
    }
}

impl std::fmt::Display for Holder<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.program, self.process) {
            ("", _) => write!(formatter, "which could not be found"),
            (program, None) => write!(formatter, "{program}"),
            (program, Some(process)) => write!(formatter, "{program} (PID {process})"),
        }
    }
}

/// The file that a sentence speaks of.
fn quoted_path(sentence: &str) -> Option<&str> {
    let path = sentence.split('"').nth(1)?;
    path.contains('/').then_some(path)
}

fn number_after<'a>(sentence: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = sentence.split_once(words)?;
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    (end > 0).then(|| &rest[..end])
}

/// A sentence about data without the data: all from the first to the last quotation mark, and every number, is `…`.
///
/// A value may itself hold quotation marks and line breaks, so what stands between two quoted values goes too, and a mark
/// that is never closed hides all the rest.
fn without_values(sentence: &str) -> String {
    let sentence = sentence.split("\n\nLINE ").next().unwrap_or_default();
    let opening = sentence.char_indices().find(|&(at, mark)| {
        matches!(mark, '\'' | '"') && !sentence[..at].ends_with(|before: char| before.is_alphanumeric())
    });
    let masked = match opening {
        Some((start, mark)) => match sentence.rfind(mark) {
            Some(end) if end > start => format!("{}…{}", &sentence[..start], &sentence[end + 1..]),
            _ => format!("{}…", &sentence[..start]),
        },
        None => sentence.to_owned(),
    };
    let is_number = |word: &str| {
        let digits = word.trim_start_matches(['(', '-', '+', '.']);
        digits.starts_with(|first: char| first.is_ascii_digit())
    };
    line(&masked).split(' ').map(|word| if is_number(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(text: &str) -> String {
        let error = Error::DuckDBFailure(duckdb::ffi::Error::new(duckdb::ffi::DuckDBError), Some(text.to_owned()));
        Place::new("/data/a.duckdb".to_owned(), Some("hunter2".to_owned()))
            .explain("loading main.users", &error)
            .to_string()
    }

    #[test]
    fn values_are_never_shown() {
        for (text, expected) in [
            (
                "Conversion Error: Could not convert string 'it's \"x\"\n' y' to INT32",
                "Could not convert string … to INT32",
            ),
            (
                "Conversion Error: Type DOUBLE with value 1e+40 can't be cast because …",
                "Type DOUBLE with value … can't be cast because …",
            ),
            (
                "Conversion Error: Malformed JSON at byte 3 of input: unexpected end.  Input: \"{\"a\"\n\nLINE 1: select",
                "Malformed JSON at byte … of input: unexpected end.  Input: …",
            ),
            ("Out of Range Error: Overflow in addition of UINT8 (-1 + 255)!", "Overflow in addition of UINT8 … + …"),
            ("Constraint Error: duplicate key \"1", "duplicate key …"),
            ("Invalid Input Error: Could not parse string \"hello\"\nhello\n^", "Could not parse string …"),
            ("no kind at all 'secret'", "no kind at all …"),
            ("Conversion Error: 'Permission denied'", "…"),
        ] {
            assert_eq!(explain(text), format!("loading main.users: {expected}"));
        }
    }

    #[test]
    fn secrets_are_never_shown() {
        assert_eq!(explain("IO Error: token hunter2 is bad"), "loading main.users: token *** is bad");
    }

    #[test]
    fn who_must_act_is_told_apart() {
        for (text, expected) in [
            (
                "IO Error: Could not set lock on file \"/data/a.duckdb\": Conflicting lock is held in /usr/bin/duck db (PID 42) by user ann. See also https://",
                "/data/a.duckdb is in use by another process, /usr/bin/duck db (PID 42): end it or wait for its end",
            ),
            (
                "TransactionContext Error: Failed to commit: Could not write file \"/data/a.duckdb.wal\": No space left on device",
                "loading main.users: /data/a.duckdb.wal can't be written: the disk is full",
            ),
            (
                "IO Error: Trying to read a database file with version number 99, but we can only read versions between 64 and 68.\nThe database file was created with a newer version of DuckDB.",
                "/data/a.duckdb was written by a newer DuckDB: this one can read files up to storage version 68, the file has 99",
            ),
            (
                "Out of Memory Error: could not allocate block of size 256.0 KiB (9.4 MiB/9.5 MiB used)\nadvice",
                "loading main.users: DuckDB needs more memory than it may use: could not allocate block of size 256.0 KiB (9.4 MiB/9.5 MiB used)",
            ),
            (
                "Catalog Error: Existing object users is of type View, trying to replace with type Table",
                "loading main.users: Existing object users is of type View, trying to replace with type Table",
            ),
        ] {
            assert_eq!(explain(text), expected);
        }
    }
}
