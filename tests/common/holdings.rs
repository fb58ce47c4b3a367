//! What an engine holds of archproof's.

use std::collections::HashMap;

use bollard::query_parameters::{
    ListContainersOptionsBuilder, ListImagesOptionsBuilder, ListVolumesOptionsBuilder,
};

use super::engine;

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
