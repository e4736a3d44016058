#include "core/enum_text.h"

#include "vignette/invariant.h"

namespace vignette {

std::string_view to_text(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_json: return "invalid_json";
        case ErrorCode::invalid_input: return "invalid_input";
        case ErrorCode::missing_image: return "missing_image";
        case ErrorCode::too_many_images: return "too_many_images";
        case ErrorCode::bad_base64: return "bad_base64";
        case ErrorCode::empty_image: return "empty_image";
        case ErrorCode::unsupported_media: return "unsupported_media";
        case ErrorCode::truncated_image: return "truncated_image";
        case ErrorCode::undecodable_image: return "undecodable_image";
        case ErrorCode::not_an_image: return "not_an_image";
        case ErrorCode::too_large: return "too_large";
        case ErrorCode::too_many_pixels: return "too_many_pixels";
        case ErrorCode::forbidden_address: return "forbidden_address";
        case ErrorCode::not_found: return "not_found";
        case ErrorCode::refused: return "refused";
        case ErrorCode::prompt_too_long: return "prompt_too_long";
        case ErrorCode::unsupported: return "unsupported";
        case ErrorCode::usage: return "usage";
        case ErrorCode::model_not_found: return "model_not_found";
        case ErrorCode::bundle_invalid: return "bundle_invalid";
        case ErrorCode::weights_invalid: return "weights_invalid";
        case ErrorCode::unavailable: return "unavailable";
        case ErrorCode::overloaded: return "overloaded";
        case ErrorCode::unreachable: return "unreachable";
        case ErrorCode::too_slow: return "too_slow";
        case ErrorCode::shutting_down: return "shutting_down";
        case ErrorCode::out_of_memory: return "out_of_memory";
        case ErrorCode::device_lost: return "device_lost";
        case ErrorCode::cancelled: return "cancelled";
        case ErrorCode::model_failed: return "model_failed";
        case ErrorCode::internal: return "internal";
    }
    panic("ErrorCode out of range");
}

std::string_view to_text(FinishReason reason) {
    switch (reason) {
        case FinishReason::stop: return "stop";
        case FinishReason::length: return "length";
        case FinishReason::loop: return "loop";
    }
    panic("FinishReason out of range");
}

std::string_view to_text(ImageFormat format) {
    switch (format) {
        case ImageFormat::jpeg: return "jpeg";
        case ImageFormat::png: return "png";
        case ImageFormat::webp: return "webp";
        case ImageFormat::bmp: return "bmp";
        case ImageFormat::gif: return "gif";
        case ImageFormat::tiff: return "tiff";
        case ImageFormat::heic: return "heic";
        case ImageFormat::avif: return "avif";
        case ImageFormat::pnm: return "pnm";
        case ImageFormat::tga: return "tga";
        case ImageFormat::ico: return "ico";
        case ImageFormat::raw: return "raw";
    }
    panic("ImageFormat out of range");
}

std::string_view to_text(PixelPath path) {
    switch (path) {
        case PixelPath::whole: return "whole";
        case PixelPath::scaled: return "scaled";
        case PixelPath::preview: return "preview";
        case PixelPath::half: return "half";
    }
    panic("PixelPath out of range");
}

std::string_view to_text(Dtype dtype) {
    switch (dtype) {
        case Dtype::float32: return "float32";
        case Dtype::float16: return "float16";
        case Dtype::bfloat16: return "bfloat16";
        case Dtype::int8: return "int8";
    }
    panic("Dtype out of range");
}

std::string_view to_text(Precision precision) {
    switch (precision) {
        case Precision::fp32: return "fp32";
        case Precision::fp16: return "fp16";
        case Precision::bf16: return "bf16";
        case Precision::int8: return "8bit";
        case Precision::fp8: return "fp8";
    }
    panic("Precision out of range");
}

std::string_view to_text(Preset preset) {
    switch (preset) {
        case Preset::alt_text: return "alt_text";
        case Preset::one_sentence: return "one_sentence";
        case Preset::detailed: return "detailed";
        case Preset::tags: return "tags";
        case Preset::production: return "production";
        case Preset::json: return "json";
        case Preset::grounding: return "grounding";
    }
    panic("Preset out of range");
}

bool retryable(ErrorCode code) {
    switch (code) {
        case ErrorCode::overloaded:
        case ErrorCode::unreachable:
        case ErrorCode::too_slow:
        case ErrorCode::shutting_down:
        case ErrorCode::out_of_memory:
        case ErrorCode::device_lost: return true;
        case ErrorCode::invalid_json:
        case ErrorCode::invalid_input:
        case ErrorCode::missing_image:
        case ErrorCode::too_many_images:
        case ErrorCode::bad_base64:
        case ErrorCode::empty_image:
        case ErrorCode::unsupported_media:
        case ErrorCode::truncated_image:
        case ErrorCode::undecodable_image:
        case ErrorCode::not_an_image:
        case ErrorCode::too_large:
        case ErrorCode::too_many_pixels:
        case ErrorCode::forbidden_address:
        case ErrorCode::not_found:
        case ErrorCode::refused:
        case ErrorCode::prompt_too_long:
        case ErrorCode::unsupported:
        case ErrorCode::usage:
        case ErrorCode::model_not_found:
        case ErrorCode::bundle_invalid:
        case ErrorCode::weights_invalid:
        case ErrorCode::unavailable:
        case ErrorCode::model_failed:
        case ErrorCode::cancelled:
        case ErrorCode::internal: return false;
    }
    panic("ErrorCode out of range");
}

int http_status(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid_json:
        case ErrorCode::invalid_input:
        case ErrorCode::missing_image:
        case ErrorCode::too_many_images:
        case ErrorCode::bad_base64:
        case ErrorCode::empty_image:
        case ErrorCode::prompt_too_long:
        case ErrorCode::unsupported:
        case ErrorCode::usage: return 400;
        case ErrorCode::forbidden_address: return 403;
        case ErrorCode::model_not_found: return 404;
        case ErrorCode::too_large:
        case ErrorCode::too_many_pixels: return 413;
        case ErrorCode::unsupported_media:
        case ErrorCode::not_an_image: return 415;
        case ErrorCode::truncated_image:
        case ErrorCode::undecodable_image:
        case ErrorCode::not_found:
        case ErrorCode::refused: return 422;
        case ErrorCode::overloaded: return 429;
        case ErrorCode::cancelled: return 499;
        case ErrorCode::bundle_invalid:
        case ErrorCode::weights_invalid:
        case ErrorCode::model_failed:
        case ErrorCode::internal: return 500;
        case ErrorCode::unreachable: return 502;
        case ErrorCode::unavailable:
        case ErrorCode::shutting_down:
        case ErrorCode::out_of_memory:
        case ErrorCode::device_lost: return 503;
        case ErrorCode::too_slow: return 504;
    }
    panic("ErrorCode out of range");
}

}  // namespace vignette
