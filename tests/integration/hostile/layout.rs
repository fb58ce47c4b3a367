//! OCI image layouts that say anything.

use std::fs;
use std::path::{Path, PathBuf};

use archproof::oci::Digest;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::elf::{AARCH64, Elf, PT_LOAD};
use super::tar::{GZIP, PLAIN, Tar, ZSTD, gzip};
use crate::common;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A layer: what it says it is, its bytes, and the digest that the config has of its tar.
#[derive(Clone)]
pub(crate) struct Blob {
    media_type: &'static str,
    bytes: Vec<u8>,
    diff_id: Digest,
}

impl Blob {
    /// A tar as it is.
    pub(crate) fn plain(tar: &[u8]) -> Self {
        Self { media_type: PLAIN, bytes: tar.to_vec(), diff_id: Digest::of(tar) }
    }

    /// A tar in gzip.
    pub(crate) fn packed(tar: Tar) -> Self {
        let tar = tar.bytes();
        Self::gzip(gzip(&tar), Digest::of(&tar))
    }

    /// Bytes that may be gzip.
    pub(crate) fn gzip(bytes: Vec<u8>, diff_id: Digest) -> Self {
        Self { media_type: GZIP, bytes, diff_id }
    }

    /// Bytes that may be zstd.
    pub(crate) fn zstd(bytes: Vec<u8>, diff_id: Digest) -> Self {
        Self { media_type: ZSTD, bytes, diff_id }
    }
}

impl From<Tar> for Blob {
    fn from(tar: Tar) -> Self {
        Self::plain(&tar.bytes())
    }
}

/// A program for linux/arm64.
pub(crate) fn program() -> Vec<u8> {
    let size = Elf::start(1);
    Elf::new(AARCH64).segment(PT_LOAD, 0, 0, size).bytes()
}

/// A program for linux/arm64 that ends well: `mov x0, #0; mov x8, #93; svc #0`.
pub(crate) fn runnable() -> Vec<u8> {
    const CODE: &[u8] = b"\x00\x00\x80\xd2\xa8\x0b\x80\xd2\x01\x00\x00\xd4";
    const ENTRY: usize = 24;
    const FLAGS: usize = 64 + 4;
    const READ_AND_EXECUTE: u8 = 5;
    let start = Elf::start(1);
    let size = start + CODE.len() as u64;
    let elf = Elf::new(AARCH64).segment(PT_LOAD, 0, 0, size).data(CODE.to_vec());
    let mut file = elf.bytes();
    file[ENTRY..][..8].copy_from_slice(&start.to_le_bytes());
    file[FLAGS] = READ_AND_EXECUTE;
    file
}

/// A layer with `/tool`, a program for linux/arm64.
pub(crate) fn tool() -> Blob {
    Tar::default().file("tool", &runnable()).into()
}

/// The config of an image that starts `/tool`.
pub(crate) fn config(layers: &[Blob]) -> Value {
    let diff_ids: Vec<String> = layers.iter().map(|it| it.diff_id.to_string()).collect();
    json!({
        "os": "linux",
        "architecture": "arm64",
        "config": {"Entrypoint": ["/tool"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    })
}

/// A layout in the making.
pub(crate) struct Layout {
    folder: TempDir,
    files: common::Layout,
    pub(crate) entries: Vec<Value>,
}

impl Layout {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = common::Layout::new(folder.path());
        Self { folder, files, entries: Vec::new() }
    }

    /// A whole image of `/tool` and further layers.
    pub(crate) fn of(layers: impl IntoIterator<Item = Blob>) -> Self {
        Self::with(layers, |_| {})
    }

    /// The same with another config.
    pub(crate) fn with(
        layers: impl IntoIterator<Item = Blob>,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let layers: Vec<Blob> = std::iter::once(tool()).chain(layers).collect();
        let mut config = config(&layers);
        change(&mut config);
        Self::new().variant(&layers, &config).indexed()
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where a blob is kept.
    pub(crate) fn blob_path(&self, digest: Digest) -> PathBuf {
        self.files.path(&digest.to_string())
    }

    /// Keeps a blob, and describes it.
    pub(crate) fn blob(&self, media_type: &str, bytes: &[u8]) -> Value {
        self.files.add(media_type, bytes)
    }

    /// Adds a variant for linux/arm64.
    pub(crate) fn variant(self, layers: &[Blob], config: &Value) -> Self {
        self.variant_with(layers, config, |_| {})
    }

    /// The same with another manifest.
    pub(crate) fn variant_with(
        mut self,
        layers: &[Blob],
        config: &Value,
        change: impl FnOnce(&mut Value),
    ) -> Self {
        let config = self.blob(CONFIG, config.to_string().as_bytes());
        let layers = layers.iter().map(|it| self.blob(it.media_type, &it.bytes));
        let layers: Vec<Value> = layers.collect();
        let mut manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers,
        });
        change(&mut manifest);
        let mut entry = self.blob(MANIFEST, manifest.to_string().as_bytes());
        entry["platform"] = json!({"os": "linux", "architecture": "arm64"});
        self.entries.push(entry);
        self
    }

    /// Writes an index of all variants.
    pub(crate) fn indexed(self) -> Self {
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": self.entries});
        self.indexed_by(index.to_string().as_bytes())
    }

    /// Writes bytes as the index.
    pub(crate) fn indexed_by(self, index: &[u8]) -> Self {
        let entry = self.blob(INDEX, index);
        self.listing(&json!({"schemaVersion": 2, "manifests": [entry]}).to_string())
    }

    /// Writes a text as `index.json`.
    pub(crate) fn listing(self, text: &str) -> Self {
        fs::write(self.path().join("index.json"), text).expect("a file");
        self
    }
}
