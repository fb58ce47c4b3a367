//! Reads an image's documents and layers.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use thiserror::Error;

use super::assembly::{Assembly, AssemblyError, Budget};
use super::cache::LayerCache;
use super::layer::{LayerError, LayerFacts, blob_contradictions, read_layer};
use crate::causes::causes;
use crate::evidence::image::{
    BlobFault, BlobFaultKind, BlobField, BlobRole, Contradiction, EntryNumber, ImageFacts, Layer,
    Oddity, OddityKind, Unreadable, Variant,
};
use crate::oci::{
    Algorithm, BlobError, Compression, Descriptor, Digest, DocumentError, Hashing, Image,
    ImageConfig, Manifest, OpenImage, RawPlatform, Storage,
};
use crate::platform::{Platform, PlatformError, PlatformErrorKind};

/// Why an image cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum InspectError {
    /// One of its documents.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// One of its blobs cannot be fetched.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// One of its layers.
    #[error("cannot read the layer {digest}")]
    Layer {
        /// Which.
        digest: Digest,
        /// Why.
        #[source]
        source: LayerError,
    },
    /// Its layers make no filesystem.
    #[error("cannot put the layers of {digest} together")]
    Assembly {
        /// Of which variant.
        digest: Digest,
        /// Why.
        #[source]
        source: AssemblyError,
    },
    /// All of its layers together take too much memory: no sane image comes near.
    #[error("the files of the image's layers cannot be listed in {} MiB", FACTS_LIMIT >> 20)]
    TooMany,
    /// Its manifests and configs are too large, or too many.
    #[error("the image's manifests and configs are larger than {} MiB", DOCUMENTS_LIMIT >> 20)]
    Documents,
    /// Its index has more entries than any sane one.
    #[error("the image's index has {0} entries, and no more than {ENTRIES_LIMIT} are read")]
    TooManyEntries(usize),
    /// An image without an index has a config that names no platform.
    #[error("the image states no platform")]
    Platform(#[from] PlatformError),
    /// It is something else that is kept in registries, such as a Helm chart or a signature.
    #[error("{0} is not a container image: it holds an artifact of another kind")]
    NotAnImage(Digest),
    /// The config names the content of a layer by a digest that nobody computes.
    #[error("the config {0} has a diff_id that is not sha256, which no engine writes or reads")]
    DiffId(Digest),
}

/// Reads everything that the rules look at. Blocks; as many layers are read at once as the machine
/// has cores, and none that the cache knows. Where platforms are requested, only their variants are
/// read.
///
/// # Errors
///
/// When a document or layer is missing or damaged.
pub fn inspect(
    image: &OpenImage,
    requested: &[Platform],
    cache: &impl LayerCache,
) -> Result<ImageFacts, InspectError> {
    let entries = Entries::of(image, requested)?;
    let Entries { oddities, variants, mut unreadable, mut unread, artifacts, .. } = entries;
    let digest = image.root().descriptor().digest;
    let is_empty = variants.is_empty() && unreadable.is_empty() && oddities.is_empty();
    if artifacts > 0 && is_empty && unread.is_empty() {
        return Err(InspectError::NotAnImage(digest));
    }
    let facts = read_layers(image, &variants, cache)?;
    // Variants may be many, and share their layers: all of them have to find room together.
    let mut room = Budget::default();
    let mut readable = Vec::new();
    for entry in variants {
        match entry.faults(&facts) {
            faults if faults.is_empty() => readable.push(entry.into_variant(&facts, &mut room)?),
            faults => unreadable.push(Unreadable {
                platform: Some(entry.platform),
                digest: entry.digest,
                faults,
            }),
        }
    }
    // The order of the index is kept between equals.
    readable.sort_by_key(|it| it.platform);
    unreadable.sort_by_key(|it| it.platform);
    unread.sort_unstable();
    let (requested, variants) = (requested.to_vec(), readable);
    Ok(ImageFacts { digest, requested, oddities, variants, unreadable, unread })
}

/// The index's entries, told apart.
#[derive(Default)]
struct Entries<'a> {
    /// The platforms that are asked for; all, if none is.
    requested: &'a [Platform],
    oddities: Vec<Oddity>,
    variants: Vec<Entry>,
    unreadable: Vec<Unreadable>,
    unread: Vec<Platform>,
    /// How many are no container images at all.
    artifacts: usize,
    /// The size of all manifests and configs so far, in bytes.
    documents: u64,
}

/// What an entry of the index names.
enum Documents {
    /// Something that is no container image.
    OfArtifact,
    Faulty(BlobFault),
    Whole(Box<(Manifest, ImageConfig)>),
}

/// A variant whose layers are still to be read.
struct Entry {
    number: EntryNumber,
    platform: Platform,
    digest: Digest,
    manifest: Manifest,
    config: ImageConfig,
}

impl<'a> Entries<'a> {
    fn of(image: &OpenImage, requested: &'a [Platform]) -> Result<Self, InspectError> {
        let mut entries = Self { requested, ..Self::default() };
        match image.root() {
            Image::Single(descriptor) => entries.add_single(image, descriptor)?,
            Image::Index { index, .. } if index.manifests.len() > ENTRIES_LIMIT => {
                return Err(InspectError::TooManyEntries(index.manifests.len()));
            }
            Image::Index { index, .. } => {
                let numbered = index.manifests.iter().enumerate();
                for (number, descriptor) in numbered.filter(|it| !it.1.is_attestation()) {
                    entries.add(image, EntryNumber(number), descriptor)?;
                }
            }
        }
        Ok(entries)
    }

    /// An image without an index is what its config says.
    fn add_single(
        &mut self,
        image: &OpenImage,
        descriptor: &Descriptor,
    ) -> Result<(), InspectError> {
        let digest = descriptor.digest;
        match self.documents(image, descriptor, None)? {
            Documents::OfArtifact => return Err(InspectError::NotAnImage(digest)),
            Documents::Faulty(fault) => {
                self.unreadable.push(Unreadable { platform: None, digest, faults: vec![fault] });
            }
            Documents::Whole(documents) => match normalise(&documents.1.platform)? {
                platform if self.is_wanted(platform) => {
                    let (manifest, config) = *documents;
                    let number = EntryNumber::default();
                    self.variants.push(Entry { number, platform, digest, manifest, config });
                }
                other => self.unread.push(other),
            },
        }
        Ok(())
    }

    fn add(
        &mut self,
        image: &OpenImage,
        number: EntryNumber,
        descriptor: &Descriptor,
    ) -> Result<(), InspectError> {
        let digest = descriptor.digest;
        if descriptor.media_type.is_index() {
            self.oddities.push(Oddity { digest, kind: OddityKind::Nested });
            return Ok(());
        }
        let media_type = &descriptor.media_type;
        if !media_type.is_manifest() && !media_type.is_empty() && !media_type.is_schema_1() {
            // The image-spec has readers ignore what they do not know.
            return Ok(());
        }
        if !descriptor.artifact_type.is_empty() && !descriptor.artifact_type.is_image_config() {
            self.artifacts += 1;
            return Ok(());
        }
        if is_unnamed_attestation(image, descriptor) {
            self.artifacts += 1;
            return Ok(());
        }
        // What the index states to be for no platform there is need not be read.
        let stated = descriptor.platform.as_ref().map(platform_of_entry).transpose();
        match stated {
            Err(kind) => {
                self.oddities.push(Oddity { digest, kind });
                Ok(())
            }
            // Nor what nobody asked for: nothing that is wrong with it matters.
            Ok(Some(platform)) if !self.is_wanted(platform) => {
                self.unread.push(platform);
                Ok(())
            }
            Ok(stated) => self.add_documents(image, (number, descriptor), stated),
        }
    }

    fn add_documents(
        &mut self,
        image: &OpenImage,
        (number, descriptor): (EntryNumber, &Descriptor),
        stated: Option<Platform>,
    ) -> Result<(), InspectError> {
        let digest = descriptor.digest;
        match self.documents(image, descriptor, stated)? {
            Documents::OfArtifact => self.artifacts += 1,
            Documents::Faulty(fault) => {
                self.unreadable.push(Unreadable { platform: stated, digest, faults: vec![fault] });
            }
            Documents::Whole(documents) => {
                let (manifest, config) = *documents;
                // An entry without a platform leaves the claim to its config.
                match stated.map_or_else(|| platform_of_entry(&config.platform), Ok) {
                    Ok(platform) if !self.is_wanted(platform) => self.unread.push(platform),
                    Ok(platform) => {
                        self.variants.push(Entry { number, platform, digest, manifest, config });
                    }
                    Err(kind) => self.oddities.push(Oddity { digest, kind }),
                }
            }
        }
        Ok(())
    }

    fn is_wanted(&self, platform: Platform) -> bool {
        self.requested.is_empty() || self.requested.contains(&platform)
    }

    /// Reads a manifest and its config. What cannot be read and is nobody's is an error.
    fn documents(
        &mut self,
        image: &OpenImage,
        descriptor: &Descriptor,
        stated: Option<Platform>,
    ) -> Result<Documents, InspectError> {
        let fault = |role, digest, error: DocumentError| match fault_of(&error) {
            Some(kind) if stated.is_some() || !matches!(kind, BlobFaultKind::Unusable { .. }) => {
                Ok(Documents::Faulty(BlobFault { role, digest, kind }))
            }
            _ => Err(InspectError::Document(error)),
        };
        let manifest = match image.manifest(descriptor) {
            Ok(manifest) => manifest,
            Err(error) => return fault(BlobRole::Manifest, descriptor.digest, error),
        };
        if manifest.is_artifact() {
            return Ok(Documents::OfArtifact);
        }
        // An index may name one manifest over and over. What was read has the size that is stated.
        let size = descriptor.size.saturating_add(manifest.config.size);
        self.documents = self.documents.saturating_add(size);
        if self.documents > DOCUMENTS_LIMIT {
            return Err(InspectError::Documents);
        }
        let digest = manifest.config.digest;
        let config: ImageConfig = match image.document(&manifest.config) {
            Ok(config) => config,
            Err(error) => return fault(BlobRole::Config, digest, error),
        };
        // The layers are hashed by this algorithm alone: another could be neither proved nor refuted.
        if config.rootfs.diff_ids.iter().any(|it| it.algorithm() != Algorithm::Sha256) {
            let error = InspectError::DiffId(digest);
            let kind = BlobFaultKind::Unusable { reason: error.to_string() };
            let fault = BlobFault { role: BlobRole::Config, digest, kind };
            return stated.map_or(Err(error), |_| Ok(Documents::Faulty(fault)));
        }
        Ok(Documents::Whole(Box::new((manifest, config))))
    }
}

/// What a document's error says of its blob; `None` where that could not be found out.
fn fault_of(error: &DocumentError) -> Option<BlobFaultKind> {
    let contradiction = |field, stated: String, actual: String| {
        Some(BlobFaultKind::Contradicted(Contradiction { field, stated, actual }))
    };
    match error {
        DocumentError::DigestMismatch(it) => {
            contradiction(BlobField::Digest, it.expected.to_string(), it.actual.to_string())
        }
        DocumentError::SizeMismatch { stated, actual, .. } => {
            contradiction(BlobField::Size, stated.to_string(), actual.to_string())
        }
        DocumentError::TooLarge(_)
        | DocumentError::Malformed { .. }
        | DocumentError::Schema1(_) => {
            Some(BlobFaultKind::Unusable { reason: causes(error).join(": ") })
        }
        DocumentError::Blob(BlobError::Missing(_)) => Some(BlobFaultKind::Missing),
        DocumentError::Blob(_) | DocumentError::AllAbsent(_) => None,
    }
}

/// Whether an entry is for `unknown/unknown` and holds statements instead of layers: tools that
/// copy indexes may lose the annotation that says so.
fn is_unnamed_attestation(image: &OpenImage, descriptor: &Descriptor) -> bool {
    let is_unknown = |it: &RawPlatform| it.os == "unknown" && it.architecture == "unknown";
    let is_statement = |it: &Descriptor| it.media_type.0.starts_with("application/vnd.in-toto");
    let holds_statements =
        |it: Manifest| !it.layers.is_empty() && it.layers.iter().all(is_statement);
    descriptor.platform.as_ref().is_some_and(is_unknown)
        && image.manifest(descriptor).is_ok_and(holds_statements)
}

fn normalise(stated: &RawPlatform) -> Result<Platform, PlatformError> {
    Platform::from_parts(&stated.os, &stated.architecture, &stated.variant)
}

fn platform_of_entry(stated: &RawPlatform) -> Result<Platform, OddityKind> {
    normalise(stated).map_err(|error| match error.kind() {
        PlatformErrorKind::Os(os) if OTHER_SYSTEMS.contains(&os.as_str()) => {
            OddityKind::OtherSystem { stated: stated.clone() }
        }
        PlatformErrorKind::Architecture(name) if OTHER_ARCHITECTURES.contains(&name.as_str()) => {
            OddityKind::OtherSystem { stated: stated.clone() }
        }
        kind => OddityKind::Platform { stated: stated.clone(), reason: kind.to_string() },
    })
}

/// Operating systems that an index may have beside Linux: the values of GOOS, and `wasi`, which
/// images of WebAssembly modules state.
const OTHER_SYSTEMS: [&str; 15] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "ios",
    "js",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasi",
    "wasip1",
    "windows",
];

/// The values of GOARCH that no platform here has. Source: Go, `internal/syslist`.
const OTHER_ARCHITECTURES: [&str; 13] = [
    "amd64p32",
    "arm64be",
    "armbe",
    "mips",
    "mips64p32",
    "mips64p32le",
    "mipsle",
    "ppc",
    "riscv",
    "s390",
    "sparc",
    "sparc64",
    "wasm",
];

/// What each layer is found to be.
type Layers = BTreeMap<LayerKey, Result<LayerFacts, Vec<BlobFaultKind>>>;

/// A blob, and how it is read: two manifests may state different media types of one blob.
type LayerKey = (Digest, Option<Compression>);

fn key(layer: &Descriptor) -> LayerKey {
    (layer.digest, layer.media_type.layer_compression())
}

impl Entry {
    /// What is wrong with the layers.
    fn faults(&self, layers: &Layers) -> Vec<BlobFault> {
        let mut seen = BTreeSet::new();
        let each = self.manifest.layers.iter().map(key).filter(|it| seen.insert(*it));
        each.flat_map(|key| {
            let kinds = layers.get(&key).and_then(|it| it.as_ref().err());
            let kinds = kinds.map(Vec::as_slice).unwrap_or_default();
            kinds.iter().map(move |kind| (key.0, kind.clone()))
        })
        .map(|(digest, kind)| BlobFault { role: BlobRole::Layer, digest, kind })
        .collect()
    }

    fn into_variant(self, facts: &Layers, room: &mut Budget) -> Result<Variant, InspectError> {
        let of = |layer: &Descriptor| facts.get(&key(layer)).and_then(|it| it.as_ref().ok());
        let files = Assembly::within(room).apply_all(self.manifest.layers.iter().filter_map(of));
        let files =
            files.map_err(|source| InspectError::Assembly { digest: self.digest, source })?;
        let steps = self.config.history.iter().filter(|it| !it.empty_layer);
        let mut steps = steps.map(|it| it.created_by.clone());
        let mut diff_ids = self.config.rootfs.diff_ids.iter();
        let layers = self.manifest.layers.iter().map(|descriptor| Layer {
            digest: descriptor.digest,
            created_by: steps.next().unwrap_or_default(),
            size: of(descriptor).map(LayerFacts::size_of_files),
            contradictions: of(descriptor)
                .map(|facts| contradictions(descriptor, diff_ids.next(), facts))
                .unwrap_or_default(),
        });
        let layers: Vec<Layer> = layers.collect();
        let surplus = self.config.rootfs.diff_ids.get(layers.len()..).unwrap_or_default().to_vec();
        Ok(Variant {
            entry: self.number,
            platform: self.platform,
            digest: self.digest,
            config_digest: self.manifest.config.digest,
            layers,
            surplus,
            config_platform: self.config.platform,
            created: self.config.created.unwrap_or_default(),
            config: self.config.config.unwrap_or_default(),
            files,
        })
    }
}

fn contradictions(
    descriptor: &Descriptor,
    diff_id: Option<&Digest>,
    facts: &LayerFacts,
) -> Vec<Contradiction> {
    let mut found = blob_contradictions(descriptor, facts.blob);
    if diff_id != Some(&facts.diff_id) {
        found.push(Contradiction {
            field: BlobField::DiffId,
            stated: diff_id.map_or_else(|| "(none)".to_owned(), ToString::to_string),
            actual: facts.diff_id.to_string(),
        });
    }
    found
}

/// The most entries of an index: those of all platforms, with what annotates them, are not a
/// hundred. Each is read, put together and judged by itself, whatever it shares with others.
const ENTRIES_LIMIT: usize = 1000;
/// The most that all manifests and configs may take, in bytes: those of a hundred platforms take
/// less than 1 MiB.
const DOCUMENTS_LIMIT: u64 = 256 << 20;
/// The most that the facts of all layers may take, in bytes.
const FACTS_LIMIT: usize = 1 << 30;

/// Reads each layer once. The first error in the order of the layers wins, whichever thread meets
/// one first, so that the same image always gives the same error.
fn read_layers(
    image: &OpenImage,
    entries: &[Entry],
    cache: &impl LayerCache,
) -> Result<Layers, InspectError> {
    let mut wanted: Vec<&Descriptor> = entries.iter().flat_map(|it| &it.manifest.layers).collect();
    wanted.sort_by_key(|it| key(it));
    wanted.dedup_by_key(|it| key(it));
    // The longest first, so that no core is left with it when all the others are done.
    wanted.sort_by_key(|it| Reverse(it.size));
    let (next, size) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let done = Mutex::new(BTreeMap::new());
    let threads = thread::available_parallelism().map_or(1, usize::from).min(wanted.len());
    let read = || {
        while let Some(descriptor) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = read_one(image, descriptor, cache).and_then(|facts| {
                let own = facts.as_ref().map_or(0, LayerFacts::size_in_memory);
                let others = size.fetch_add(own, Ordering::Relaxed);
                if others + own > FACTS_LIMIT { Err(InspectError::TooMany) } else { Ok(facts) }
            });
            // A thread that panicked while it held the lock ends the scope with a panic.
            if let Ok(mut done) = done.lock() {
                done.insert(key(descriptor), result);
            }
        }
    };
    thread::scope(|scope| {
        // This thread is one of them.
        for _ in 1..threads {
            scope.spawn(read);
        }
        read();
    });
    let done = done.into_inner().unwrap_or_default();
    done.into_iter().map(|(key, result)| Ok((key, result?))).collect()
}

fn read_one(
    image: &OpenImage,
    descriptor: &Descriptor,
    cache: &impl LayerCache,
) -> Result<Result<LayerFacts, Vec<BlobFaultKind>>, InspectError> {
    let digest = descriptor.digest;
    // Whatever is known of it: a layer that is not there cannot be used.
    let blob = match image.blob(descriptor) {
        Err(BlobError::Missing(_)) => return Ok(Err(vec![BlobFaultKind::Missing])),
        blob => blob?,
    };
    if let Some(facts) = cache.load(descriptor)
        && is_genuine(image, descriptor, cache)?
    {
        return Ok(Ok(facts));
    }
    let before = Sight::of(image, descriptor)?;
    let facts = match read_layer(descriptor, blob) {
        Ok(facts) => facts,
        Err(LayerError::Contradicted { contradictions, .. }) => {
            return Ok(Err(contradictions.into_iter().map(BlobFaultKind::Contradicted).collect()));
        }
        Err(error @ (LayerError::Damaged(_) | LayerError::MediaType(_) | LayerError::TooMany)) => {
            let reason = causes(&error).join(": ");
            return Ok(Err(vec![BlobFaultKind::Unusable { reason }]));
        }
        Err(source @ LayerError::Read(_)) => return Err(InspectError::Layer { digest, source }),
    };
    // A blob under a false digest says nothing about the true one.
    if facts.blob.0 == digest {
        cache.store(descriptor, &facts);
        before.remember(image, descriptor, cache)?;
    }
    Ok(Ok(facts))
}

/// Whether a blob that was read before has the bytes of its digest now. What a registry sends is
/// hashed when it is read; a file that was not changed since it was hashed is not hashed again.
fn is_genuine(
    image: &OpenImage,
    descriptor: &Descriptor,
    cache: &impl LayerCache,
) -> Result<bool, InspectError> {
    let digest = descriptor.digest;
    let before = Sight::of(image, descriptor)?;
    match before.storage {
        Storage::Registry => return Ok(true),
        Storage::File(file) if cache.has_seen(&file, &digest) => return Ok(true),
        Storage::File(_) | Storage::Spool => {}
    }
    let blob = Hashing::with(digest.algorithm(), image.blob(descriptor)?).finish();
    let blob = blob.map_err(|source| BlobError::read(descriptor, source))?;
    if blob.0 == digest {
        before.remember(image, descriptor, cache)?;
    }
    Ok(blob.0 == digest)
}

/// Where a blob was, before it was hashed.
struct Sight {
    storage: Storage,
    at: SystemTime,
}

impl Sight {
    fn of(image: &OpenImage, descriptor: &Descriptor) -> Result<Self, InspectError> {
        let at = SystemTime::now();
        Ok(Self { storage: image.storage(descriptor)?, at })
    }

    /// Remembers that a file's bytes have their digest, unless it may have been changed since.
    fn remember(
        &self,
        image: &OpenImage,
        descriptor: &Descriptor,
        cache: &impl LayerCache,
    ) -> Result<(), InspectError> {
        if let Storage::File(file) = self.storage
            && file.is_settled(self.at)
            && image.storage(descriptor)? == self.storage
        {
            cache.mark_seen(&file, &descriptor.digest);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::{Image as Fixture, Layer, Lie, Variant as Made, program};

    #[test]
    fn variants_are_sorted_and_share_what_they_share() {
        let data = Layer::new().file("data", 0o644, "the same for all");
        let image = Fixture::new(
            ["linux/s390x", "linux/amd64", "linux/arm/v7", "linux/arm/v6"]
                .map(|it| Made::healthy(it).layer(data.clone())),
        );
        let facts = image.inspect(&[]);
        let platforms: Vec<String> =
            facts.variants.iter().map(|it| it.platform.to_string()).collect();
        assert_eq!(platforms, ["linux/amd64", "linux/arm/v6", "linux/arm/v7", "linux/s390x"]);
        for variant in &facts.variants {
            assert_eq!(variant.layers[1].digest, data.descriptor().digest);
            assert_eq!(variant.files.iter().count(), 2);
        }
    }

    #[test]
    fn compression_leaves_the_files_as_they_are() {
        let of = |compression| {
            let app = Layer::new().executable("app", program("linux/arm64"));
            let made = Made::new("linux/arm64").layer(app.compressed(compression));
            Fixture::new([made]).inspect(&[]).variants.remove(0)
        };
        let plain = of(Compression::None);
        for compression in [Compression::Gzip, Compression::Zstd] {
            let variant = of(compression);
            assert_eq!(variant.files, plain.files, "{compression:?}");
            assert_eq!(variant.layers[0].contradictions, [], "{compression:?}");
        }
    }

    /// That one manifest says how a blob is compressed does not make another's statement true.
    #[test]
    fn a_blob_of_two_media_types_is_read_as_each() {
        for lies in [[Lie::None, Lie::MediaType], [Lie::MediaType, Lie::None]] {
            let variants = ["linux/amd64", "linux/arm64"].into_iter().zip(lies);
            let image = Fixture::new(variants.map(|(platform, lie)| {
                let layer = Layer::new().file("data", 0o644, "data");
                Made::new(platform).false_layer(layer.compressed(Compression::Gzip), lie)
            }));
            let facts = image.inspect(&[]);
            assert_eq!((facts.variants.len(), facts.unreadable.len()), (1, 1));
        }
    }

    #[test]
    fn an_image_without_an_index_is_what_its_config_says() {
        let single = Fixture::new([Made::healthy("linux/ppc64le")]).single();
        let facts = single.inspect(&[]).expect("an image");
        assert_eq!(facts.variants[0].platform.to_string(), "linux/ppc64le");
        assert_eq!(facts.digest, facts.variants[0].digest);
        let nameless = Fixture::new([Made::new("/")]).single();
        assert!(matches!(nameless.inspect(&[]), Err(InspectError::Platform(_))));
    }

    #[test]
    fn entries_that_are_no_variants_are_kept_apart() {
        let image = Fixture::new([
            Made::healthy("linux/amd64"),
            Made::new("windows/amd64"),
            Made::new("linux/arm64/v7"),
        ])
        .and_attestation()
        .and_index(Fixture::new([Made::healthy("linux/arm64")]));
        let facts = image.inspect(&[]);
        assert_eq!(facts.variants.len(), 1);
        let kinds: Vec<_> = facts.oddities.iter().map(|it| &it.kind).collect();
        assert!(
            matches!(
                kinds.as_slice(),
                [OddityKind::OtherSystem { .. }, OddityKind::Platform { .. }, OddityKind::Nested,]
            ),
            "{kinds:?}"
        );
    }

    #[test]
    fn what_is_no_container_image_is_no_variant() {
        let chart = "application/vnd.cncf.helm.config.v1+json";
        let empty = "application/vnd.oci.empty.v1+json";
        let beside = Fixture::new([Made::healthy("linux/amd64")]);
        let facts = beside.and_artifact(chart).and_artifact(empty).inspect(&[]);
        assert_eq!(facts.variants.len(), 1);
        assert_eq!(facts.oddities, []);
        for alone in [
            Fixture::default().and_artifact(chart).layout(),
            Fixture::default().and_artifact(empty).single(),
        ] {
            let error = alone.inspect(&[]).expect_err("no image");
            assert!(matches!(error, InspectError::NotAnImage(_)), "{error}");
        }
        let typed = json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "size": 1,
                           "digest": Digest::of(b"not there"), "artifactType": "a/b"});
        let beside = Fixture::new([Made::healthy("linux/amd64")]).and_entry(typed);
        assert_eq!(beside.inspect(&[]).variants.len(), 1);
    }

    #[test]
    fn a_layer_is_read_under_the_digest_that_names_it() {
        let layer = Layer::new().file("data", 0o644, "data");
        for (lie, field) in [
            (Lie::Digest, BlobField::Digest),
            (Lie::Size, BlobField::Size),
            (Lie::DiffId, BlobField::DiffId),
            (Lie::DiffIdMissing, BlobField::DiffId),
        ] {
            let made = Made::new("linux/amd64").false_layer(layer.clone(), lie);
            let facts = Fixture::new([made]).inspect(&[]);
            let found: Vec<_> =
                facts.variants[0].layers[0].contradictions.iter().map(|it| it.field).collect();
            assert_eq!(found, [field], "{lie:?}");
        }
    }

    #[test]
    fn a_layer_that_cannot_be_read_is_named() {
        let layer = Layer::new().file("data", 0o644, "data").compressed(Compression::Gzip);
        let digest = layer.descriptor().digest;
        let path = format!("blobs/sha256/{}", digest.hex());
        let layout = Fixture::new([Made::new("linux/amd64").layer(layer)]).layout();
        let blob_size = layout.get(&path).len();

        let mut damaged = layout.clone();
        let blob = damaged.get(&path);
        damaged.set(&path, blob[..blob.len() - 9].to_vec());
        let facts = damaged.inspect(&[]).expect("facts");
        let [Unreadable { platform: Some(_), faults, .. }] = facts.unreadable.as_slice() else {
            panic!("{:?}", facts.unreadable)
        };
        let field = |it: &BlobFault| match &it.kind {
            BlobFaultKind::Contradicted(it) => (it.field, it.actual.clone()),
            other => panic!("{other:?}"),
        };
        let found: Vec<_> = faults.iter().map(field).collect();
        let size = (blob_size - 9).to_string();
        let cut = Digest::of(damaged.get(&path)).to_string();
        assert_eq!(found, [(BlobField::Digest, cut), (BlobField::Size, size)]);
        assert!(facts.variants.is_empty() && faults.iter().all(|it| it.digest == digest));

        let mut missing = layout;
        missing.remove(&path);
        let facts = missing.inspect(&[]).expect("facts");
        let fault = BlobFault { role: BlobRole::Layer, digest, kind: BlobFaultKind::Missing };
        assert_eq!(facts.unreadable[0].faults, [fault]);
    }

    #[test]
    fn an_index_that_is_far_too_long_is_not_read() {
        let entry = Made::healthy("linux/arm64");
        let image = |count| {
            let one = Fixture::new([entry.clone()]);
            (1..count).fold(one, |image, _| image.and_last_again())
        };
        assert_eq!(image(40).inspect(&[]).variants.len(), 40);
        let error = image(ENTRIES_LIMIT + 1).layout().inspect(&[]).expect_err("too long");
        assert!(matches!(error, InspectError::TooManyEntries(1001)), "{error}");
    }
}
