//! An OCI image layout that a test changes.

use std::fs;
use std::path::{Path, PathBuf};

use archproof::oci::Digest;
use serde_json::{Value, json};

/// A folder with an image. Blobs are added, and none is removed.
pub(crate) struct Layout(PathBuf);

impl Layout {
    /// One without an image.
    pub(crate) fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder.join("blobs/sha256")).expect("a folder");
        let version = r#"{"imageLayoutVersion":"1.0.0"}"#;
        fs::write(folder.join("oci-layout"), version).expect("a file");
        Self(folder.to_owned())
    }

    /// Unpacks an archive.
    pub(crate) fn unpack(archive: &Path, folder: &Path) -> Self {
        tar::Archive::new(fs::File::open(archive).expect("a file")).unpack(folder).expect("a tar");
        Self(folder.to_owned())
    }

    /// What the command line calls it.
    pub(crate) fn subject(&self) -> String {
        format!("oci:{}", self.0.display())
    }

    /// The descriptor of the image.
    pub(crate) fn root(&self) -> Value {
        read(&self.0.join("index.json"))["manifests"][0].clone()
    }

    /// The document that a descriptor is of.
    pub(crate) fn document(&self, descriptor: &Value) -> Value {
        read(&self.path(descriptor["digest"].as_str().expect("a digest")))
    }

    /// Adds a blob, and describes it.
    pub(crate) fn add(&self, media_type: &str, bytes: &[u8]) -> Value {
        let digest = Digest::of(bytes).to_string();
        fs::write(self.path(&digest), bytes).expect("a blob");
        json!({"mediaType": media_type, "digest": digest, "size": bytes.len()})
    }

    /// Adds a document of the type that a descriptor has.
    pub(crate) fn add_instead(&self, descriptor: &Value, document: &Value) -> Value {
        let media_type = descriptor["mediaType"].as_str().expect("a type");
        self.add(media_type, document.to_string().as_bytes())
    }

    /// Makes descriptors those of the image.
    pub(crate) fn set_roots(&self, manifests: &[Value]) {
        let index = json!({"schemaVersion": 2, "manifests": manifests});
        fs::write(self.0.join("index.json"), index.to_string()).expect("an index");
    }

    /// Where a blob is kept.
    pub(crate) fn path(&self, digest: &str) -> PathBuf {
        self.0.join("blobs").join(digest.replace(':', "/"))
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a document")).expect("JSON")
}
