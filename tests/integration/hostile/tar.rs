//! Tars as nobody writes them.

use std::io::Write;

use archproof::inspect::{LayerError, LayerFacts, read_layer};
use archproof::oci::Descriptor;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

pub(crate) const PLAIN: &str = "application/vnd.oci.image.layer.v1.tar";
pub(crate) const GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
pub(crate) const ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";

/// A tar in the making.
#[derive(Clone, Default)]
pub(crate) struct Tar(Vec<u8>);

/// A header with what the tar crate's setters refuse.
pub(crate) fn header(kind: EntryType, name: &[u8], link: &[u8], size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(0o755);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    let old = header.as_old_mut();
    old.name[..name.len()].copy_from_slice(name);
    old.linkname[..link.len()].copy_from_slice(link);
    header.set_cksum();
    header
}

impl Tar {
    pub(crate) fn raw(mut self, header: &Header, content: &[u8]) -> Self {
        self.0.extend(header.as_bytes());
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn long(self, kind: EntryType, text: &[u8]) -> Self {
        self.raw(&header(kind, b"././@LongLink", b"", text.len() as u64), text)
    }

    pub(crate) fn entry(self, kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) -> Self {
        let mut tar = self;
        if name.len() > 100 {
            tar = tar.long(EntryType::GNULongName, name);
        }
        if link.len() > 100 {
            tar = tar.long(EntryType::GNULongLink, link);
        }
        let (name, link) = (&name[..name.len().min(100)], &link[..link.len().min(100)]);
        tar.raw(&header(kind, name, link, content.len() as u64), content)
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(EntryType::Regular, name.as_bytes(), b"", content)
    }

    pub(crate) fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, name.as_bytes(), target.as_bytes(), b"")
    }

    pub(crate) fn hardlink(self, name: &str, target: &str) -> Self {
        self.entry(EntryType::Link, name.as_bytes(), target.as_bytes(), b"")
    }

    /// A pax header for the next file. Each record tells its own length.
    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        let text: String = records.iter().map(|(key, value)| record(key, value)).collect();
        self.pax_text(text.as_bytes())
    }

    pub(crate) fn pax_text(self, text: &[u8]) -> Self {
        let header = header(EntryType::XHeader, b"PaxHeaders/0", b"", text.len() as u64);
        self.raw(&header, text)
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        [self.0.as_slice(), &[0; 1024]].concat()
    }

    pub(crate) fn read(self) -> Result<LayerFacts, LayerError> {
        read(PLAIN, &self.bytes())
    }
}

pub(crate) fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let length = (1..20).map(|digits| rest + digits).find(|it| it.to_string().len() + rest == *it);
    format!("{} {key}={value}\n", length.expect("a number of few digits"))
}

pub(crate) fn read(media_type: &str, blob: &[u8]) -> Result<LayerFacts, LayerError> {
    read_layer(&Descriptor::of(media_type, b""), blob)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("in memory");
    encoder.finish().expect("in memory")
}

/// One zstd frame of raw and repeated blocks (RFC 8878, section 3.1.1): the bytes, then so many
/// times 128 KiB of zeros.
pub(crate) fn zstd(bytes: &[u8], zeros: usize) -> Vec<u8> {
    const BLOCK: usize = 128 << 10;
    // No content size, a window of 1 MiB, no checksum.
    let mut frame = b"\x28\xb5\x2f\xfd\x00\x50".to_vec();
    let mut block = |is_last: bool, kind: usize, size: usize, content: &[u8]| {
        let header = u32::try_from(usize::from(is_last) | kind << 1 | size << 3).expect("small");
        frame.extend(&header.to_le_bytes()[..3]);
        frame.extend(content);
    };
    for chunk in bytes.chunks(BLOCK) {
        block(false, 0, chunk.len(), chunk);
    }
    for _ in 0..zeros {
        block(false, 1, BLOCK, &[0]);
    }
    block(true, 0, 0, &[]);
    frame
}
