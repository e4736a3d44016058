# syntax=docker/dockerfile:1
# Vignette for a GPU host: docker build -t vignette . && docker run --rm --gpus all vignette caption /path/picture.jpg
# The first stage is a plain Debian 12 on which the project sets itself up; the second holds only what runs.
FROM debian:12 AS build
ENV VIGNETTE_CACHE=/opt/vignette-python
WORKDIR /source
COPY scripts scripts
RUN scripts/setup --no-build
COPY . .
RUN --mount=type=cache,target=/root/.cache/ccache --mount=type=cache,target=/root/.cargo/registry \
    scripts/setup && cmake --install build/release --prefix /opt/vignette --strip

# libtorch and the CUDA libraries it opens, in the wheels' own layout: their library paths are relative to each other.
RUN mkdir -p /runtime && cd /opt/vignette-python && \
    find . \( -path '*/site-packages/torch/lib/*.so*' -o -path '*/site-packages/nvidia/*/lib/*.so*' \) \
        ! -name 'libtorch_python*' ! -path '*/triton/*' -print0 | xargs -0 cp --parents -t /runtime

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates libfmt9 libspdlog1.10 libsimdjson14 libssl3 libgomp1 \
        libopencv-core406 libopencv-imgproc406 libopencv-imgcodecs406 libturbojpeg0 && \
    rm -rf /var/lib/apt/lists/* && useradd --create-home vignette
COPY --from=build /runtime /opt/vignette-python
COPY --from=build /opt/vignette /opt/vignette
ENV PATH=/opt/vignette/bin:$PATH OPENCV_IO_MAX_IMAGE_PIXELS=100000000 NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER vignette
WORKDIR /home/vignette
# The serverless worker takes this place when it exists; until then the image checks itself.
ENTRYPOINT ["vignette"]
CMD ["doctor"]
