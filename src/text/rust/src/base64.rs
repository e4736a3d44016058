//! Base64 as strangers send it: either alphabet, line breaks, padding or none. Clean input takes one SIMD pass;
//! the rest takes a table of 256 entries, which is about five times slower and knows where the text is bad.

use std::mem::MaybeUninit;

use base64_simd::{Base64, Out, STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

#[derive(Debug, PartialEq, Eq)]
pub enum Bad {
    Character(usize), // index in the text of the first one
    CutShort,         // the last group has one digit: six bits, no byte
    NoRoom(usize),    // how much would do
}

const SPACE: u8 = 0xfe;
const BAD: u8 = 0xff; // also '=', which ends the digits

/// The value of each digit of both alphabets; they do not contradict each other, so a mixture is fine too.
const VALUES: [u8; 256] = {
    let mut table = [BAD; 256];
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut i = 0;
    while i < digits.len() {
        table[digits[i] as usize] = i as u8;
        i += 1;
    }
    table[b'+' as usize] = 62;
    table[b'-' as usize] = 62;
    table[b'/' as usize] = 63;
    table[b'_' as usize] = 63;
    table[b' ' as usize] = SPACE;
    table[b'\t' as usize] = SPACE;
    table[b'\r' as usize] = SPACE;
    table[b'\n' as usize] = SPACE;
    table
};

fn value(character: u8) -> u8 {
    VALUES[character as usize]
}

/// Enough room for whatever `size` characters may decode to.
fn bytes_max(size: usize) -> usize {
    size / 4 * 3 + size % 4
}

/// Decodes into `out`, which needs no initial values, and says how many bytes it has become.
pub fn decode(text: &[u8], out: &mut [MaybeUninit<u8>]) -> Result<usize, Bad> {
    // A line break at the end is what every command-line encoder leaves; without it most texts are clean.
    let spaces = text.iter().rev().take_while(|&&c| value(c) == SPACE).count();
    let text = &text[..text.len() - spaces];
    let exact = exact_length(text).unwrap_or(bytes_max(text.len()));
    if out.len() >= exact {
        let ways: [&Base64; 2] =
            if text.len() % 4 == 0 { [&STANDARD, &URL_SAFE] } else { [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] };
        for way in ways {
            if let Ok(bytes) = way.decode(text, Out::from_uninit_slice(out)) {
                return Ok(bytes.len());
            }
        }
    }
    decode_forgiving(text, out)
}

/// The decoded length if there is no white space in the text; none if there must be some, or a mistake.
fn exact_length(text: &[u8]) -> Option<usize> {
    let padded = text.len() % 4 == 0; // elsewhere the decoder takes `=` for a digit, and then for a bad one
    let pads = if padded { text.iter().rev().take(2).take_while(|&&c| c == b'=').count() } else { 0 };
    let digits = text.len() - pads;
    match digits % 4 {
        1 => None,
        0 => Some(digits / 4 * 3),
        rest => Some(digits / 4 * 3 + rest - 1),
    }
}

fn decode_forgiving(text: &[u8], out: &mut [MaybeUninit<u8>]) -> Result<usize, Bad> {
    let needed = bytes_max(text.len());
    let mut length = 0;
    let mut put = |byte: u32| -> Result<(), Bad> {
        out.get_mut(length).ok_or(Bad::NoRoom(needed))?.write(byte as u8);
        length += 1;
        Ok(())
    };

    let mut group: u32 = 0; // the digits of a group that white space has cut, six bits each
    let mut digits = 0;
    let mut at = 0;
    while at < text.len() {
        if digits == 0 {
            if let Some(&[a, b, c, d]) = text.get(at..at + 4) {
                let [a, b, c, d] = [value(a), value(b), value(c), value(d)];
                if a | b | c | d < 64 {
                    let bits = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
                    put(bits >> 16)?;
                    put(bits >> 8)?;
                    put(bits)?;
                    at += 4;
                    continue;
                }
            }
        }
        match value(text[at]) {
            SPACE => {}
            BAD => break,
            six => {
                group = group << 6 | u32::from(six);
                digits += 1;
            }
        }
        at += 1;
        if digits == 4 {
            put(group >> 16)?;
            put(group >> 8)?;
            put(group)?;
            (group, digits) = (0, 0);
        }
    }

    check_padding(text, at, digits)?;
    match digits {
        0 => {}
        2 => put(group >> 4)?,
        3 => {
            put(group >> 10)?;
            put(group >> 2)?;
        }
        _ => return Err(Bad::CutShort),
    }
    Ok(length)
}

/// From `at` on there may only be the `=` that the last group lacks, or fewer, and white space.
fn check_padding(text: &[u8], at: usize, digits: usize) -> Result<(), Bad> {
    let mut pads = if digits < 2 { 0 } else { 4 - digits };
    for (index, &character) in text.iter().enumerate().skip(at) {
        match character {
            b'=' if pads > 0 => pads -= 1,
            other if value(other) == SPACE => {}
            _ => return Err(Bad::Character(index)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Result<Vec<u8>, Bad> {
        let mut room = vec![MaybeUninit::uninit(); bytes_max(text.len())];
        let length = decode(text.as_bytes(), &mut room)?;
        Ok(room[..length].iter().map(|byte| unsafe { byte.assume_init() }).collect())
    }

    #[test]
    fn what_strangers_send() {
        for text in
            ["/+8AYQ==", "_-8AYQ", "_-8AYQ==", "/+8AYQ=", "/-8A\r\nYQ==\n", " /\t+ 8\nA YQ = =", "/+8AYR=="]
        {
            assert_eq!(decoded(text).as_deref(), Ok(&[0xff, 0xef, 0, b'a'][..]), "{text:?}");
        }
        for text in ["", "\n", " \t "] {
            assert_eq!(decoded(text).as_deref(), Ok(&[][..]));
        }
    }

    #[test]
    fn the_first_bad_character_is_named() {
        for (text, position) in [
            ("=", 0),
            ("A=", 1),
            ("AAAA=", 4),
            ("AAA==", 4),
            ("AA===", 4),
            ("AA==AA==", 4),
            ("AA\n%A", 3),
            ("AAA\u{e9}", 3),
            ("A\0", 1),
        ] {
            assert_eq!(decoded(text), Err(Bad::Character(position)), "{text:?}");
        }
        for text in ["A", "AAAAA", "AAAA\nA"] {
            assert_eq!(decoded(text), Err(Bad::CutShort), "{text:?}");
        }
    }

    #[test]
    fn a_small_buffer_is_an_error() {
        for (text, room) in [("AAAA", 2), ("AA\nAA", 2), ("AA==", 0), ("AAA", 1), ("AA=", 0)] {
            let mut out = vec![MaybeUninit::uninit(); room];
            assert!(matches!(decode(text.as_bytes(), &mut out), Err(Bad::NoRoom(_))), "{text:?}");
        }
        for (text, length) in [("AAA=", 2), ("AA=", 1), ("AA", 1), ("A\nAA=", 2)] {
            let mut out = vec![MaybeUninit::uninit(); length];
            assert_eq!(decode(text.as_bytes(), &mut out), Ok(length), "{text:?}");
        }
    }

    /// Every length around the SIMD block sizes, both ways, against an encoder.
    #[test]
    fn fast_and_forgiving_agree() {
        let bytes: Vec<u8> = (0..300u32).map(|i| (i * 167 + 13) as u8).collect();
        for length in 0..bytes.len() {
            let text = STANDARD.encode_to_string(&bytes[..length]);
            assert_eq!(decoded(&text).as_deref(), Ok(&bytes[..length]));
            let lines: Vec<String> =
                text.as_bytes().chunks(7).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
            assert_eq!(decoded(&lines.join("\r\n")).as_deref(), Ok(&bytes[..length]));
        }
    }
}
