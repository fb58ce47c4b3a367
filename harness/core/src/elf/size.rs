//! How much memory a file's facts take.

use super::{Attributes, ElfFacts};

impl ElfFacts {
    /// About the memory that the facts take, in bytes: what a stranger's file says may be long.
    #[must_use]
    pub fn size_in_memory(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let list = |texts: &[String]| texts.iter().map(|it| size_of::<String>() + it.len()).sum();
        let needs: usize = self
            .version_needs
            .iter()
            .map(|need| {
                let versions = need.versions.iter().map(|it| size_of_val(it) + it.name.len());
                size_of_val(need) + need.library.len() + versions.sum::<usize>()
            })
            .sum();
        let lists: [usize; 5] = [
            list(&self.needed),
            list(&self.rustc),
            list(&self.version_definitions),
            list(&self.glibc_private.needs),
            list(&self.glibc_private.defines),
        ];
        let attributes = match &self.attributes {
            Some(Attributes::Riscv(it)) => it.arch.len(),
            _ => 0,
        };
        let go = self.go.as_ref().map_or(0, |go| {
            let settings = go.settings.iter().map(|(name, value)| name.len() + value.len());
            go.version.len()
                + go.path.len()
                + go.module.len()
                + go.module_version.len()
                + settings.sum::<usize>()
        });
        size_of::<Self>()
            + [&self.interpreter, &self.soname, &self.rpath, &self.runpath, &self.build_id]
                .map(optional)
                .iter()
                .sum::<usize>()
            + lists.iter().sum::<usize>()
            + size_of_val(self.loads.as_slice())
            + needs
            + attributes
            + go
    }
}
