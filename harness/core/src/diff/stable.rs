//! Texts without what differs from one honest build or run to the next: dates, times, digests, addresses.

/// What stands for a date, a time, a duration, or a number of seconds since 1970.
const TIME: &str = "{time}";
/// What stands for a digest, a build ID, a revision, or an address.
const HASH: &str = "{hash}";
/// The digits of the shortest number that is taken for a hash: those of MD5.
const HASH_DIGITS: usize = 32;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const ZONES: [&str; 4] = ["UTC", "GMT", "AM", "PM"];
/// Seconds since 1970 that a build or a run may print: from 2017 to 2036.
const EPOCH: std::ops::Range<u64> = 1_500_000_000..2_100_000_000;

/// A text in which these are the same in every build.
#[must_use]
pub fn stable(text: &str) -> String {
    let words: Vec<&str> = words(text).collect();
    let mut masked: Vec<&str> = Vec::new();
    // Whether a time has begun, whose further words belong to it.
    let mut is_in_time = false;
    for (number, &word) in words.iter().enumerate() {
        if is_blank(word) {
            masked.push(word);
            continue;
        }
        let continues = is_in_time && (is_number(word) || ZONES.contains(&word));
        let is_of_time = is_time(word) || continues || is_part_of_date(&words, number);
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
    let is_of_word =
        |it: char| it.is_alphanumeric() || matches!(it, ':' | '-' | '+' | '.' | '/' | '_');
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

/// Whether a word is a month beside the number of a day, such a number, or the name of a day before
/// them: `Mon Nov 30`, `30 Nov`.
fn is_part_of_date(words: &[&str], number: usize) -> bool {
    let word = words[number];
    let mut before = words[..number].iter().rev().filter(|it| !is_blank(it));
    let mut after = words[number + 1..].iter().filter(|it| !is_blank(it));
    let (before, next, second) = (before.next(), after.next(), after.next());
    let is = |of: Option<&&str>, kind: fn(&str) -> bool| of.is_some_and(|it| kind(it));
    if is_name(word, &MONTHS) {
        return is(before, is_day_number) || is(next, is_day_number);
    }
    if is_name(word, &DAYS) {
        let is_month_first = is(next, |it| is_name(it, &MONTHS)) && is(second, is_day_number);
        let is_day_first = is(next, is_day_number) && is(second, |it| is_name(it, &MONTHS));
        return is_month_first || is_day_first || is(next, is_time);
    }
    is_day_number(word) && is(next, |it| is_name(it, &MONTHS))
}

/// Whether a word is one of the names, or the first three letters of one.
fn is_name(word: &str, names: &[&str]) -> bool {
    names.iter().any(|it| *it == word || it.get(..3) == Some(word))
}

fn is_day_number(word: &str) -> bool {
    word.len() <= 2 && word.parse::<u8>().is_ok_and(|it| (1..=31).contains(&it))
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|it| it.is_ascii_digit())
}

/// `sha256:…`, many hexadecimal digits, or an address: `0x7ffe12345678`.
fn is_hash(word: &str) -> bool {
    let is_hex = |it: &str| it.bytes().all(|it| it.is_ascii_hexdigit());
    let digits = word.rsplit_once(':').map_or(word, |it| it.1).trim_end_matches(['.', '-']);
    let is_address = digits.strip_prefix("0x").is_some_and(|it| it.len() >= 5 && is_hex(it));
    is_address || digits.len() >= HASH_DIGITS && is_hex(digits)
}

/// `2026-11-30`, `2026-11-30T10:22:46Z`, `10:22`, `10:22:46.5+01:00`, `30/Nov/2026:10:22:46`, `1764498166`,
/// `12.3ms`. Not `2026.11.30`, which is a version more often, nor `30s`, which is a setting.
fn is_time(word: &str) -> bool {
    let word = word.trim_end_matches(['.', ':', '-']);
    let shape: String = word
        .chars()
        .map(|it| match it {
            '0'..='9' => '0',
            'A'..='Z' | 'a'..='z' => 'a',
            other => other,
        })
        .collect();
    is_epoch(word)
        || is_duration(word)
        || is_date(&shape)
        || is_clock(&shape)
        || matches!(shape.as_str(), "00/aaa/0000:00:00:00" | "00000000a000000a" | "00000000a000000")
        || shape.split_at_checked("0000-00-00".len()).is_some_and(|(date, rest)| {
            let clock = rest.strip_prefix(['a', '_']);
            is_date(date) && clock.is_some_and(|it| is_clock(it) || it.starts_with("00-00"))
        })
}

fn is_epoch(word: &str) -> bool {
    let (seconds, rest) = word.split_at_checked(10).unwrap_or((word, ""));
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let is_fraction = rest.is_empty() || matches!(rest.len(), 3 | 6 | 9) && is_number(rest);
    is_number(seconds) && seconds.parse::<u64>().is_ok_and(|it| EPOCH.contains(&it)) && is_fraction
}

/// With a decimal point, and a unit behind it.
fn is_duration(word: &str) -> bool {
    let unit = word.trim_start_matches(|it: char| it.is_ascii_digit() || matches!(it, '.' | 'm'));
    let has_unit = matches!(unit, "s" | "ns" | "us" | "µs");
    let has_point = word.split('.').count() == 2;
    has_unit && has_point && word.starts_with(|it: char| it.is_ascii_digit())
}

fn is_date(shape: &str) -> bool {
    matches!(shape, "0000-00-00" | "0000/00/00")
}

fn is_clock(shape: &str) -> bool {
    let shape = shape.trim_end_matches('a');
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
            ("at 1764498166123", "at 1735779723456"),
            ("[30/Nov/2026:10:22:46 +0000]", "[02/Jan/2025:01:02:03 +0000]"),
            ("20261130T102246Z", "20250102T010203Z"),
            ("log 2026-11-30_10-22", "log 2025-01-02_01-02"),
            ("Monday, November 30, 2026", "Thursday, January 2, 2025"),
            ("30 Nov 2026", "2 Jan 2025"),
            ("took 12.3ms, 0m1.2s", "took 8.25ms, 0m9.9s"),
            ("at 0x7ffe12345678", "at 0x7fff00112233"),
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
            "2026.11.30",
            "MAX=1999",
            "Mon 5 workers",
            "timeout 30s",
            "0x1f",
            "May I help",
            "usage: tool [-h] [--may MAY]",
            "",
        ] {
            assert_eq!(stable(text), text);
        }
    }
}
