//! Images in tar files: OCI image layouts, and what `docker save` writes.

use std::fs::File;
use std::path::Path;

use super::OpenImage;
use super::layout::{LayoutError, LayoutErrorKind, Offer};
use super::saved;
use super::tar_file::TarFile;

/// Opens an image of an OCI image layout that is a tar file.
///
/// # Errors
///
/// When the file is no such tar, or does not hold the one image that is wanted.
pub fn open_archive(path: &Path, wanted: Option<&str>) -> Result<OpenImage, LayoutError> {
    let failed = LayoutError::at(path);
    let tar = TarFile::open(path).map_err(&failed)?;
    let index = tar.member("index.json").ok_or_else(|| failed(LayoutErrorKind::NoIndex))?;
    let offer = Offer::read(index).map_err(&failed)?;
    offer.open(wanted, tar).map_err(&failed)
}

/// Opens an image of an archive that `docker save` wrote. From Docker 25 on that is an OCI image
/// layout too; what its index names and the archive lacks, the engine did not have.
///
/// # Errors
///
/// When the file is no such archive, or does not hold the one image that is wanted.
pub fn open_docker_archive(path: &Path, wanted: Option<&str>) -> Result<OpenImage, LayoutError> {
    let failed = LayoutError::at(path);
    let tar = TarFile::open(path).map_err(&failed)?;
    open_saved(tar, wanted).map_err(&failed)
}

/// Opens an image of what an engine has saved into a file.
///
/// # Errors
///
/// As [`open_docker_archive`]; `name` stands for the file in messages.
pub fn open_docker_file(
    file: File,
    name: &str,
    wanted: Option<&str>,
) -> Result<OpenImage, LayoutError> {
    let failed = LayoutError::at(Path::new(name));
    let tar = TarFile::new(file).map_err(|error| failed(LayoutErrorKind::Read(error)))?;
    open_saved(tar, wanted).map_err(&failed)
}

fn open_saved(tar: TarFile, wanted: Option<&str>) -> Result<OpenImage, LayoutErrorKind> {
    if let Some(index) = tar.member("index.json") {
        return Ok(Offer::read(index)?.open(wanted, tar)?.without_absent()?);
    }
    saved::open(tar, wanted)
}
