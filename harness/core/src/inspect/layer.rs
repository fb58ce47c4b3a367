//! One layer, read once from beginning to end.
//!
//! Source: OCI image-spec, layer.md.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use tar::EntryType;
use thiserror::Error;

use super::content::{ELF_LIMIT, read_content};
use super::decoder::Decoder;
use super::header::mode_and_owner;
use super::pipe::{Ahead, PipeReader, read_ahead};
use crate::evidence::image::{BlobField, Content, Contradiction, ImagePath};
use crate::linux::PATH_MAX;
use crate::oci::{Budget, Compression, Descriptor, Digest, Guarded, Hashing, MediaType};
use crate::text::escape;

/// What a layer does to the filesystem below it, in the order of the tar, and what its bytes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// The digest and size in bytes of the blob as it was read.
    pub blob: (Digest, u64),
    /// The digest of the uncompressed tar stream.
    pub diff_id: Digest,
    /// The changes.
    pub entries: Vec<LayerEntry>,
}

/// One change to the filesystem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerEntry {
    /// Where; symlinks in it are still to be followed.
    pub path: ImagePath,
    /// Permission, set-id and sticky bits.
    pub mode: u32,
    /// The owner.
    pub uid: u64,
    /// The group.
    pub gid: u64,
    /// What.
    pub change: Change,
}

/// What a layer entry makes of its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A directory is there.
    Directory,
    /// A regular file is there.
    File {
        /// Its size in bytes.
        size: u64,
        /// What it is.
        content: Content,
    },
    /// A symbolic link is there.
    Symlink {
        /// Its text, as written.
        target: String,
    },
    /// Another name of a file that is already there.
    Hardlink {
        /// The file's path in the image.
        target: ImagePath,
    },
    /// A device, FIFO or the like.
    Special,
    /// Nothing is there any more (`.wh.NAME`).
    Whiteout,
    /// Nothing that lower layers put below it is there any more (`.wh..wh..opq`).
    Opaque,
}

/// Why a layer cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LayerError {
    /// The media type is none of a filesystem layer.
    #[error("`{0}` is not a layer that can be read")]
    MediaType(MediaType),
    /// The compressed stream or the tar is damaged, although the bytes are those that the
    /// descriptor states.
    #[error("the layer is damaged")]
    Damaged(#[source] io::Error),
    /// The bytes are not those that the descriptor states, and make no layer.
    #[error("the layer is not what its descriptor states")]
    Contradicted {
        /// What is stated of it and is not so: at least one.
        contradictions: Vec<Contradiction>,
        /// Why they make no layer.
        #[source]
        source: io::Error,
    },
    /// Its bytes cannot be fetched to their end.
    #[error("the layer cannot be read to its end")]
    Read(#[source] io::Error),
    /// What the layer says of its files takes too much memory: no sane layer comes near.
    #[error("the layer's files cannot be listed in {} MiB", FACTS_LIMIT >> 20)]
    TooMany,
}

/// The most that the facts of one layer may take, in bytes. A million files of long names take half.
const FACTS_LIMIT: usize = 512 << 20;

/// Reads a layer to its end. Reading and hashing, decompressing, and looking at the files each go
/// on in a thread of their own.
///
/// # Errors
///
/// When it cannot be decompressed, is no tar, or too large a one.
pub fn read_layer(
    descriptor: &Descriptor,
    blob: impl Read + Send,
) -> Result<LayerFacts, LayerError> {
    let compression = compression_of(descriptor)?;
    let algorithm = descriptor.digest.algorithm();
    let failure = Mutex::default();
    let blob = Watched { inner: blob, failure: &failure };
    let read = thread::scope(|scope| {
        let (compressed, source) = read_ahead(scope, Hashing::with(algorithm, blob));
        let (tar, decoder) = read_ahead(scope, Decoder::new(compression, compressed));
        let read = read_tar(tar);
        // What follows the compressed stream belongs to the blob.
        let mut rest = decoder.into_source().into_inner();
        match read {
            Ok((diff_id, entries)) => {
                io::copy(&mut rest, &mut io::sink()).map_err(LayerError::Read)?;
                let blob = source.into_source().finish().map_err(LayerError::Read)?;
                Ok(LayerFacts { blob, diff_id, entries })
            }
            Err(LayerError::Damaged(why)) => Err(blame(why, descriptor, rest, source)),
            Err(error) => Err(error),
        }
    });
    // Whatever else came of it.
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(LayerError::Read(error)),
        None => read,
    }
}

/// A blob's reader that remembers its own failure: to whoever decompresses, one error is as good
/// as another.
struct Watched<'a, R> {
    inner: R,
    failure: &'a Mutex<Option<io::Error>>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            if error.kind() == io::ErrorKind::Interrupted {
                return error;
            }
            let kind = error.kind();
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            kind.into()
        })
    }
}

/// Why a blob makes no layer: if its bytes are not those that the descriptor states, that.
fn blame<R: Read>(
    why: io::Error,
    descriptor: &Descriptor,
    mut rest: PipeReader,
    source: Ahead<'_, Hashing<R>>,
) -> LayerError {
    // Nothing that is longer has the digest, and a stream need not have an end.
    let wanted = (descriptor.size + 1).saturating_sub(rest.taken());
    if let Err(error) = io::copy(&mut rest.by_ref().take(wanted), &mut io::sink()) {
        return LayerError::Read(error);
    }
    let is_longer = rest.taken() > descriptor.size;
    drop(rest);
    let contradictions = if is_longer {
        vec![Contradiction {
            field: BlobField::Size,
            stated: descriptor.size.to_string(),
            actual: "more".to_owned(),
        }]
    } else {
        match source.into_source().finish() {
            Ok(blob) => blob_contradictions(descriptor, blob),
            Err(error) => return LayerError::Read(error),
        }
    };
    if contradictions.is_empty() {
        LayerError::Damaged(why)
    } else {
        LayerError::Contradicted { contradictions, source: why }
    }
}

/// What a descriptor states of a blob, and is not so: digest and size.
pub(super) fn blob_contradictions(
    descriptor: &Descriptor,
    (digest, size): (Digest, u64),
) -> Vec<Contradiction> {
    [
        (BlobField::Digest, descriptor.digest.to_string(), digest.to_string()),
        (BlobField::Size, descriptor.size.to_string(), size.to_string()),
    ]
    .into_iter()
    .filter(|(_, stated, actual)| stated != actual)
    .map(|(field, stated, actual)| Contradiction { field, stated, actual })
    .collect()
}

/// Copies a layer's tar, uncompressed. Gives the digest and size in bytes of the blob as it was read.
///
/// # Errors
///
/// When it cannot be decompressed, or nobody takes it.
pub fn copy_tar(
    descriptor: &Descriptor,
    blob: impl Read + Send,
    to: &mut impl Write,
) -> Result<(Digest, u64), LayerError> {
    let compression = compression_of(descriptor)?;
    let algorithm = descriptor.digest.algorithm();
    thread::scope(|scope| {
        let (compressed, source) = read_ahead(scope, Hashing::with(algorithm, blob));
        let mut decoder = Decoder::new(compression, compressed);
        io::copy(&mut decoder, to).map_err(LayerError::Damaged)?;
        io::copy(&mut decoder.into_inner(), &mut io::sink()).map_err(LayerError::Damaged)?;
        source.into_source().finish().map_err(LayerError::Damaged)
    })
}

fn compression_of(descriptor: &Descriptor) -> Result<Compression, LayerError> {
    let media_type = &descriptor.media_type;
    media_type.layer_compression().ok_or_else(|| LayerError::MediaType(media_type.clone()))
}

fn read_tar(stream: impl Read) -> Result<(Digest, Vec<LayerEntry>), LayerError> {
    let mut stream = Hashing::new(stream);
    let entries = read_entries(&mut stream, FACTS_LIMIT)?;
    // What follows the end mark belongs to the digest.
    let (diff_id, _) = stream.finish().map_err(LayerError::Damaged)?;
    Ok((diff_id, entries))
}

/// `limit` is what they may take, in bytes.
fn read_entries(stream: impl Read, limit: usize) -> Result<Vec<LayerEntry>, LayerError> {
    let budget = Budget::default();
    let mut tar = tar::Archive::new(Guarded::new(stream, &budget));
    let mut tar = tar.entries().map_err(LayerError::Damaged)?;
    let (mut entries, mut size, mut unread) = (Vec::new(), 0, 0);
    loop {
        budget.allow(unread);
        let Some(entry) = tar.next() else { return Ok(entries) };
        let mut entry = entry.map_err(LayerError::Damaged)?;
        budget.lift();
        unread = stored_size(&entry).map_err(LayerError::Damaged)?;
        let read = read_entry(&mut entry).map_err(LayerError::Damaged)?;
        size += read.as_ref().map_or(0, LayerEntry::size_in_memory);
        if size > limit {
            return Err(LayerError::TooMany);
        }
        entries.extend(read);
    }
}

/// The bytes that the entry takes in the tar: of a sparse file, less than its size.
fn stored_size<R: Read>(entry: &tar::Entry<'_, R>) -> io::Result<u64> {
    let header = entry.header();
    if header.entry_type().is_gnu_sparse() { header.entry_size() } else { Ok(entry.size()) }
}

impl LayerFacts {
    /// What the files that it writes take, in bytes, uncompressed.
    #[must_use]
    pub fn size_of_files(&self) -> u64 {
        let sizes = self.entries.iter().map(|entry| match &entry.change {
            Change::File { size, .. } => *size,
            _ => 0,
        });
        sizes.fold(0, u64::saturating_add)
    }

    /// About the memory that they take, in bytes.
    pub(super) fn size_in_memory(&self) -> usize {
        self.entries.iter().map(LayerEntry::size_in_memory).sum()
    }
}

impl LayerEntry {
    /// About the memory that it takes, in bytes.
    fn size_in_memory(&self) -> usize {
        let change = match &self.change {
            Change::File { content, .. } => content.size_in_memory(),
            Change::Symlink { target } => target.len(),
            Change::Hardlink { target } => target.as_str().len(),
            _ => 0,
        };
        size_of::<Self>() + self.path.as_str().len() + change
    }
}

/// `None` for headers that are about the tar rather than about a file.
fn read_entry<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<Option<LayerEntry>> {
    refuse_ambiguous(entry)?;
    let path = ImagePath::from_bytes(&short(entry.path_bytes())?);
    let (mode, uid, gid) = mode_and_owner(entry.header())?;
    let (path, change) = match path.file_name() {
        ".wh..wh..opq" => (path.parent().unwrap_or_else(ImagePath::root), Change::Opaque),
        // Names that aufs reserved for itself; they hide nothing.
        name if name.starts_with(".wh..wh.") => return Ok(None),
        name if name.starts_with(".wh.") => {
            (hidden(&path, &name[".wh.".len()..])?, Change::Whiteout)
        }
        _ => match read_change(entry, &path)? {
            Some(change) => (path, change),
            None => return Ok(None),
        },
    };
    Ok(Some(LayerEntry { path, mode, uid, gid, change }))
}

/// What a whiteout hides beside itself. Some engines refuse those that would hide the directory
/// that they lie in, or the one above it, and some obey.
fn hidden(whiteout: &ImagePath, name: &str) -> io::Result<ImagePath> {
    match name {
        "" | "." | ".." => Err(io::Error::other(format!("the whiteout {whiteout} hides no file"))),
        name => Ok(whiteout.parent().unwrap_or_else(ImagePath::root).join(name)),
    }
}

/// A name as long as the kernel takes it.
fn short(name: Cow<'_, [u8]>) -> io::Result<Vec<u8>> {
    match name.len() {
        0..PATH_MAX => Ok(name.into_owned()),
        long => Err(io::Error::other(format!("a name of {long} bytes is longer than Linux takes"))),
    }
}

fn read_change<R: Read>(
    entry: &mut tar::Entry<'_, R>,
    path: &ImagePath,
) -> io::Result<Option<Change>> {
    let link = |entry: &tar::Entry<'_, R>| short(entry.link_name_bytes().unwrap_or_default());
    Ok(Some(match entry.header().entry_type() {
        EntryType::Directory => Change::Directory,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let (size, limit) = (entry.size(), elf_limit(entry)?);
            Change::File { size, content: read_content(path.file_name(), size, limit, entry)? }
        }
        EntryType::Symlink => Change::Symlink { target: escape(&link(entry)?) },
        EntryType::Link => Change::Hardlink { target: ImagePath::from_bytes(&link(entry)?) },
        EntryType::Char | EntryType::Block | EntryType::Fifo => Change::Special,
        _ => return Ok(None),
    }))
}

/// Holes cost a tar nothing, and whoever reads the file the memory: those of a program are small.
fn elf_limit<R: Read>(entry: &tar::Entry<'_, R>) -> io::Result<u64> {
    const HOLES: u64 = 64 << 20;
    if !entry.header().entry_type().is_gnu_sparse() {
        return Ok(ELF_LIMIT);
    }
    Ok(stored_size(entry)?.saturating_add(HOLES).min(ELF_LIMIT))
}

/// Refuses what engines would read in another way.
///
/// The pax formats of sparse files give a file another name, and its content with the holes left
/// out, which would be taken for a damaged file. No engine writes them.
///
/// The tar crate ends a record at the end of a line, engines where the record says: behind a value
/// of several lines each may see another name.
///
/// Source: GNU tar's manual, "PAX Format, Versions 0.0 and 0.1" and "Version 1.0".
fn refuse_ambiguous<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<()> {
    let kind = entry.header().entry_type();
    if kind.is_pax_global_extensions() || kind.is_pax_local_extensions() {
        return Ok(());
    }
    let Some(extensions) = entry.pax_extensions()? else { return Ok(()) };
    let mut in_lines = false;
    for extension in extensions {
        match extension.as_ref().map(tar::PaxExtension::key_bytes) {
            Err(_) => in_lines = true,
            Ok(key) if key.starts_with(b"GNU.sparse.") => {
                return Err(io::Error::other("a sparse file in a pax format cannot be read"));
            }
            Ok(b"path" | b"linkpath" | b"size") if in_lines => {
                return Err(io::Error::other("a file's pax header can be read in two ways"));
            }
            Ok(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Layer, program};

    fn layer() -> Layer {
        Layer::new()
            .owned_by(1000, 2000)
            .executable("app", program("linux/arm64"))
            .file("etc/note", 0o4640, "text")
            .whiteout("etc/old")
    }

    fn read(layer: &Layer, blob: &[u8]) -> Result<LayerFacts, LayerError> {
        read_layer(&layer.descriptor(), blob)
    }

    #[test]
    fn compression_changes_nothing_but_the_blob() {
        let plain = read(&layer(), &layer().blob()).expect("a layer");
        assert_eq!(plain.blob.0, plain.diff_id);
        for compression in [Compression::Gzip, Compression::Zstd] {
            let compressed = layer().compressed(compression);
            let facts = read(&compressed, &compressed.blob()).expect("a layer");
            assert_eq!(facts.entries, plain.entries, "{compression:?}");
            assert_eq!(facts.diff_id, layer().diff_id(), "{compression:?}");
            assert_eq!(facts.blob.0, compressed.descriptor().digest, "{compression:?}");
            assert_eq!(facts.blob.1, compressed.descriptor().size, "{compression:?}");
        }
    }

    #[test]
    fn owners_and_modes_are_kept() {
        let facts = read(&layer(), &layer().blob()).expect("a layer");
        let [app, note, old] = facts.entries.as_slice() else { panic!("three entries") };
        assert_eq!((app.mode, app.uid, app.gid), (0o755, 1000, 2000));
        assert_eq!((note.path.as_str(), note.mode), ("/etc/note", 0o4640));
        assert_eq!((old.path.as_str(), &old.change), ("/etc/old", &Change::Whiteout));
    }

    /// Streams may be put together of several, as `pigz` and `zstd:chunked` do.
    #[test]
    fn compressed_streams_may_have_several_parts() {
        let (tar, skippable) = (layer().tar(), b"\x50\x2a\x4d\x18\x05\0\0\0notes");
        for compression in [Compression::Gzip, Compression::Zstd] {
            let descriptor = layer().compressed(compression).descriptor();
            let mut blob = Vec::new();
            for part in tar.chunks(700) {
                blob.extend(Layer::compress(compression, part));
                if compression == Compression::Zstd {
                    blob.extend(skippable);
                }
            }
            let facts = read_layer(&descriptor, blob.as_slice()).expect("a layer");
            assert_eq!(facts.diff_id, layer().diff_id(), "{compression:?}");
            assert_eq!(facts.entries.len(), 3, "{compression:?}");
            assert_eq!(facts.blob, (Digest::of(&blob), blob.len() as u64), "{compression:?}");
        }
    }

    fn special(kind: EntryType, size: u64) -> tar::Header {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_path("././@LongLink").expect("a short path");
        header.set_size(size);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_cksum();
        header
    }

    fn named(path: &str) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = special(EntryType::Regular, 0);
        tar.append_data(&mut header, path, io::empty()).expect("in memory");
        tar.into_inner().expect("in memory")
    }

    /// Why the bytes make no layer, whatever their digest.
    fn damage(error: LayerError) -> io::Error {
        match error {
            LayerError::Damaged(why) | LayerError::Contradicted { source: why, .. } => why,
            other => panic!("{other}"),
        }
    }

    fn read_raw(tar: impl Read + Send) -> Result<LayerFacts, LayerError> {
        read_layer(&Layer::new().descriptor(), tar)
    }

    #[test]
    fn headers_are_not_read_into_memory_without_end() {
        let size = 1 << 40;
        for kind in [EntryType::GNULongName, EntryType::GNULongLink, EntryType::XHeader] {
            let tar = io::Cursor::new(*special(kind, size).as_bytes());
            let error = read_raw(tar.chain(io::repeat(b'a').take(size))).expect_err("too long");
            let why = damage(error);
            assert_eq!(why.to_string(), "a file's headers are too large", "{kind:?}");
        }
        let long = "n/".repeat(2000);
        let facts = read_raw(named(&long).as_slice()).expect("a long name is no crime");
        assert_eq!(facts.entries.len(), 1);
    }

    #[test]
    fn a_file_that_is_said_to_be_endless_is_not_waited_for() {
        let mut header = special(EntryType::GNUSparse, 0);
        let sparse = header.as_gnu_mut().expect("GNU's");
        sparse.realsize = *b"77777777777\0";
        sparse.sparse[0].offset = *b"77777777777\0";
        sparse.sparse[0].numbytes = *b"00000000000\0";
        header.set_cksum();
        let facts = read_raw(header.as_bytes().as_slice()).expect("a layer");
        let expected = Change::File { size: 0o777_7777_7777, content: Content::Data };
        assert_eq!(facts.entries[0].change, expected);
    }

    /// Engines read them so, whoever wrote the tar.
    #[test]
    fn numbers_that_are_not_there_are_zero() {
        for blank in [0, b' '] {
            let mut header = special(EntryType::Regular, 0);
            let fields = header.as_old_mut();
            fields.mode.fill(blank);
            fields.uid.fill(blank);
            fields.gid.fill(blank);
            fields.mtime.fill(blank);
            header.set_cksum();
            let facts = read_raw(header.as_bytes().as_slice()).expect("a layer");
            let entry = &facts.entries[0];
            assert_eq!((entry.mode, entry.uid, entry.gid), (0, 0, 0));
        }
        let mut header = special(EntryType::Regular, 0);
        header.as_old_mut().gid = *b"\xff\xff\xff\xff\xff\xff\xff\xfe";
        header.set_cksum();
        let facts = read_raw(header.as_bytes().as_slice()).expect("a layer");
        assert_eq!(facts.entries[0].gid, 4_294_967_294, "nobody's");
        header.as_old_mut().uid = *b"nobody\0\0";
        header.set_cksum();
        damage(read_raw(header.as_bytes().as_slice()).expect_err("no number"));
    }

    #[test]
    fn whiteouts_hide_files_alone() {
        for name in [".wh.", ".wh..", ".wh...", "a/.wh.", "a/.wh..", "a/.wh..."] {
            let layer = Layer::new().file(name, 0o644, "");
            let error = read(&layer, &layer.blob()).expect_err("no engine knows what to do");
            assert!(matches!(error, LayerError::Damaged(_)), "{name}: {error}");
        }
        let layer = Layer::new().file(".wh....", 0o644, "").file(".wh..hidden", 0o644, "");
        assert_eq!(read(&layer, &layer.blob()).expect("a layer").entries.len(), 2);
    }

    /// The same bytes, over and over.
    struct Endless<'a>(&'a [u8], usize);
    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let size = (&self.0[self.1..]).read(buffer)?;
            self.1 = (self.1 + size) % self.0.len();
            Ok(size)
        }
    }

    #[test]
    fn names_do_not_take_all_memory() {
        let error = read_raw(named(&"n/".repeat(4096)).as_slice()).expect_err("too long");
        damage(error);
        let one = named(&"n".repeat(4000));
        let one = one.strip_suffix([0; 1024].as_slice()).expect("the end mark");
        let read = read_entries(Endless(one, 0), 32 << 20);
        assert!(matches!(read, Err(LayerError::TooMany)));
    }

    #[test]
    fn damage_is_an_error() {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let layer = layer().compressed(compression);
            let blob = layer.blob();
            for damaged in [&blob[..blob.len() / 2], b"neither of the three".repeat(99).as_slice()]
            {
                let error = read(&layer, damaged).expect_err("damaged");
                let LayerError::Contradicted { contradictions, .. } = error else {
                    panic!("{compression:?}: {error}")
                };
                assert!(contradictions.iter().any(|it| it.field == BlobField::Size));
            }
        }
        let mut tail = layer().compressed(Compression::Gzip);
        let mut blob = tail.blob();
        blob.extend(b"trailing garbage");
        assert!(read(&tail, &blob).is_err());
        tail = layer();
        let none = Descriptor { media_type: MediaType("text/plain".into()), ..tail.descriptor() };
        let error = read_layer(&none, tail.blob().as_slice()).expect_err("no layer");
        assert_eq!(error.to_string(), "`text/plain` is not a layer that can be read");
    }
}
