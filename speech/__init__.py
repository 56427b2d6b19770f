"""Audio to text and text to audio: frames, endpointing, recogniser port and engines, prompts and voices."""
