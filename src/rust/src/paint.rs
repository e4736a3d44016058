//! Samples as RGB on white paper, and why a picture has none.

#[derive(Debug, PartialEq, Eq)]
pub enum Bad {
    CutShort,
    Unsupported(String),
    Damaged(String),
}

/// As many pixels as `rgb` has room for, from samples of 8 bits: grey, grey and alpha, RGB or RGBA.
pub fn paint(channels: usize, samples: &[u8], rgb: &mut [u8]) {
    let pixels = rgb.chunks_exact_mut(3);
    match channels {
        1 => pixels.zip(samples).for_each(|(to, &grey)| to.fill(grey)),
        2 => pixels.zip(samples.chunks_exact(2)).for_each(|(to, from)| to.fill(over_white(from[0], from[1]))),
        3 => rgb.copy_from_slice(&samples[..rgb.len()]),
        _ => pixels.zip(samples.chunks_exact(4)).for_each(|(to, from)| {
            for (to, &colour) in to.iter_mut().zip(from) {
                *to = over_white(colour, from[3]);
            }
        }),
    }
}

/// As in src/image/alpha.h: Pillow's bytes when it pastes a picture on a white one.
fn over_white(colour: u8, alpha: u8) -> u8 {
    let (colour, alpha) = (u32::from(colour), u32::from(alpha));
    let sum = colour * alpha + 255 * (255 - alpha) + 128;
    (((sum >> 8) + sum) >> 8) as u8
}
