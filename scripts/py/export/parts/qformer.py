"""BLIP-2's Q-Former: queries that look at a picture. Module names are the keys of the checkpoint's files."""

from torch import Tensor, nn

from export.parts.bert_parts import BertHeads, DenseAddNorm, DenseGelu


class QFormerAttention(nn.Module):
    def __init__(self, config, source_width: int) -> None:
        super().__init__()
        self.attention = BertHeads(config, source_width)
        self.output = DenseAddNorm(config.hidden_size, config.hidden_size, config.layer_norm_eps)

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        return self.output(self.attention(x, source), x)


class QFormerLayer(nn.Module):
    def __init__(self, config, index: int) -> None:
        super().__init__()
        self.attention = QFormerAttention(config, config.hidden_size)
        looks = index % config.cross_attention_frequency == 0
        self.crossattention = QFormerAttention(config, config.encoder_hidden_size) if looks else None
        self.intermediate_query = DenseGelu(config.hidden_size, config.intermediate_size)
        self.output_query = DenseAddNorm(config.intermediate_size, config.hidden_size, config.layer_norm_eps)

    def forward(self, x: Tensor, picture: Tensor) -> Tensor:
        x = self.attention(x, x)
        if self.crossattention is not None:
            x = self.crossattention(x, picture)
        return self.output_query(self.intermediate_query(x), x)


class QFormerEncoder(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.layer = nn.ModuleList([QFormerLayer(config, i) for i in range(config.num_hidden_layers)])

    def forward(self, x: Tensor, picture: Tensor) -> Tensor:
        for layer in self.layer:
            x = layer(x, picture)
        return x


class QFormer(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.encoder = QFormerEncoder(config)

    def forward(self, queries: Tensor, picture: Tensor) -> Tensor:
        return self.encoder(self.layernorm(queries), picture)
