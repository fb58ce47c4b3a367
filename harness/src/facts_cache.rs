//! The facts of layers that were read before, in a folder of the user's.
//!
//! An entry is named for the layer's digest and compression, below a folder named for the version of the facts, and
//! begins with the digest of its own text. It is written beside its place and moved there whole, so
//! that parallel processes never see half of one; whatever does not match is read anew and
//! replaced. The cache is never in the way: where it cannot be read or written, layers are read.
//!
//! Facts are true of a digest. That a file holds the bytes of that digest is remembered beside them, by
//! the file's identity, which changes with its bytes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::SystemTime;

use crate::folders::{is_forgotten, open_own_file, user_cache};
use crate::inspect::{FACTS_VERSION, LayerCache, LayerFacts};
use crate::oci::{Compression, Descriptor, Digest, FileIdentity};

/// The folder of marks for files whose bytes were hashed.
const SEEN: &str = "seen";

/// Where facts are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FactsCache {
    /// In a folder, which is made when it is needed.
    Folder(PathBuf),
    /// Nowhere.
    #[default]
    Off,
}

impl FactsCache {
    /// Beside what else is kept for the user; nowhere if there is no folder for caches.
    #[must_use]
    pub fn of_user() -> Self {
        user_cache().map_or(Self::Off, |it| Self::Folder(it.join("facts")))
    }

    /// The name alone says what was seen: it is a digest of it.
    fn mark(&self, file: &FileIdentity, digest: &Digest) -> Option<PathBuf> {
        let Self::Folder(folder) = self else { return None };
        let name = Digest::of(format!("{} {digest}", file.text()).as_bytes());
        Some(folder.join(SEEN).join(name.hex()))
    }

    /// By the digest, and by how the blob is read: another media type makes other facts of it.
    fn path(&self, layer: &Descriptor) -> Option<PathBuf> {
        let Self::Folder(folder) = self else { return None };
        let compression = match layer.media_type.layer_compression()? {
            Compression::None => "tar",
            Compression::Gzip => "gzip",
            Compression::Zstd => "zstd",
        };
        let name = format!("{}-{compression}", layer.digest.to_string().replace(':', "-"));
        Some(folder.join(FACTS_VERSION).join(name))
    }
}

impl LayerCache for FactsCache {
    fn load(&self, layer: &Descriptor) -> Option<LayerFacts> {
        let mut file = open_own_file(&self.path(layer)?).ok()?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let (head, text) = (&bytes[..end], &bytes[end + 1..]);
        if head != Digest::of(text).to_string().as_bytes() {
            return None;
        }
        let facts = serde_json::from_slice(text).ok()?;
        // It is in use. What cannot be said is no loss but of time, some day.
        let _ = file.set_modified(SystemTime::now());
        Some(facts)
    }

    fn store(&self, layer: &Descriptor, facts: &LayerFacts) {
        static PRUNING: Once = Once::new();
        let (Self::Folder(folder), Some(path)) = (self, self.path(layer)) else { return };
        PRUNING.call_once(|| prune(folder));
        if let Ok(text) = serde_json::to_vec(facts) {
            let _ = write(&path, &text);
        }
    }

    fn has_seen(&self, file: &FileIdentity, digest: &Digest) -> bool {
        let Some(path) = self.mark(file, digest) else { return false };
        // It is in use.
        open_own_file(&path).is_ok_and(|file| file.set_modified(SystemTime::now()).is_ok())
    }

    fn mark_seen(&self, file: &FileIdentity, digest: &Digest) {
        if let Some(path) = self.mark(file, digest) {
            let _ = make_folder(path.parent()).and_then(|()| File::create(path));
        }
    }
}

fn make_folder(folder: Option<&Path>) -> std::io::Result<()> {
    let folder = folder.unwrap_or(Path::new("/"));
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_folder(Some(folder))?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{}", Digest::of(text))?;
    file.write_all(text)?;
    file.persist(path)?;
    Ok(())
}

/// Removes what nobody used for long, of every version, and what interrupted processes left.
fn prune(folder: &Path) {
    let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    let is_folder = |it: &fs::DirEntry| it.file_type().is_ok_and(|it| it.is_dir());
    for version in entries(folder).filter(is_folder) {
        for entry in entries(&version.path()) {
            if is_forgotten(&entry) {
                let _ = fs::remove_file(entry.path());
            }
        }
        // Only an empty folder goes.
        let _ = fs::remove_dir(version.path());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::evidence::image::{BlobRole, ImageFacts};
    use crate::fixture::{Image as Fixture, Layer, Variant as Made, program};
    use crate::folders::KEPT_FOR;
    use crate::inspect::{inspect, read_layer};
    use crate::oci::{MediaType, OpenImage};

    fn facts() -> (Descriptor, LayerFacts) {
        let layer = Layer::new().executable("app", program("linux/arm64")).symlink("sh", "app");
        let facts = read_layer(&layer.descriptor(), layer.blob().as_slice()).expect("a layer");
        (layer.descriptor(), facts)
    }

    fn entry(cache: &FactsCache, layer: &Descriptor) -> PathBuf {
        cache.path(layer).expect("a folder")
    }

    #[test]
    fn what_was_stored_is_loaded() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = FactsCache::Folder(folder.path().join("made/when/needed"));
        let (layer, facts) = facts();
        assert_eq!(cache.load(&layer), None);
        cache.store(&layer, &facts);
        assert_eq!(cache.load(&layer), Some(facts));
        let of_another_type = Descriptor {
            media_type: MediaType("application/vnd.oci.image.layer.v1.tar+zstd".to_owned()),
            ..layer
        };
        assert_eq!(cache.load(&of_another_type), None, "the same bytes, read otherwise");
        let names = fs::read_dir(folder.path().join("made/when/needed").join(FACTS_VERSION));
        assert_eq!(names.expect("a folder").count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_is_damaged_is_ignored_and_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = FactsCache::Folder(folder.path().to_owned());
        let (layer, facts) = facts();
        cache.store(&layer, &facts);
        let path = entry(&cache, &layer);
        let whole = fs::read(&path).expect("an entry");
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [&whole[..whole.len() / 2], &[], flipped.as_slice()] {
            fs::write(&path, damaged).expect("an entry");
            assert_eq!(cache.load(&layer), None);
            cache.store(&layer, &facts);
            assert_eq!(cache.load(&layer).as_ref(), Some(&facts));
        }
    }

    #[test]
    fn only_what_is_old_is_pruned() {
        let folder = tempfile::tempdir().expect("a folder");
        let version = folder.path().join("other");
        fs::create_dir(&version).expect("a folder");
        let make = |name: &str, age: Duration| {
            let file = File::create(version.join(name)).expect("a file");
            file.set_modified(SystemTime::now() - age).expect("a time");
        };
        make("old", KEPT_FOR + Duration::from_mins(1));
        make("young", KEPT_FOR / 2);
        prune(folder.path());
        assert!(!version.join("old").exists() && version.join("young").exists());
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_no_obstacle() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let (layer, facts) = facts();
        for cache in [FactsCache::Folder(file.path().join("below")), FactsCache::Off] {
            cache.store(&layer, &facts);
            assert_eq!(cache.load(&layer), None);
        }
    }

    #[test]
    fn a_file_that_was_seen_is_known_by_all_that_may_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = FactsCache::Folder(folder.path().join("made/when/needed"));
        let file = tempfile::NamedTempFile::new().expect("a file");
        let identity = FileIdentity::new(&file.as_file().metadata().expect("metadata"));
        let digest = Digest::of(b"it");
        assert!(!cache.has_seen(&identity, &digest));
        cache.mark_seen(&identity, &digest);
        assert!(cache.has_seen(&identity, &digest));
        assert!(!cache.has_seen(&identity, &Digest::of(b"other")));
        assert!(!cache.has_seen(&identity.at(512), &digest));
        std::fs::write(file.path(), b"longer").expect("a file");
        let changed = FileIdentity::new(&file.as_file().metadata().expect("metadata"));
        assert!(!cache.has_seen(&changed, &digest));
        assert!(!FactsCache::Off.has_seen(&identity, &digest));
    }

    /// Facts that are known, and whether the bytes are those of the digest that they are known of.
    fn second_look(
        open: impl Fn() -> OpenImage,
        change: impl FnOnce(),
    ) -> (ImageFacts, ImageFacts) {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = FactsCache::Folder(folder.path().to_owned());
        let look = || inspect(&open(), &[], &cache).expect("facts");
        let first = look();
        change();
        (first, look())
    }

    #[test]
    fn facts_that_are_known_do_not_vouch_for_a_file() {
        let healthy = Made::new("linux/arm64")
            .layer(Layer::new().file("data", 0o644, "data").compressed(Compression::Gzip));
        let image = Fixture::new([Made::healthy("linux/amd64")]).and(&healthy).layout();
        let damaged = Fixture::new([Made::healthy("linux/amd64")])
            .and(&healthy)
            .with_blob(BlobRole::Layer, |bytes| [&bytes[..30], b"X", &bytes[31..]].concat())
            .layout();
        let (sound, cracked) = (image.write_folder(), damaged.write_folder());
        let at = std::cell::Cell::new(sound.path());
        let open = || crate::oci::open_layout(at.get(), None).expect("a layout");
        let (first, second) = second_look(open, || at.set(cracked.path()));
        assert_eq!((first.variants.len(), first.unreadable.len()), (2, 0));
        assert_eq!((second.variants.len(), second.unreadable.len()), (1, 1));
        assert_eq!(
            second.unreadable[0].platform.map(|it| it.to_string()).as_deref(),
            Some("linux/arm64")
        );

        let (sound, cracked) = (image.write(), damaged.write());
        let at = std::cell::Cell::new(sound.path());
        let open = || crate::oci::open_archive(at.get(), None).expect("an archive");
        let (_, second) = second_look(open, || at.set(cracked.path()));
        assert_eq!((second.variants.len(), second.unreadable.len()), (1, 1));
    }

    /// The clock of a filesystem stands still for a while; a file that was just written is hashed
    /// each time, until another change would show.
    #[test]
    fn a_file_that_was_hashed_is_hashed_again_when_it_may_have_changed() {
        let layer = Layer::new().file("data", 0o644, "data");
        let path = format!("blobs/sha256/{}", layer.descriptor().digest.hex());
        let layout = Fixture::new([Made::new("linux/amd64").layer(layer)]).layout();
        let folder = layout.write_folder();
        let open = || crate::oci::open_layout(folder.path(), None).expect("a layout");
        let file = folder.path().join(&path);
        let change = || {
            let time = std::fs::metadata(&file).and_then(|it| it.modified()).expect("a time");
            let mut bytes = std::fs::read(&file).expect("the layer");
            let data = bytes.len() - 1536;
            bytes[data] ^= 1;
            std::fs::write(&file, bytes).expect("the layer");
            let file = std::fs::File::options().write(true).open(&file).expect("the layer");
            file.set_modified(time).expect("a time");
        };
        let (first, second) = second_look(open, change);
        assert_eq!(first.variants[0].layers[0].contradictions, []);
        assert_ne!(second.variants[0].layers[0].contradictions, []);
    }
}
