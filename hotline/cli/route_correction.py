"""`hotline route correction`: what the correction of recognised texts towards the domain's words gains and costs."""

import csv
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.cli.common import in_user_words, print_json, settings_of
from hotline.errors import WrongUse

if TYPE_CHECKING:
    from hotline.twins.correcting import Judged, Recognised


def correction(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="CSV as `hotline route twins` writes it: text, heard, others")],
    by: Annotated[str | None, typer.Option(help="figures for each value of this column, too")] = None,
    changes: Annotated[bool, typer.Option("--changes", help="print each changed text")] = False,
) -> None:
    """Print how many of the domain's terms are wrong before and after correction, and the character error rates.

    A column `terms` (apart by |) names the terms of a sentence; without it they are found in the text.
    """
    # Imported here: `hotline route TEXT` should not wait for the corrector's libraries.
    from hotline.twins.correcting import figures, judge
    from ivr.domain_terms import domain_corrector, domain_terms
    from routing.router import Router

    rows = [row for file in files for row in _rows(file, by)]
    with in_user_words():
        router = Router.load(classifier=settings_of(context).ivr.classifier)
        terms = frozenset(term for term in domain_terms(router) if len(term) > 1)
        correct = domain_corrector(router).correct
        groups: dict[str, list[Judged]] = {}
        for row in rows:
            judged = judge(_recognised(row, terms), correct)
            groups.setdefault(row[by] if by else "", []).append(judged)
            if changes and judged.corrected.changes:
                _print_change(judged)
        everything = figures([each for judged in groups.values() for each in judged])
        found = {value: figures(judged).as_json() for value, judged in groups.items()} if by else {}
    print_json({"all": everything.as_json(), **({by: found} if by else {})}, indent=2)


def confusions(
    files: Annotated[list[Path], typer.Argument(help="CSV as `hotline route twins` writes it: text, heard")],
    out: Annotated[Path, typer.Option(help="the counts, as speech/text/confusions.csv")],
    only: Annotated[str | None, typer.Option(help="COLUMN=VALUE: of files with the column, only such rows")] = None,
    characters: Annotated[bool, typer.Option("--characters", help="also the characters that were written")] = False,
) -> None:
    """Count what the recogniser makes of syllables, on texts that were said and heard."""
    from speech.text.confusions import count, count_characters, write

    column, _, value = (only or "").partition("=")
    pairs = [
        (row["text"], row["heard"])
        for file in files
        for row in _rows(file, None)
        if not column or row.get(column, value) == value
    ]
    counts = count(pairs)
    written = count_characters(heard for _, heard in pairs) if characters else {}
    write(out, counts | written)
    print_json({"texts": len(pairs), "kinds": len(counts), "syllables": sum(counts.values()) // 2})


def add_to(group: typer.Typer) -> Callable[..., None]:
    """The commands, as two of the commands of `hotline route`."""
    group.command("confusions")(confusions)
    return group.command("correction")(correction)


def _rows(file: Path, by: str | None) -> Iterator[dict[str, str]]:
    wanted = {"text", "heard", *([by] if by else [])}
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, restval="")
            if missing := wanted - set(reader.fieldnames or ()):
                raise WrongUse(f"{file}: expected the columns {', '.join(sorted(wanted))}; there is no {min(missing)}")
            yield from reader
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        raise WrongUse(f"{file}: expected a UTF-8 CSV file; {exc}") from exc


def _recognised(row: dict[str, str], known: Collection[str]) -> "Recognised":
    from hotline.twins.correcting import Recognised, terms_in

    marked = tuple(filter(None, row.get("terms", "").split("|"))) if "terms" in row else terms_in(row["text"], known)
    others = filter(None, (row.get("others") or "").split("|"))
    return Recognised(row["text"], marked, (row["heard"], *others))


def _print_change(judged: "Judged") -> None:
    changes = [
        {"before": each.before, "after": each.after, "score": each.score, "at": each.at}
        for each in judged.corrected.changes
    ]
    print_json({"text": judged.recognised.text, "heard": judged.recognised.heard, "changes": changes})
