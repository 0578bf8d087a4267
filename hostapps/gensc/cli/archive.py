"""`gensc archive`: what a receiver has kept, listed, shown, exported and verified."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gensc.system import terminal
from gensc.system.errors import UserError

if TYPE_CHECKING:
    from gensc.receiver.archive import Archive
    from gensc.receiver.archive.query import Query

Folder = Annotated[Path, typer.Argument(help="The archive of a receiver.")]
Json = Annotated[bool, typer.Option("--json", help="For a script to read.")]
Session = Annotated[str, typer.Option(help="Of this session alone, as file names have it: a3f2.")]
Source = Annotated[str, typer.Option(help="By this source of the receiver alone.")]
Fate = Annotated[str, typer.Option(help="stored, damaged or lost alone.")]
Since = Annotated[str, typer.Option(help="Received since: 2026-03-01, 2026-03-01T12:30 (UTC).")]
Until = Annotated[str, typer.Option(help="Received before.")]
Text = Annotated[str, typer.Option(help="With this in caption or name.")]


def register(app: typer.Typer) -> None:
    """Add the group `archive`."""
    group = typer.Typer(no_args_is_help=True, help="What a receiver has kept.")
    group.command("list")(list_images)
    group.command("show")(show)
    group.command("export")(export)
    group.command("verify")(verify)
    app.add_typer(group, name="archive")


def list_images(
    folder: Folder,
    session: Session = "",
    source: Source = "",
    fate: Fate = "",
    since: Since = "",
    until: Until = "",
    text: Text = "",
    limit: Annotated[int, typer.Option(min=0, help="The newest so many; 0: all.")] = 50,
    as_json: Json = False,
) -> None:
    """List images, the newest first, and how many there are in all."""
    from gensc.receiver.archive.describe import as_dict, row
    from gensc.system.plain import json_text

    query = _query(session, source, fate, since, until, text, limit)
    with _opened(folder) as archive:
        records, sums = archive.find(query), archive.sums(query)
    if as_json:
        listed = {"images": [as_dict(record) for record in records], "sums": sums.as_dict()}
        print(json_text(listed))
        return
    table = terminal.table()
    rows = [row(record) for record in records]
    for heading in rows[0] if rows else ():
        table.add_column(heading, overflow="fold")
    for cells in rows:
        table.add_row(*map(_shown, cells.values()))
    console = terminal.console()
    if rows:
        console.print(table)
    console.print(_sums_line(sums, len(records)), markup=False)


def show(
    folder: Folder,
    key: Annotated[str, typer.Argument(help="Of the image: a3f2-00012.")],
    as_json: Json = False,
) -> None:
    """Show everything that is known of one image."""
    from gensc.receiver.archive.describe import as_dict, lines
    from gensc.system.plain import json_text

    with _opened(folder) as archive:
        record = archive.get(key)
    if record is None:
        raise UserError(f"{folder}: no image {terminal.printable(key)}; gensc archive list has all")
    if as_json:
        print(json_text(as_dict(record)))
        return
    for name, value in lines(record, folder):
        print(f"{name:<18} {terminal.printable(value)}")


def export(
    folder: Folder,
    out: Annotated[Path, typer.Argument(help="Folder for pictures and results.jsonl.")],
    session: Session = "",
    source: Source = "",
    fate: Fate = "",
    since: Since = "",
    until: Until = "",
    text: Text = "",
    as_json: Json = False,
) -> None:
    """Copy pictures and captions, with a line of the results contract for each."""
    from gensc.receiver.archive.export import export as copy
    from gensc.system.plain import json_text

    with _opened(folder) as archive:
        done = copy(archive, archive.find(_query(session, source, fate, since, until, text)), out)
    if as_json:
        print(json_text(vars(done)))
        return
    print(f"exported {done.images} images, {done.files} pictures, {done.lines} lines: {out}")


def verify(folder: Folder, as_json: Json = False) -> None:
    """Hold index, files and pictures against each other; exit status 1 where something is amiss."""
    from gensc.system.plain import json_text

    with _opened(folder) as archive:
        findings, sums = archive.verify(), archive.sums()
    if as_json:
        print(json_text({"findings": [vars(f) for f in findings], "sums": sums.as_dict()}))
    else:
        for finding in findings:
            print(terminal.printable(str(finding)))
        print(f"{len(findings)} findings; {_sums_line(sums, sums.images)}")
    if findings:
        raise typer.Exit(1)


def _opened(folder: Path) -> Archive:
    from gensc.receiver.archive import Archive

    return Archive(folder, read_only=True)


def _query(
    session: str, source: str, fate: str, since: str, until: str, text: str, limit: int = 0
) -> Query:
    from gensc.receiver.archive.query import Query
    from gensc.receiver.archive.record import FATES

    if fate and fate not in FATES:
        raise UserError(f"--fate {fate}: one of {', '.join(FATES)}")
    return Query(
        session=_session(session),
        source=source,
        fate=fate,
        since=_time("--since", since),
        until=_time("--until", until),
        text=text,
        limit=limit,
    )


def _session(told: str) -> int | None:
    try:
        number = int(told, 16) if told else None
    except ValueError:
        number = -1
    if number is not None and not 0 <= number <= 0xFFFF:
        raise UserError(f"--session {told}: four hexadecimal digits, as file names have them")
    return number


def _time(option: str, told: str) -> float | None:
    from datetime import datetime, timezone

    if not told:
        return None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        raise UserError(f"{option} {told}: no time such as 2026-03-01T12:30") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()


def _shown(value: Any) -> str:
    from rich.markup import escape

    return escape(terminal.printable(str(value)))


def _sums_line(sums: Any, shown: int) -> str:
    fates = ", ".join(f"{count} {fate}" for fate, count in sums.fates.items())
    causes = "; ".join(f"{terminal.printable(why)}: {n}" for why, n in sorted(sums.causes.items()))
    size = f"{sums.files} pictures of {sums.bytes / 2**20:.1f} MiB"
    some = f"{shown} shown of " if shown != sums.images else ""
    return f"{some}{sums.images} images: {fates}; {size}" + (f" ({causes})" if causes else "")
