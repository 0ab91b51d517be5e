"""A BERT encoder (Devlin et al. 2019) with mean pooling as an ONNX graph, built from its weights without torch.

int8 follows Dettmers et al. (2022, LLM.int8) in scaling by rows and columns: each weight column and each token's
activations get a scale of their own. A token's result thus never depends on what else is in its batch, which
per-tensor dynamic quantization, the usual choice, cannot promise (cosine 0.985 between batched and single).
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError

if TYPE_CHECKING:
    import onnx

OPSET = 20
FUSED = "com.microsoft"  # ONNX Runtime's own operators; present in every build of it


def encoder_graph(
    config: dict[str, Any], weights: dict[str, np.ndarray], precision: str = "float32"
) -> "onnx.ModelProto":
    """The graph: input_ids, attention_mask (b, s) int64 -> pooled (b, hidden) float32, the mean over unmasked tokens.

    config: a BertModel's config.json. weights: its safetensors. Raises ModelError for any other architecture.
    """
    _check(config)
    build = _Builder(weights, precision)
    hidden = _embed(build, config)
    for layer in range(config["num_hidden_layers"]):
        hidden = _layer(build, config, hidden, f"encoder.layer.{layer}.")
    return build.model(_mean(build, hidden), int(config["hidden_size"]))


def _check(config: dict[str, Any]) -> None:
    supported = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    unsupported = [f"{name} {config[name]}" for name, value in supported.items() if config.get(name, value) != value]
    if unsupported:
        message = f"This model can't be turned into ONNX here ({', '.join(unsupported)})."
        raise ModelError(message, "Use a local folder.")


class _Builder:
    """Collects nodes and constants; every method gives the name of the value it adds."""

    def __init__(self, weights: dict[str, np.ndarray], precision: str) -> None:
        self.weights, self.precision = weights, precision
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray] = {}
        self.scaled: dict[str, tuple[str, str]] = {}  # values in bytes with their scales, by the value they came from
        self.mask = ""

    def constant(self, name: str, value: Any) -> str:
        self.constants.setdefault(name, np.asarray(value, order="C"))
        return name

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        from onnx import helper

        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **attributes))
        return name

    def parameter(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def axes(self, *axes: int) -> str:
        return self.constant(f"axes{axes}", np.array(axes, np.int64))

    def linear(self, x: str, name: str) -> str:
        """x @ W.T + b, in the selected precision."""
        if self.precision == "int8":
            product = self._matmul_int8(x, name)
        else:
            product = self.op("MatMul", x, self.constant(f"{name}.w", self.weights[f"{name}.weight"].T))
        return self.op("Add", product, self.parameter(f"{name}.bias"))

    def norm(self, x: str, name: str, epsilon: float) -> str:
        weight, bias = self.parameter(f"{name}.weight"), self.parameter(f"{name}.bias")
        return self.op("LayerNormalization", x, weight, bias, epsilon=epsilon)

    def _matmul_int8(self, x: str, name: str) -> str:
        columns = self.weights[f"{name}.weight"].T
        scale = np.maximum(np.abs(columns).max(axis=0), 1e-12).astype(np.float32) / 127
        rounded, row_scale = self._rows_to_bytes(x)
        bytes_of = self.constant(f"{name}.q", np.rint(columns / scale).astype(np.int8))
        step, scales = self.constant("step", np.float32(1 / 127)), self.constant(f"{name}.scale", scale)
        middle = self.constant("middle", np.uint8(128))
        zero = self.constant(f"{name}.zero", np.zeros(len(scale), np.int8))
        product = self.op("MatMulIntegerToFloat", rounded, bytes_of, step, scales, middle, zero, domain=FUSED)
        return self.op("Mul", product, row_scale)

    def _rows_to_bytes(self, x: str) -> tuple[str, str]:
        """x scaled to [-1, 1] by rows and rounded to bytes, and the rows' scales; made once for query, key, value."""
        if x not in self.scaled:
            largest = self.op("ReduceMax", self.op("Abs", x), self.axes(-1), keepdims=1)
            scale = self.op("Max", largest, self.constant("tiny", np.float32(1e-12)))
            step, middle = self.constant("step", np.float32(1 / 127)), self.constant("middle", np.uint8(128))
            self.scaled[x] = self.op("QuantizeLinear", self.op("Div", x, scale), step, middle), scale
        return self.scaled[x]

    def model(self, output: str, width: int) -> "onnx.ModelProto":
        from onnx import TensorProto, helper, numpy_helper

        self.nodes.append(helper.make_node("Identity", [output], ["pooled"]))
        names = "input_ids", "attention_mask"
        inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"]) for name in names]
        outputs = [helper.make_tensor_value_info("pooled", TensorProto.FLOAT, ["b", width])]
        constants = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "encoder", inputs, outputs, constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def _embed(build: _Builder, config: dict[str, Any]) -> str:
    """Word, position and (always the first) segment embeddings, normalized: (b, s, hidden)."""
    part = "embeddings.{}_embeddings.weight".format
    positions = build.weights[part("position")] + build.weights[part("token_type")][0]
    word_vectors = build.op("Gather", build.parameter(part("word")), "input_ids")
    length = build.op("Shape", "input_ids", start=1, end=2)
    used = build.op("Slice", build.constant("places", positions), build.axes(0), length)
    return build.norm(build.op("Add", word_vectors, used), "embeddings.LayerNorm", config["layer_norm_eps"])


def _layer(build: _Builder, config: dict[str, Any], x: str, name: str) -> str:
    """Attention and feed-forward, each with its shortcut and normalization after it, as BERT has them."""
    epsilon = config["layer_norm_eps"]
    attended = build.linear(_attention(build, config, x, f"{name}attention.self."), f"{name}attention.output.dense")
    x = build.norm(build.op("Add", x, attended), f"{name}attention.output.LayerNorm", epsilon)
    wide = build.op("Gelu", build.linear(x, f"{name}intermediate.dense"))
    return build.norm(build.op("Add", x, build.linear(wide, f"{name}output.dense")), f"{name}output.LayerNorm", epsilon)


def _attention(build: _Builder, config: dict[str, Any], x: str, name: str) -> str:
    heads, width = config["num_attention_heads"], config["hidden_size"]
    shape = build.constant("by_head", np.array([0, 0, heads, width // heads], np.int64))

    def split(part: str, *order: int) -> str:
        return build.op("Transpose", build.op("Reshape", build.linear(x, name + part), shape), perm=list(order))

    root = build.constant("root", np.float32((width // heads) ** -0.5))
    scores = build.op("MatMul", build.op("Mul", split("query", 0, 2, 1, 3), root), split("key", 0, 2, 3, 1))
    shares = build.op("Softmax", build.op("Add", scores, _mask(build)), axis=-1)
    mixed = build.op("Transpose", build.op("MatMul", shares, split("value", 0, 2, 1, 3)), perm=[0, 2, 1, 3])
    return build.op("Reshape", mixed, build.constant("joined", np.array([0, 0, width], np.int64)))


def _mask(build: _Builder) -> str:
    """0 where a token stands and -1e9 where padding does, (b, 1, 1, s)."""
    if not build.mask:
        absent = build.op("Sub", build.op("Cast", "attention_mask", to=1), build.constant("one", np.float32(1)))
        far = build.op("Mul", absent, build.constant("far", np.float32(1e9)))
        build.mask = build.op("Unsqueeze", far, build.axes(1, 2))
    return build.mask


def _mean(build: _Builder, hidden: str) -> str:
    """The mean over the tokens that are not padding, (b, hidden)."""
    present = build.op("Cast", "attention_mask", to=1)
    total = build.op("MatMul", build.op("Unsqueeze", present, build.axes(1)), hidden)
    count = build.op("ReduceSum", present, build.axes(1), keepdims=1)
    return build.op("Div", build.op("Squeeze", total, build.axes(1)), count)
