//! Base64 as strangers send it: either alphabet, line breaks, padding or none. simdutf decodes it; what simdutf refuses
//! is read once more, slowly, to say where the text is bad or to accept the padding that is half there.

use std::mem::MaybeUninit;

use simdutf::{base64_to_binary_safe, Base64Options, ErrorCode, LastChunkHandlingOptions};

#[derive(Debug, PartialEq, Eq)]
pub enum Bad {
    Character(usize), // index in the text of the first one
    CutShort,         // the last group has one digit: six bits, no byte
    NoRoom(usize),    // how much would do
}

const BAD: u8 = 0; // also '=', which ends the digits
const DIGIT: u8 = 1;
const SPACE: u8 = 2;

/// A table, because which letter comes next is not to be predicted.
const KINDS: [u8; 256] = {
    let mut table = [BAD; 256];
    let mut c = 0;
    while c < 128 {
        table[c as usize] = match c {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' => DIGIT,
            b' ' | b'\t' | b'\r' | b'\n' => SPACE,
            _ => BAD,
        };
        c += 1;
    }
    table
};

fn kind(character: u8) -> u8 {
    KINDS[character as usize]
}

/// Enough room for whatever `size` characters may decode to.
fn bytes_max(size: usize) -> usize {
    size / 4 * 3 + size % 4
}

/// Decodes into `out`, which needs no initial values, and says how many bytes it has become.
pub fn decode(text: &[u8], out: &mut [MaybeUninit<u8>]) -> Result<usize, Bad> {
    if let Some(length) = decode_strict(text, out) {
        return Ok(length);
    }
    let digits = find_digits(text)?;
    decode_strict(digits, out).ok_or(Bad::NoRoom(bytes_max(text.len())))
}

/// None if the text has a mistake, an incomplete padding included, or the room is too small.
fn decode_strict(text: &[u8], out: &mut [MaybeUninit<u8>]) -> Option<usize> {
    let mut length = out.len();
    // SAFETY: both slices are alive and apart; `length` is the room, and simdutf writes no further.
    let result = unsafe {
        base64_to_binary_safe(
            text.as_ptr(),
            text.len(),
            out.as_mut_ptr().cast(),
            &mut length,
            Base64Options::DefaultOrUrl,
            LastChunkHandlingOptions::Loose,
            false,
        )
    };
    (result.error == ErrorCode::Success && !has_form_feed(text, length)).then_some(length)
}

/// simdutf skips the form feed too; for us it is a bad character. Only a text with white space is searched: in others
/// nothing but padding follows the digits that `length` bytes need.
fn has_form_feed(text: &[u8], length: usize) -> bool {
    let digits = (length * 4).div_ceil(3);
    let clean = text[digits..].iter().all(|&c| c == b'=' || kind(c) == SPACE);
    !clean && text.contains(&b'\x0c')
}

/// The text up to its last digit. After that there may only be the `=` that the last group lacks, or fewer, and white
/// space.
fn find_digits(text: &[u8]) -> Result<&[u8], Bad> {
    let end = text.iter().position(|&c| kind(c) == BAD).unwrap_or(text.len());
    let count = text[..end].iter().filter(|&&c| kind(c) == DIGIT).count();
    let mut pads = if count % 4 < 2 { 0 } else { 4 - count % 4 };
    for (index, &character) in text.iter().enumerate().skip(end) {
        match character {
            b'=' if pads > 0 => pads -= 1,
            other if kind(other) == SPACE => {}
            _ => return Err(Bad::Character(index)),
        }
    }
    if count % 4 == 1 {
        return Err(Bad::CutShort);
    }
    Ok(&text[..end])
}

#[cfg(test)]
mod tests {
    use std::str;

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

    #[test]
    fn a_form_feed_is_no_white_space() {
        for (text, position) in [("\x0c", 0), ("AA\x0c==", 2), ("AAAA\nAA\x0cAA\n", 7), ("AA==\n\x0c", 5)] {
            assert_eq!(decoded(text), Err(Bad::Character(position)), "{text:?}");
        }
    }

    fn encoded(bytes: &[u8]) -> String {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+_";
        let groups = bytes.chunks(3).map(|group| {
            let bits =
                group.iter().fold(0, |bits, &byte| bits << 8 | usize::from(byte)) << (8 * (3 - group.len()));
            let digit =
                |i: usize| if i > group.len() { '=' } else { digits[bits >> (18 - 6 * i) & 63].into() };
            (0..4).map(digit).collect::<String>()
        });
        groups.collect()
    }

    /// Every length around the SIMD block sizes, whole and in lines, into a buffer that is followed by someone else's bytes.
    #[test]
    fn no_write_goes_past_the_room() {
        let bytes: Vec<u8> = (0..300u32).map(|i| (i * 167 + 13) as u8).collect();
        for length in 0..bytes.len() {
            let text = encoded(&bytes[..length]);
            let lines: Vec<&str> =
                text.as_bytes().chunks(7).map(|line| str::from_utf8(line).unwrap()).collect();
            for text in [text.trim_end_matches('='), &lines.join("\r\n"), &text] {
                let mut out = [MaybeUninit::new(0xaa); 400];
                assert_eq!(decode(text.as_bytes(), &mut out[..length]), Ok(length), "{text:?}");
                let out = out.map(|byte| unsafe { byte.assume_init() });
                assert_eq!(out[..length], bytes[..length]);
                assert!(out[length..].iter().all(|&byte| byte == 0xaa));
            }
        }
    }
}
