//! OCI image layouts: what their `index.json` offers, and the kind that is a folder.
//!
//! Source: image-spec, image-layout.md.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::file::open_regular;
use super::image::read_limited;
use super::{
    BlobError, Blobs, Descriptor, Digest, DocumentError, FileIdentity, Image, Index, OpenImage,
    Storage,
};

/// The annotations by which a layout names its images: the specification's, and containerd's,
/// which has the whole name and is what engines write.
const NAME_ANNOTATIONS: [&str; 2] =
    ["org.opencontainers.image.ref.name", "io.containerd.image.name"];

const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";

/// Why a folder or file is no image that can be read.
#[derive(Debug, Error)]
#[error("cannot use the image in {}", path.display())]
pub struct LayoutError {
    path: PathBuf,
    #[source]
    kind: LayoutErrorKind,
}

/// What is wrong with it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayoutErrorKind {
    /// It cannot be read, or is no tar.
    #[error(transparent)]
    Read(io::Error),
    /// A tar that is compressed.
    #[error("it is compressed with {0}: decompress it first")]
    Compressed(&'static str),
    /// A folder or tar without `index.json`.
    #[error("it has no index.json: it is not an OCI image layout")]
    NoIndex,
    /// An archive without what `docker save` writes.
    #[error("it has neither index.json nor manifest.json: it is not what docker save writes")]
    NoManifest,
    /// A file of the layout is too large to be what it should be.
    #[error("its {0} is larger than 16 MiB")]
    TooLarge(String),
    /// A file of the layout does not have its format.
    #[error("its {name} is malformed")]
    Malformed {
        /// The file.
        name: String,
        /// What is wrong, with line and column.
        #[source]
        source: serde_json::Error,
    },
    /// A file that `manifest.json` names is not there.
    #[error("it has no {0}, which its manifest.json names")]
    Missing(String),
    /// `manifest.json` and the image's config contradict each other.
    #[error("its manifest.json names {layers} layers, and the config has {diff_ids}")]
    LayerCount {
        /// Of `manifest.json`.
        layers: usize,
        /// Of the config.
        diff_ids: usize,
    },
    /// There is no image in it.
    #[error("it holds no image")]
    Empty,
    /// There are several, and none was chosen.
    #[error("it holds several images, append `:` and the name of one: {0}")]
    Several(Names),
    /// There is none of the name.
    #[error("it holds no image named `{wanted}`; there is: {names}")]
    Unknown {
        /// What was asked for.
        wanted: String,
        /// What there is.
        names: Names,
    },
    /// A document of the image cannot be used.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

/// The names of images, for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(pub Vec<String>);

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ENOUGH: usize = 20;
        let shown: Vec<&str> = self.0.iter().take(ENOUGH).map(String::as_str).collect();
        f.write_str(&shown.join(", "))?;
        match self.0.len().saturating_sub(ENOUGH) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

impl LayoutError {
    pub(super) fn at(path: &Path) -> impl Fn(LayoutErrorKind) -> Self {
        move |kind| Self { path: path.to_owned(), kind }
    }

    /// What is wrong.
    #[must_use]
    pub fn kind(&self) -> &LayoutErrorKind {
        &self.kind
    }
}

/// What an `index.json` offers.
pub(super) struct Offer {
    bytes: Vec<u8>,
    index: Index,
}

impl Offer {
    pub(super) fn read(reader: impl Read) -> Result<Self, LayoutErrorKind> {
        let name = || "index.json".to_owned();
        let bytes = read_limited(reader).map_err(LayoutErrorKind::Read)?;
        let bytes = bytes.ok_or_else(|| LayoutErrorKind::TooLarge(name()))?;
        let index = serde_json::from_slice(&bytes)
            .map_err(|source| LayoutErrorKind::Malformed { name: name(), source })?;
        Ok(Self { bytes, index })
    }

    /// Opens the image of a name, or else the only one.
    pub(super) fn open(
        self,
        wanted: Option<&str>,
        blobs: impl Blobs + 'static,
    ) -> Result<OpenImage, LayoutErrorKind> {
        let candidates = self.candidates(wanted)?;
        // An image of several tags stands there once for each.
        let digests: BTreeSet<Digest> = candidates.iter().map(|it| it.digest).collect();
        match candidates.as_slice() {
            [] => Err(LayoutErrorKind::Empty),
            [one, ..] if digests.len() == 1 => Ok(OpenImage::open((*one).clone(), blobs)?),
            all if self.is_index_of(all) => {
                let descriptor = Descriptor::of(INDEX_TYPE, &self.bytes);
                Ok(OpenImage::new(Image::Index { descriptor, index: self.index }, blobs))
            }
            several => Err(LayoutErrorKind::Several(names(several))),
        }
    }

    fn candidates(&self, wanted: Option<&str>) -> Result<Vec<&Descriptor>, LayoutErrorKind> {
        let all: Vec<&Descriptor> = self.index.manifests.iter().collect();
        let Some(wanted) = wanted else {
            // Beside images there may be what annotates them, without a name.
            let named = all.iter().filter(|it| !names_of(it).is_empty()).copied();
            let named: Vec<_> = named.collect();
            return Ok(if named.is_empty() { all } else { named });
        };
        let matching = |matches: fn(&str, &str) -> bool| {
            let is_it = |it: &&&Descriptor| names_of(it).iter().any(|name| matches(name, wanted));
            all.iter().filter(is_it).copied().collect::<Vec<_>>()
        };
        let exactly = matching(|name, wanted| name == wanted);
        let found = if exactly.is_empty() { matching(is_end_of_name) } else { exactly };
        if found.is_empty() {
            let (wanted, names) = (wanted.to_owned(), names(&all));
            return Err(LayoutErrorKind::Unknown { wanted, names });
        }
        Ok(found)
    }

    /// Some builders write the image's index as `index.json` itself: then its entries are told
    /// apart by nothing but their platforms.
    fn is_index_of(&self, candidates: &[&Descriptor]) -> bool {
        let named: BTreeSet<Vec<&str>> = candidates.iter().map(|it| names_of(it)).collect();
        named.len() == 1
            && candidates.len() == self.index.manifests.len()
            && candidates.iter().all(|it| it.platform.is_some())
    }
}

fn names_of(descriptor: &Descriptor) -> Vec<&str> {
    let values = NAME_ANNOTATIONS.iter().filter_map(|it| descriptor.annotations.get(*it));
    values.map(String::as_str).collect()
}

/// The fullest name of each, or its digest.
fn names(descriptors: &[&Descriptor]) -> Names {
    let name = |it: &&Descriptor| {
        names_of(it).last().map_or_else(|| it.digest.to_string(), ToString::to_string)
    };
    Names(descriptors.iter().map(name).collect::<BTreeSet<_>>().into_iter().collect())
}

/// Whether a name can be called so for short: `latest`, `it` or `it:latest` for
/// `docker.io/library/it:latest`.
pub(super) fn is_end_of_name(name: &str, short: &str) -> bool {
    [Some(name), name.strip_suffix(":latest")].into_iter().flatten().any(|name| {
        name.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with(['/', ':']))
    })
}

/// Opens an image of a layout that is a folder.
///
/// # Errors
///
/// When the folder is no layout, or does not hold the one image that is wanted.
pub fn open_layout(folder: &Path, wanted: Option<&str>) -> Result<OpenImage, LayoutError> {
    let failed = LayoutError::at(folder);
    // What is no folder has no index.json either: say which of both it is.
    std::fs::read_dir(folder).map_err(|error| failed(LayoutErrorKind::Read(error)))?;
    let index = open_regular(&folder.join("index.json")).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => failed(LayoutErrorKind::NoIndex),
        _ => failed(LayoutErrorKind::Read(error)),
    })?;
    let offer = Offer::read(index).map_err(&failed)?;
    offer.open(wanted, Folder(folder.to_owned())).map_err(&failed)
}

/// A layout's folder.
#[derive(Debug)]
struct Folder(PathBuf);

impl Blobs for Folder {
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let file = open_regular(&self.0.join(blob_path(descriptor.digest)));
        Ok(Box::new(file.map_err(|error| BlobError::read(descriptor, error))?))
    }

    fn storage(&self, descriptor: &Descriptor) -> Result<Storage, BlobError> {
        let file = std::fs::metadata(self.0.join(blob_path(descriptor.digest)));
        let file = file.map_err(|error| BlobError::read(descriptor, error))?;
        Ok(Storage::File(FileIdentity::new(&file)))
    }
}

/// Where a layout holds a blob.
pub(super) fn blob_path(digest: Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}
