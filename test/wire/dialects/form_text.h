// A multipart form, as an HTTP client writes it.
#pragma once

#include <string>

namespace vignette {

class FormText {
public:
    FormText& field(const std::string& name, const std::string& content) {
        return part("name=\"" + name + "\"", content);
    }
    FormText& file(const std::string& name, const std::string& filename, const std::string& content) {
        return part(
            "name=\"" + name + "\"; filename=\"" + filename + "\"\r\nContent-Type: image/jpeg", content
        );
    }

    std::string text() const { return body_ + "--XX--\r\n"; }
    static std::string content_type() { return "multipart/form-data; boundary=XX"; }

private:
    FormText& part(const std::string& head, const std::string& content) {
        body_ += "--XX\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + content + "\r\n";
        return *this;
    }

    std::string body_;
};

}  // namespace vignette
