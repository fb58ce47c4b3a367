//! What BuildKit is asked before a build: what there is of the base images, and its own checks of
//! the Dockerfile.
//!
//! Both are questions of a frontend. BuildKit's gateway answers them within a solve that builds
//! nothing and ends when it is told to.
//!
//! Source: moby/buildkit, `frontend/gateway/pb/gateway.proto` and `client/build.go`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::SolveRequest;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::pb;
use futures_util::future::join_all;
use tokio::time::timeout;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use crate::dockerfile::{Base, BaseOffer, Dockerfile, Recipe, UnfitBase};
use crate::oci::RawPlatform;
use crate::platform::Platform;
use crate::random::random_name;
use crate::source::Reference;

use super::checks::read_checks;
use super::request::Prepared;
use crate::evidence::build::BuilderChecks;

/// Which solve a question belongs to.
const BUILD_ID: &str = "buildkit-controlapi-buildid";

const SOLVE: &str = "/moby.buildkit.v1.frontend.LLBBridge/Solve";
const RESOLVE: &str = "/moby.buildkit.v1.frontend.LLBBridge/ResolveImageConfig";
const RETURN: &str = "/moby.buildkit.v1.frontend.LLBBridge/Return";

/// How long an answer is waited for. What a registry does not say by then, the build will.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long the solve then may take to end.
const END: Duration = Duration::from_secs(5);

/// In whose words an image has nothing for a platform: containerd's, and Docker's classic store's.
const NO_PLATFORM: [&str; 3] =
    ["no match for platform", "no matching manifest", "does not match the specified platform"];

/// What BuildKit says of a build before it.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The base images that lack a platform, sorted.
    pub(super) unfit: Vec<UnfitBase>,
    /// Its own checks.
    pub(super) checks: BuilderChecks,
}

/// Asks. What is not answered is left to the build to say.
pub(super) async fn ask(
    control: &ControlClient<Channel>,
    buildkit: &Channel,
    session: &str,
    prepared: &Prepared,
    recipe: &Recipe,
) -> Answers {
    let id = random_name().ok().and_then(|it| Some((it.parse().ok()?, it)));
    let Some((id, reference)) = id else { return Answers::default() };
    let frame = SolveRequest {
        r#ref: reference,
        session: session.to_owned(),
        internal: true,
        ..SolveRequest::default()
    };
    let gateway = Gateway { buildkit: buildkit.clone(), id };
    let mut control = control.clone();
    let questions = async {
        let unfit = timeout(PATIENCE, gateway.unfit(recipe));
        let checks = timeout(PATIENCE, gateway.checks(prepared));
        let (unfit, checks) = tokio::join!(unfit, checks);
        let late = |_| BuilderChecks::NotMade("BuildKit did not answer in time".to_owned());
        // The frame is done with; if it does not end, it is dropped.
        let _ = gateway.end().await;
        Answers { unfit: unfit.unwrap_or_default(), checks: checks.unwrap_or_else(late) }
    };
    let both = async { tokio::join!(questions, control.solve(frame)) };
    timeout(PATIENCE + END, both).await.map(|it| it.0).unwrap_or_default()
}

/// `moby.buildkit.v1.frontend.SolveRequest`, as much of it as is used.
#[derive(Clone, PartialEq, prost::Message)]
struct BridgeSolveRequest {
    #[prost(string, tag = "2")]
    frontend: String,
    #[prost(map = "string, string", tag = "3")]
    frontend_opt: HashMap<String, String>,
    #[prost(bool, tag = "5")]
    allow_result_return: bool,
    #[prost(bool, tag = "6")]
    allow_result_array_ref: bool,
}

/// `moby.buildkit.v1.frontend.SolveResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct BridgeSolveResponse {
    #[prost(message, optional, tag = "3")]
    result: Option<BridgeResult>,
}

/// `moby.buildkit.v1.frontend.Result`.
#[derive(Clone, PartialEq, prost::Message)]
struct BridgeResult {
    #[prost(map = "string, bytes", tag = "10")]
    metadata: HashMap<String, Vec<u8>>,
}

/// `moby.buildkit.v1.frontend.ReturnRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct ReturnRequest {
    #[prost(message, optional, tag = "1")]
    result: Option<BridgeResult>,
}

/// `moby.buildkit.v1.frontend.ReturnResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct ReturnResponse {}

/// `moby.buildkit.v1.frontend.ResolveImageConfigRequest`.
#[derive(Clone, PartialEq, prost::Message)]
struct ResolveRequest {
    #[prost(string, tag = "1")]
    reference: String,
    #[prost(message, optional, tag = "2")]
    platform: Option<pb::Platform>,
    #[prost(string, tag = "3")]
    resolve_mode: String,
}

/// `moby.buildkit.v1.frontend.ResolveImageConfigResponse`.
#[derive(Clone, PartialEq, prost::Message)]
struct ResolveResponse {
    #[prost(bytes = "vec", tag = "2")]
    config: Vec<u8>,
}

/// BuildKit's gateway within a solve.
struct Gateway {
    buildkit: Channel,
    id: MetadataValue<Ascii>,
}

/// What an image has for a platform.
enum Answer {
    /// An image that states this.
    Has(RawPlatform),
    Lacks,
    /// Nobody knows.
    None,
}

impl Gateway {
    async fn call<Q, A>(&self, method: &'static str, message: Q) -> Result<A, Status>
    where
        Q: prost::Message + 'static,
        A: prost::Message + Default + 'static,
    {
        let mut client = tonic::client::Grpc::new(self.buildkit.clone());
        client.ready().await.map_err(|error| Status::unavailable(error.to_string()))?;
        let mut request = Request::new(message);
        request.metadata_mut().insert(BUILD_ID, self.id.clone());
        let codec = ProstCodec::<Q, A>::default();
        let answer = client.unary(request, PathAndQuery::from_static(method), codec).await?;
        Ok(answer.into_inner())
    }

    async fn checks(&self, prepared: &Prepared) -> BuilderChecks {
        match self.lint(prepared).await {
            Ok(document) => read_checks(&document),
            Err(status) if status.code() == Code::Unimplemented => {
                BuilderChecks::NotMade("this BuildKit has none".to_owned())
            }
            Err(status) => BuilderChecks::NotMade(status.message().to_owned()),
        }
    }

    async fn lint(&self, prepared: &Prepared) -> Result<Vec<u8>, Status> {
        let request = BridgeSolveRequest {
            frontend: "dockerfile.v0".to_owned(),
            frontend_opt: prepared.subrequest("frontend.lint"),
            allow_result_return: true,
            allow_result_array_ref: true,
        };
        let answer: BridgeSolveResponse = self.call(SOLVE, request).await?;
        let mut metadata = answer.result.unwrap_or_default().metadata;
        let none = || Status::unimplemented("there is no result");
        metadata.remove("result.json").ok_or_else(none)
    }

    async fn unfit(&self, recipe: &Recipe) -> Vec<UnfitBase> {
        let asked = join_all(bases(recipe).into_iter().map(|(image, platforms)| async {
            let answers = platforms.into_iter().map(|platform| {
                let image = &image;
                async move { (platform, self.answer(image, platform).await) }
            });
            let answers = join_all(answers).await;
            self.unfit_of(image, answers).await
        }));
        let mut unfit: Vec<UnfitBase> = asked.await.into_iter().flatten().collect();
        unfit.sort();
        unfit
    }

    async fn unfit_of(&self, image: String, answers: Vec<(Platform, Answer)>) -> Vec<UnfitBase> {
        let mut has = None;
        let mut unfit = Vec::new();
        for (platform, answer) in answers {
            let offer = match answer {
                Answer::None => continue,
                Answer::Has(stated) if is_fit(platform, &stated) => continue,
                Answer::Has(stated) => BaseOffer::One(stated.to_string()),
                Answer::Lacks => {
                    if has.is_none() {
                        has = Some(self.platforms(&image).await);
                    }
                    BaseOffer::Others(has.clone().unwrap_or_default())
                }
            };
            unfit.push(UnfitBase { image: image.clone(), platform, offer });
        }
        unfit
    }

    /// The platforms of an index, of those that have names.
    async fn platforms(&self, image: &str) -> Vec<Platform> {
        let answers = join_all(
            Platform::all_known()
                .map(|platform| async move { (platform, self.answer(image, platform).await) }),
        );
        let is_own = |(platform, answer): &(Platform, Answer)| match answer {
            Answer::Has(it) => {
                Platform::from_parts(&it.os, &it.architecture, &it.variant) == Ok(*platform)
            }
            Answer::Lacks | Answer::None => false,
        };
        let own = answers.await.into_iter().filter(is_own).map(|it| it.0);
        own.collect::<BTreeSet<Platform>>().into_iter().collect()
    }

    async fn answer(&self, image: &str, platform: Platform) -> Answer {
        let Ok(reference) = image.parse::<Reference>() else { return Answer::None };
        let request = ResolveRequest {
            reference: reference.to_string(),
            platform: Some(pb::Platform {
                architecture: platform.architecture_name().to_owned(),
                os: "linux".to_owned(),
                variant: platform.variant_name(),
                ..pb::Platform::default()
            }),
            resolve_mode: "default".to_owned(),
        };
        match self.call::<_, ResolveResponse>(RESOLVE, request).await {
            Ok(answer) => match serde_json::from_slice(&answer.config) {
                Ok(stated) => Answer::Has(stated),
                Err(_) => Answer::None,
            },
            Err(status) if NO_PLATFORM.iter().any(|it| status.message().contains(it)) => {
                Answer::Lacks
            }
            Err(_) => Answer::None,
        }
    }

    async fn end(&self) -> Result<(), Status> {
        let request = ReturnRequest { result: Some(BridgeResult::default()) };
        self.call::<_, ReturnResponse>(RETURN, request).await.map(|_| ())
    }
}

/// Whether an image that says for which platform it is does for a platform. One that says nothing
/// may.
fn is_fit(platform: Platform, stated: &RawPlatform) -> bool {
    if stated.os.is_empty() || stated.architecture.is_empty() {
        return true;
    }
    Platform::from_parts(&stated.os, &stated.architecture, &stated.variant).is_ok_and(|it| {
        // Many images for ARM do not say for which one.
        it.architecture_name() == platform.architecture_name()
            && (stated.variant.is_empty() || it.architecture() <= platform.architecture())
    })
}

/// The images that the stages of a build begin with, and for which platforms. None of a Dockerfile
/// that is none: the builder says so.
fn bases(recipe: &Recipe) -> BTreeMap<String, BTreeSet<Platform>> {
    let mut bases: BTreeMap<String, BTreeSet<Platform>> = BTreeMap::new();
    let Ok(file) = Dockerfile::parse(&recipe.text) else { return bases };
    for platform in &recipe.platforms {
        let evaluated = recipe.evaluate(&file, *platform);
        for number in &evaluated.needed {
            let stage = &evaluated.stages[*number];
            if let (Base::Image(image), Some(platform)) = (&stage.base, stage.platform) {
                bases.entry(image.clone()).or_default().insert(platform);
            }
        }
    }
    bases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_fit_by_what_they_state() {
        let fits = |platform: &str, os: &str, architecture: &str, variant: &str| {
            let platform = platform.parse().expect("a platform");
            let [os, architecture, variant] = [os, architecture, variant].map(str::to_owned);
            is_fit(platform, &RawPlatform { os, architecture, variant })
        };
        assert!(fits("linux/arm64", "linux", "arm64", ""));
        assert!(fits("linux/arm64", "linux", "arm64", "v8"));
        assert!(!fits("linux/arm64", "linux", "amd64", ""));
        assert!(!fits("linux/arm64", "linux", "arm", "v7"));
        assert!(fits("linux/arm/v6", "linux", "arm", ""));
        assert!(fits("linux/arm/v7", "linux", "arm", "v6"));
        assert!(!fits("linux/arm/v6", "linux", "arm", "v7"));
        assert!(!fits("linux/amd64", "windows", "amd64", ""));
        assert!(fits("linux/amd64", "", "", ""));
    }

    #[test]
    fn bases_are_those_that_the_platforms_need() {
        let text = "FROM --platform=$BUILDPLATFORM golang AS b\nFROM unused AS u\n\
                    FROM debian:$TARGETARCH AS d\nFROM d\nCOPY --from=b /m /m\n";
        let recipe = crate::fixture::recipe(text, &["linux/amd64", "linux/arm64"]);
        let platform = |it: &str| it.parse::<Platform>().expect("a platform");
        let (amd64, arm64) = (platform("linux/amd64"), platform("linux/arm64"));
        let expected = [
            ("debian:amd64", BTreeSet::from([amd64])),
            ("debian:arm64", BTreeSet::from([arm64])),
            ("golang", BTreeSet::from([amd64])),
        ];
        let expected = expected.map(|(image, platforms)| (image.to_owned(), platforms));
        assert_eq!(bases(&recipe), BTreeMap::from(expected));
    }
}
