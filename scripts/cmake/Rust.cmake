# The Rust crate src/rust as the imported target vignette_rust. All presets share one cargo folder, so it is
# built once; cargo's own lock keeps two presets apart. A cargo that is not in step with Cargo.lock fails at once.
find_package(Threads REQUIRED)
find_program(CARGO NAMES cargo HINTS $ENV{HOME}/.cargo/bin REQUIRED)
set(VIGNETTE_RUST_DIR ${CMAKE_SOURCE_DIR}/build/rust CACHE PATH "cargo's target folder, shared by all presets")

set(vignette_rust_crate ${CMAKE_SOURCE_DIR}/src/rust)
set(vignette_rust_library ${VIGNETTE_RUST_DIR}/release/libvignette_rust.a)

# touch: cargo leaves an up-to-date library alone, and ninja would then run cargo again in every build.
add_custom_command(
  OUTPUT ${vignette_rust_library}
  COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${VIGNETTE_RUST_DIR}
          ${CARGO} build --release --locked --manifest-path ${vignette_rust_crate}/Cargo.toml
  COMMAND ${CMAKE_COMMAND} -E touch ${vignette_rust_library}
  DEPENDS ${vignette_rust_crate}/Cargo.toml ${vignette_rust_crate}/Cargo.lock
  DEPFILE ${VIGNETTE_RUST_DIR}/release/libvignette_rust.d
  COMMENT "cargo build vignette_rust (about two minutes the first time)"
  USES_TERMINAL VERBATIM)
add_custom_target(vignette_rust_build DEPENDS ${vignette_rust_library})

add_library(vignette_rust STATIC IMPORTED GLOBAL)
set_target_properties(vignette_rust PROPERTIES
  IMPORTED_LOCATION ${vignette_rust_library}
  INTERFACE_INCLUDE_DIRECTORIES ${vignette_rust_crate})
target_link_libraries(vignette_rust INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)
add_dependencies(vignette_rust vignette_rust_build)
