//! What rules look at: the evidence, and each analysis of it, made once and on demand.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::analysis::executables::{Executable, executables};
use super::analysis::linking::Linking;
use super::analysis::parity::started::{Started, started};
use super::analysis::reach::Reach;
use super::analysis::scope::Scope;
use crate::evidence::Evidence;
use crate::evidence::image::{ImageFacts, Variant};
use crate::evidence::run::{NotRun, RunEvidence};
use crate::expectation::Expectations;
use crate::launch::{Launches, launches};
use crate::platform::Platform;

/// An image, for the rules that compare its variants.
pub(super) struct Context<'a> {
    pub(super) image: &'a ImageFacts,
    pub(super) expectations: &'a Expectations,
    pub(super) variants: Vec<VariantContext<'a>>,
    started: OnceCell<BTreeMap<String, Vec<Started<'a>>>>,
}

/// One variant of an image.
pub(super) struct VariantContext<'a> {
    pub(super) variant: &'a Variant,
    pub(super) runs: &'a [RunEvidence],
    pub(super) not_run: Option<&'a NotRun>,
    pub(super) expectations: &'a Expectations,
    launches: OnceCell<Launches<'a>>,
    scope: OnceCell<Scope<'a>>,
    reach: OnceCell<Reach>,
    executables: OnceCell<Vec<Executable<'a>>>,
    linking: OnceCell<Linking<'a>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(evidence: &'a Evidence, expectations: &'a Expectations) -> Self {
        let of_variant = |variant| VariantContext::new(evidence, variant, expectations);
        Self {
            image: &evidence.image,
            expectations,
            variants: evidence.image.variants.iter().map(of_variant).collect(),
            started: OnceCell::new(),
        }
    }

    /// The variants that can be compared: those with files, which are the only ones of their
    /// platform. None where there is nothing to compare with.
    pub(super) fn comparable(&self) -> Vec<&VariantContext<'a>> {
        let mut of_platform: BTreeMap<Platform, Vec<&VariantContext<'a>>> = BTreeMap::new();
        for it in &self.variants {
            of_platform.entry(it.variant.platform).or_default().push(it);
        }
        let single = of_platform.into_values().filter(|it| it.len() == 1).flatten();
        let found: Vec<_> = single.filter(|it| !it.variant.files.is_empty()).collect();
        if found.len() < 2 { Vec::new() } else { found }
    }

    /// The programs that the comparable variants start, by the path that they have in common.
    pub(super) fn started(&self) -> &BTreeMap<String, Vec<Started<'a>>> {
        self.started.get_or_init(|| {
            started(self.comparable().into_iter().map(|it| (it.variant, it.launches())))
        })
    }
}

impl<'a> VariantContext<'a> {
    fn new(evidence: &'a Evidence, variant: &'a Variant, expectations: &'a Expectations) -> Self {
        Self {
            variant,
            runs: evidence.runs_of(variant),
            not_run: evidence.not_run(variant),
            expectations,
            launches: OnceCell::new(),
            scope: OnceCell::new(),
            reach: OnceCell::new(),
            executables: OnceCell::new(),
            linking: OnceCell::new(),
        }
    }

    /// What the image's command starts.
    pub(super) fn launches(&self) -> &Launches<'a> {
        self.launches.get_or_init(|| launches(self.variant, &self.expectations.arguments))
    }

    /// Which files are meant to run on the platform.
    pub(super) fn scope(&self) -> &Scope<'a> {
        self.scope.get_or_init(|| Scope::new(self.variant))
    }

    /// Which files a name leads to.
    pub(super) fn reach(&self) -> &Reach {
        self.reach.get_or_init(|| Reach::new(self.variant, self.launches()))
    }

    /// The ELF files that are meant to run on the platform, or that a name leads to.
    pub(super) fn executables(&self) -> &[Executable<'a>] {
        self.executables.get_or_init(|| executables(self.variant, self.scope(), self.reach()))
    }

    /// What the loaders of the image make of its programs and libraries.
    pub(super) fn linking(&self) -> &Linking<'a> {
        self.linking.get_or_init(|| Linking::new(self.variant, self.scope(), self.launches()))
    }
}
