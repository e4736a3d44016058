//! One bit for each token, 32 to a word, lowest first.

pub struct Bits {
    words: Vec<u32>,
}

impl Bits {
    pub fn new(size: usize) -> Self {
        Bits { words: vec![0; size.div_ceil(32)] }
    }

    pub fn set(&mut self, index: usize) {
        self.words[index / 32] |= 1 << (index % 32);
    }

    pub fn take_from(&self, words: &mut [u32]) {
        words.iter_mut().zip(&self.words).for_each(|(word, taken)| *word &= !taken);
    }
}

/// Copies what fits; what is left of `out` becomes 0.
pub fn copy(from: &[u32], out: &mut [u32]) {
    let shared = from.len().min(out.len());
    out[..shared].copy_from_slice(&from[..shared]);
    out[shared..].fill(0);
}

pub fn clear(words: &mut [u32], index: usize) {
    if let Some(word) = words.get_mut(index / 32) {
        *word &= !(1 << (index % 32));
    }
}
