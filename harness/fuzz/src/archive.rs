//! An image in a tar: an OCI image layout, or what `docker save` wrote.

use std::io::Write;

use archproof::inspect::{NoCache, inspect};
use archproof::oci::{open_archive, open_docker_archive};

use super::tar;

/// Opens the archive both ways, and reads the image if there is one.
pub fn run(data: &[u8]) {
    let Some((kind, tar)) = data.split_first() else { return };
    let mut tar = tar.to_vec();
    if kind & 1 == 0 {
        tar::mend(&mut tar);
    }
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(&tar).expect("a temporary file");
    for open in [open_archive, open_docker_archive] {
        if let Ok(image) = open(file.path(), None) {
            let _ = inspect(&image, &[], &NoCache);
        }
    }
}
