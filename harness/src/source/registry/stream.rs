//! Blobs as they come, read by threads that may wait.

use std::io::{self, Read};
use std::sync::Arc;

use hyper::body::Bytes;
use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode};
use tokio::runtime::Handle;

use super::error::RegistryErrorKind;
use super::pace::Pace;
use super::remote::{Item, Remote};
use crate::oci::{BlobError, Blobs, Descriptor};

/// So often a broken connection is made anew for one blob.
const RETRIES: u32 = 4;

/// The blobs of a repository. They may be read in threads outside of the runtime alone.
#[derive(Debug)]
pub(super) struct RemoteBlobs {
    remote: Arc<Remote>,
    runtime: Handle,
}

impl RemoteBlobs {
    /// To be called inside of the runtime that then does the work.
    pub(super) fn new(remote: Arc<Remote>) -> Self {
        Self { remote, runtime: Handle::current() }
    }

    fn open(&self, item: Item, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        let mut pace = self.remote.pace(&item);
        let response = self.runtime.block_on(self.remote.get(&item, 0, &mut pace));
        let response = response.map_err(|error| match error {
            RegistryErrorKind::NotFound { .. } => BlobError::Missing(descriptor.digest),
            error => BlobError::read(descriptor, io::Error::other(error)),
        })?;
        Ok(Box::new(Stream {
            remote: Arc::clone(&self.remote),
            runtime: self.runtime.clone(),
            item,
            pace,
            response,
            chunk: Bytes::new(),
            left_over: Bytes::new(),
            received: 0,
            size: descriptor.size,
            retries: 0,
        }))
    }
}

impl Blobs for RemoteBlobs {
    fn blob(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.open(Item::Blob(descriptor.digest), descriptor)
    }

    fn manifest(&self, descriptor: &Descriptor) -> Result<Box<dyn Read + Send>, BlobError> {
        self.open(Item::Manifest(descriptor.digest.to_string()), descriptor)
    }
}

/// One blob on its way: never more of it is held than one piece as it came.
struct Stream {
    remote: Arc<Remote>,
    runtime: Handle,
    item: Item,
    pace: Pace,
    response: Response,
    chunk: Bytes,
    /// Of a piece that began before what was still to come.
    left_over: Bytes,
    received: u64,
    /// As the descriptor says: more is not waited for.
    size: u64,
    retries: u32,
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.chunk.is_empty() && !buffer.is_empty() {
            let runtime = self.runtime.clone();
            let next = runtime.block_on(self.next()).map_err(io::Error::other)?;
            let Some(chunk) = next else { return Ok(0) };
            self.received += chunk.len() as u64;
            if self.received > self.size {
                let message =
                    format!("there is more to it than the {} bytes of its descriptor", self.size);
                return Err(io::Error::other(message));
            }
            self.chunk = chunk;
        }
        let length = buffer.len().min(self.chunk.len());
        buffer[..length].copy_from_slice(&self.chunk.split_to(length));
        Ok(length)
    }
}

impl Stream {
    /// The next piece that is not empty, over a new connection if need be.
    async fn next(&mut self) -> Result<Option<Bytes>, RegistryErrorKind> {
        loop {
            if !self.left_over.is_empty() {
                return Ok(Some(std::mem::take(&mut self.left_over)));
            }
            let broken = match self.pace.chunk(self.remote.name(), &mut self.response).await {
                Ok(Some(chunk)) if chunk.is_empty() => continue,
                Ok(chunk) => return Ok(chunk),
                Err(error) => error,
            };
            self.resume(broken).await?;
        }
    }

    /// Asks for what is still to come, until it does or that has been tried enough.
    async fn resume(&mut self, mut cause: RegistryErrorKind) -> Result<(), RegistryErrorKind> {
        let is_broken = |it: &RegistryErrorKind| {
            it.is_retryable() && !matches!(it, RegistryErrorKind::TooSlow { .. })
        };
        while is_broken(&cause) && self.retries < RETRIES {
            tokio::time::sleep(self.remote.pause() * 2_u32.pow(self.retries)).await;
            self.retries += 1;
            match self.rest().await {
                Ok(()) => return Ok(()),
                Err(error) => cause = error,
            }
        }
        Err(cause)
    }

    async fn rest(&mut self) -> Result<(), RegistryErrorKind> {
        let mut response = self.remote.get(&self.item, self.received, &mut self.pace).await?;
        if !continues_at(&response, self.received) {
            // All of it comes once more.
            let mut known = self.received;
            while known > 0 {
                let chunk = self.pace.chunk(self.remote.name(), &mut response).await?;
                let Some(mut chunk) = chunk else { break };
                let skipped = usize::try_from(known).unwrap_or(usize::MAX).min(chunk.len());
                known -= skipped as u64;
                self.left_over = chunk.split_off(skipped);
            }
        }
        self.response = response;
        Ok(())
    }
}

fn continues_at(response: &Response, from: u64) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|it| it.to_str().ok());
    let begins = range.and_then(|it| it.strip_prefix("bytes ")?.split_once('-'));
    response.status() == StatusCode::PARTIAL_CONTENT
        && begins.is_some_and(|(first, _)| first.parse() == Ok(from))
}
