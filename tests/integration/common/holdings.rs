//! What an engine holds of archproof's.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListVolumesOptionsBuilder,
};

use super::{RUNTIME, engine};

/// Everything in the engine that bears a mark of ours.
pub(crate) async fn holdings() -> Vec<String> {
    let engine = engine().await;
    let filter = |key: &str, value: &str| HashMap::from([(key.to_owned(), vec![value.to_owned()])]);
    let containers = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filter("label", "dev.archproof.session"))
        .build();
    let volumes =
        ListVolumesOptionsBuilder::new().filters(&filter("label", "dev.archproof.session")).build();
    let images = ListImagesOptionsBuilder::new()
        .filters(&filter("reference", "archproof.invalid/*/*"))
        .build();
    loop {
        let containers = engine.docker().list_containers(Some(containers.clone())).await;
        let volumes = engine.docker().list_volumes(Some(volumes.clone())).await;
        let images = engine.docker().list_images(Some(images.clone())).await;
        // Docker 26.1 fails to list what is removed meanwhile.
        if let (Ok(containers), Ok(volumes), Ok(images)) = (containers, volumes, images) {
            let containers = containers.into_iter().filter_map(|it| it.id);
            let volumes = volumes.volumes.unwrap_or_default().into_iter().map(|it| it.name);
            let images = images.into_iter().flat_map(|it| it.repo_tags);
            return containers.chain(volumes).chain(images).collect();
        }
    }
}

/// Other tests run beside this one: what is theirs goes by and by, what is forgotten stays.
pub(crate) fn assert_nothing_is_left() {
    let deadline = Instant::now() + Duration::from_mins(2);
    let mut first = None;
    loop {
        let now = RUNTIME.block_on(holdings());
        let first = first.get_or_insert_with(|| now.clone());
        first.retain(|it| now.contains(it));
        if first.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "the engine still holds {first:?}");
        thread::sleep(Duration::from_millis(200));
    }
}
