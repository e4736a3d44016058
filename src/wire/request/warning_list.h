// Warnings about ignored fields, limited in number: a job full of unknown fields must not cause a huge
// answer. One thread.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "vignette/job.h"

namespace vignette {

class WarningList {
public:
    explicit WarningList(std::size_t warnings_max) : warnings_max_(warnings_max) {}

    // Takes a function, because finding a suggestion takes time and a body may hold a million unknown fields.
    template <class Message>
    void add(const std::string& path, Message&& message) {
        if (list_.size() < warnings_max_) {
            list_.push_back({.field = path, .message = std::forward<Message>(message)()});
        } else {
            ++unnamed_;
        }
    }

    const std::vector<Warning>& named() const { return list_; }

    std::vector<Warning> finish(const std::string& path) {
        if (unnamed_ > 0) {
            list_.push_back(
                {.field = path, .message = "and " + std::to_string(unnamed_) + " more fields were ignored"}
            );
        }
        return std::move(list_);
    }

private:
    std::size_t warnings_max_;
    std::vector<Warning> list_;
    std::size_t unnamed_ = 0;
};

}  // namespace vignette
