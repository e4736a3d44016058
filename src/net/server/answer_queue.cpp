#include "net/server/answer_queue.h"

namespace vignette {

bool AnswerQueue::accepts(Part::Kind kind) const {
    if (detached_ || ended_ || overrun_) return false;
    const bool opens = kind == Part::Kind::whole || kind == Part::Kind::head;
    return opens != begun_;
}

void AnswerQueue::add(Part part) {
    const MutexLock lock(mutex_);
    if (!accepts(part.kind)) return;
    begun_ = true;
    ended_ = part.kind == Part::Kind::whole || part.kind == Part::Kind::end;
    unsent_bytes_ += part.piece.size();
    overrun_ = unsent_bytes_ > unsent_bytes_max_;
    parts_.push_back(std::move(part));
    if (wake_) wake_();  // only posts: the lock keeps the connection alive meanwhile
}

std::optional<AnswerQueue::Part> AnswerQueue::next() {
    const MutexLock lock(mutex_);
    if (parts_.empty()) return std::nullopt;
    Part part = std::move(parts_.front());
    parts_.pop_front();
    unsent_bytes_ -= part.piece.size();
    return part;
}

}  // namespace vignette
