//! What a loader could not load, and why.

use crate::evidence::image::ImagePath;

/// Something needed that cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// Which of the loaded files needs it.
    pub by: usize,
    /// The name, as needed.
    pub name: String,
    /// Why.
    pub cause: Cause,
}

/// Why something needed cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It is in none of the places where the loader looks.
    Nowhere {
        /// The places, in words.
        places: Vec<String>,
    },
    /// It was not looked for to the end: the image's programs name too many folders.
    Endless {
        /// How many folders are looked at.
        limit: usize,
    },
    /// The loader opens a file that is no shared object, and ends there.
    Unusable(ImagePath),
}
