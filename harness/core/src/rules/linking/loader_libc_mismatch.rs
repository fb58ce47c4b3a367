//! A dynamic loader and a C library that come from different builds.

use crate::evidence::image::ImagePath;
use crate::rules::analysis::linking::{Mixture, Stranger, is_part_of_glibc};
use crate::rules::context::VariantContext;
use crate::rules::definition::{Check, Definition, Group, Needs};
use crate::rules::finding::Finding;
use crate::rules::linking::defects::{Defect, of_lack, report};
use crate::rules::rule::Rule;
use crate::rules::severity::Severity;

#[cfg(test)]
pub(in crate::rules) mod cases;

pub(in crate::rules) const RULE: Definition = Definition {
    rule: Rule::LoaderLibcMismatch,
    group: Group::Linking,
    severity: Severity::Error,
    summary: "The dynamic loader and the C library come from different builds.",
    page: include_str!("../../../pages/LoaderLibcMismatch.md"),
    needs: Needs::Image,
    check: Check::Variant(check),
};

fn check(context: &VariantContext<'_>) -> Vec<Finding> {
    let linking = context.linking();
    let mut defects: Vec<Defect<'_>> = linking.strangers.iter().map(of_stranger).collect();
    defects.extend(linking.mixtures.iter().map(of_mixture));
    // glibc's own parts that do not fit come from two builds.
    let is_of_two = |by, library| is_part_of_glibc(by) && is_part_of_glibc(library);
    let lacks = linking.lacks.iter().filter(|it| is_of_two(it.by, it.library));
    defects.extend(lacks.map(of_lack));
    report(&RULE, context.variant, defects)
}

fn of_stranger<'a>(stranger: &Stranger<'a>) -> Defect<'a> {
    const NAMED: usize = 3;
    let lacks = &stranger.lacks;
    let named = lacks.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = lacks.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let loader = path_of(stranger.loader);
    let message = format!(
        "the file is from another glibc than the loader {loader}: nothing defines {named}{more}"
    );
    let (role, object) = (stranger.role, stranger.object);
    Defect { role, severity: role.severity(), cause: loader, object, message, values: None }
}

fn of_mixture<'a>(mixture: &Mixture<'a>) -> Defect<'a> {
    let Mixture { program, loader, glibc, musl } = mixture;
    Defect {
        role: program.role,
        severity: program.role.severity(),
        cause: path_of(*loader),
        object: program.object,
        message: format!("the program loads both glibc ({glibc}) and musl ({musl})"),
        values: None,
    }
}

fn path_of(loader: Option<&ImagePath>) -> String {
    loader.map(ToString::to_string).unwrap_or_default()
}
