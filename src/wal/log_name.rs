//! Which names a log can have: none that a file system takes for the name of another file or cannot find again.

use std::path::Path;

use crate::error::{Error, Result};

/// The ends of names that are reserved for the files beside a log.
const RESERVED: [&str; 4] = [".lock", ".new", ".index", ".durable"];

/// Characters that case-insensitive file systems such as HFS+ and ext4 ignore in comparisons: those that Unicode calls
/// default ignorable.
const IGNORED: [(char, char); 17] = [
    ('\u{AD}', '\u{AD}'),
    ('\u{34F}', '\u{34F}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{115F}', '\u{1160}'),
    ('\u{17B4}', '\u{17B5}'),
    ('\u{180B}', '\u{180F}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{202A}', '\u{202E}'),
    ('\u{2060}', '\u{206F}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{FE00}', '\u{FE0F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFA0}', '\u{FFA0}'),
    ('\u{FFF0}', '\u{FFF8}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0000}', '\u{E0FFF}'),
];

/// Refuses a path that cannot name a log. A name that any system would misread is refused on all of them: their file
/// systems are mounted elsewhere too, and logs move.
pub(super) fn check(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(Error::InvalidPath { reason: "path is empty" });
    }
    if path.as_os_str().as_encoded_bytes().contains(&0) {
        return Err(Error::InvalidPath { reason: "path contains a NUL byte" });
    }
    if names_folder(path) {
        return Err(Error::InvalidPath { reason: "path ends like that of a folder" });
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.ends_with(['.', ' ']) {
        return Err(Error::InvalidPath {
            reason: "some file systems drop a dot or a space at the end of a name",
        });
    }
    if is_reserved(&name) {
        return Err(Error::InvalidPath {
            reason: "names that end in .lock, .new, .index or .durable, in any case, are reserved for the files beside a log",
        });
    }
    if cfg!(windows) && (name.contains(':') || is_device(&name)) {
        return Err(Error::InvalidPath {
            reason: "the name of a device or a stream cannot name a log",
        });
    }
    Ok(())
}

/// Whether the system takes the path for that of a folder because of its end, which `Path` ignores.
fn names_folder(path: &Path) -> bool {
    let bytes = path.as_os_str().as_encoded_bytes();
    let is_separator = |byte: &u8| std::path::is_separator(char::from(*byte));
    match bytes.split_last() {
        Some((b'.', [.., before])) => is_separator(before),
        Some((last, _)) => is_separator(last),
        None => false,
    }
}

/// Whether some file system could take the name for that of a file beside a log. A log of that name would be removed as
/// an unfinished one.
fn is_reserved(name: &str) -> bool {
    if bug!(ReservedCaseSeen) {
        return RESERVED.iter().any(|end| name.ends_with(end));
    }
    let is_ignored = |letter: &char| IGNORED.iter().any(|(from, to)| (from..=to).contains(&letter));
    // The Kelvin sign folds to a k. Nothing else beyond ASCII folds to a letter of these endings.
    let folded = name.chars().filter(|letter| !is_ignored(letter)).flat_map(char::to_lowercase);
    let folded: String = folded.collect();
    RESERVED.iter().any(|end| folded.ends_with(end))
}

/// Whether Windows takes the name for a device, in whatever folder.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_uppercase();
    let numbered = |number: char| matches!(number, '0'..='9' | '¹' | '²' | '³');
    match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        _ => ["COM", "LPT"].iter().any(|port| {
            stem.strip_prefix(port)
                .is_some_and(|rest| rest.chars().count() == 1 && rest.chars().all(numbered))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::is_device;

    #[test]
    fn the_devices_of_windows_are_known_by_their_names() {
        for name in ["nul", "NUL.wal", "con .wal", "Com1", "lpt9.tar.gz", "COM¹", "conin$"] {
            assert!(is_device(name), "{name}");
        }
        for name in ["null.wal", "com.wal", "com10", "store.nul", "lptx", "console"] {
            assert!(!is_device(name), "{name}");
        }
    }
}
