// The C ABI of the Rust crate in this folder: the tokenizer, guides, and the decoders of base64 and PNG. Only
// src/text and src/image include it. Every function may be called from any thread, several on one tokenizer
// at once, except vig_tokenizer_free; a guide takes one call at a time. No panic gets out: it becomes
// VIG_PANICKED and an error text. A pointer that comes with a size of 0 may be null.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum vig_status {
    VIG_OK = 0,
    VIG_BAD_UTF8 = 1,
    VIG_FAILED = 2,
    VIG_PANICKED = 3,
    VIG_BAD_CHARACTER = 4,  // base64: *result is its index in the text
    VIG_CUT_SHORT =
        5,            // base64: the text ends inside a byte, *result is its length; PNG: the file ends early
    VIG_NO_ROOM = 6,  // base64: *result bytes would be enough
    VIG_UNSUPPORTED = 7,  // guide: the tokenizer cannot spell what is asked for
} vig_status;

typedef struct vig_tokenizer vig_tokenizer;
typedef struct vig_guide vig_guide;

// Owned by the caller: give each back once. Empty is {NULL, 0}, which may be given back or not.
typedef struct vig_text {
    uint8_t* data;
    size_t size;
} vig_text;
typedef struct vig_ids {
    int32_t* data;
    size_t size;
} vig_ids;
void vig_text_free(vig_text text);
void vig_ids_free(vig_ids ids);

// `json` is the whole of a tokenizer.json. Its padding and truncation are not used. On anything but VIG_OK
// `*out` is as it was, and `*error` (may be null) says why; so in all functions here.
vig_status vig_tokenizer_load(const uint8_t* json, size_t size, vig_tokenizer** out, vig_text* error);
void vig_tokenizer_free(vig_tokenizer* tokenizer);

vig_status vig_tokenizer_encode(
    const vig_tokenizer* tokenizer, const uint8_t* text, size_t size, bool add_special, vig_ids* out,
    vig_text* error
);
// An id that the vocabulary does not have decodes to nothing.
vig_status vig_tokenizer_decode(
    const vig_tokenizer* tokenizer, const int32_t* ids, size_t size, bool skip_special, vig_text* out,
    vig_text* error
);
// Ascending: those that mean something to the model wherever they stand in a text.
vig_status vig_tokenizer_specials(const vig_tokenizer* tokenizer, vig_ids* out, vig_text* error);
size_t vig_tokenizer_vocabulary(const vig_tokenizer* tokenizer);  // with added tokens
int32_t vig_tokenizer_id_of(const vig_tokenizer* tokenizer, const uint8_t* token, size_t size);  // -1: none

// What may be said next so that the whole is a JSON text of `schema`. The first guide of a tokenizer takes a
// moment longer: what its tokens say is kept for the next ones. A guide may outlive its tokenizer.
vig_status vig_guide_new(
    const vig_tokenizer* tokenizer, const uint8_t* schema, size_t size, vig_guide** out, vig_text* error
);
// One bit for each token into the `size` words, lowest first; `*whole`: the text may end here.
vig_status vig_guide_allowed(vig_guide* guide, uint32_t* out, size_t size, bool* whole, vig_text* error);
// `*whole`: the text may end after this token. After an error the guide is of no more use.
vig_status vig_guide_accept(vig_guide* guide, int32_t token, bool* whole, vig_text* error);
void vig_guide_free(vig_guide* guide);

// Decodes into `out`, whose old content does not matter. `*result` is the decoded length, or as described at
// vig_status. size / 4 * 3 + size % 4 bytes are always enough.
vig_status vig_base64_decode(const uint8_t* text, size_t size, uint8_t* out, size_t capacity, size_t* result);

// Fills `rgb` with the pixels of a PNG, as stored, over white. `capacity` must be three bytes for each of
// them.
vig_status vig_png_decode(const uint8_t* file, size_t size, uint8_t* rgb, size_t capacity, vig_text* error);

// BMP, PNM (PBM, PGM, PPM, PAM), TGA and ICO. What the header says; of an icon, its largest picture.
typedef enum vig_plain_format { VIG_BMP = 0, VIG_PNM = 1, VIG_TGA = 2, VIG_ICO = 3 } vig_plain_format;
typedef struct vig_plain {
    uint32_t width;
    uint32_t height;
    uint32_t scratch;  // bytes for each pixel that decoding needs beside the RGB
} vig_plain;
vig_status vig_plain_facts(
    vig_plain_format format, const uint8_t* file, size_t size, vig_plain* out, vig_text* error
);
// As vig_png_decode().
vig_status vig_plain_decode(
    vig_plain_format format, const uint8_t* file, size_t size, uint8_t* rgb, size_t capacity, vig_text* error
);

#ifdef __cplusplus
}  // extern "C"
#endif
