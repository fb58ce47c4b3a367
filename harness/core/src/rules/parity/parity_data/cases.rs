use crate::fixture::{Layer, Variant};
use crate::rules::parity::parity_data::RULE;
use crate::rules::tests::parity::{but_for, three};
use crate::rules::tests::{Case, caught, silent};

pub(in crate::rules) fn cases() -> Vec<Case> {
    [links(), data()].into_iter().flatten().collect()
}

fn links() -> Vec<Case> {
    const CERTIFICATES: [&str; 2] = ["etc/ssl/certs/a.pem", "etc/ssl/certs/b.pem"];
    let certificates = |names: &[&str], links: &[&str]| {
        let layer = names.iter().fold(Layer::new(), |it, name| it.file(name, 0o644, "x"));
        links.iter().fold(layer, |it, hash| it.symlink(&format!("etc/ssl/certs/{hash}.0"), "a.pem"))
    };
    let image = |names: &'static [&str], links: &'static [&str]| {
        but_for(
            "linux/386",
            move |it| it.layer(certificates(&CERTIFICATES, &["0a1b2c3d", "1a1b2c3d"])),
            move |it| it.layer(certificates(names, links)),
        )
    };
    vec![
        caught(
            RULE.rule,
            "no links at all",
            image(&CERTIFICATES, &[]),
            &["warning linux/386 /etc/ssl/certs"],
        ),
        caught(
            RULE.rule,
            "a link less",
            image(&CERTIFICATES, &["0a1b2c3d"]),
            &["warning linux/386 /etc/ssl/certs"],
        ),
        silent(RULE.rule, "as many links", image(&CERTIFICATES, &["2a1b2c3d", "3a1b2c3d"])),
        silent(RULE.rule, "other certificates", image(&CERTIFICATES[..1], &["2a1b2c3d"])),
    ]
}

fn data() -> Vec<Case> {
    const FONTS: &str = "usr/share/fonts/X11/misc/fonts.dir";
    const BUNDLE: &str = "etc/ssl/certs/ca-certificates.crt";
    const INDEX: &str = "3\na.pcf\nb.pcf\nc.pcf\n";
    let file = |path: &'static str, bytes: &'static str| {
        move |it: Variant| it.layer(Layer::new().file(path, 0o644, bytes))
    };
    vec![
        caught(
            RULE.rule,
            "an index that lists nothing",
            but_for("linux/386", file(FONTS, INDEX), file(FONTS, "0\n")),
            &["warning linux/386 /usr/share/fonts/X11/misc/fonts.dir"],
        ),
        caught(
            RULE.rule,
            "an empty one",
            but_for("linux/386", file(FONTS, INDEX), file(FONTS, "")),
            &["warning linux/386 /usr/share/fonts/X11/misc/fonts.dir"],
        ),
        caught(
            RULE.rule,
            "nothing to trust on one",
            but_for("linux/386", file(BUNDLE, "x"), |it| it),
            &["warning linux/386 -"],
        ),
        silent(
            RULE.rule,
            "an index of about the same size",
            but_for("linux/386", file(FONTS, INDEX), file(FONTS, "2\na.pcf\nb.pcf\n")),
        ),
        silent(
            RULE.rule,
            "documentation",
            but_for(
                "linux/386",
                file("usr/share/doc/a/changelog", INDEX),
                file("usr/share/doc/a/changelog", "x"),
            ),
        ),
        silent(RULE.rule, "where nobody trusts anybody", three(Variant::healthy)),
    ]
}
