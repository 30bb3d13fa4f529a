//! Writes the places where the binary looks for DuckDB's shared library into the binary itself, so that it runs
//! without environment variables: beside the binary, in `../lib`, and where `make` put it.

fn main() {
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    if std::env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return;
    }
    let origin = if cfg!(target_os = "macos") { "@loader_path" } else { "$ORIGIN" };
    let mut places = vec![origin.to_owned(), format!("{origin}/../lib")];
    if let Ok(directory) = std::env::var("DUCKDB_LIB_DIR") {
        places.push(directory);
    }
    for place in places {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{place}");
    }
}
