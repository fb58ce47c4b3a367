//! What a rule's file says of the rule: its data, and the function that finds the defect.

use std::fmt;

use super::analysis::dockerfile::Analysis;
use super::context::{Context, VariantContext};
use super::finding::Finding;
use super::location::{Location, Origin};
use super::rule::Rule;
use super::severity::Severity;
use crate::evidence::build::{BuildTrace, Unbuilt};
use crate::evidence::image::{ImagePath, Node, Variant};
use crate::expectation::TraceExpectation;
use crate::platform::Platform;

/// A rule: its data and its check.
pub(crate) struct Definition {
    pub(crate) rule: Rule,
    pub(crate) group: Group,
    /// How bad the defect is, unless a finding says otherwise.
    pub(crate) severity: Severity,
    /// The defect in one sentence.
    pub(crate) summary: &'static str,
    /// The rule's page, Markdown.
    pub(crate) page: &'static str,
    pub(crate) needs: Needs,
    pub(super) check: Check,
}

/// What a rule is about, which also says where it stands in the list of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// The index as a whole and what it says of its variants.
    Index,
    /// The bytes of executable files.
    Elf,
    /// Programs and libraries, and the loaders that bring them together.
    Linking,
    /// What the kernel starts, and as whom.
    Entrypoint,
    /// How the entrypoint ran.
    Run,
    /// Whether all platforms got the same.
    Parity,
    /// What the build did.
    Build,
    /// What the Dockerfile says.
    Dockerfile,
}

impl Group {
    /// All groups, in the order of the pipeline.
    pub const ALL: [Self; 8] = [
        Self::Index,
        Self::Elf,
        Self::Linking,
        Self::Entrypoint,
        Self::Run,
        Self::Parity,
        Self::Build,
        Self::Dockerfile,
    ];
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Index => "index",
            Self::Elf => "ELF",
            Self::Linking => "linking",
            Self::Entrypoint => "entrypoint",
            Self::Run => "run",
            Self::Parity => "parity",
            Self::Build => "build",
            Self::Dockerfile => "Dockerfile",
        })
    }
}

/// The evidence without which a rule finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The image's manifests, configs and layers.
    Image,
    /// A run of a variant, by whichever runner.
    Run,
    /// A run in a sandbox, which refuses programs of other architectures.
    SandboxRun,
    /// A build.
    Build,
    /// A Dockerfile.
    Dockerfile,
}

/// The function that finds the defect, by what it looks at.
pub(super) enum Check {
    /// All variants together.
    Image(fn(&Context<'_>) -> Vec<Finding>),
    /// Each variant by itself.
    Variant(fn(&VariantContext<'_>) -> Vec<Finding>),
    /// What a build did.
    Build(fn(&BuildTrace, &TraceExpectation) -> Vec<Finding>),
    /// A build that failed.
    Unbuilt(fn(&Unbuilt) -> Vec<Finding>),
    /// A Dockerfile.
    Dockerfile(fn(&Analysis<'_>) -> Vec<Finding>),
}

impl Definition {
    /// A finding of the rule.
    pub(super) fn at(&self, location: Location, message: String) -> Finding {
        Finding {
            rule: self.rule,
            severity: self.severity,
            location,
            expected: None,
            actual: None,
            message,
            suggestion: None,
            consequence_of: None,
        }
    }

    /// A finding about the index as a whole.
    pub(super) fn of_index(&self, message: String) -> Finding {
        self.at(Location::Index, message)
    }

    /// A finding about one platform.
    pub(super) fn of_platform(&self, platform: Platform, message: String) -> Finding {
        self.at(Location::Variant { platform }, message)
    }

    /// A finding about a file.
    pub(super) fn of_file(
        &self,
        variant: &Variant,
        (path, node): (&ImagePath, &Node),
        message: String,
    ) -> Finding {
        let layer = variant.layers.get(node.layer).map(|layer| Origin::new(node.layer, layer));
        let path = path.to_string();
        self.at(Location::File { platform: variant.platform, path, layer }, message)
    }

    /// A finding about a path, or about the word that stands for one, where no file is.
    pub(super) fn of_path(&self, platform: Platform, path: &str, message: String) -> Finding {
        self.at(Location::File { platform, path: path.to_owned(), layer: None }, message)
    }

    /// A finding about a path, with the layer where the variant has such a file.
    pub(super) fn of_path_in(
        &self,
        variant: &Variant,
        path: &ImagePath,
        message: String,
    ) -> Finding {
        match variant.files.get(path) {
            Some(node) => self.of_file(variant, (path, node), message),
            None => self.of_path(variant.platform, path.as_str(), message),
        }
    }

    /// A finding about a byte of a Dockerfile.
    pub(super) fn of_byte(&self, analysis: &Analysis<'_>, byte: usize, message: String) -> Finding {
        self.at(Location::Dockerfile(analysis.position(byte)), message)
    }
}
