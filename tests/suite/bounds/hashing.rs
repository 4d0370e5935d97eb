//! What is looked up by text that others choose is in order, or under a hash that nobody can guess.

use std::fs;
use std::path::Path;

use crate::structure::rust_files;

/// `HashMap` and its kin draw their own keys; only a hasher that is named can be one without.
#[test]
fn no_hash_without_a_key_is_over_text() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut named = Vec::new();
    for path in rust_files(&src) {
        let text = fs::read_to_string(&path).unwrap();
        let words = ["BuildHasher", "impl Hasher", "FxHash", "ahash", "FnvHash"];
        if words.iter().any(|word| text.contains(word)) {
            let name = path.strip_prefix(&src).unwrap();
            named.push(name.to_string_lossy().replace('\\', "/"));
        }
    }
    // Of numbers that are handed out in order.
    assert_eq!(named, ["dag/index.rs"]);
    let text = fs::read_to_string(src.join("dag/index.rs")).unwrap();
    for kind in ["IndexMap<", "IndexSet<"] {
        let key = |rest: &str| rest.chars().take_while(|c| c.is_alphanumeric()).collect();
        for path in rust_files(&src) {
            let user = fs::read_to_string(&path).unwrap();
            if !user.contains("dag::index") {
                continue;
            }
            for rest in user.split(kind).skip(1) {
                let key: String = key(rest);
                let is_number = ["NodeIndex", "KeyIx", "usize"].contains(&key.as_str());
                assert!(is_number, "{}: {kind}{key}", path.display());
            }
        }
    }
    assert!(text.contains("fn write_u32"));
}
