// What photo libraries ask: Immich's machine learning (docs/api/immich.md) and PhotoPrism's Vision API
// (docs/api/photoprism.md).
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void immich_predict(Call call);

void photoprism_caption(Call call);
void photoprism_labels(Call call);
void photoprism_nsfw(Call call);
void photoprism_face(Call call);

}  // namespace vignette
