//! One layer, read once from beginning to end.
//!
//! Source: OCI image-spec, layer.md.

use std::io::{self, BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use serde::{Deserialize, Serialize};
use tar::EntryType;
use thiserror::Error;

use super::content::{Content, read_content};
use super::path::{ImagePath, escape};
use crate::oci::{Compression, Descriptor, Digest, Hashing, MediaType};

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
    /// The compressed stream or the tar is damaged, or the file cannot be read.
    #[error("the layer is damaged")]
    Damaged(#[source] io::Error),
}

/// Reads a layer to its end.
///
/// # Errors
///
/// When it cannot be decompressed or is no tar.
pub fn read_layer(descriptor: &Descriptor, blob: impl Read) -> Result<LayerFacts, LayerError> {
    let compression = descriptor
        .media_type
        .layer_compression()
        .ok_or_else(|| LayerError::MediaType(descriptor.media_type.clone()))?;
    let algorithm = descriptor.digest.algorithm();
    let mut blob = Hashing::with(algorithm, BufReader::with_capacity(1 << 18, blob));
    let (diff_id, entries) = match compression {
        Compression::None => read_tar(&mut blob),
        Compression::Gzip => read_tar(MultiGzDecoder::new(&mut blob)),
        Compression::Zstd => read_tar(ZstdFrames::new(BufReader::new(&mut blob))),
    }
    .map_err(LayerError::Damaged)?;
    let blob = blob.finish().map_err(LayerError::Damaged)?;
    Ok(LayerFacts { blob, diff_id, entries })
}

/// Decompresses frame after frame, for a stream may have many (`zstd:chunked` has one a file), with
/// frames between them that are to be skipped. ruzstd's own reader ends with the first.
///
/// Source: RFC 8878, sections 3 and 3.1.2.
struct ZstdFrames<R> {
    source: R,
    decoder: FrameDecoder,
}

impl<R: BufRead> ZstdFrames<R> {
    fn new(source: R) -> Self {
        Self { source, decoder: FrameDecoder::new() }
    }

    fn start_frame(&mut self) -> io::Result<()> {
        use FrameDecoderError::ReadFrameHeaderError as Header;
        match self.decoder.reset(&mut self.source) {
            Err(Header(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                io::copy(&mut self.source.by_ref().take(length.into()), &mut io::sink())?;
                Ok(())
            }
            started => started.map_err(io::Error::other),
        }
    }
}

impl<R: BufRead> Read for ZstdFrames<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.decoder.can_collect() == 0 {
            if !self.decoder.is_finished() {
                let one = BlockDecodingStrategy::UptoBlocks(1);
                self.decoder.decode_blocks(&mut self.source, one).map_err(io::Error::other)?;
            } else if self.source.fill_buf()?.is_empty() {
                return Ok(0);
            } else {
                self.start_frame()?;
            }
        }
        self.decoder.read(buffer)
    }
}

fn read_tar(stream: impl Read) -> io::Result<(Digest, Vec<LayerEntry>)> {
    let mut stream = Hashing::new(stream);
    let mut entries = Vec::new();
    let mut tar = tar::Archive::new(&mut stream);
    for entry in tar.entries()? {
        entries.extend(read_entry(&mut entry?)?);
    }
    // What follows the end mark belongs to the digest.
    let (diff_id, _) = stream.finish()?;
    Ok((diff_id, entries))
}

/// `None` for headers that are about the tar rather than about a file.
fn read_entry<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<Option<LayerEntry>> {
    let path = ImagePath::from_bytes(&entry.path_bytes());
    let header = entry.header();
    let (mode, uid, gid) = (header.mode()? & 0o7777, header.uid()?, header.gid()?);
    let (path, change) = match path.file_name() {
        ".wh..wh..opq" => (path.parent().unwrap_or_else(ImagePath::root), Change::Opaque),
        // Names that aufs reserved for itself; they hide nothing.
        name if name.starts_with(".wh..wh.") => return Ok(None),
        name if name.starts_with(".wh.") => {
            let hidden = name.trim_start_matches(".wh.").to_owned();
            (path.parent().unwrap_or_else(ImagePath::root).join(&hidden), Change::Whiteout)
        }
        _ => match read_change(entry, &path)? {
            Some(change) => (path, change),
            None => return Ok(None),
        },
    };
    Ok(Some(LayerEntry { path, mode, uid, gid, change }))
}

fn read_change<R: Read>(
    entry: &mut tar::Entry<'_, R>,
    path: &ImagePath,
) -> io::Result<Option<Change>> {
    let link = |entry: &tar::Entry<'_, R>| {
        entry.link_name_bytes().map(std::borrow::Cow::into_owned).unwrap_or_default()
    };
    Ok(Some(match entry.header().entry_type() {
        EntryType::Directory => Change::Directory,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let size = entry.size();
            Change::File { size, content: read_content(path.file_name(), size, entry)? }
        }
        EntryType::Symlink => Change::Symlink { target: escape(&link(entry)) },
        EntryType::Link => Change::Hardlink { target: ImagePath::from_bytes(&link(entry)) },
        EntryType::Char | EntryType::Block | EntryType::Fifo => Change::Special,
        _ => return Ok(None),
    }))
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

    #[test]
    fn damage_is_an_error() {
        for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
            let layer = layer().compressed(compression);
            let blob = layer.blob();
            for damaged in [&blob[..blob.len() / 2], b"neither of the three".repeat(99).as_slice()]
            {
                let error = read(&layer, damaged).expect_err("damaged");
                assert!(matches!(error, LayerError::Damaged(_)), "{compression:?}: {error}");
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
