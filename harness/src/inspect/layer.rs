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
    let mut blob = Hashing::new(BufReader::with_capacity(1 << 18, blob));
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
