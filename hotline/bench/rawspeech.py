"""`python -m hotline.bench.rawspeech ENGINE MODEL THREADS FILE…`: the engine with nothing around it.

Decodes every file once, one after the other, in a process of its own, and prints `{"seconds", "elapsed"}` as JSON. It
waits for a line on standard input before it begins, so that loading is not measured.
"""

import json
import sys
import time
from pathlib import Path

from speech.engines import EngineChoice, load
from speech.engines.whole import decode_pcm
from speech.frames import RATE, seconds_of
from speech.settings import SpeechSettings
from speech.wavfile import pcm_of


def main(arguments: list[str]) -> int:
    name, model, threads, *files = arguments
    clips = [pcm_of(Path(file).read_bytes()) for file in files]
    settings = SpeechSettings.model_validate({"threads": int(threads)})
    choice = EngineChoice.of(name, Path(model))
    engine = load(choice, settings)
    decode_pcm(engine, clips[0], RATE)
    print("ready", flush=True)
    for _ in sys.stdin:
        began = time.perf_counter()
        for clip in clips:
            decode_pcm(engine, clip, RATE)
        seconds = sum(seconds_of(len(clip)) for clip in clips)
        print(json.dumps({"seconds": seconds, "elapsed": time.perf_counter() - began}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
