"""The layers of a reference model whose weights the program keeps in fewer bytes, and of which kind each is."""

from torch import nn

KINDS = ("vision", "connector", "embedding", "attention", "mlp", "lm_head")

# In the order of asking; what none of them names belongs to the language model's MLPs.
PARTS = {
    "vision": ("vision_model.", "vision_tower.", "image_tower.", "video_tower.", "visual."),
    "connector": ("qformer.", "language_projection", "multi_modal_projector.", "visual_projection", "text_projection"),
    "attention": ("attn", "ttention"),
}
WORDS = ("embed_tokens", "shared", "token_embedding", "word_embeddings", "position_embeddings")
# Tables of positions that are added as they are; from others, rows are looked up.
KEPT = (".position_embedding", ".embed_positions")


def narrow_layers(model: nn.Module) -> dict[str, nn.Module]:
    """By name: linear layers and tables of which rows are looked up (own_linears.cpp finds the same in a program)."""
    return {
        name: layer
        for name, layer in model.named_modules()
        if isinstance(layer, (nn.Linear, nn.Embedding)) and not name.endswith(KEPT)
    }


def kind_of(name: str) -> str:
    if name.endswith(("lm_head", "cls.predictions.decoder")):
        return "lm_head"
    if name.endswith(WORDS):
        return "embedding"
    return next((kind for kind, parts in PARTS.items() if any(part in name for part in parts)), "mlp")
