//! Names that nobody else uses.

use std::io;

/// Sixteen hexadecimal digits.
///
/// # Errors
///
/// When the system has no random numbers.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0; 8];
    rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty())?;
    Ok(format!("{:016x}", u64::from_ne_bytes(bytes)))
}
