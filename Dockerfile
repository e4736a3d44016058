# syntax=docker/dockerfile:1
# SPDX-License-Identifier: Apache-2.0
# Vignette as a RunPod serverless worker: docker build --platform linux/amd64 -t YOU/vignette:0.1.0 .
#   docker run --rm --gpus all YOU/vignette:0.1.0 vignette doctor
#   docker run --rm -v "$PWD:/pictures" YOU/vignette:0.1.0 vignette caption /pictures/photo.jpg
# The first stage is a plain Debian 12 on which the project sets itself up; the second holds only what runs.
# For hosts whose driver knows no CUDA 13: TORCH_INDEX, an index with other wheels of libtorch, and with it CUDA_MIN, the
# least CUDA that a driver must know. docs/deploy-runpod.md has both for each flavour.
ARG CUDA_MIN=13.0
FROM debian:12 AS build
ARG TORCH_INDEX=
ENV VIGNETTE_CACHE=/opt/vignette-python
WORKDIR /source
COPY scripts scripts
RUN scripts/setup --no-build
COPY . .
RUN --mount=type=cache,target=/root/.cache/ccache --mount=type=cache,target=/root/.cargo/registry \
    --mount=type=cache,target=/source/build/rust \
    scripts/setup && cmake --install build/release --prefix /opt/vignette --strip

FROM debian:12-slim
ARG CUDA_MIN
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates libcurl4 libc-ares2 zlib1g libfmt9 libspdlog1.10 libsimdjson14 libssl3 libsqlite3-0 libutf8proc2 libgomp1 \
        libopencv-core406 libopencv-imgproc406 libopencv-imgcodecs406 libjpeg62-turbo \
        libwebp7 libwebpdemux2 libheif1 libgif7 libdeflate0 libraw20 libseccomp2 libhiredis0.14 libprometheus-cpp-core1.0 \
        libavformat59 libavcodec59 libavutil57 libswscale6 && \
    rm -rf /var/lib/apt/lists/* && useradd --create-home vignette
# libtorch and the CUDA libraries it opens, in the wheels' own layout: their library paths are relative to each other.
# The last two lines name what none of them opens: for several GPUs, profilers, and other programs (250 MB).
RUN --mount=type=bind,from=build,source=/opt/vignette-python,target=/wheels \
    mkdir /opt/vignette-python && cd /wheels && \
    find . \( -path '*/site-packages/torch/lib/*.so*' -o -path '*/site-packages/nvidia/*/lib/*.so*' \) \
        ! -name 'libtorch_python*' ! -path '*/triton/*' \
        ! -name '*cusolverMg*' ! -name '*nvperf*' ! -name '*pcsampling*' ! -name '*checkpoint*' ! -name '*nvblas*' \
        ! -name '*cufftw*' ! -name '*.alt.so*' -print0 | xargs -0 cp --parents -t /opt/vignette-python
COPY --from=build /opt/vignette /opt/vignette
COPY test_input.json /home/vignette/
ENV PATH=/opt/vignette/bin:$PATH OPENCV_IO_MAX_IMAGE_PIXELS=100000000 NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility RUNPOD_MIN_CUDA_VERSION=$CUDA_MIN
# Root on purpose: RunPod's network volume belongs to root, and the Hub's test bed installs its own packages into the
# image. Elsewhere `docker run --user vignette` does.
WORKDIR /home/vignette
# No new jobs, those in work are finished and posted, VIGNETTE_GRACE_S (25) seconds at most. Whoever sends the signal
# must wait a little longer than that: docker stop --time 30.
STOPSIGNAL SIGTERM
# No ENTRYPOINT: the Hub's test bed runs these words by `sh -c`, and there they must be a whole command, too.
CMD ["vignette", "worker"]
