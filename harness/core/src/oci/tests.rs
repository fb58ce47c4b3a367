//! Layouts and archives of every shape, whole and broken.

use std::error::Error;
use std::io::Write;
use std::path::Path;

use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use super::*;
use crate::causes::causes;
use crate::fixture::{Image as Fixture, Layer, Layout, Variant};

fn layout() -> Layout {
    Fixture::new([Variant::healthy("linux/arm64")]).layout()
}

fn file(bytes: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("a temporary file");
    file
}

fn bytes(layout: &Layout) -> Vec<u8> {
    std::fs::read(layout.write().path()).expect("a temporary file")
}

#[expect(clippy::needless_pass_by_value, reason = "errors come from expect_err")]
fn kind(error: LayoutError) -> String {
    error.source().expect("it has a cause").to_string()
}

/// The first of an image's manifests.
fn first(image: &OpenImage) -> (Manifest, ImageConfig) {
    let descriptor = match image.root() {
        Image::Index { index, .. } => index.manifests[0].clone(),
        Image::Single(descriptor) => descriptor.clone(),
    };
    let manifest = image.manifest(&descriptor).expect("a manifest");
    let config = image.document(&manifest.config).expect("a config");
    (manifest, config)
}

/// Reads all layers, as their descriptors say.
fn read_layers(image: &OpenImage) {
    for layer in first(image).0.layers {
        let blob = image.blob(&layer).expect("a layer");
        let read = Hashing::with(layer.digest.algorithm(), blob).finish().expect("a layer");
        assert_eq!(read, (layer.digest, layer.size));
    }
}

#[test]
fn an_image_is_the_same_in_a_folder_and_in_a_tar() {
    let layout = layout();
    let folder = layout.write_folder();
    let in_folder = open_layout(folder.path(), None).expect("a folder");
    let in_tar = layout.open().expect("a tar");
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&bytes(&layout)).expect("in memory");
    let compressed = file(&gzip.finish().expect("in memory"));
    let in_gzip = open_archive(compressed.path(), None).expect("a compressed tar");
    for image in [&in_folder, &in_tar, &in_gzip] {
        assert_eq!(image.root().descriptor(), in_tar.root().descriptor());
        read_layers(image);
    }
}

#[test]
fn what_is_no_layout_is_refused() {
    let open = |bytes: &[u8]| kind(open_archive(file(bytes).path(), None).expect_err("no layout"));
    for (method, magic) in [("zstd", &b"\x28\xb5\x2f\xfd"[..]), ("xz", b"\xfd7zXZ\0")] {
        let expected = format!("it is compressed with {method}: decompress it first");
        assert_eq!(open(magic), expected);
    }
    let no_index = "it has no index.json: it is not an OCI image layout";
    assert_eq!(open(b""), no_index);
    for garbage in [b"no tar at all".repeat(99), b"\x1f\x8b\x08\0\0\0\0\0".repeat(99)] {
        let error = open_archive(file(&garbage).path(), None).expect_err("garbage");
        assert!(matches!(error.kind(), LayoutErrorKind::Read(_)), "{error:?}");
    }
    let mut bare = layout();
    bare.remove("index.json");
    assert_eq!(open(&bytes(&bare)), no_index);
    assert_eq!(kind(open_layout(bare.write_folder().path(), None).expect_err("bare")), no_index);
    let mut broken = layout();
    broken.set("index.json", b"{\"manifests\": 1}".to_vec());
    assert_eq!(open(&bytes(&broken)), "its index.json is malformed");
    let neither = "it has neither index.json nor manifest.json: it is not what docker save writes";
    let error = open_docker_archive(file(&bytes(&bare)).path(), None).expect_err("bare");
    assert_eq!(kind(error), neither);
}

#[test]
fn a_place_that_is_something_else_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let fifo = folder.path().join("fifo");
    make_fifo(&fifo);
    let archive = |path: &Path| kind(open_archive(path, None).expect_err("no file"));
    assert_eq!(archive(&fifo), "it is not a regular file");
    assert_eq!(archive(folder.path()), "is a directory");
    assert!(archive(Path::new("/nowhere")).starts_with("No such file or directory"));
    let error = open_layout(Path::new("/nowhere"), None).expect_err("nothing");
    assert_eq!(error.to_string(), "cannot use the image in /nowhere");
    assert!(kind(error).starts_with("No such file or directory"));
    let error = open_layout(file(b"").path(), None).expect_err("a file");
    assert!(kind(error).starts_with("Not a directory"));
    // A blob that would keep the reader waiting.
    let layout = layout().write_folder();
    let blobs = layout.path().join("blobs/sha256");
    for blob in std::fs::read_dir(&blobs).expect("blobs").map(|it| it.expect("a blob").path()) {
        std::fs::remove_file(&blob).expect("it was there");
        make_fifo(&blob);
    }
    let error = open_layout(layout.path(), None).expect_err("blobs that are none");
    assert!(kind(error).starts_with("cannot read the blob sha256:"));
}

#[test]
fn a_tar_that_is_cut_off_says_so() {
    let whole = bytes(&layout());
    for length in (512..whole.len() - 1024).step_by(512) {
        // In the order of the names index.json comes after the blobs.
        match open_archive(file(&whole[..length]).path(), None) {
            Ok(image) => read_layers(&image),
            Err(error) => {
                let (no_index, cut) = ("it has no index.json", "the file is cut off");
                let cause = causes(&error).join(": ");
                assert!(cause.contains(no_index) || cause.contains(cut), "{length}: {cause}");
            }
        }
    }
}

/// A layout with an image for each name, and some without.
fn named(names: &[Option<(&str, &str)>]) -> Layout {
    let mut layout = Layout::default();
    let mut entries = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let data = Layer::new().file("number", 0o644, number.to_string());
        let mut entry = Variant::healthy("linux/arm64").layer(data).add_to(&mut layout);
        if let Some((annotation, name)) = name {
            entry["annotations"] = json!({*annotation: name});
        }
        entry["platform"] = Value::Null;
        entries.push(entry);
    }
    layout.with_images(&entries)
}

const OCI_NAME: &str = "org.opencontainers.image.ref.name";
const CONTAINERD_NAME: &str = "io.containerd.image.name";

#[test]
fn an_image_is_chosen_by_its_name() {
    let layout = named(&[
        Some((OCI_NAME, "1.0")),
        Some((OCI_NAME, "2.0")),
        Some((CONTAINERD_NAME, "docker.io/library/it:latest")),
        None,
    ]);
    let folder = layout.write_folder();
    let open = |name: &str| open_layout(folder.path(), Some(name));
    for name in ["1.0", "2.0", "it", "it:latest", "docker.io/library/it:latest", "latest"] {
        read_layers(&open(name).expect(name));
    }
    for wrong in ["0", "1", "t:latest", "other", ""] {
        let error = kind(open(wrong).expect_err(wrong));
        let names = "1.0, 2.0, docker.io/library/it:latest, sha256:";
        let expected = format!("it holds no image named `{wrong}`; there is: {names}");
        assert!(error.starts_with(&expected), "{error}");
    }
    assert_eq!(
        kind(open_layout(folder.path(), None).expect_err("several")),
        "it holds several images, append `:` and the name of one: \
         1.0, 2.0, docker.io/library/it:latest"
    );
}

#[test]
fn without_a_name_there_is_one_image() {
    let open = |layout: &Layout| open_layout(layout.write_folder().path(), None);
    assert_eq!(kind(open(&named(&[])).expect_err("none")), "it holds no image");
    assert!(open(&named(&[Some((OCI_NAME, "a")), None])).is_ok(), "one of both has a name");
    assert!(open(&named(&[None, None])).is_err(), "two without a name");
    let one = layout();
    let entry: Value = serde_json::from_slice(one.get("index.json")).expect("JSON");
    let entry = entry["manifests"][0].clone();
    assert!(one.with_images(&[entry.clone(), entry]).open().is_ok(), "the same under two tags");
}

#[test]
fn index_json_may_be_the_index_of_the_image() {
    let two = Fixture::new(["linux/amd64", "linux/arm64"].map(Variant::healthy));
    let layout = two.single();
    let image = layout.open().expect("an image");
    let Image::Index { descriptor, index } = image.root() else { panic!("an index") };
    assert_eq!(descriptor.digest, Digest::of(layout.get("index.json")));
    assert_eq!(index.manifests.len(), 2);
    assert_eq!(layout.inspect(&[]).expect("an image").variants.len(), 2);
}

#[test]
fn documents_are_what_their_descriptors_say() {
    let original = layout();
    let digest = original.open().expect("an image").root().descriptor().digest;
    let path = format!("blobs/sha256/{}", digest.hex());

    let mut changed = original.clone();
    changed.set(&path, [original.get(&path), b" "].concat());
    assert!(kind(changed.open().expect_err("changed")).contains("has the digest"));

    let mut missing = original.clone();
    missing.remove(&path);
    assert_eq!(kind(missing.open().expect_err("gone")), format!("the blob {digest} is missing"));
    let error = open_layout(missing.write_folder().path(), None).expect_err("gone");
    assert_eq!(kind(error), format!("the blob {digest} is missing"));

    let mut entry: Value = serde_json::from_slice(original.get("index.json")).expect("JSON");
    entry["manifests"][0]["size"] = json!(1);
    let error = original.with_images(&[entry["manifests"][0].clone()]).open().expect_err("size");
    assert!(kind(error).ends_with("bytes, its descriptor says 1"));
}

#[test]
fn documents_have_their_format_and_size() {
    let huge = vec![b' '; usize::try_from(DOCUMENT_LIMIT).expect("16 MiB") + 1];
    for (bytes, message) in
        [(b"{\"manifests\": {}}".to_vec(), "is malformed"), (huge, "is larger than 16 MiB")]
    {
        let digest = Digest::of(&bytes);
        let descriptor = json!({"mediaType": "application/vnd.oci.image.index.v1+json",
                                "digest": digest, "size": bytes.len()});
        let mut layout = layout().with_images(&[descriptor]);
        layout.set(&format!("blobs/sha256/{}", digest.hex()), bytes);
        let error = kind(layout.open().expect_err(message));
        assert!(error.ends_with(message), "{error}");
    }
}

#[test]
fn manifests_of_schema_1_are_told() {
    for media_type in [
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v2+json",
    ] {
        let mut layout = Layout::default();
        let old = json!({"schemaVersion": 1, "fsLayers": [], "architecture": "amd64"});
        let entry = layout.add(media_type, &old);
        let error = match layout.with_images(&[entry]).open() {
            Err(error) => kind(error),
            Ok(image) => {
                let descriptor = image.root().descriptor();
                image.manifest(descriptor).expect_err("schema 1").to_string()
            }
        };
        assert!(error.contains("is a Docker manifest of schema 1"), "{error}");
    }
}

#[test]
fn sha512_names_blobs_too() {
    let layer = Layer::new().file("data", 0o644, "data").compressed(Compression::Gzip);
    let image = Fixture::default().digests_by(Algorithm::Sha512);
    let image = image.and(&Variant::healthy("linux/arm64").layer(layer));
    let facts = image.inspect(&[]);
    assert_eq!(facts.digest.algorithm(), Algorithm::Sha512);
    let variant = &facts.variants[0];
    assert!(variant.layers.iter().all(|it| it.contradictions.is_empty()), "{variant:?}");
    assert_eq!(variant.files.iter().count(), 2);
    read_layers(&open_layout(image.layout().write_folder().path(), None).expect("a folder"));
}

#[test]
fn what_docker_saved_of_old_gets_a_manifest() {
    let variant = Variant::healthy("linux/arm64");
    let one = |compression| {
        let layer = Layer::new().file("data", 0o644, "data").compressed(compression);
        let saved = Layout::saved(&[("it:latest", &variant.clone().layer(layer))]);
        open_docker_archive(saved.write().path(), None).expect("an archive")
    };
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let image = one(compression);
        read_layers(&image);
        let (manifest, config) = first(&image);
        assert_eq!(config.platform.architecture, "arm64");
        assert_eq!(manifest.layers[1].media_type.layer_compression(), Some(compression));
        let again = one(compression);
        assert_eq!(image.root().descriptor().digest, again.root().descriptor().digest);
    }
}

#[test]
fn an_image_of_old_is_chosen_by_its_tag() {
    let (a, b) = (Variant::healthy("linux/arm64"), Variant::healthy("linux/amd64"));
    let saved = Layout::saved(&[("it:latest", &a), ("ghcr.io/me/it:1", &b)]).write();
    let open = |name| open_docker_archive(saved.path(), name);
    let architecture = |name| first(&open(Some(name)).expect(name)).1.platform.architecture;
    assert_eq!(architecture("it"), "arm64");
    assert_eq!(architecture("docker.io/library/it:latest"), "arm64");
    assert_eq!(architecture("ghcr.io/me/it:1"), "amd64");
    assert_eq!(architecture("1"), "amd64");
    let names = "it:latest, ghcr.io/me/it:1";
    assert_eq!(
        kind(open(None).expect_err("several")),
        format!("it holds several images, append `:` and the name of one: {names}")
    );
    assert_eq!(
        kind(open(Some("quay.io/it:latest")).expect_err("none")),
        format!("it holds no image named `quay.io/it:latest`; there is: {names}")
    );
}

#[test]
fn what_is_missing_of_an_image_of_old_is_named() {
    let variant = Variant::healthy("linux/arm64");
    let saved = Layout::saved(&[("it:latest", &variant)]);
    let list: Value = serde_json::from_slice(saved.get("manifest.json")).expect("JSON");
    let layer = list[0]["Layers"][0].as_str().expect("a name");
    let config = list[0]["Config"].as_str().expect("a name");
    let open =
        |saved: &Layout| kind(open_docker_archive(saved.write().path(), None).expect_err(""));
    let mut damaged = saved.clone();
    damaged.remove(config);
    assert_eq!(open(&damaged), format!("it has no {config}, which its manifest.json names"));
    let mut damaged = saved.clone();
    damaged.remove(layer);
    let image = open_docker_archive(damaged.write().path(), None).expect("an image");
    let (manifest, _) = first(&image);
    let missing = image.blob(&manifest.layers[0]).map(drop).expect_err("no layer");
    assert!(matches!(missing, BlobError::Missing(_)), "{missing}");
    let mut damaged = saved.clone();
    let mut lying = list.clone();
    lying[0]["Layers"] = json!([layer, layer]);
    damaged.set("manifest.json", lying.to_string().into_bytes());
    assert_eq!(open(&damaged), "its manifest.json names 2 layers, and the config has 1");
    damaged.set("manifest.json", b"[]".to_vec());
    assert_eq!(open(&damaged), "it holds no image");
    damaged.set("manifest.json", b"<html>".to_vec());
    assert_eq!(open(&damaged), "its manifest.json is malformed");
}

#[test]
fn links_in_an_archive_are_followed_and_never_lead_out() {
    let variant = Variant::healthy("linux/arm64");
    let saved = Layout::saved(&[("it:latest", &variant)]);
    let list: Value = serde_json::from_slice(saved.get("manifest.json")).expect("JSON");
    let layer = list[0]["Layers"][0].as_str().expect("a name");
    let config = list[0]["Config"].as_str().expect("a name");
    let archive = |target: &str| {
        let tar = Layer::new()
            .file(config, 0o644, saved.get(config))
            .file("real/layer.tar", 0o644, saved.get(layer))
            .file("/absolute", 0o644, saved.get(layer))
            .file("../climbing", 0o644, saved.get(layer))
            .symlink("l/layer.tar", target)
            .file("manifest.json", 0o644, {
                json!([{"Config": config, "Layers": ["l/layer.tar"]}]).to_string()
            });
        open_docker_archive(file(&tar.tar()).path(), None)
    };
    read_layers(&archive("../real/layer.tar").expect("a link within"));
    let climbing = ["/absolute", "../../climbing", "/etc/passwd", "../l/layer.tar", "nowhere"];
    for target in climbing {
        let image = archive(target).expect("an image without its layer");
        let (manifest, _) = first(&image);
        let missing = image.blob(&manifest.layers[0]).map(drop).expect_err(target);
        assert!(matches!(missing, BlobError::Missing(_)), "{target}: {missing}");
    }
}

#[test]
fn what_the_engine_did_not_have_is_left_out() {
    let fixture = Fixture::new(["linux/amd64", "linux/arm64"].map(Variant::healthy));
    let whole = fixture.and_attestation().layout();
    let image = whole.open().expect("an image");
    let Image::Index { descriptor, index } = image.root() else { panic!("an index") };
    let path = |digest: Digest| format!("blobs/sha256/{}", digest.hex());
    let manifest = |number: usize| image.manifest(&index.manifests[number]).expect("a manifest");
    let absent =
        [index.manifests[1].digest, manifest(1).config.digest, manifest(1).layers[0].digest];
    for digest in absent {
        let mut sparse = whole.clone();
        sparse.remove(&path(digest));
        let kept = open_docker_archive(sparse.write().path(), None).expect("one platform");
        assert_eq!(kept.root().descriptor(), descriptor, "the digest is the whole index's");
        let Image::Index { index: kept, .. } = kept.root() else { panic!("an index") };
        assert_eq!(kept.manifests, [index.manifests[0].clone(), index.manifests[2].clone()]);
        let facts = sparse.inspect(&[]).expect("facts");
        assert_eq!(facts.unreadable.len(), 1, "any other layout has to be whole");
    }
    let mut empty = whole.clone();
    empty.remove(&path(index.manifests[0].digest));
    empty.remove(&path(index.manifests[1].digest));
    let error = kind(open_docker_archive(empty.write().path(), None).expect_err("nothing"));
    let message = "is there with all of its blobs";
    assert!(error.contains(&descriptor.digest.to_string()) && error.ends_with(message), "{error}");
}

fn make_fifo(path: &Path) {
    let made = std::process::Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(made.success());
}
