//! BuildKit's record of a build that has ended.
//!
//! BuildKit keeps a history of builds, and for each platform of a result a provenance statement
//! in full (`mode=max`), whether anybody asked for one or not. It lies beside the images: nothing
//! of it is put into what is built.
//!
//! Source: moby/buildkit, `solver/llbsolver/history.go`; containerd,
//! `api/services/content/v1/content.proto`, which BuildKit serves on the connection of its control
//! interface.

use std::collections::BTreeMap;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{
    BuildHistoryRecord, BuildHistoryRequest, BuildResultInfo,
};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// The most bytes of one provenance statement that are read. Those of large Dockerfiles have some
/// hundred kilobytes.
const MAX_STATEMENT: usize = 64 << 20;

/// The key of the one result that has no platform.
const ANY: &str = "";

/// `containerd.services.content.v1.ReadContentRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct ReadContentRequest {
    #[prost(string, tag = "1")]
    digest: String,
}

/// `containerd.services.content.v1.ReadContentResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct ReadContentResponse {
    #[prost(bytes = "vec", tag = "2")]
    data: Vec<u8>,
}

/// The provenance statements of a build, by the platform as BuildKit writes it.
pub(super) async fn statements(
    control: &mut ControlClient<Channel>,
    channel: &Channel,
    reference: &str,
) -> Result<BTreeMap<String, Vec<u8>>, Status> {
    let Some(record) = record(control, reference).await? else {
        return Err(Status::not_found("the engine keeps no record of the build"));
    };
    let results = record.results.iter().map(|(platform, it)| (platform.as_str(), it));
    let only = record.result.as_ref().map(|it| (ANY, it));
    let mut statements = BTreeMap::new();
    for (platform, digest) in results.chain(only).filter_map(|(p, it)| Some((p, digest(it)?))) {
        statements.insert(platform.to_owned(), read(channel, digest).await?);
    }
    Ok(statements)
}

async fn record(
    control: &mut ControlClient<Channel>,
    reference: &str,
) -> Result<Option<BuildHistoryRecord>, Status> {
    let request = BuildHistoryRequest {
        r#ref: reference.to_owned(),
        early_exit: true,
        ..BuildHistoryRequest::default()
    };
    let mut events = control.listen_build_history(request).await?.into_inner();
    let mut record = None;
    while let Some(event) = events.message().await? {
        record = event.record.or(record);
    }
    Ok(record)
}

fn digest(result: &BuildResultInfo) -> Option<&str> {
    result.attestations.first().map(|it| it.digest.as_str())
}

/// Reads a blob of BuildKit's.
async fn read(channel: &Channel, digest: &str) -> Result<Vec<u8>, Status> {
    let mut client = tonic::client::Grpc::new(channel.clone());
    client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = PathAndQuery::from_static("/containerd.services.content.v1.Content/Read");
    let request = Request::new(ReadContentRequest { digest: digest.to_owned() });
    let codec = ProstCodec::<ReadContentRequest, ReadContentResponse>::default();
    let mut pieces = client.server_streaming(request, path, codec).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await? {
        bytes.extend(piece.data);
        if bytes.len() > MAX_STATEMENT {
            return Err(Status::resource_exhausted("the record of the build is too large"));
        }
    }
    Ok(bytes)
}
