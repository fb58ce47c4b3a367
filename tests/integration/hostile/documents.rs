//! Indexes, manifests and configs that say anything, as the whole program meets them.

use std::fs;

use archproof::oci::Digest;
use rstest::rstest;
use serde_json::{Value, json};

use super::layout::{Blob, Layout, config, runnable, tool};
use super::tar::Tar;
use super::whole::attack;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn with_manifest(change: impl FnOnce(&mut Value)) -> Layout {
    let layers = [tool()];
    Layout::new().variant_with(&layers, &config(&layers), change).indexed()
}

fn with_config(change: impl FnOnce(&mut Value)) -> Layout {
    Layout::with([], change)
}

fn annotated(mebibytes: usize) -> Layout {
    with_manifest(|it| it["annotations"] = json!({"a": "x".repeat(mebibytes << 20)}))
}

fn manifest_of_17_mib() -> Layout {
    annotated(17)
}

fn manifest_of_15_mib() -> Layout {
    annotated(15)
}

/// What `index.json` says beside its manifests.
fn listing_with(more: &str) -> Layout {
    let layout = Layout::of([]);
    let path = layout.path().join("index.json");
    let text = fs::read_to_string(path).expect("it is there");
    let text = format!("{}, \"x\": {more}}}", text.trim_end_matches('}'));
    layout.listing(&text)
}

fn listing_of_17_mib() -> Layout {
    listing_with(&format!("\"{}\"", "y".repeat(17 << 20)))
}

fn nested_arrays() -> Layout {
    listing_with(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)))
}

/// An image whose only entry in the index is another one.
fn entry_with(field: &str, value: &str) -> Layout {
    let layers = [tool()];
    let layout = Layout::new().variant(&layers, &config(&layers));
    let mut entry = layout.entries[0].clone();
    entry[field] = json!("VALUE");
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
    layout.indexed_by(index.to_string().replace("\"VALUE\"", value).as_bytes())
}

fn size_of_41_digits() -> Layout {
    entry_with("size", &format!("1{}", "0".repeat(40)))
}

fn negative_size() -> Layout {
    entry_with("size", "-1")
}

fn digest_that_is_a_path() -> Layout {
    entry_with("digest", r#""sha256:../../../../etc/passwd""#)
}

fn two_lists() -> Layout {
    let layers = [tool()];
    let layout = Layout::new().variant(&layers, &config(&layers));
    let entries = Value::from(layout.entries.clone());
    let index = format!(r#"{{"schemaVersion": 2, "manifests": [], "manifests": {entries}}}"#);
    layout.indexed_by(index.as_bytes())
}

fn one_manifest_30_000_times() -> Layout {
    let layers = [tool()];
    let mut layout = Layout::new().variant(&layers, &config(&layers));
    layout.entries = vec![layout.entries[0].clone(); 30_000];
    layout.indexed()
}

fn manifests_of_one_platform() -> Layout {
    let layers = [tool()];
    let each = |layout: Layout, it: i32| {
        let mut config = config(&layers);
        config["config"]["Labels"] = json!({"n": it.to_string()});
        layout.variant(&layers, &config)
    };
    (0..300).fold(Layout::new(), each).indexed()
}

fn layers(count: usize) -> Layout {
    Layout::of((0..count).map(|it| Tar::default().file(&format!("f{it}"), b"").into()))
}

fn many_layers() -> Layout {
    layers(300)
}

fn one_layer_200_times() -> Layout {
    let files = (0..500).fold(Tar::default(), |tar, it| tar.file(&format!("d/{it}"), b""));
    Layout::of(vec![Blob::packed(files); 200])
}

/// Indexes of which each names another.
fn index_in_index() -> Layout {
    let layout = Layout::new();
    let mut inner = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []});
    for _ in 0..50 {
        let entry = layout.blob(INDEX, inner.to_string().as_bytes());
        inner = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]});
    }
    layout.indexed_by(inner.to_string().as_bytes())
}

/// An index that names itself, which its digest cannot be.
fn index_of_itself() -> Layout {
    let layout = Layout::new();
    let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().expect("a digest");
    let entry = json!({"mediaType": INDEX, "digest": digest.to_string(), "size": 1});
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}).to_string();
    fs::write(layout.blob_path(digest), &index).expect("a blob");
    layout.listing(&index)
}

/// The layer of `/tool` is another one than its digest says.
fn flipped_byte() -> Layout {
    let layout = Layout::of([]);
    let tar = Tar::default().file("tool", &runnable()).bytes();
    let mut other = tar.clone();
    *other.last_mut().expect("a byte") = 1;
    fs::write(layout.blob_path(Digest::of(&tar)), other).expect("a blob");
    layout
}

/// A blob that would keep its reader waiting.
fn pipe() -> Layout {
    let layout = Layout::of([]);
    let tar = Tar::default().file("tool", &runnable()).bytes();
    let path = layout.blob_path(Digest::of(&tar));
    fs::remove_file(&path).expect("it was there");
    let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo runs");
    assert!(made.success());
    layout
}

fn steps_without_layers() -> Layout {
    with_config(|it| it["history"] = json!(vec![json!({"empty_layer": true}); 500_000]))
}

fn diff_ids_of_no_layer() -> Layout {
    let zeros = format!("sha256:{}", "0".repeat(64));
    with_config(|it| it["rootfs"]["diff_ids"] = json!(vec![zeros; 150_000]))
}

fn env(variables: impl Iterator<Item = String>) -> Layout {
    with_config(|it| it["config"]["Env"] = variables.collect())
}

fn long_variables() -> Layout {
    let value = "x".repeat(100);
    env((0..100_000).map(|it| format!("A{it}={value}")))
}

fn short_variables() -> Layout {
    env((0..400_000).map(|it| format!("{it}=")))
}

fn many_arguments() -> Layout {
    let words = std::iter::once("/tool".to_owned()).chain(vec!["x".repeat(100); 100_000]);
    with_config(|it| it["config"]["Entrypoint"] = words.collect())
}

fn user(name: &str) -> Layout {
    with_config(|it| it["config"]["User"] = json!(name))
}

fn user_4294967296() -> Layout {
    user("4294967296")
}

fn user_4294967295() -> Layout {
    user("4294967295")
}

fn user_of_23_digits() -> Layout {
    user("99999999999999999999999")
}

fn user_in_a_large_file() -> Layout {
    let accounts = Tar::default()
        .file("etc/passwd", &b"a:x:1:1::/:\n".repeat(87_000))
        .file("etc/group", format!("g:x:1:{}\n", "u,".repeat(500_000)).as_bytes());
    Layout::with([Blob::packed(accounts)], |it| it["config"]["User"] = json!("zz"))
}

#[rstest]
#[case("bigmanifest", manifest_of_17_mib, 2, "is larger than 16 MiB")]
#[case("bigmanifest15", manifest_of_15_mib, 0, "pass")]
#[case("bigindex", listing_of_17_mib, 2, "its index.json is larger than 16 MiB")]
#[case("nesting", nested_arrays, 0, "pass")]
#[case("duplicatekeys", two_lists, 2, "duplicate field `manifests`")]
#[case("numbers", size_of_41_digits, 2, "is malformed")]
#[case("negative", negative_size, 2, "invalid value: integer `-1`")]
#[case("pathdigest", digest_that_is_a_path, 2, "is malformed")]
#[case("manifests", one_manifest_30_000_times, 2, "has 30000 entries")]
#[case("manifests_distinct", manifests_of_one_platform, 1, "PlatformDuplicate")]
#[case("manylayers", many_layers, 0, "pass")]
#[case("samelayer", one_layer_200_times, 0, "pass")]
#[case("cycle", index_in_index, 1, "IndexNested")]
#[case("selfindex", index_of_itself, 2, "has the digest")]
#[case("wrongdigest", flipped_byte, 1, "DigestMismatch")]
#[case("fifo", pipe, 2, "it is not a regular file")]
#[case("historybomb", steps_without_layers, 0, "pass")]
#[case("diffids", diff_ids_of_no_layer, 1, "DigestMismatch")]
#[case("bigenv", long_variables, 0, "pass")]
#[case("shortenv", short_variables, 0, "pass")]
#[case("bigargs", many_arguments, 0, "pass")]
#[case("passwd", user_in_a_large_file, 1, "UserMissing")]
#[case("uid_big", user_4294967296, 1, "UserMissing")]
#[case("uid_minus1", user_4294967295, 1, "UserMissing")]
#[case("uid_huge", user_of_23_digits, 1, "UserMissing")]
fn documents(
    #[case] name: &str,
    #[case] image: fn() -> Layout,
    #[case] status: i32,
    #[case] words: &str,
) {
    attack(name, &image(), status, words);
}
