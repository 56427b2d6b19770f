"""What a trained model is: its data, its figures and what it was compared with; kept beside the model as JSON and as a
page for people."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

JSON_NAME: Final = "modelcard.json"
PAGE_NAME: Final = "MODELCARD.md"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Figures on tickets that neither the new nor the old model was trained on, or by five-fold cross-validation where
    they are too few (`how` says which). `previous` figures are None without a model in use that knows the labels."""

    how: str
    count: int
    accuracy: float
    macro_f1: float | None
    previous_accuracy: float | None
    previous_macro_f1: float | None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """`data_sha256` is of the sorted pairs of text and label; `five_fold` the trainer's own figures."""

    made: str
    source: str
    data_sha256: str
    rows: int
    trained_on: int
    labels: Mapping[str, int]
    five_fold: Mapping[str, Any]
    held_out: HeldOut
    replaced: str | None
    forced: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def save(self, folder: Path) -> None:
        text = json.dumps(self.as_json(), ensure_ascii=False, indent=2) + "\n"
        (folder / JSON_NAME).write_text(text, encoding="utf-8")
        (folder / PAGE_NAME).write_text("\n".join(self.page()) + "\n", encoding="utf-8")

    def page(self) -> list[str]:
        """The card in Markdown."""
        held = self.held_out
        figures = f"accuracy {held.accuracy:.4f}" + ("" if held.macro_f1 is None else f", macro-F1 {held.macro_f1:.4f}")
        before = "no model in use knew these labels"
        if held.previous_accuracy is not None:
            before = f"model in use before: accuracy {held.previous_accuracy:.4f}"
            before += "" if held.previous_macro_f1 is None else f", macro-F1 {held.previous_macro_f1:.4f}"
        return [
            "# Category model",
            "",
            f"- made {self.made} from `{self.source}`, {self.rows} tickets, {len(self.labels)} labels",
            f"- trained on {self.trained_on} of them; SHA-256 of the data `{self.data_sha256}`",
            f"- {held.how}, {held.count} tickets: {figures}; {before}",
            f"- replaced: {self.replaced or 'nothing'}" + ("; a worse model was forced" if self.forced else ""),
            "",
            "Five-fold cross-validation:",
            "",
            *(f"- {name}: {_short(value)}" for name, value in self.five_fold.items()),
            "",
            "| label | tickets |",
            "| --- | --- |",
            *(f"| {label} | {count} |" for label, count in sorted(self.labels.items(), key=lambda item: -item[1])),
        ]


def data_digest(pairs: Sequence[tuple[str, str]]) -> str:
    """Of the pairs in any order."""
    total = hashlib.sha256()
    for text, label in sorted(pairs):
        total.update(f"{label}\0{text}\0".encode("utf-8", "surrogatepass"))
    return total.hexdigest()


def counts(pairs: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Tickets a label."""
    return dict(Counter(label for _, label in pairs))


def _short(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
