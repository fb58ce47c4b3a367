//! From a compressed stream to what it was before.

use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::pipe::PipeReader;
use crate::oci::Compression;

/// How large a stream may become: so reading a blob takes time that grows with the blob.
#[derive(Clone, Copy)]
struct Limit {
    /// However small the blob is, in bytes.
    always: u64,
    /// So many times its size.
    ratio: u64,
}

/// Programs and texts compress to a third or a tenth, zeros with gzip to a thousandth, with zstd to
/// a thirty-thousandth. Larger layers of zeros than this are mistakes: a sparse log of logins
/// (`lastlog`) of a user with a high number fills terabytes.
const LIMIT: Limit = Limit { always: 4 << 30, ratio: 200 };

/// The stream as it was before it was compressed.
pub(super) struct Decoder {
    stream: Stream,
    limit: Limit,
    /// What has come out, in bytes.
    given: u64,
}

enum Stream {
    None(PipeReader),
    Gzip(Box<MultiGzDecoder<PipeReader>>),
    Zstd(Box<ZstdFrames<PipeReader>>),
}

impl Decoder {
    pub(super) fn new(compression: Compression, source: PipeReader) -> Self {
        let stream = match compression {
            Compression::None => Stream::None(source),
            Compression::Gzip => Stream::Gzip(Box::new(MultiGzDecoder::new(source))),
            Compression::Zstd => Stream::Zstd(Box::new(ZstdFrames::new(source))),
        };
        Self { stream, limit: LIMIT, given: 0 }
    }

    /// The rest of the compressed stream.
    pub(super) fn into_inner(self) -> PipeReader {
        match self.stream {
            Stream::None(source) => source,
            Stream::Gzip(decoder) => decoder.into_inner(),
            Stream::Zstd(decoder) => decoder.source,
        }
    }
}

impl Stream {
    /// How much of the compressed stream has been read, in bytes.
    fn taken(&self) -> u64 {
        match self {
            Self::None(source) => source.taken(),
            Self::Gzip(decoder) => decoder.get_ref().taken(),
            Self::Zstd(decoder) => decoder.source.taken(),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::None(source) => source.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

impl Read for Decoder {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.stream.read(buffer)?;
        self.given += size as u64;
        let Limit { always, ratio } = self.limit;
        if self.given > always && self.given / ratio > self.stream.taken() {
            let message = format!("it decompresses to more than {ratio} times its size");
            return Err(io::Error::other(message));
        }
        Ok(size)
    }
}

/// Decompresses frame after frame, for a stream may have many (`zstd:chunked` has one a file), with
/// frames between them that are to be skipped. ruzstd's own reader ends with the first.
///
/// Source: RFC 8878, sections 3 and 3.1.2.
pub(super) struct ZstdFrames<R> {
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::thread;

    use flate2::write::GzEncoder;

    use super::super::pipe::read_ahead;
    use super::*;

    fn decompress(bytes: &[u8], limit: Limit) -> Result<usize, String> {
        let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(bytes).expect("memory");
        let gzip = gzip.finish().expect("memory");
        thread::scope(|scope| {
            let (pipe, _) = read_ahead(scope, gzip.as_slice());
            let mut decoder = Decoder { limit, ..Decoder::new(Compression::Gzip, pipe) };
            let mut read = Vec::new();
            decoder.read_to_end(&mut read).map_err(|error| error.to_string())
        })
    }

    #[test]
    fn a_bomb_ends_early() {
        let zeros = vec![0; 1 << 20];
        let limit = Limit { always: 1 << 18, ratio: 200 };
        let error = decompress(&zeros, limit).expect_err("a thousandfold");
        assert_eq!(error, "it decompresses to more than 200 times its size");
        // Small ones do no harm, and what is less dense may be as large as it likes.
        assert_eq!(decompress(&zeros, Limit { always: 1 << 20, ..limit }), Ok(1 << 20));
        assert_eq!(decompress(&zeros, Limit { ratio: 2000, ..limit }), Ok(1 << 20));
    }
}
