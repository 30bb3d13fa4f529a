//! Each law, tried with the inputs that are kept and with others that are like them.
#![allow(clippy::unwrap_used)]

/// Inputs made for one law.
#[path = "driven/made.rs"]
mod made;
/// Changes to inputs.
#[path = "driven/mutations.rs"]
mod mutations;

use std::cell::Cell;
use std::fs;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use alluvium_laws::TARGETS;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The inputs that are kept for a law, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = fs::read_dir(fuzz().join("corpus").join(target)).unwrap();
    let mut corpus: Vec<_> =
        files.map(|file| file.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    corpus.sort();
    assert!(!corpus.is_empty());
    corpus
}

/// How long a law may take over one input on a machine that does much else.
const LONGEST: Duration = Duration::from_mins(1);

/// Tries a law: false if it had no end in time.
fn ends(law: fn(&[u8]), input: &[u8]) -> bool {
    let (trying, tried) = mpsc::channel::<()>();
    let input = input.to_owned();
    let thread = std::thread::spawn(move || {
        let _trying = trying;
        law(&input);
    });
    if tried.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
        return false;
    }
    thread.join().unwrap_or_else(|broken| resume_unwind(broken));
    true
}

/// Runs a law over many inputs. The least one that breaks it is written where a person can take it into the corpus.
fn drive(target: &str, inputs: impl Strategy<Value = Vec<u8>>) {
    let law = alluvium_laws::target(target);
    let config = Config { failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let hangs = Cell::new(false);
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        // one that hangs is told as it is: the time for smaller ones is up
        hangs.set(!hangs.get() && !ends(law, &input));
        prop_assert!(!hangs.get(), "no end within {LONGEST:?}");
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(reason, input)) => {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(target);
            fs::write(&file, &input).unwrap();
            panic!("{reason}\nwith {}: {}", file.display(), String::from_utf8_lossy(&input));
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn every_folder_of_the_corpus_is_a_laws() {
    let folders = fs::read_dir(fuzz().join("corpus")).unwrap();
    let mut folders: Vec<String> = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap()).collect();
    folders.sort();
    assert_eq!(folders, TARGETS.map(|target| target.name));
}

macro_rules! driven {
    ($($target:ident)*) => {$(
        mod $target {
            use proptest::prelude::*;

            const TARGET: &str = stringify!($target);

            #[test]
            fn kept() {
                let law = alluvium_laws::target(TARGET);
                for (path, input) in super::corpus(TARGET) {
                    let ended = std::panic::catch_unwind(|| super::ends(law, &input));
                    assert!(matches!(ended, Ok(true)), "{}", path.display());
                }
            }

            #[test]
            fn like_them() {
                let corpus = super::corpus(TARGET).into_iter().map(|(_, input)| input).collect();
                let made = super::made::$target();
                let mutated = super::mutations::of(corpus);
                super::drive(TARGET, prop_oneof![2 => mutated, 1 => made]);
            }
        }
    )*};
}

driven! { catalogs configs copy lines moments names numbers records }
