//! The description of the API.

use std::fs;
use std::path::Path;

use crate::process::{run, said};

#[test]
fn the_description_is_always_the_same_and_the_one_in_docs() {
    let printed = said(&run(["openapi"]));
    assert!(printed == said(&run(["openapi"])), "two runs print different descriptions");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let kept = fs::read_to_string(kept).unwrap();
    assert!(printed == kept, "docs/openapi.json is stale: run `cargo xtask openapi`");
}
