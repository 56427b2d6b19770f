"""A speech model small enough to read: a real streaming transducer in ONNX whose whole language is two tones.

A tone of 300 Hz is the character 低, one of 2,000 Hz the character 高. sherpa-onnx loads it as it loads a model of a
hundred megabytes, so its front end, search, states and results are all the real ones; only the network is tiny. The
encoder takes the mean of 16 frames of 80 log-mel values, the joiner looks at the two bands, and what was said last is
not said again at once.
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from speech.frames import RATE, to_pcm

__all__ = ["HIGH_HERTZ", "LOW_HERTZ", "tones", "write_tone_model"]

LOW_HERTZ: Final = 300.0
HIGH_HERTZ: Final = 2_000.0
_MELS: Final = 80
_FRAMES: Final = 16
_FLOAT: Final = TensorProto.FLOAT


def tones(*hertz: float, seconds: float = 0.5) -> bytes:
    """Tones of `seconds` each at 8,000 Hz with as much silence after each; 0 Hz is silence."""
    at = np.arange(round(seconds * RATE)) / RATE
    pieces = [piece for each in hertz for piece in (0.3 * np.sin(2 * np.pi * each * at), np.zeros(len(at)))]
    return to_pcm(np.concatenate([np.zeros(RATE // 5), *pieces]).astype(np.float32))


def write_tone_model(folder: Path) -> Path:
    """The folder with encoder, decoder, joiner and tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokens.txt").write_text("<blk> 0\n低 1\n高 2\n", encoding="utf-8")
    state = {"h": _value("h", [1, "N", 1]), "c": _value("c", [1, "N", 1])}
    _save(
        folder / "encoder.onnx",
        [
            helper.make_node("ReduceMean", ["x"], ["encoder_out"], axes=[1], keepdims=1),
            *(helper.make_node("Identity", [name], [f"next_{name}"]) for name in state),
        ],
        [_value("x", ["N", "T", _MELS]), *state.values()],
        [_value("encoder_out", ["N", 1, _MELS]), _value("next_h", [1, "N", 1]), _value("next_c", [1, "N", 1])],
        {"model_type": "lstm", "num_encoder_layers": 1, "T": _FRAMES, "decode_chunk_len": _FRAMES}
        | {"rnn_hidden_size": 1, "d_model": 1},
    )
    _save(
        folder / "decoder.onnx",
        [
            helper.make_node("Slice", ["y", "from", "to", "axis"], ["last"]),
            helper.make_node("Cast", ["last"], ["decoder_out"], to=_FLOAT),
        ],
        [helper.make_tensor_value_info("y", TensorProto.INT64, ["N", 2])],
        [_value("decoder_out", ["N", 1])],
        {"vocab_size": 3, "context_size": 2},
        {"from": np.array([1]), "to": np.array([2]), "axis": np.array([1])},
    )
    _save(
        folder / "joiner.onnx",
        [
            helper.make_node("MatMul", ["encoder_out", "bands"], ["heard"]),
            helper.make_node("Add", ["heard", "bias"], ["wanted"]),
            # 1 where the last word is this word, else 0: words are whole numbers.
            helper.make_node("Sub", ["decoder_out", "words"], ["apart"]),
            helper.make_node("Abs", ["apart"], ["distance"]),
            helper.make_node("Sub", ["one", "distance"], ["near"]),
            helper.make_node("Relu", ["near"], ["again"]),
            helper.make_node("Mul", ["again", "hundred"], ["damp"]),
            helper.make_node("Sub", ["wanted", "damp"], ["logit"]),
        ],
        [_value("encoder_out", ["N", _MELS]), _value("decoder_out", ["N", 1])],
        [_value("logit", ["N", 3])],
        {"joiner_dim": _MELS},
        {
            "bands": _bands(),
            "bias": np.array([[4.0, 0.0, 0.0]], dtype=np.float32),
            "words": np.array([[99.0, 1.0, 2.0]], dtype=np.float32),
            "one": np.array(1.0, dtype=np.float32),
            "hundred": np.array(100.0, dtype=np.float32),
        },
    )
    return folder


def _bands() -> np.ndarray[Any, np.dtype[np.float32]]:
    """What each word's band has above the mean of all bands; silence, word 0, has nothing."""
    weights = np.zeros((_MELS, 3), dtype=np.float32)
    for word, hertz in ((1, LOW_HERTZ), (2, HIGH_HERTZ)):
        at = round((_mel(hertz) - _mel(20)) / (_mel(7_600) - _mel(20)) * (_MELS + 1)) - 1
        weights[:, word] = -1.0 / _MELS
        weights[at - 1 : at + 2, word] += 1.0 / 3
    return weights


def _mel(hertz: float) -> float:
    return 1127.0 * float(np.log(1.0 + hertz / 700.0))


def _value(name: str, shape: list[int | str]) -> Any:
    return helper.make_tensor_value_info(name, _FLOAT, shape)


def _save(
    path: Path, nodes: list[Any], inputs: list[Any], outputs: list[Any], meta: dict[str, Any], constants: Any = None
) -> None:
    held = [numpy_helper.from_array(value, name) for name, value in (constants or {}).items()]
    graph = helper.make_graph(nodes, path.stem, inputs, outputs, held)
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    network.ir_version = 8
    for name, value in meta.items():
        entry = network.metadata_props.add()
        entry.key, entry.value = name, str(value)
    onnx.checker.check_model(network)
    onnx.save(network, str(path))
