use crate::fixture::{Layer, Variant, program};

pub(in crate::rules) const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\n\
    # a comment\n\
    broken line\n\
    app:x:1000:2000::/home/app:/bin/sh\n\
    1234:x:77:77::/:/bin/sh\n";

pub(in crate::rules) const GROUPS: &str = "root:x:0:\nstaff:x:50:someone,app\nvideo:x:44:app\n";

/// An image with a shell, as Debian lays it out: `/bin` is a link to `/usr/bin`.
pub(in crate::rules) fn merged_usr() -> Layer {
    Layer::new()
        .symlink("bin", "usr/bin")
        .executable("usr/bin/dash", program("linux/amd64"))
        .symlink("usr/bin/sh", "dash")
        .executable("usr/bin/env", program("linux/amd64"))
        .file("etc/passwd", 0o644, ACCOUNTS)
        .file("etc/group", 0o644, GROUPS)
}

pub(in crate::rules) fn debian() -> Variant {
    Variant::new("linux/amd64").layer(merged_usr())
}

/// Its entrypoint is a file of that content.
pub(in crate::rules) fn starting(content: impl AsRef<[u8]>) -> Variant {
    debian().layer(Layer::new().executable("app", content)).entrypoint(&["/app"])
}
