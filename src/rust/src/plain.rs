//! BMP, PNM, TGA and icons as RGB over white. The crate `image` decodes.

use std::io::{Cursor, ErrorKind};

use image::codecs::{bmp::BmpDecoder, ico::IcoDecoder, pnm::PnmDecoder, tga::TgaDecoder};
use image::{ColorType, ImageDecoder, ImageError};

use crate::paint::paint;

#[repr(C)]
#[derive(Clone, Copy)]
pub enum Format {
    Bmp,
    Pnm,
    Tga,
    Ico,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Bad {
    CutShort,
    Unsupported(String),
    Damaged(String),
}

impl From<ImageError> for Bad {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::IoError(io) if io.kind() == ErrorKind::UnexpectedEof => Bad::CutShort,
            ImageError::Unsupported(what) => Bad::Unsupported(what.to_string()),
            other => Bad::Damaged(other.to_string()),
        }
    }
}

fn open(format: Format, file: &[u8]) -> Result<Box<dyn ImageDecoder + '_>, Bad> {
    let reader = Cursor::new(file);
    Ok(match format {
        Format::Bmp => Box::new(BmpDecoder::new(reader)?),
        Format::Pnm => Box::new(PnmDecoder::new(reader)?),
        Format::Tga => Box::new(TgaDecoder::new(reader)?),
        Format::Ico => Box::new(IcoDecoder::new(reader)?),
    })
}

/// What the header alone says.
#[repr(C)]
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Facts {
    width: u32,
    height: u32,
    /// Bytes for each pixel that decode() needs beside the RGB.
    scratch: u32,
}

pub fn facts(format: Format, file: &[u8]) -> Result<Facts, Bad> {
    let decoder = open(format, file)?;
    let (width, height) = decoder.dimensions();
    let colour = decoder.color_type();
    let bytes = u32::from(colour.bytes_per_pixel());
    let reduced = if bytes > u32::from(colour.channel_count()) { bytes / 2 } else { 0 };
    let scratch = if colour == ColorType::Rgb8 { 0 } else { bytes + reduced };
    Ok(Facts { width, height, scratch })
}

/// Fills `rgb`, which must have exactly three bytes for each pixel.
pub fn decode(format: Format, file: &[u8], rgb: &mut [u8]) -> Result<(), Bad> {
    let decoder = open(format, file)?;
    let (width, height) = decoder.dimensions();
    let pixels = width as usize * height as usize;
    if pixels.checked_mul(3) != Some(rgb.len()) {
        return Err(Bad::Damaged("its size is not that of its header".to_string()));
    }
    let colour = decoder.color_type();
    let channels = colour.channel_count() as usize;
    let sample_bytes = colour.bytes_per_pixel() as usize / channels;
    if colour == ColorType::Rgb8 {
        return Ok(decoder.read_image_boxed(rgb)?);
    }
    if sample_bytes > 2 {
        return Err(Bad::Unsupported("floating-point samples".to_string()));
    }
    let mut samples = vec![0; pixels * channels * sample_bytes];
    decoder.read_image_boxed(&mut samples)?;
    if sample_bytes == 2 {
        let high = if cfg!(target_endian = "little") { 1 } else { 0 };
        samples = samples.chunks_exact(2).map(|sample| sample[high]).collect();
    }
    paint(channels, &samples, rgb);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grey_map_is_grey() {
        let mut rgb = [0; 6];
        assert_eq!(facts(Format::Pnm, b"P5 2 1 255 \x07\xff"), Ok(Facts { width: 2, height: 1, scratch: 1 }));
        assert_eq!(decode(Format::Pnm, b"P5 2 1 255 \x07\xff", &mut rgb), Ok(()));
        assert_eq!(rgb, [7, 7, 7, 255, 255, 255]);
    }

    #[test]
    fn another_size_than_promised_is_refused() {
        assert!(matches!(decode(Format::Pnm, b"P5 2 1 255 \x07\xff", &mut [0; 3]), Err(Bad::Damaged(_))));
    }

    #[test]
    fn a_cut_file_is_cut_short() {
        assert_eq!(decode(Format::Pnm, b"P5 2 1 255 \x07", &mut [0; 6]), Err(Bad::CutShort));
        assert_eq!(facts(Format::Bmp, b"BM\0\0"), Err(Bad::CutShort));
    }
}
