//! An image that is there already, as `docker buildx build --output type=oci` writes it.

#[tokio::test]
async fn the_archive_passes_on_every_platform() {
    let archive = concat!("oci-archive:", env!("CARGO_MANIFEST_DIR"), "/image.tar");
    let report = archproof::verify(archive).run_args(["version"]).await.expect("verifiable");
    report.assert_pass();
    for variant in report.variants() {
        assert_eq!(variant.runs()[0].stdout.text, "tool 1.2.3\n");
    }
}
