//! What Vignette uses of Rust, behind a C ABI: Hugging Face's tokenizer, guides that hold a text to a JSON schema, a
//! SIMD base64 decoder and a PNG decoder. `vignette_rust.h` is the contract; C++ sees nothing else. No panic crosses the
//! boundary.

mod base64;
mod bits;
mod guide;
mod paint;
mod plain;
mod png;
mod schema;
mod spelling;

use std::any::Any;
use std::panic::{catch_unwind, set_hook, AssertUnwindSafe};
use std::sync::Once;
use std::{ptr, slice, str};

use tokenizers::Tokenizer;

pub struct VigTokenizer {
    inner: Tokenizer,
    words: guide::SharedWords,
}

#[repr(C)]
pub struct VigText {
    data: *mut u8,
    size: usize,
}

#[repr(C)]
pub struct VigIds {
    data: *mut i32,
    size: usize,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VigStatus {
    Ok = 0,
    BadUtf8 = 1,
    Failed = 2,
    Panicked = 3,
    BadCharacter = 4,
    CutShort = 5,
    NoRoom = 6,
    Unsupported = 7,
}

type Failure = (VigStatus, String);

fn failed(error: impl ToString) -> Failure {
    (VigStatus::Failed, error.to_string())
}

/// A length of 0 may come with any pointer, null included; `slice::from_raw_parts` would not allow that.
unsafe fn view<'a, T>(data: *const T, size: usize) -> &'a [T] {
    if size == 0 || data.is_null() {
        &[]
    } else {
        slice::from_raw_parts(data, size)
    }
}

unsafe fn text_view<'a>(data: *const u8, size: usize) -> Result<&'a str, Failure> {
    str::from_utf8(view(data, size)).map_err(|error| (VigStatus::BadUtf8, error.to_string()))
}

/// Hands a vector to C as (pointer, length); `take_back` undoes it. An empty one becomes null.
fn give<T>(values: Vec<T>) -> (*mut T, usize) {
    if values.is_empty() {
        return (ptr::null_mut(), 0);
    }
    let values = values.into_boxed_slice();
    let size = values.len();
    (Box::into_raw(values).cast::<T>(), size)
}

unsafe fn take_back<T>(data: *mut T, size: usize) {
    if !data.is_null() {
        drop(Box::from_raw(ptr::slice_from_raw_parts_mut(data, size)));
    }
}

unsafe fn put_text(out: *mut VigText, text: String) {
    if !out.is_null() {
        let (data, size) = give(text.into_bytes());
        out.write(VigText { data, size });
    }
}

fn panic_text(payload: Box<dyn Any + Send>) -> String {
    let what = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "no message",
    };
    format!("Rust code panicked: {what}")
}

/// Runs `call`; an error or a panic becomes a status and, where the caller wants it, a text.
fn guard(error: *mut VigText, call: impl FnOnce() -> Result<(), Failure>) -> VigStatus {
    // The default hook would print a second, unstructured line to the log of a server.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        if !cfg!(test) {
            set_hook(Box::new(|_| {}));
        }
    });
    let outcome = catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|payload| Err((VigStatus::Panicked, panic_text(payload))));
    match outcome {
        Ok(()) => VigStatus::Ok,
        Err((status, text)) => {
            unsafe { put_text(error, text) };
            status
        }
    }
}

fn load(json: &[u8]) -> Result<VigTokenizer, Failure> {
    let mut inner = Tokenizer::from_bytes(json).map_err(failed)?;
    // As transformers does when nobody asks for them: a file that was saved with padding would otherwise put pad
    // tokens after every prompt, and `"strategy": {"Fixed": 10^12}` would end the process for lack of memory.
    inner.with_padding(None);
    inner.with_truncation(None).map_err(failed)?;
    Ok(VigTokenizer { inner, words: Default::default() })
}

/// # Safety
/// `json` has `size` bytes; `out` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_tokenizer_load(
    json: *const u8,
    size: usize,
    out: *mut *mut VigTokenizer,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        let loaded = load(view(json, size))?;
        out.write(Box::into_raw(Box::new(loaded)));
        Ok(())
    })
}

/// # Safety
/// `tokenizer` is null or came from `vig_tokenizer_load` and is given back once.
#[no_mangle]
pub unsafe extern "C" fn vig_tokenizer_free(tokenizer: *mut VigTokenizer) {
    if !tokenizer.is_null() {
        let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(tokenizer))));
    }
}

/// # Safety
/// `tokenizer` is alive; `text` has `size` bytes; `out` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_tokenizer_encode(
    tokenizer: *const VigTokenizer,
    text: *const u8,
    size: usize,
    add_special: bool,
    out: *mut VigIds,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        let text = text_view(text, size)?;
        let encoding = (*tokenizer).inner.encode_fast(text, add_special).map_err(failed)?;
        let ids: Result<Vec<i32>, _> = encoding.get_ids().iter().map(|&id| i32::try_from(id)).collect();
        let (data, size) = give(ids.map_err(|_| failed("a token id does not fit 31 bits"))?);
        out.write(VigIds { data, size });
        Ok(())
    })
}

/// # Safety
/// `tokenizer` is alive; `ids` has `size` elements; `out` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_tokenizer_decode(
    tokenizer: *const VigTokenizer,
    ids: *const i32,
    size: usize,
    skip_special: bool,
    out: *mut VigText,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        // i32 and u32 have one layout; a negative id becomes one that no vocabulary has, and decodes to nothing.
        let ids = view(ids.cast::<u32>(), size);
        let text = (*tokenizer).inner.decode(ids, skip_special).map_err(failed)?;
        put_text(out, text);
        Ok(())
    })
}

/// # Safety
/// `tokenizer` is null or alive.
#[no_mangle]
pub unsafe extern "C" fn vig_tokenizer_vocabulary(tokenizer: *const VigTokenizer) -> usize {
    if tokenizer.is_null() {
        return 0;
    }
    catch_unwind(AssertUnwindSafe(|| (*tokenizer).inner.get_vocab_size(true))).unwrap_or(0)
}

/// # Safety
/// `tokenizer` is alive; `out` is writable; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_tokenizer_specials(
    tokenizer: *const VigTokenizer,
    out: *mut VigIds,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        let added = (*tokenizer).inner.get_added_tokens_decoder();
        let special = added.iter().filter(|(_, token)| token.special);
        let mut ids: Vec<i32> = special.filter_map(|(&id, _)| i32::try_from(id).ok()).collect();
        ids.sort_unstable();
        let (data, size) = give(ids);
        out.write(VigIds { data, size });
        Ok(())
    })
}

/// # Safety
/// `tokenizer` is null or alive; `token` has `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn vig_tokenizer_id_of(
    tokenizer: *const VigTokenizer,
    token: *const u8,
    size: usize,
) -> i32 {
    if tokenizer.is_null() {
        return -1;
    }
    let look = || {
        let token = str::from_utf8(view(token, size)).ok()?;
        i32::try_from((*tokenizer).inner.token_to_id(token)?).ok()
    };
    catch_unwind(AssertUnwindSafe(look)).ok().flatten().unwrap_or(-1)
}

/// # Safety
/// `text` was filled in by this library and is given back once.
#[no_mangle]
pub unsafe extern "C" fn vig_text_free(text: VigText) {
    take_back(text.data, text.size);
}

/// # Safety
/// `ids` was filled in by this library and is given back once.
#[no_mangle]
pub unsafe extern "C" fn vig_ids_free(ids: VigIds) {
    take_back(ids.data, ids.size);
}

/// # Safety
/// `text` has `size` bytes; `out` has room for `capacity` (it may be uninitialised); `result` is writable.
#[no_mangle]
pub unsafe extern "C" fn vig_base64_decode(
    text: *const u8,
    size: usize,
    out: *mut u8,
    capacity: usize,
    result: *mut usize,
) -> VigStatus {
    let work = || {
        let room = if capacity == 0 || out.is_null() {
            &mut []
        } else {
            slice::from_raw_parts_mut(out.cast(), capacity)
        };
        base64::decode(view(text, size), room)
    };
    let (status, value) = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(length)) => (VigStatus::Ok, length),
        Ok(Err(base64::Bad::Character(position))) => (VigStatus::BadCharacter, position),
        Ok(Err(base64::Bad::CutShort)) => (VigStatus::CutShort, size),
        Ok(Err(base64::Bad::NoRoom(needed))) => (VigStatus::NoRoom, needed),
        Err(_) => (VigStatus::Panicked, 0),
    };
    if !result.is_null() {
        result.write(value);
    }
    status
}

/// # Safety
/// `file` has `size` bytes; `rgb` has `capacity`; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_png_decode(
    file: *const u8,
    size: usize,
    rgb: *mut u8,
    capacity: usize,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        let pixels = slice::from_raw_parts_mut(rgb, capacity);
        png::decode(view(file, size), pixels).map_err(status_of)
    })
}

fn status_of(bad: paint::Bad) -> (VigStatus, String) {
    match bad {
        paint::Bad::CutShort => (VigStatus::CutShort, String::new()),
        paint::Bad::Unsupported(what) => (VigStatus::Unsupported, what),
        paint::Bad::Damaged(why) => (VigStatus::Failed, why),
    }
}

/// # Safety
/// `file` has `size` bytes; `out` is writable, `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_plain_facts(
    format: plain::Format,
    file: *const u8,
    size: usize,
    out: *mut plain::Facts,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        *out = plain::facts(format, view(file, size)).map_err(status_of)?;
        Ok(())
    })
}

/// # Safety
/// `file` has `size` bytes; `rgb` has `capacity`; `error` is null or writable.
#[no_mangle]
pub unsafe extern "C" fn vig_plain_decode(
    format: plain::Format,
    file: *const u8,
    size: usize,
    rgb: *mut u8,
    capacity: usize,
    error: *mut VigText,
) -> VigStatus {
    guard(error, || {
        plain::decode(format, view(file, size), slice::from_raw_parts_mut(rgb, capacity)).map_err(status_of)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = r#"{"version":"1.0","padding":{"strategy":{"Fixed":1000000000000},"direction":"Right",
        "pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"a"},
        "model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"},
        "pre_tokenizer":{"type":"Whitespace"},"added_tokens":[]}"#;

    #[test]
    fn hostile_files_are_errors() {
        let deep = "[".repeat(1_000_000);
        let bad_model = r#"{"version":"1.0","model":{"type":"BPE","vocab":{"a":0},"merges":[["x","y"]]}}"#;
        for json in ["", "{", "null", "[]", "\0", deep.as_str(), bad_model] {
            let (mut out, mut error) = (ptr::null_mut(), VigText { data: ptr::null_mut(), size: 0 });
            let status = unsafe { vig_tokenizer_load(json.as_ptr(), json.len(), &mut out, &mut error) };
            assert_eq!(status, VigStatus::Failed);
            assert!(out.is_null() && error.size > 0);
            unsafe { vig_text_free(error) };
        }
    }

    #[test]
    fn saved_padding_is_dropped() {
        let tokenizer = load(TINY.as_bytes()).ok().expect("a good file");
        let (mut ids, text) = (VigIds { data: ptr::null_mut(), size: 0 }, "a b");
        let status = unsafe {
            vig_tokenizer_encode(&tokenizer, text.as_ptr(), text.len(), true, &mut ids, ptr::null_mut())
        };
        assert_eq!(status, VigStatus::Ok);
        assert_eq!(unsafe { view(ids.data, ids.size) }, [0, 1]);
        unsafe { vig_ids_free(ids) };
    }

    #[test]
    fn a_panic_becomes_an_error_text() {
        let mut error = VigText { data: ptr::null_mut(), size: 0 };
        assert_eq!(guard(&mut error, || panic!("oh {}", "no")), VigStatus::Panicked);
        assert_eq!(unsafe { text_view(error.data, error.size) }.unwrap(), "Rust code panicked: oh no");
        unsafe { vig_text_free(error) };
    }
}
