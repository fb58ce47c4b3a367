//! A case file: `archproof.toml`.

use archproof::case::Case;

use super::report::print_blocked;

/// Reads the file twice, beside a Dockerfile.
pub fn run(data: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("archproof.toml");
    std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\n").expect("a file");
    std::fs::write(&file, data).expect("a file");
    let (case, again) = (Case::read(&file), Case::read(&file));
    assert_eq!(format!("{case:?}"), format!("{again:?}"), "it is read alike");
    let Err(error) = case else { return };
    print_blocked(&error);
    assert_place(&error.to_string(), &file.display().to_string(), data);
}

/// `FILE:LINE:COLUMN: ...`, and there is such a line.
fn assert_place(message: &str, file: &str, data: &[u8]) {
    let rest = message.strip_prefix(file).expect("it begins with the file");
    let rest = rest.strip_prefix(':').expect("a colon follows");
    let mut numbers = rest.split(':').map_while(|it| it.parse::<usize>().ok());
    let (Some(line), Some(column)) = (numbers.next(), numbers.next()) else { return };
    let text = String::from_utf8_lossy(data);
    let line = line.checked_sub(1).and_then(|it| text.split('\n').nth(it));
    let line = line.unwrap_or_else(|| panic!("there is no such line: {message}"));
    assert!((1..=line.chars().count() + 1).contains(&column), "{message}");
}
