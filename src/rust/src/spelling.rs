//! What each token of a vocabulary says, as bytes, so that a text can be followed token by token.
//!
//! The tokenizer's own decoder is asked, one token at a time between two quotes: a token counts only where the
//! answer is the same whatever surrounds it. What cannot be spelled this way is left out, and is then never said.

use serde_json::Value;
use tokenizers::Tokenizer;

use crate::bits::Bits;

/// Decoders that turn a token into the same text wherever it occurs, except for spaces at the very front.
const STEADY: [&str; 7] = ["Sequence", "ByteLevel", "ByteFallback", "Fuse", "Replace", "Metaspace", "Strip"];
const TOKEN_BYTES_MAX: usize = 256; // the trie takes 1024; longer ones are runs of spaces and of dashes

pub struct Spelling {
    /// By id. Empty: a special token, a gap in the vocabulary, or nothing that can be relied on.
    pub words: Vec<Vec<u8>>,
    /// Tokens that say something else at the very front of a text.
    pub not_first: Bits,
    /// Any text can be spelled, one byte at a time where need be.
    pub every_byte: bool,
}

/// Why this tokenizer cannot spell JSON.
pub type Unspellable = String;

pub fn spell(tokenizer: &Tokenizer) -> Result<Spelling, Unspellable> {
    let reader = Reader::new(tokenizer)?;
    let vocabulary = tokenizer.get_vocab(true);
    let rows = vocabulary.values().max().map_or(0, |&id| id as usize + 1);
    let (mut words, mut not_first) = (vec![Vec::new(); rows], Bits::new(rows));
    let added = tokenizer.get_added_tokens_decoder();
    for (name, &id) in &vocabulary {
        // A special token says nothing, and what looks like one ("<image>", not marked as special) is not a word.
        if added.get(&id).is_some_and(|token| token.special || token.content.chars().count() > 1) {
            continue;
        }
        let Some(word) = reader.word(name, id) else { continue };
        if word.is_empty() || word.len() > TOKEN_BYTES_MAX || word[0] == 0xff {
            continue;
        }
        if std::str::from_utf8(&word).is_ok_and(|text| reader.decode(&[id]) != text) {
            not_first.set(id as usize);
        }
        words[id as usize] = word;
    }
    let mut has = [false; 256];
    words.iter().filter(|word| word.len() == 1).for_each(|word| has[word[0] as usize] = true);
    // With a token for each, nothing that a schema asks for in ASCII can lead into a dead end.
    if let Some(letter) = (b' '..=b'~').find(|&letter| !has[letter as usize]) {
        return Err(format!("its tokenizer has no token for '{}'", letter as char));
    }
    let every_byte = (0x80..=0xf4).filter(|byte| !matches!(byte, 0xc0 | 0xc1)).all(|byte: usize| has[byte]);
    Ok(Spelling { words, not_first, every_byte })
}

struct Reader<'a> {
    tokenizer: &'a Tokenizer,
    quote: u32,
    byte_level: bool,
    byte_fallback: bool,
}

impl<'a> Reader<'a> {
    fn new(tokenizer: &'a Tokenizer) -> Result<Self, Unspellable> {
        let mut kinds = Vec::new();
        let decoder = serde_json::to_value(tokenizer.get_decoder()).map_err(|error| error.to_string())?;
        kinds_of(&decoder, &mut kinds);
        if kinds.is_empty() {
            return Err("its tokenizer does not say how tokens become a text".into());
        }
        if let Some(kind) = kinds.iter().find(|kind| !STEADY.contains(&kind.as_str())) {
            return Err(format!("its tokenizer ({kind}) does not keep a text letter by letter"));
        }
        let quote = ["\"", "<0x22>"].iter().find_map(|name| tokenizer.token_to_id(name));
        Ok(Reader {
            tokenizer,
            quote: quote.ok_or("its tokenizer has no token for '\"'")?,
            byte_level: kinds.iter().any(|kind| kind == "ByteLevel"),
            byte_fallback: kinds.iter().any(|kind| kind == "ByteFallback"),
        })
    }

    fn decode(&self, ids: &[u32]) -> String {
        self.tokenizer.decode(ids, true).unwrap_or_default()
    }

    fn word(&self, name: &str, id: u32) -> Option<Vec<u8>> {
        let told = self.decode(&[self.quote, id, self.quote]);
        let inner = told.strip_prefix('"')?.strip_suffix('"')?;
        if !inner.contains('\u{fffd}') {
            return Some(inner.as_bytes().to_vec());
        }
        // A piece of a character: the decoder cannot show it alone.
        if self.byte_fallback {
            return fallback_byte(name).map(|byte| vec![byte]);
        }
        if self.byte_level {
            name.chars().map(byte_of).collect()
        } else {
            None
        }
    }
}

fn kinds_of(decoder: &Value, kinds: &mut Vec<String>) {
    if let Some(kind) = decoder.get("type").and_then(Value::as_str) {
        kinds.push(kind.to_string());
    }
    for inner in decoder.get("decoders").and_then(Value::as_array).into_iter().flatten() {
        kinds_of(inner, kinds);
    }
}

fn fallback_byte(name: &str) -> Option<u8> {
    u8::from_str_radix(name.strip_prefix("<0x")?.strip_suffix('>')?, 16).ok()
}

/// GPT-2's alphabet: printable characters of Latin-1 stand for themselves, the others for 256 and up, in order.
fn byte_of(letter: char) -> Option<u8> {
    let prints = |byte: &u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    match u32::from(letter) {
        code @ 0..=0xff => Some(code as u8).filter(prints),
        code => (0..=255u8).filter(|byte| !prints(byte)).nth(code as usize - 0x100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_byte_alphabet_has_every_byte_once() {
        let mut seen: Vec<u8> = (0..0x150).filter_map(char::from_u32).filter_map(byte_of).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..=255).collect::<Vec<u8>>());
        assert_eq!(byte_of('Ġ'), Some(b' '));
    }
}
