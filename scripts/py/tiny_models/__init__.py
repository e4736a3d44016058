"""Random tiny models in Hugging Face's form, drawn from a seed: what parity is tested on. A family is a file here.

python -m tiny_models FOLDER --family blip2-opt --seed N
"""

from tiny_models.blip import make_blip, make_blip_base
from tiny_models.blip2 import make_blip2
from tiny_models.blip2_t5 import make_blip2_t5
from tiny_models.clip import make_clip
from tiny_models.llava_next import make_llava_next
from tiny_models.llava_next_video import make_llava_next_video
from tiny_models.qwen_vl import make_qwen2_5_vl, make_qwen3_vl
from tiny_models.video_llava import make_video_llava

MAKERS = {
    "blip2-opt": make_blip2,
    "blip2-t5": make_blip2_t5,
    "llava-next": make_llava_next,
    "llava_next_video": make_llava_next_video,
    "video_llava": make_video_llava,
    "qwen2_5_vl": make_qwen2_5_vl,
    "qwen3_vl": make_qwen3_vl,
    "blip": make_blip,
    "clip": make_clip,
}

# As large as a published checkpoint: for a single look, not for many seeds.
TRUE_SIZE = {"blip-base": make_blip_base}
