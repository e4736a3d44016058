"""The families that can be exported. A new one is a file here and a row in FAMILIES.

A family module offers
  FAMILY                        its name in the manifest
  check(config)                 raises ExportError for what its program does not do
  make_program(config)          the module to script; on the meta device
  describe(config)              its parts of the manifest: ties, renames, float32, text, cache, generation
"""

from types import ModuleType

from export.errors import ExportError
from export.families import blip2_opt

# (model_type, model_type of the text_config; "" where there is none) -> module
FAMILIES = {("blip-2", "opt"): blip2_opt}


def find_family(config) -> ModuleType:
    text = getattr(config, "text_config", None)
    key = (config.model_type, getattr(text, "model_type", ""))
    if key in FAMILIES:
        return FAMILIES[key]
    raise ExportError(
        f"this snapshot is of the type {spell(key)}, which cannot be exported yet; "
        f"the known types are: {known_families()}"
    )


def known_families() -> str:
    return ", ".join(f"{spell(key)} [{family.FAMILY}]" for key, family in FAMILIES.items())


def spell(key: tuple[str, str]) -> str:
    model, text = key
    return f"{model} with {text}" if text else model
