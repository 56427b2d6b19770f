"""sherpa-onnx, the real library, on a model whose language is two tones (`tests.fakes.tone_model`)."""

import asyncio
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from speech.engines import EngineChoice, build, choose
from speech.engines.sherpa import SherpaEngine, model_files
from speech.errors import ModelError
from speech.frames import FrameCutter, to_float, to_pcm
from speech.ports import Bias, Final, Partial, RecognitionEvent
from speech.resample import resample
from speech.settings import SpeechSettings
from tests.fakes.tone_model import HIGH_HERTZ, LOW_HERTZ, tones, write_tone_model

LOW_HIGH = tones(LOW_HERTZ, HIGH_HERTZ)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tone_model(tmp_path_factory.mktemp("models") / "sherpa-tones")


@pytest.fixture(scope="module")
def engine(folder: Path) -> SherpaEngine:
    return SherpaEngine(folder)


def hear(engine: SherpaEngine, pcm: bytes, rate: int = 8_000, bias: Bias | None = None) -> tuple[list[str], str]:
    decoder = engine.open(rate, bias)
    partials = []
    for frame in FrameCutter().feed(pcm):
        decoder.accept(frame)
        if said := decoder.partial():
            partials.append(said)
    return partials, decoder.final().text


def test_partials_grow_while_audio_is_fed_and_the_final_has_all_of_it(engine: SherpaEngine) -> None:
    assert hear(engine, LOW_HIGH) == (["低", "低高"], "低高")


def test_silence_is_nothing(engine: SherpaEngine) -> None:
    assert hear(engine, tones(0.0)) == ([], "")


def test_audio_of_any_rate_is_heard_alike(engine: SherpaEngine) -> None:
    wide = to_pcm(resample(to_float(LOW_HIGH), 8_000, 16_000).astype(np.float32))
    assert hear(engine, wide, 16_000)[1] == "低高"


def test_terms_to_favour_that_the_model_cannot_say_are_left_out(engine: SherpaEngine) -> None:
    assert hear(engine, LOW_HIGH, bias=Bias(grammar=("高低",), terms=("低高", "建设路", "")))[1] == "低高"


def test_a_confident_reading_says_so(engine: SherpaEngine) -> None:
    decoder = engine.open()
    decoder.accept(LOW_HIGH)
    confidence = decoder.final().confidence
    assert engine.capabilities.confidence
    assert confidence is not None
    assert 0.5 < confidence <= 1.0


async def test_it_runs_in_worker_processes_like_every_engine(folder: Path) -> None:
    recogniser = build(EngineChoice("sherpa-onnx", folder, "test"), SpeechSettings(model=folder.name))
    await recogniser.start()
    stream = recogniser.open("call-1")
    stream.feed(LOW_HIGH)
    stream.finish()
    async with asyncio.timeout(30):
        events: list[RecognitionEvent] = [event async for event in stream.events()]
    assert isinstance(events[-1], Final)
    assert events[-1].text == "低高"
    assert all(isinstance(event, Partial) for event in events[:-1])
    assert recogniser.capabilities.streaming
    await recogniser.aclose()


@pytest.mark.fault("F10")
@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        ("tokens.txt", "tokens.txt is missing"),
        ("joiner.onnx", "streaming-paraformer|cannot load|cannot be read"),
        ("encoder.onnx", "expected encoder, decoder and joiner"),
    ],
)
def test_a_model_with_a_part_missing_is_refused(tmp_path: Path, spoil: str, complaint: str) -> None:
    folder = write_tone_model(tmp_path / "sherpa-tones")
    (folder / spoil).unlink()
    if spoil == "joiner.onnx":
        assert model_files(folder).kind == "streaming-paraformer"
    else:
        with pytest.raises(ModelError, match=complaint):
            model_files(folder)


@pytest.mark.fault("F10")
def test_a_truncated_network_is_refused_with_its_name(tmp_path: Path) -> None:
    folder = write_tone_model(tmp_path / "sherpa-tones")
    whole = (folder / "encoder.onnx").read_bytes()
    (folder / "encoder.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=r"encoder\.onnx cannot be read as a network"):
        SherpaEngine(folder)


@pytest.mark.parametrize(
    ("inputs", "kind"),
    [
        (["x", "x_length", "language", "text_norm"], "sense-voice"),
        (["speech", "speech_lengths"], "paraformer"),
        (["x", "cached_key_0", "cached_val_0"], "streaming-ctc"),
    ],
)
def test_the_kind_of_a_model_is_told_from_what_its_network_takes_in(
    tmp_path: Path, inputs: list[str], kind: str
) -> None:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N"]) for name in inputs]
    graph = helper.make_graph(
        [helper.make_node("Sum", inputs, ["y"])],
        "any",
        values,
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N"])],
    )
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
    network.ir_version = 8
    onnx.save(network, str(tmp_path / "model.int8.onnx"))
    (tmp_path / "tokens.txt").write_text("<blk> 0\n")
    assert model_files(tmp_path).kind == kind


def test_a_folder_of_the_operator_is_chosen_before_whisper_and_after_a_chinese_vosk_model(tmp_path: Path) -> None:
    for name in ("whisper-base", "sherpa-onnx-streaming-zipformer-zh"):
        (tmp_path / name).mkdir()
    assert choose(SpeechSettings(), tmp_path).name == "sherpa-onnx"
    assert choose(SpeechSettings(engine="sherpa-onnx"), tmp_path).title == "sherpa-onnx-streaming-zipformer-zh"
    (tmp_path / "vosk-small-cn").mkdir()
    assert choose(SpeechSettings(), tmp_path).name == "vosk"
    with pytest.raises(ModelError, match="expected a folder sherpa-"):
        choose(SpeechSettings(engine="sherpa-onnx"), tmp_path / "none")


@pytest.mark.fault("F10")
def test_a_list_of_tokens_that_broke_off_is_refused(tmp_path: Path) -> None:
    folder = write_tone_model(tmp_path / "sherpa-tones")
    (folder / "tokens.txt").write_text("<blk> 0\n低 1\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"tokens\.txt has 2 lines and its network writes 3 tokens"):
        SherpaEngine(folder)
