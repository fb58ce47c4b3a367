//! Digests, and readers that compute them.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256, Sha512};
use thiserror::Error;

/// The hash functions that the image-spec registers for every reader.
///
/// Source: image-spec, descriptor.md, "Registered algorithms".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// What everybody uses.
    #[default]
    Sha256,
    /// What readers may also support.
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// As it stands before the colon.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    fn hasher(self) -> Hasher {
        match self {
            Self::Sha256 => Hasher::Sha256(Sha256::new()),
            Self::Sha512 => Hasher::Sha512(Box::new(Sha512::new())),
        }
    }
}

/// A digest, written as its algorithm, a colon and hexadecimal digits.
///
/// Source: image-spec, descriptor.md, "Digests".
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(Value);

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Value {
    Sha256([u8; 32]),
    Sha512([u8; 64]),
}

/// A text that is no digest this program can check.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a sha256 or sha512 digest")]
pub struct DigestError(String);

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The digest that was stated.
    pub expected: Digest,
    /// The digest of the bytes.
    pub actual: Digest,
}

impl Digest {
    /// The SHA-256 digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::with(Algorithm::Sha256, bytes)
    }

    /// The digest of some bytes by an algorithm.
    #[must_use]
    pub fn with(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let mut hasher = algorithm.hasher();
        hasher.update(bytes);
        hasher.finish()
    }

    /// The hash function that made it.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.0 {
            Value::Sha256(_) => Algorithm::Sha256,
            Value::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// The hexadecimal digits: 64 of SHA-256, 128 of SHA-512.
    #[must_use]
    pub fn hex(&self) -> String {
        use fmt::Write;
        let bytes: &[u8] = match &self.0 {
            Value::Sha256(bytes) => bytes,
            Value::Sha512(bytes) => bytes,
        };
        bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm().name(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let error = || DigestError(text.to_owned());
        let (name, hex) = text.split_once(':').ok_or_else(error)?;
        let algorithm = Algorithm::ALL.into_iter().find(|it| it.name() == name);
        let value = match algorithm.ok_or_else(error)? {
            Algorithm::Sha256 => bytes_of(hex).map(Value::Sha256),
            Algorithm::Sha512 => bytes_of(hex).map(Value::Sha512),
        };
        value.map(Self).ok_or_else(error)
    }
}

/// Upper case is not allowed, so that a digest has one spelling.
fn bytes_of<const LENGTH: usize>(hex: &str) -> Option<[u8; LENGTH]> {
    let is_digit = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
    if hex.len() != 2 * LENGTH || !hex.bytes().all(is_digit) {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A digest in the making.
#[derive(Clone, Debug)]
enum Hasher {
    Sha256(Sha256),
    /// Boxed, for its state is twice as large and it is rare.
    Sha512(Box<Sha512>),
}

impl Hasher {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
        }
    }

    fn finish(self) -> Digest {
        Digest(match self {
            Self::Sha256(state) => Value::Sha256(state.finalize().into()),
            Self::Sha512(state) => Value::Sha512(state.finalize().into()),
        })
    }
}

/// A reader that computes the digest and size of all that passes through it.
#[derive(Debug)]
pub struct Hashing<R> {
    inner: R,
    state: Hasher,
    size: u64,
}

impl<R: Read> Hashing<R> {
    /// Starts a SHA-256 digest with nothing read.
    pub fn new(inner: R) -> Self {
        Self::with(Algorithm::Sha256, inner)
    }

    /// Starts a digest by an algorithm with nothing read.
    pub fn with(algorithm: Algorithm, inner: R) -> Self {
        Self { inner, state: algorithm.hasher(), size: 0 }
    }

    /// Reads what is left, then gives the digest and size of everything.
    ///
    /// # Errors
    ///
    /// The inner reader's.
    pub fn finish(mut self) -> io::Result<(Digest, u64)> {
        io::copy(&mut self, &mut io::sink())?;
        Ok((self.state.finish(), self.size))
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.state.update(&buffer[..read]);
        self.size += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn digests_have_one_spelling() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
        assert_eq!(EMPTY.parse(), Ok(Digest::of(b"")));
        for wrong in ["", "sha256:", &EMPTY[..70], &EMPTY.to_uppercase(), &EMPTY[7..]] {
            assert!(Digest::from_str(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn both_registered_algorithms_are_known() {
        let digest = Digest::with(Algorithm::Sha512, b"");
        let text = digest.to_string();
        assert!(text.starts_with("sha512:cf83e1357eefb8bd"), "{text}");
        assert_eq!(text.parse(), Ok(digest));
        assert!(Digest::from_str(&text.replace("sha512", "sha256")).is_err());
        assert!(Digest::from_str(&EMPTY.replace("sha256", "sha512")).is_err());
        assert!(Digest::from_str(&EMPTY.replace("sha256", "blake3")).is_err());
        let reader = Hashing::with(Algorithm::Sha512, &b"hello"[..]);
        let expected = Digest::with(Algorithm::Sha512, b"hello");
        assert_eq!(reader.finish().expect("in memory"), (expected, 5));
    }

    #[test]
    fn hashing_counts_what_nobody_read() {
        let mut reader = Hashing::new(&b"hello"[..]);
        let mut one = [0; 1];
        reader.read_exact(&mut one).expect("one byte");
        assert_eq!(reader.finish().expect("in memory"), (Digest::of(b"hello"), 5));
    }
}
