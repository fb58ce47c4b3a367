//! Builds with an engine whose image store is Docker's own, the default up to Docker 28.
//!
//! BuildKit has no OCI exporter there, and its exporter to the store takes one platform. So the
//! one solve for all platforms keeps its result in BuildKit's cache, one more for each platform
//! puts a variant into the store under a name of its own, and the store gives all of them away
//! as one archive (`docker save`), to which the index is added. Its layers are not compressed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use futures_util::StreamExt;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::engine::Engine;
use crate::event::{Event, Events};
use crate::oci::{Descriptor, Digest, Index, RawPlatform};
use crate::platform::Platform;

use super::built::Built;
use super::error::{BuildErrorKind, Failure};
use super::plan::BuildPlan;
use super::request::Export;
use super::solve::{Solved, Solver};
use crate::engine::ImageStore;

const INDEX_TYPE: &str = "application/vnd.oci.image.index.v1+json";
const LAYOUT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The annotation by which an image is told in what the store gives away.
const NAME_ANNOTATION: &str = "io.containerd.image.name";

/// Builds and writes the archive.
pub(super) async fn build(
    engine: &Engine,
    plan: &BuildPlan,
    archive: &Path,
    events: &Events,
) -> Result<Built, Failure> {
    let names = plan.image_names(ImageStore::Classic);
    if names.is_empty() && !plan.platforms.is_empty() {
        return Err(BuildErrorKind::StoreNeedsName.into());
    }
    let solver = Solver::new(engine, plan, archive).await?;
    events.send(Event::BuildStarted { platforms: plan.platforms.clone() });
    let variants = plan.platforms.iter().zip(&names);
    let variants = variants.map(|(platform, name)| Export::Variant { platform: *platform, name });
    let exports: Vec<Export<'_>> = [Export::Nothing].into_iter().chain(variants).collect();
    let Solved { trace, .. } = solver.solve(&exports, events).await?;
    let unwritable = |cause| BuildErrorKind::Unwritable { path: archive.to_owned(), cause };
    let saved = save(engine, &names, archive).await?;
    let platforms = plan.platforms.iter().copied();
    let variants: Vec<_> = names.iter().map(|it| canonical(it)).zip(platforms).collect();
    let target = File::create(archive).map_err(unwritable)?;
    // Should the build be dropped before this has begun, it is not begun.
    let mut work = JoinSet::new();
    work.spawn_blocking(move || compose(saved, &variants, target));
    let composed = work.join_next().await.unwrap_or(Ok(Ok(None)));
    let index = composed
        .map_err(|error| unwritable(io::Error::other(error)))?
        .map_err(unwritable)?
        .ok_or(BuildErrorKind::StoreTooOld)?;
    Ok(Built::new(index, trace))
}

/// Receives what the store gives away, beside the archive: it may be large.
async fn save(engine: &Engine, names: &[String], archive: &Path) -> Result<File, BuildErrorKind> {
    let unwritable = |cause| BuildErrorKind::Unwritable { path: archive.to_owned(), cause };
    let folder = archive.parent().filter(|it| !it.as_os_str().is_empty());
    let file = tempfile::tempfile_in(folder.unwrap_or(Path::new("."))).map_err(unwritable)?;
    let received = file.try_clone().map_err(unwritable)?;
    let mut writer = tokio::io::BufWriter::new(tokio::fs::File::from_std(file));
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut pieces = engine.docker().export_images(&names);
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(BuildErrorKind::Store)?;
        writer.write_all(&piece).await.map_err(unwritable)?;
    }
    writer.flush().await.map_err(unwritable)?;
    Ok(received)
}

/// Writes an OCI layout with one index of the images that have been saved, and returns the
/// index's digest; `None` where what has been saved is no layout.
fn compose(
    mut saved: File,
    variants: &[(String, Platform)],
    archive: File,
) -> io::Result<Option<Digest>> {
    saved.rewind()?;
    let mut target = tar::Builder::new(io::BufWriter::new(archive));
    let Some(layout) = copy_blobs(saved, &mut target)? else { return Ok(None) };
    let Some(index) = index(layout, variants) else { return Ok(None) };
    let index = document(&index)?;
    let top = Descriptor::of(INDEX_TYPE, &index);
    let digest = top.digest;
    append(&mut target, &format!("blobs/sha256/{}", digest.hex()), &index)?;
    append(&mut target, "index.json", &document(&Index { manifests: vec![top] })?)?;
    append(&mut target, "oci-layout", LAYOUT)?;
    target.into_inner()?.flush()?;
    Ok(Some(digest))
}

/// Copies the blobs and returns what `index.json` says, if it is there.
fn copy_blobs(saved: File, target: &mut tar::Builder<impl Write>) -> io::Result<Option<Index>> {
    let mut layout = None;
    for entry in tar::Archive::new(io::BufReader::new(saved)).entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if name == "index.json" {
            let mut text = Vec::new();
            entry.read_to_end(&mut text)?;
            layout = serde_json::from_slice(&text).ok();
        } else if name.starts_with("blobs/") && entry.header().entry_type().is_file() {
            let mut header = tar::Header::new_ustar();
            header.set_size(entry.size());
            header.set_mode(0o444);
            target.append_data(&mut header, &name, entry)?;
        }
    }
    Ok(layout)
}

fn append(target: &mut tar::Builder<impl Write>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o444);
    target.append_data(&mut header, name, bytes)
}

/// The index of the saved images, in the order of the plan as BuildKit has it; `None` where one
/// is missing. As in BuildKit's own index, the platform of a descriptor is the one that was asked
/// for, whatever the image's config says.
fn index(layout: Index, variants: &[(String, Platform)]) -> Option<Index> {
    let mut saved = BTreeMap::new();
    for mut manifest in layout.manifests {
        let annotations = std::mem::take(&mut manifest.annotations);
        saved.insert(annotations.get(NAME_ANNOTATION)?.clone(), manifest);
    }
    let described = variants.iter().map(|(name, platform)| {
        let manifest = saved.remove(name)?;
        Some(Descriptor { platform: Some(RawPlatform::from(*platform)), ..manifest })
    });
    Some(Index { manifests: described.collect::<Option<_>>()? })
}

/// A name with what Docker Hub implies, as the store writes it.
fn canonical(name: &str) -> String {
    let (first, rest) = name.split_once('/').unwrap_or(("", name));
    let is_host = first.contains(['.', ':']) || first == "localhost";
    match (is_host, first) {
        (true, _) => name.to_owned(),
        (false, "") => format!("docker.io/library/{rest}"),
        (false, _) => format!("docker.io/{name}"),
    }
}

/// `index.json` and an index alike are indexes.
fn document(index: &Index) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&json!({
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": index.manifests,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(entries: &[(&str, &str)]) -> File {
        let mut saved = tar::Builder::new(tempfile::tempfile().expect("a file"));
        for (name, text) in entries {
            append(&mut saved, name, text.as_bytes()).expect("an entry");
        }
        saved.into_inner().expect("the archive")
    }

    fn composed(index: &str) -> (Option<Digest>, Vec<String>) {
        let saved = saved(&[
            ("blobs/sha256/aa", "A"),
            ("index.json", index),
            ("manifest.json", "[]"),
            ("oci-layout", "{}"),
        ]);
        let platform = |it: &str| it.parse().expect("a platform");
        let variants = [
            ("docker.io/library/it:b".to_owned(), platform("linux/arm64")),
            ("docker.io/library/it:a".to_owned(), platform("linux/arm/v6")),
        ];
        let target = tempfile::NamedTempFile::new().expect("a file");
        let digest = compose(saved, &variants, target.reopen().expect("the file")).expect("tar");
        let mut archive = tar::Archive::new(target.reopen().expect("the file"));
        let entries = archive.entries().expect("entries").map(|it| {
            let entry = it.expect("an entry");
            entry.path().expect("a path").to_string_lossy().into_owned()
        });
        (digest, entries.collect())
    }

    #[test]
    fn saved_images_become_a_layout_with_one_index() {
        let entry = |name: &str, digest: &str| {
            format!(
                r#"{{"mediaType":"m","digest":"{digest}","size":1,
                "annotations":{{"{NAME_ANNOTATION}":"docker.io/library/{name}"}}}}"#
            )
        };
        let layout = |entries: &[String]| {
            format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(","))
        };
        let digest = |it: &[u8]| Digest::of(it).to_string();
        let (a, b) = (entry("it:a", &digest(b"A")), entry("it:b", &digest(b"B")));
        let (digest, names) = composed(&layout(&[a.clone(), b]));
        let digest = format!("blobs/sha256/{}", digest.expect("a layout").hex());
        assert_eq!(names, ["blobs/sha256/aa", &digest, "index.json", "oci-layout"]);
        assert_eq!(composed(&layout(&[a])).0, None, "a variant is missing");
        assert_eq!(composed("no JSON").0, None);
    }

    #[test]
    fn names_are_written_out_as_the_store_does() {
        for (name, expected) in [
            ("it:1", "docker.io/library/it:1"),
            ("me/it:1", "docker.io/me/it:1"),
            ("localhost:5000/it:1", "localhost:5000/it:1"),
            ("ghcr.io/a/b:1", "ghcr.io/a/b:1"),
        ] {
            assert_eq!(canonical(name), expected);
        }
    }
}
