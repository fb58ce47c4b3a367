//! A small image, and the shapes in which it is stored.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use archproof::oci::{Descriptor, Digest};
use serde_json::{Value, json};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// An index and all that it names.
#[derive(Clone, Default)]
pub(crate) struct Image {
    pub(crate) blobs: BTreeMap<Digest, Vec<u8>>,
    /// The index's.
    pub(crate) root: Option<Descriptor>,
    /// The manifests', and the index's.
    pub(crate) manifests: Vec<Descriptor>,
    /// The layers'.
    pub(crate) layers: Vec<Descriptor>,
}

impl Image {
    /// Each platform has one layer, with one file of a size.
    pub(crate) fn new(platforms: &[&str], size: usize) -> Self {
        let mut image = Self::default();
        let mut entries = Vec::new();
        for name in platforms {
            let (os, architecture) = name.split_once('/').expect("os/architecture");
            let platform = json!({"os": os, "architecture": architecture});
            let tar = tar(&[("file", &[*name.as_bytes().last().expect("a letter")].repeat(size))]);
            let layer = image.add(LAYER, tar);
            let mut config = platform.clone();
            config["rootfs"] = json!({"type": "layers", "diff_ids": [layer.digest]});
            let config = image.add(CONFIG, config.to_string().into_bytes());
            let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
                                  "config": config, "layers": [layer]});
            let manifest = image.add(MANIFEST, manifest.to_string().into_bytes());
            let mut entry = json!(manifest);
            entry["platform"] = platform;
            entries.push(entry);
            image.manifests.push(manifest);
            image.layers.push(layer);
        }
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        let root = image.add(INDEX, index.to_string().into_bytes());
        image.manifests.push(root.clone());
        image.root = Some(root);
        image
    }

    /// One variant, for linux/arm64, whose entrypoint is the program beside the files.
    pub(crate) fn of_program(program: &[u8], files: &[(&str, &[u8])]) -> Self {
        let mut image = Self::default();
        let tar = tar(&[&[("program", program)], files].concat());
        let layer = image.add(LAYER, tar);
        let config = json!({"os": "linux", "architecture": "arm64",
                            "config": {"Entrypoint": ["/program"]},
                            "rootfs": {"type": "layers", "diff_ids": [layer.digest]}});
        let config = image.add(CONFIG, config.to_string().into_bytes());
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST,
                              "config": config, "layers": [layer]});
        image.root = Some(image.add(MANIFEST, manifest.to_string().into_bytes()));
        image
    }

    pub(crate) fn two() -> Self {
        Self::new(&["linux/amd64", "linux/arm64"], 1000)
    }

    fn add(&mut self, media_type: &str, bytes: Vec<u8>) -> Descriptor {
        let descriptor = Descriptor::of(media_type, &bytes);
        self.blobs.insert(descriptor.digest, bytes);
        descriptor
    }

    pub(crate) fn root(&self) -> &Descriptor {
        self.root.as_ref().expect("it has an index")
    }

    pub(crate) fn bytes(&self, descriptor: &Descriptor) -> &[u8] {
        &self.blobs[&descriptor.digest]
    }

    /// Writes an OCI image layout.
    pub(crate) fn write_layout(&self, folder: &Path) {
        for (path, bytes) in self.layout(None) {
            write(&folder.join(path), &bytes);
        }
    }

    /// An OCI image layout as a tar, with the name under which an engine is to have it.
    pub(crate) fn archive(&self, name: &str) -> Vec<u8> {
        let files = self.layout(Some(name));
        tar(&files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
            .collect::<Vec<_>>())
    }

    fn layout(&self, name: Option<&str>) -> Vec<(String, Vec<u8>)> {
        let mut entry: Value = json!(self.root());
        if let Some(name) = name {
            entry["annotations"] = json!({"io.containerd.image.name": name});
        }
        let index = json!({"schemaVersion": 2, "manifests": [entry]});
        let path = |digest: &Digest| format!("blobs/sha256/{}", digest.hex());
        let mut files: Vec<_> =
            self.blobs.iter().map(|(digest, bytes)| (path(digest), bytes.clone())).collect();
        files.push(("index.json".to_owned(), index.to_string().into_bytes()));
        files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
        files
    }

    /// Writes what a registry keeps in its folder: see the table in distribution's
    /// `registry/storage/paths.go`.
    pub(crate) fn write_storage(&self, folder: &Path, repository: &str, tag: &str) {
        let root = folder.join("docker/registry/v2");
        let own = root.join("repositories").join(repository);
        let link = |path: &str, digest: &Digest| {
            let path = own.join(path).join("sha256").join(digest.hex()).join("link");
            write(&path, digest.to_string().as_bytes());
        };
        for (digest, bytes) in &self.blobs {
            let hex = digest.hex();
            write(&root.join("blobs/sha256").join(&hex[..2]).join(&hex).join("data"), bytes);
            link("_layers", digest);
        }
        for manifest in &self.manifests {
            link("_manifests/revisions", &manifest.digest);
        }
        let current = own.join("_manifests/tags").join(tag).join("current/link");
        write(&current, self.root().digest.to_string().as_bytes());
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(if *path == "program" { 0o755 } else { 0o644 });
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, path, *bytes).expect("in memory");
    }
    tar.into_inner().expect("in memory")
}
