//! Each law, tried with the inputs that are kept and with others that are like them.
#![allow(clippy::unwrap_used)]

/// Inputs made for one law.
#[path = "driven/made.rs"]
mod made;
/// Changes to inputs.
#[path = "driven/mutations.rs"]
mod mutations;

use std::fs;
use std::path::{Path, PathBuf};

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

/// Runs a law over many inputs. The least one that breaks it is written where a person can take it into the corpus.
fn drive(target: &str, inputs: impl Strategy<Value = Vec<u8>>) {
    let law = alluvium_laws::target(target);
    let config = Config { failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let outcome = TestRunner::new(config).run(&inputs, |input| {
        law(&input);
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
                    let broken = std::panic::catch_unwind(|| law(&input));
                    assert!(broken.is_ok(), "{}", path.display());
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
