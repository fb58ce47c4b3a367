//! Texts without what differs from one honest build to the next: dates, times and digests.

/// What stands for a date, a time or a number of seconds since 1970.
const TIME: &str = "{time}";
/// What stands for a digest, a build ID or a revision.
const HASH: &str = "{hash}";
/// The digits of the shortest number that is taken for a hash: those of MD5.
const HASH_DIGITS: usize = 32;
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const ZONES: [&str; 4] = ["UTC", "GMT", "AM", "PM"];

/// A text in which these are the same in every build.
#[must_use]
pub fn stable(text: &str) -> String {
    let mut masked: Vec<&str> = Vec::new();
    // Whether a time has begun, whose further words belong to it.
    let mut is_in_time = false;
    for word in words(text) {
        if is_blank(word) {
            masked.push(word);
            continue;
        }
        let is_name = MONTHS.contains(&word) || DAYS.contains(&word);
        let continues = is_in_time && (is_number(word) || ZONES.contains(&word));
        let is_of_time = is_name || is_time(word) || continues;
        if is_of_time && is_in_time {
            // One time, of however many words.
            while masked.last().is_some_and(|it| is_blank(it)) {
                masked.pop();
            }
        } else if is_of_time {
            masked.push(TIME);
        } else {
            masked.push(if is_hash(word) { HASH } else { word });
        }
        is_in_time = is_of_time;
    }
    masked.concat()
}

fn is_blank(word: &str) -> bool {
    word.chars().all(|it| it.is_whitespace() || it == ',')
}

/// Runs of what a word, a date or a time is made of, and what stands between.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_of_word = |it: char| it.is_alphanumeric() || matches!(it, ':' | '-' | '+' | '.' | '/');
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_word = is_of_word(first);
        let end = rest.find(|it| is_of_word(it) != is_word).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|it| it.is_ascii_digit())
}

/// `sha256:…`, or many hexadecimal digits.
fn is_hash(word: &str) -> bool {
    let digits = word.rsplit_once(':').map_or(word, |it| it.1).trim_end_matches(['.', '-']);
    digits.len() >= HASH_DIGITS && digits.bytes().all(|it| it.is_ascii_hexdigit())
}

/// `2026-11-30`, `2026-11-30T10:22:46Z`, `10:22`, `10:22:46.5+01:00`, `1764498166`.
fn is_time(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':', '-']);
    let shape: String = word.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
    let is_seconds = is_number(word) && word.len() == 10 && word.starts_with('1');
    is_seconds || is_date(&shape) || is_clock(&shape) || {
        let parts = shape.split_once('T');
        parts.is_some_and(|(date, clock)| is_date(date) && is_clock(clock))
    }
}

fn is_date(shape: &str) -> bool {
    matches!(shape, "0000-00-00" | "0000/00/00" | "0000.00.00")
}

fn is_clock(shape: &str) -> bool {
    let shape = shape.trim_end_matches('Z');
    let clock = shape.split(['+', '-']).next().unwrap_or(shape);
    let seconds = clock.split('.').next().unwrap_or(clock);
    matches!(seconds, "00:00" | "00:00:00")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_digests_are_the_same_in_every_build() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (one, other) in [
            ("built 2026-11-30", "built 2025-01-02"),
            ("built 2026-11-30T10:22:46Z", "built 2025-01-02 01:02:03+01:00"),
            ("tool (Nov 30 2026, 10:22:46)", "tool (Jan  2 2025, 01:02:03)"),
            ("Mon Nov 30 10:22:46 UTC 2026", "Thu Jan  2 01:02:03 UTC 2025"),
            ("at 1764498166", "at 1735779723"),
            (&format!("id sha256:{commit}"), "id sha256:00112233445566778899aabbccddeeff"),
        ] {
            assert_eq!(stable(one), stable(other));
        }
    }

    #[test]
    fn what_a_program_says_of_itself_is_kept() {
        for text in [
            "tool 1.2.3 (linux/arm64)",
            "go1.24.4 X:loopvar",
            "2.41-12+deb13u1",
            "port 8080, 64 KiB, ratio 3:1",
            "revision 0a1b2c3",
            "usage: tool [-h] [--may MAY]",
            "",
        ] {
            assert_eq!(stable(text), text);
        }
    }
}
