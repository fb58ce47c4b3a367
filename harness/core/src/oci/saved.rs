//! What `docker save` wrote before Docker 25: configs and layers, and a `manifest.json` that says
//! which belong together. There are no manifests in the sense of the image-spec, nor digests of
//! layers: one manifest is put together here, and the image goes by its digest.
//!
//! Source: moby, image/spec/v1.2.md, "Combined Image JSON + Filesystem Changeset Format".

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};

use super::image::read_limited;
use super::layout::{LayoutErrorKind, Names, is_end_of_name};
use super::tar_file::TarFile;
use super::{
    BlobError, Blobs, Descriptor, Digest, Hashing, Image, ImageConfig, Known, OpenImage, Storage,
};

const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";
const PLAIN_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
const CONFIG_TYPE: &str = "application/vnd.oci.image.config.v1+json";

/// One image of `manifest.json`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    #[serde(default)]
    repo_tags: Option<Vec<String>>,
    #[serde(default)]
    layers: Option<Vec<String>>,
}

impl Saved {
    fn tags(&self) -> &[String] {
        self.repo_tags.as_deref().unwrap_or_default()
    }
}

/// The manifest that the archive should have had.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewManifest<'a> {
    schema_version: u8,
    media_type: &'static str,
    config: &'a Descriptor,
    layers: &'a [Descriptor],
}

pub(super) fn open(tar: TarFile, wanted: Option<&str>) -> Result<OpenImage, LayoutErrorKind> {
    let list = tar.member("manifest.json").ok_or(LayoutErrorKind::NoManifest)?;
    let images: Vec<Saved> = parse("manifest.json", &document("manifest.json", list)?)?;
    let image = choose(&images, wanted)?;
    let config = read(&tar, &image.config)?;
    let diff_ids = parse::<ImageConfig>(&image.config, &config)?.rootfs.diff_ids;
    let layers = image.layers.as_deref().unwrap_or_default();
    if layers.len() != diff_ids.len() {
        let (layers, diff_ids) = (layers.len(), diff_ids.len());
        return Err(LayoutErrorKind::LayerCount { layers, diff_ids });
    }
    let (mut descriptors, mut places) = (Vec::new(), BTreeMap::new());
    for (name, diff_id) in layers.iter().zip(diff_ids) {
        let descriptor = describe(&tar, name, diff_id)?;
        places.insert(descriptor.digest, name.clone());
        descriptors.push(descriptor);
    }
    let config_descriptor = Descriptor::of(CONFIG_TYPE, &config);
    let manifest = NewManifest {
        schema_version: 2,
        media_type: MANIFEST_TYPE,
        config: &config_descriptor,
        layers: &descriptors,
    };
    let manifest = serde_json::to_vec(&manifest)
        .map_err(|source| LayoutErrorKind::Malformed { name: "manifest.json".into(), source })?;
    let root = Descriptor::of(MANIFEST_TYPE, &manifest);
    let known = [(config_descriptor.digest, config), (root.digest, manifest)];
    Ok(OpenImage::new(Image::Single(root), Known::before(Members { tar, places }, known)))
}

fn choose<'a>(images: &'a [Saved], wanted: Option<&str>) -> Result<&'a Saved, LayoutErrorKind> {
    let names = || {
        let name = |it: &Saved| it.tags().first().unwrap_or(&it.config).clone();
        Names(images.iter().map(name).collect())
    };
    let Some(wanted) = wanted else {
        return match images {
            [] => Err(LayoutErrorKind::Empty),
            [one] => Ok(one),
            _ => Err(LayoutErrorKind::Several(names())),
        };
    };
    let find = |matches: fn(&str, &str) -> bool| {
        images.iter().filter(move |it| it.tags().iter().any(|tag| matches(tag, wanted)))
    };
    // Docker leaves out of a name what Docker Hub implies.
    let exactly = |tag: &str, wanted: &str| {
        let own = wanted.strip_prefix("docker.io/").unwrap_or(wanted);
        [wanted, own, own.strip_prefix("library/").unwrap_or(own)].contains(&tag)
    };
    let mut found: Vec<&Saved> = find(exactly).collect();
    if found.is_empty() {
        found = find(is_end_of_name).collect();
    }
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(LayoutErrorKind::Unknown { wanted: wanted.to_owned(), names: names() }),
        _ => Err(LayoutErrorKind::Several(names())),
    }
}

/// A layer that is not compressed goes by the digest that the config has of it; another has to be
/// read for its own.
fn describe(tar: &TarFile, name: &str, diff_id: Digest) -> Result<Descriptor, LayoutErrorKind> {
    let missing = || LayoutErrorKind::Missing(name.to_owned());
    let Some(size) = tar.size(name) else {
        // It is missed when somebody reads it, under the only digest that is known of it.
        return Ok(Descriptor { digest: diff_id, size: 0, ..Descriptor::of(PLAIN_LAYER, b"") });
    };
    let mut head = Vec::new();
    let member = tar.member(name).ok_or_else(missing)?;
    member.take(4).read_to_end(&mut head).map_err(LayoutErrorKind::Read)?;
    let compression = match head.as_slice() {
        [0x1f, 0x8b, ..] => Some("+gzip"),
        [0x28, 0xb5, 0x2f, 0xfd] => Some("+zstd"),
        _ => None,
    };
    let digest = if compression.is_some() {
        let member = tar.member(name).ok_or_else(missing)?;
        Hashing::new(io::BufReader::new(member)).finish().map_err(LayoutErrorKind::Read)?.0
    } else {
        diff_id
    };
    let media_type = format!("{PLAIN_LAYER}{}", compression.unwrap_or_default());
    Ok(Descriptor { digest, size, ..Descriptor::of(&media_type, b"") })
}

fn read(tar: &TarFile, name: &str) -> Result<Vec<u8>, LayoutErrorKind> {
    let member = tar.member(name).ok_or_else(|| LayoutErrorKind::Missing(name.to_owned()))?;
    document(name, member)
}

fn document(name: &str, reader: impl Read) -> Result<Vec<u8>, LayoutErrorKind> {
    let bytes = read_limited(reader).map_err(LayoutErrorKind::Read)?;
    bytes.ok_or_else(|| LayoutErrorKind::TooLarge(name.to_owned()))
}

fn parse<'a, T: Deserialize<'a>>(name: &str, bytes: &'a [u8]) -> Result<T, LayoutErrorKind> {
    serde_json::from_slice(bytes)
        .map_err(|source| LayoutErrorKind::Malformed { name: name.to_owned(), source })
}

/// Layers under the names that `manifest.json` has for them.
#[derive(Debug)]
struct Members {
    tar: TarFile,
    places: BTreeMap<Digest, String>,
}

impl Blobs for Members {
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let member = self.places.get(&descriptor.digest).and_then(|it| self.tar.member(it));
        Ok(Box::new(member.ok_or(BlobError::Missing(descriptor.digest))?))
    }

    fn storage(&self, descriptor: &Descriptor) -> Result<Storage, BlobError> {
        let name = self.places.get(&descriptor.digest);
        let name = name.ok_or(BlobError::Missing(descriptor.digest))?;
        self.tar.storage(name).map_err(|error| BlobError::read(descriptor, error))
    }
}
