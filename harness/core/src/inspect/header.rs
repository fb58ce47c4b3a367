//! Numbers in the headers of a tar, as engines read them.
//!
//! Engines are written in Go. Its reader takes an empty field for 0, and knows negative numbers; the
//! tar crate does neither.
//!
//! Source: Go, `archive/tar/strconv.go`, `parseNumeric` and `parseOctal`.

use std::io;

use tar::Header;

/// Permission, set-id and sticky bits, and the numbers of owner and group.
pub(super) fn mode_and_owner(header: &Header) -> io::Result<(u32, u64, u64)> {
    let fields = header.as_old();
    let [mode, uid, gid] = [&fields.mode, &fields.uid, &fields.gid].map(|it| number(it));
    // Of a mode nothing but the lowest bits counts, whatever the sign.
    let mode = u32::try_from(mode? & 0o7777).unwrap_or_default();
    Ok((mode, account(uid?), account(gid?)))
}

/// The kernel takes the lower half of a negative number: -2 is 4294967294.
fn account(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(number.cast_unsigned() & u64::from(u32::MAX))
}

fn number(field: &[u8]) -> io::Result<i64> {
    let number = match field.first() {
        Some(first) if first & 0x80 != 0 => binary(field),
        _ => octal(field),
    };
    number.ok_or_else(|| {
        io::Error::other(format!("a header has `{}` for a number", field.escape_ascii()))
    })
}

/// Digits between blanks and NULs, up to the first NUL among them.
fn octal(field: &[u8]) -> Option<i64> {
    let is_blank = |it: &u8| matches!(it, b' ' | 0);
    let Some(start) = field.iter().position(|it| !is_blank(it)) else { return Some(0) };
    let end = field.iter().rposition(|it| !is_blank(it))?;
    let mut digits = field[start..=end].split(|it| *it == 0).next()?.iter();
    digits.try_fold(0_i64, |number, digit| match digit {
        b'0'..=b'7' => number.checked_mul(8)?.checked_add(i64::from(digit - b'0')),
        _ => None,
    })
}

/// Base 256, the highest byte first, in two's complement; the very first bit is a mark.
fn binary(field: &[u8]) -> Option<i64> {
    let (first, rest) = field.split_first()?;
    let is_negative = first & 0x40 != 0;
    let inverse = if is_negative { 0xff } else { 0 };
    let first = i64::from((first ^ inverse) & 0x7f);
    let number = rest.iter().try_fold(first, |number, byte| {
        number.checked_mul(256)?.checked_add(i64::from(byte ^ inverse))
    })?;
    Some(if is_negative { !number } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_does() {
        for (field, expected) in [
            (&b"0000755\0"[..], Some(0o755)),
            (b"   755 \0", Some(0o755)),
            (b"\0\0 755 \0", Some(0o755)),
            (b"755\x00999", Some(0o755)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b" \0 \0 \0 \0", Some(0)),
            (b"", Some(0)),
            (b"77777777", Some(0o7777_7777)),
            (b"0000789\0", None),
            (b"-000001\0", None),
            (b"7 5\0", None),
            (b"755 \x009", None),
            (b"caf\xe9", None),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(0x7fff_ffff_ffff_ffff)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xfe", Some(-2)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
        ] {
            assert_eq!(number(field).ok(), expected, "{}", field.escape_ascii());
        }
        assert_eq!(account(-2), 4_294_967_294);
        assert_eq!(account(65_534), 65_534);
    }
}
