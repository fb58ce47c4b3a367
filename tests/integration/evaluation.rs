//! What is made of Dockerfiles here, against what the engine's BuildKit makes of the same ones: the
//! environment of each platform's image has to be what the evaluation says, all of it.

use std::collections::BTreeMap;

use crate::common::{Project, Said, archproof};
use archproof::dockerfile::{Dockerfile, Recipe, Selection, ValueGiver};
use archproof::platform::Platform;
use rstest::rstest;
use serde_json::Value;

const PLATFORMS: [&str; 3] = ["linux/amd64", "linux/arm64", "linux/arm/v7"];

type Environment = BTreeMap<String, String>;

fn recipe(text: &str, args: &[(&str, &str)]) -> Recipe {
    let args = args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Recipe {
        name: "Dockerfile".to_owned(),
        text: text.to_owned(),
        target: String::new(),
        args: args.collect(),
        contexts: BTreeMap::new(),
        build: Platform::of_host(),
        platforms: PLATFORMS.iter().map(|it| it.parse().expect("a platform")).collect(),
        selection: Selection::Named,
        unfit: Vec::new(),
    }
}

/// The environment that the last stage is said to leave, by platform.
fn evaluated(recipe: &Recipe) -> BTreeMap<String, Environment> {
    let file = Dockerfile::parse(&recipe.text).expect("a Dockerfile");
    let of_platform = |platform: &Platform| {
        let evaluated = recipe.evaluate(&file, *platform);
        let stage = &evaluated.stages[evaluated.target.expect("a stage")];
        let given = stage.scope(usize::MAX).iter().filter(|it| it.1.giver == ValueGiver::Env);
        let given = given.map(|(name, value)| (name.clone(), value.text.clone()));
        (platform.to_string(), given.collect())
    };
    recipe.platforms.iter().map(of_platform).collect()
}

/// The environment that the images have.
fn built(recipe: &Recipe) -> BTreeMap<String, Environment> {
    let project = Project::new(&[("Dockerfile", &recipe.text), ("file", "")]);
    let mut command = archproof();
    command.args(["inspect", "--output", "json", "--platform", &PLATFORMS.join(",")]);
    for (name, value) in &recipe.args {
        command.args(["--build-arg", &format!("{name}={value}")]);
    }
    let said = Said::by(command.arg(project.folder()));
    assert_eq!(said.status, Some(0), "{said}");
    let facts: Value = serde_json::from_str(&said.stdout).expect("JSON");
    let variants = facts["subjects"][0]["image"]["variants"].as_array().expect("variants");
    let of_variant = |variant: &Value| {
        let given = variant["config"]["Env"].as_array().expect("an environment").iter();
        let given = given.map(|it| it.as_str().and_then(|it| it.split_once('=')).expect("a pair"));
        // The builder's own.
        let given = given.filter(|(name, _)| *name != "PATH");
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        (variant["platform"].as_str().expect("a platform").to_owned(), given.collect())
    };
    variants.iter().map(of_variant).collect()
}

#[rstest]
#[case::forms_of_variables(
    "FROM scratch
COPY file /
ARG TARGETARCH TARGETVARIANT TARGETPLATFORM
ARG EMPTY=
ARG WAY=/usr/lib/usr/bin
ENV A=$TARGETARCH B=${TARGETARCH} C=${TARGETARCH}x D=$TARGETARCHx E=a$TARGETVARIANT-b
ENV F=${NONE:-none} G=${EMPTY:-none} H=${NONE-none} I=${EMPTY-none} J=${NONE:-$TARGETARCH}
ENV K=${TARGETVARIANT:+is} L=${NONE:+is} M=${EMPTY+is} N=${EMPTY:+is} O=${TARGETARCH:?needed}
ENV P=${TARGETVARIANT#v} Q=${WAY#*/usr} R=${WAY##*/} S=${WAY%/*} T=${WAY%%/usr*}
ENV U=${WAY/usr/opt} V=${WAY//usr/opt} W=${TARGETPLATFORM/\\//-} X=${NONE:-${TARGETARCH:-x}}
"
)]
#[case::quotes_and_escapes(
    "FROM scratch
COPY file /
ARG TARGETARCH
ENV A=\"$TARGETARCH\" B='$TARGETARCH' C=\\$TARGETARCH D=\"\\$TARGETARCH\" E=\"a\\\"b\" F=a\\ b
ENV G='a'\"b\"c H=\"a  b\" I=\"it's\" J='a\"b' K=\\\\ L=\"\\\\$TARGETARCH\" M=\"a\\b\" N='a\\b'
ENV O a b  $TARGETARCH
ENV P \"a  b\" c
"
)]
#[case::scopes(
    "ARG GLOBAL=g
ARG MADE=${GLOBAL}-${TARGETARCH}
ARG SILENT
FROM scratch
COPY file /
ENV A=$GLOBAL B=$TARGETARCH
ARG GLOBAL
ARG TARGETARCH
ARG MADE
ARG SILENT=s
ENV C=$GLOBAL D=$TARGETARCH E=$MADE F=$SILENT
ARG GLOBAL=local
ENV G=$GLOBAL H=x
ARG H=y
ENV I=$H J=1
ENV J=2 K=$J H=z
ARG L=l
ARG M=${L}m
ENV L=$L M=$M
ENV L=other O=$L
"
)]
#[case::stages(
    "ARG WHICH=one
FROM scratch AS one
COPY file /
ARG TARGETARCH
ARG OWN=o
ENV A=$TARGETARCH B=$OWN
FROM scratch AS two-arm64
ENV A=two
FROM scratch AS two-amd64
ARG TARGETVARIANT
ENV A=amd$TARGETVARIANT
FROM one AS two-arm
ENV B=arm
FROM two-${TARGETARCH} AS three
COPY file /
ENV C=$A D=$OWN E=$TARGETARCH
FROM $WHICH AS unused
FROM three
ENV F=$C G=$B
"
)]
#[case::on_build(
    "FROM scratch AS base
COPY file /
ONBUILD ARG TARGETARCH
ONBUILD ENV A=$TARGETARCH
ENV B=b$TARGETARCH
FROM base
ENV C=$A D=$B E=$TARGETARCH
"
)]
#[case::lines(
    "\u{feff}# escape=`

arg tail=z
from scratch
copy file /
# a comment
arg TARGETARCH `
# another one
    TARGETOS

env A=$TARGETARCH `

    B=`$TARGETARCH `
  # and one more
    C=\\$TARGETOS
ENV D=1 `
    E=2
copy <<one <<'two' /
ENV D=not
one
ENV E=$TARGETARCH
two
Env F=$tail
"
)]
#[case::carriage_returns(
    "FROM scratch\r\nCOPY file /\r\nARG TARGETARCH\r\nENV A=$TARGETARCH \\\r\n  B=b\r\n"
)]
fn the_engine_gives_the_same_values(#[case] text: &str) {
    let recipe = recipe(text, &[]);
    assert_eq!(evaluated(&recipe), built(&recipe));
}

#[rstest]
#[case::own(&[("NAME", "given")])]
#[case::predefined(&[("TARGETARCH", "mine"), ("TARGETVARIANT", "")])]
#[case::unknown(&[("NOBODYS", "x")])]
#[case::emptied(&[("NAME", ""), ("GLOBAL", "")])]
fn the_engine_takes_arguments_alike(#[case] args: &[(&str, &str)]) {
    let text = "ARG GLOBAL=g
FROM scratch AS stage-arm64
FROM scratch AS stage-amd64
FROM scratch AS stage-arm
FROM scratch AS stage-mine
FROM stage-$TARGETARCH
COPY file /
ARG NAME=default
ARG GLOBAL
ARG TARGETARCH TARGETVARIANT=v9
ENV A=$NAME B=${NAME:-empty} C=$GLOBAL D=$TARGETARCH E=$TARGETVARIANT F=$NOBODYS
ARG NAME
ENV G=$NAME
";
    let recipe = recipe(text, args);
    assert_eq!(evaluated(&recipe), built(&recipe));
}
