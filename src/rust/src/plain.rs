//! BMP, PNM, TGA and icons as RGB over white. The crate `image` decodes.

use std::borrow::Cow;
use std::io::{Cursor, ErrorKind};

use image::codecs::{bmp::BmpDecoder, ico::IcoDecoder, pnm::PnmDecoder, tga::TgaDecoder};
use image::{ColorType, ImageDecoder, ImageError};

use crate::paint::{paint, Bad};

#[repr(C)]
#[derive(Clone, Copy)]
pub enum Format {
    Bmp,
    Pnm,
    Tga,
    Ico,
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
        Format::Bmp if !file.starts_with(b"BM") => Box::new(BmpDecoder::new_without_file_header(reader)?),
        Format::Bmp => Box::new(BmpDecoder::new(Cursor::new(with_right_offset(file)))?),
        Format::Pnm => Box::new(PnmDecoder::new(reader)?),
        Format::Tga => Box::new(TgaDecoder::new(reader)?),
        Format::Ico => Box::new(IcoDecoder::new(Cursor::new(with_largest_only(file)))?),
    })
}

/// Some programs write the offset of the pixels as if there were no palette. As Pillow does: they begin after it.
fn with_right_offset(file: &[u8]) -> Cow<'_, [u8]> {
    let number = |at: usize| file.get(at..at + 4).map(|four| u32::from_le_bytes(four.try_into().unwrap()));
    let (Some(pixels_at), Some(header), Some(bits), Some(colours)) =
        (number(10), number(14), number(28).map(|planes_and_bits| planes_and_bits & 0xFFFF), number(46))
    else {
        return Cow::Borrowed(file);
    };
    if header < 40 || bits > 8 {
        return Cow::Borrowed(file);
    }
    let entries = if colours == 0 { 1 << bits } else { colours.min(256) };
    let palette_end = 14 + header + 4 * entries;
    if pixels_at >= palette_end || header > 124 {
        return Cow::Borrowed(file);
    }
    let mut right = file.to_vec();
    right[10..14].copy_from_slice(&palette_end.to_le_bytes());
    Cow::Owned(right)
}

/// The decoder would rather take a smaller picture of more colours.
fn with_largest_only(file: &[u8]) -> Cow<'_, [u8]> {
    let pictures = file.get(4..6).map_or(0, |two| usize::from(u16::from_le_bytes([two[0], two[1]])));
    let side = |byte: u8| if byte == 0 { 256 } else { u32::from(byte) };
    let Some(largest) = file
        .get(6..)
        .unwrap_or_default()
        .chunks_exact(16)
        .take(pictures)
        .max_by_key(|entry| (side(entry[0]) * side(entry[1]), u16::from_le_bytes([entry[6], entry[7]])))
    else {
        return Cow::Borrowed(file);
    };
    let mut right = file.to_vec();
    right[4..6].copy_from_slice(&1_u16.to_le_bytes());
    right[6..22].copy_from_slice(largest);
    Cow::Owned(right)
}

/// A Targa of version 2 may say, in its extension area, that the fourth byte of its pixels is not alpha.
fn is_opaque_targa(format: Format, file: &[u8]) -> bool {
    if !matches!(format, Format::Tga) || !file.ends_with(b"TRUEVISION-XFILE.\0") || file.len() < 26 {
        return false;
    }
    let footer = file.len() - 26;
    let extension = u32::from_le_bytes(file[footer..footer + 4].try_into().unwrap()) as usize;
    extension > 0 && file.get(extension + 494) == Some(&0)
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
    if channels == 4 && is_opaque_targa(format, file) {
        samples.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255);
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
