// What photo libraries ask: Immich's machine learning (docs/api/immich.md) and PhotoPrism's Vision API
// (docs/api/photoprism.md).
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void immich_predict(const Call& call);

void photoprism_caption(const Call& call);
void photoprism_labels(const Call& call);
void photoprism_nsfw(const Call& call);
void photoprism_face(const Call& call);

}  // namespace vignette
