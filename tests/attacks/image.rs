//! The image of the attacks, with the command line of each.

use std::fs;
use std::path::{Path, PathBuf};

use archproof::oci::Digest;
use serde_json::{Value, json};

/// An OCI layout of an image for several platforms.
pub(crate) struct Layout(PathBuf);

impl Layout {
    /// Unpacks an archive.
    pub(crate) fn unpack(archive: &Path, folder: PathBuf) -> Self {
        tar::Archive::new(fs::File::open(archive).expect("a file")).unpack(&folder).expect("a tar");
        Self(folder)
    }

    /// Another image in the same layout, whose variants are started by other words.
    pub(crate) fn start_with(&self, words: &[&str]) {
        let root = read(&self.0.join("index.json"));
        let mut index = self.blob(&root["manifests"][0]);
        for entry in index["manifests"].as_array_mut().expect("manifests") {
            if entry["platform"]["os"] != "linux" {
                continue;
            }
            let mut manifest = self.blob(entry);
            let mut config = self.blob(&manifest["config"]);
            config["config"]["Entrypoint"] = json!(words);
            manifest["config"] = self.add(&manifest["config"], &config);
            let platform = entry["platform"].clone();
            *entry = self.add(entry, &manifest);
            entry["platform"] = platform;
        }
        let index = self.add(&root["manifests"][0], &index);
        let root = json!({"schemaVersion": 2, "manifests": [index]});
        fs::write(self.0.join("index.json"), root.to_string()).expect("an index");
    }

    /// What the command line calls it.
    pub(crate) fn subject(&self) -> String {
        format!("oci:{}", self.0.display())
    }

    fn path(&self, digest: &str) -> PathBuf {
        self.0.join("blobs").join(digest.replace(':', "/"))
    }

    fn blob(&self, descriptor: &Value) -> Value {
        read(&self.path(descriptor["digest"].as_str().expect("a digest")))
    }

    /// A document in the place of another one.
    fn add(&self, descriptor: &Value, document: &Value) -> Value {
        let bytes = document.to_string();
        let digest = Digest::of(bytes.as_bytes()).to_string();
        fs::write(self.path(&digest), &bytes).expect("a blob");
        json!({"mediaType": descriptor["mediaType"], "digest": digest, "size": bytes.len()})
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a document")).expect("JSON")
}
