//! PNG pixels as RGB over white. The crate `png` decodes; what is left to do here is to show transparency on white paper
//! and to put the rows of interlaced pictures where they belong, one row at a time.

use std::io::{Cursor, ErrorKind};

use png::{DecodeOptions, Decoder, DecodingError, InterlaceInfo, Limits, Transformations};

use crate::paint::{paint, Bad};

/// For a row and the chunks that are not pixels. A row of 65,535 RGBA samples of 16 bits takes half a megabyte.
const WORKING_BYTES_MAX: usize = 64 << 20;

impl From<DecodingError> for Bad {
    fn from(error: DecodingError) -> Self {
        match error {
            DecodingError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => Bad::CutShort,
            other => Bad::Damaged(other.to_string()),
        }
    }
}

/// Fills `rgb`, which must have exactly three bytes for each pixel.
pub fn decode(file: &[u8], rgb: &mut [u8]) -> Result<(), Bad> {
    let mut options = DecodeOptions::default();
    options.set_skip_ancillary_crc_failures(false); // a broken tRNS would show what should be hidden
    options.set_ignore_adler32(false);
    let mut decoder = Decoder::new_with_options(Cursor::new(file), options);
    decoder.set_limits(Limits { bytes: WORKING_BYTES_MAX });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info()?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    let length = width * 3;
    if width.checked_mul(3).and_then(|row| row.checked_mul(height)) != Some(rgb.len()) {
        return Err(Bad::Damaged("its size is not that of its header".to_string()));
    }
    let channels = reader.output_color_type().0.samples(); // EXPAND leaves no palette
    let mut painted = vec![0; if reader.info().interlaced { length } else { 0 }];
    let mut row = 0;
    while let Some(part) = reader.next_interlaced_row()? {
        if let InterlaceInfo::Adam7(pass) = part.interlace() {
            let pixels = part.data().len() / channels;
            let shown = &mut painted[..3 * pixels];
            paint(channels, part.data(), shown);
            png::expand_interlaced_row(rgb, length, shown, pass, 24);
        } else {
            paint(channels, part.data(), &mut rgb[row * length..(row + 1) * length]);
        }
        row += 1;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use png::ColorType;

    /// A PNG of `size` with 8 bits a sample, written by the crate.
    fn written(size: (u32, u32), colour: ColorType, samples: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, size.0, size.1);
        encoder.set_color(colour);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(samples).unwrap();
        writer.finish().unwrap();
        file
    }

    #[test]
    fn what_is_transparent_is_white() {
        let file = written((2, 1), ColorType::Rgba, &[10, 20, 30, 0, 10, 20, 30, 255]);
        let mut rgb = [0; 6];
        assert_eq!(decode(&file, &mut rgb), Ok(()));
        assert_eq!(rgb, [255, 255, 255, 10, 20, 30]);
    }

    #[test]
    fn another_size_than_promised_is_refused() {
        let file = written((2, 1), ColorType::Grayscale, &[1, 2]);
        assert!(matches!(decode(&file, &mut [0; 3]), Err(Bad::Damaged(_))));
    }

    #[test]
    fn every_cut_is_noticed() {
        let file = written((8, 8), ColorType::Grayscale, &[7; 64]);
        let pixels_end = file.len() - 12; // IEND adds nothing to the pixels
        for length in 0..pixels_end {
            assert!(decode(&file[..length], &mut [0; 192]).is_err(), "{length}");
        }
    }
}
