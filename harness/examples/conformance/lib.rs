//! What is tested here is the image: see `tests`.
