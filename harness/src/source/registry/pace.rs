//! How slowly a registry may send.

use std::time::{Duration, Instant};

use hyper::body::Bytes;
use reqwest::Response;

use super::error::RegistryErrorKind;
use super::redirect::unreachable;

/// How long a registry is waited for.
///
/// Only the time counts in which something is waited for: a host that sends faster than its layers
/// are read is never too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferLimits {
    /// How long nothing may come.
    pub silence: Duration,
    /// The least number of bytes per second, on average over each window.
    pub rate: u32,
    /// How long the rate is measured. It is checked when the window has passed: what arrives
    /// sooner is never too slow.
    pub window: Duration,
    /// How long a manifest, a token or an error message may take, redirects and logins included.
    pub document: Duration,
    /// How long a layer or config may take, redirects, logins and new connections included.
    pub blob: Duration,
    /// How long to wait before a connection that broke is made anew, and twice as long before each
    /// further one.
    pub pause: Duration,
}

/// No honest connection is slower: a line of 128 kbit/s that four layers share still gives each four
/// times the rate, and one of 1 Mbit/s brings 10 GB in a day.
impl Default for TransferLimits {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(30),
            rate: 1 << 10,
            window: Duration::from_secs(30),
            document: Duration::from_mins(5),
            blob: Duration::from_hours(24),
            pause: Duration::from_millis(250),
        }
    }
}

/// The progress of one transfer against its limits.
#[derive(Debug)]
pub(super) struct Pace {
    rate: u32,
    window: Duration,
    deadline: Duration,
    all: Progress,
    /// Of the body, since the last window has passed.
    recent: Progress,
}

/// What has come, and how long it was waited for.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    received: u64,
    waited: Duration,
}

impl Pace {
    /// Of a manifest, a token or an error message.
    pub(super) fn of_document(limits: &TransferLimits) -> Self {
        Self::within(limits.document, limits)
    }

    /// Of a layer or config.
    pub(super) fn of_blob(limits: &TransferLimits) -> Self {
        Self::within(limits.blob, limits)
    }

    fn within(deadline: Duration, limits: &TransferLimits) -> Self {
        let TransferLimits { rate, window, .. } = *limits;
        let (all, recent) = (Progress::default(), Progress::default());
        Self { rate, window, deadline, all, recent }
    }

    /// Waits for something other than bytes of a body.
    ///
    /// # Errors
    ///
    /// [`RegistryErrorKind::TooSlow`] after the deadline.
    pub(super) async fn wait<T>(
        &mut self,
        host: &str,
        something: impl Future<Output = T>,
    ) -> Result<T, RegistryErrorKind> {
        let begin = Instant::now();
        let left = self.deadline.saturating_sub(self.all.waited);
        let outcome = tokio::time::timeout(left, something).await;
        self.all.waited += begin.elapsed();
        outcome.map_err(|_| self.too_slow(host, self.all))
    }

    /// Waits for the next bytes of a body; `None` at its end.
    ///
    /// # Errors
    ///
    /// [`RegistryErrorKind::TooSlow`] after the deadline or below the rate, and if the connection
    /// breaks.
    pub(super) async fn chunk(
        &mut self,
        host: &str,
        response: &mut Response,
    ) -> Result<Option<Bytes>, RegistryErrorKind> {
        let before = self.all.waited;
        let chunk = self.wait(host, response.chunk()).await?;
        let Some(chunk) = chunk.map_err(|it| unreachable(host, it))? else { return Ok(None) };
        let received = chunk.len() as u64;
        self.all.received += received;
        self.recent.received += received;
        self.recent.waited += self.all.waited.saturating_sub(before);
        if self.recent.waited >= self.window {
            let recent = std::mem::take(&mut self.recent);
            if u128::from(recent.received) * 1000
                < recent.waited.as_millis() * u128::from(self.rate)
            {
                return Err(self.too_slow(host, recent));
            }
        }
        Ok(Some(chunk))
    }

    fn too_slow(&self, host: &str, progress: Progress) -> RegistryErrorKind {
        RegistryErrorKind::TooSlow {
            host: host.to_owned(),
            received: progress.received,
            waited: progress.waited,
            rate: self.rate,
            deadline: self.deadline,
        }
    }
}

/// Receives what is no longer than a limit.
pub(super) async fn body(
    mut response: Response,
    host: &str,
    limit: u64,
    pace: &mut Pace,
) -> Result<Vec<u8>, RegistryErrorKind> {
    let mut body = Vec::new();
    while let Some(chunk) = pace.chunk(host, &mut response).await? {
        if (body.len() + chunk.len()) as u64 > limit {
            return Err(RegistryErrorKind::TooLarge { host: host.to_owned(), limit });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
