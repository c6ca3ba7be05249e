"""The `claw` command. Each subcommand speaks to people, and to programs with --json (stdout carries only such lines)."""

import argparse
import asyncio
import json
import logging
import os
import sqlite3
import sys
from collections.abc import Callable, Iterable
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from claw import __version__
from claw.config import Config, ConfigError, data_folder, load
from claw.console import show
from claw.console.client import Client, Down

EX_CONFIG = 78  # sysexits.h: systemd does not restart on it


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit status: 0 well, 1 not, 2 wrong use, 78 bad configuration."""
    args = parser().parse_args(argv)
    try:
        return int(args.run(args))
    except ConfigError as error:
        print(error, file=sys.stderr)
        return EX_CONFIG
    except BrokenPipeError:  # whoever read us has read enough (`| head`); what is still buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Down, RuntimeError, OSError) as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(prog="claw", description="A house agent: finds the devices and obeys what you write.")
    top.add_argument("--version", action="version", version=f"claw {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], int], help: str, under: Any = commands) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = under.add_parser(name, help=help, description=help)
        made.add_argument("--config", type=Path, help="config.toml (default: all defaults)")
        made.add_argument("--data", default="", help="data folder (default: $XDG_DATA_HOME/claw)")
        made.add_argument("--json", action="store_true", help="one JSON object a line")
        made.set_defaults(run=run)
        return made

    run_ = add("run", run, "run the daemon on this network")
    run_.add_argument(
        "--listen", default="", metavar="ADDRESS", type=_address, help="put the page on this address and print a QR code"
    )
    add("chat", chat, "talk with the running claw")
    say_ = add("say", say, "say one thing and read the answer")
    say_.add_argument("text")
    say_.add_argument("--explain", action="store_true", help="show how it is read; does nothing")
    say_.add_argument("--dry-run", action="store_true", help="show what would be done; does nothing")
    add("devices", devices, "the house room by room")
    add("discover", discover, "what was found on the network and what became of it")
    add("status", status, "how the daemon fares")
    log_ = add("log", log, "what was wanted and what came of it")
    log_.add_argument("--limit", type=int, default=50)
    routines_ = add("routines", routines, "routines, reminders and timers: list, pause, resume or delete them")
    routines_.add_argument("verb", nargs="?", default="list", choices=["list", "pause", "resume", "delete"])
    routines_.add_argument("id", nargs="?", type=int, metavar="ID", help="the number that the list shows")
    web_ = add("web", web, "print an address with a one-time code for a phone, or sign phones out")
    web_.add_argument("--sign-out", metavar="all|ID", type=_phone, help="sign this phone out, or all")
    memory_ = add("memory", memory, "what the claw remembers: its pages, their versions, and back to an older one")
    memory_.add_argument("verb", choices=("list", "show", "versions", "restore"), nargs="?", default="list")
    memory_.add_argument("page", nargs="?", default="")
    memory_.add_argument("version", nargs="?", default="", help="a number of `claw memory versions PAGE`; default: the last")
    add("pair", pair, "ask again for the codes and buttons of what is not paired")
    skill = commands.add_parser("skill", help="skills").add_subparsers(required=True, metavar="COMMAND")
    add("list", skill_list, "the skills and whether they can be used", skill)
    new = add("new", skill_new, "write a skill that works at once, with a virtual device and a test beside it", skill)
    new.add_argument("name", help="such as desk_lamp")
    new.add_argument("--like", default="light", metavar="KIND", help="light, switch, shade, lock ... (default: light)")
    new.add_argument("--to", type=Path, metavar="FOLDER", help="default: the skills folder of the data folder")
    check_ = add("check", skill_check, "whether a skill is right; imports the file, and runs nothing else of it", skill)
    check_.add_argument("file", type=Path)
    try_ = add("try", skill_try, "run the test beside a skill (test_NAME.py) against its virtual device", skill)
    try_.add_argument("file", type=Path)
    try_.add_argument("--serve", action="store_true", help="only be the virtual device, for a claw that runs")
    config = commands.add_parser("config", help="configuration").add_subparsers(required=True, metavar="COMMAND")
    check = add("check", config_check, "whether a config file is right", config)
    check.add_argument("file", type=Path, nargs="?")
    evaluate = add("eval", eval_, "say the sentences of evaluation files to simulated houses")
    evaluate.add_argument("files", type=Path, nargs="+")
    evaluate.add_argument("--failures", action="store_true", help="list the cases that are not ok")
    add("doctor", doctor, "what this machine and this house lack, each with its remedy")
    backup_ = add("backup", backup, "save the whole house in one file, also while it runs")
    backup_.add_argument("file", type=Path, nargs="?", help="default: claw-backup-DATE.tar.gz here")
    backup_.add_argument("--without-secrets", action="store_true", help="leave out the keys; all devices are paired anew then")
    restore_ = add("restore", restore, "put a backup in the place of the data folder, which is kept beside it")
    restore_.add_argument("file", type=Path)
    demo_ = add("demo", demo, "a virtual house, a daemon that finds it, and a chat")
    demo_.add_argument("--say", action="append", metavar="TEXT", help="say this and end (may be repeated)")
    return top


def _config(args: argparse.Namespace) -> Config:
    return load(args.config)


def _client(args: argparse.Namespace) -> Client:
    return Client(data_folder(args.data, _config(args)))


def _print(args: argparse.Namespace, rows: Iterable[Any], words: Callable[[Any], str]) -> int:
    for row in rows:
        print(json.dumps(row, ensure_ascii=False) if args.json else words(row))
    return 0


def run(args: argparse.Namespace) -> int:
    """claw run"""
    config = _config(args)
    from claw.daemon import Busy, serve
    from claw.hosting.secrets import SecretsError
    from claw.store import StoreError, advice

    os.dup2(2, 1)  # a skill's print is for the log
    data = data_folder(args.data, config)
    logging.basicConfig(level=config.run.log.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    try:
        asyncio.run(serve(config, data, listen=args.listen))
    except (Busy, SecretsError, StoreError) as error:
        return _failed(str(error))
    except sqlite3.DatabaseError as error:
        return _failed(advice(data / "house.db", error))
    except OSError as error:
        return _failed(f"the data folder {data} cannot be used ({error.strerror or error}): choose another with --data")
    return 0


def _failed(text: str) -> int:
    print(f"claw: {text}", file=sys.stderr)
    return 1


def chat(args: argparse.Namespace) -> int:
    """claw chat"""
    from claw.console.chat import Chat

    client = _client(args)
    client.one("status", "status")
    Chat(client, as_json=args.json).run()
    return 0


def say(args: argparse.Namespace) -> int:
    """claw say"""
    if args.explain or args.dry_run:
        reading = _client(args).one("read", "reading", text=args.text)
        return _print(args, [reading], lambda one: _explained(one, trace=args.explain))
    for line in _client(args).request("say", text=args.text):
        if "message" in line:
            print(line["message"]["text"], file=sys.stderr)
        else:
            _print(args, [line["record"]], lambda record: str(record["reply"]))
    return 0


def _explained(reading: dict[str, Any], *, trace: bool) -> str:
    lines = [f"level: {reading['level']}", *(reading["trace"] if trace else [])]
    lines += [
        f"would {c['ruling']}: {c['command']} {c['args'] or ''} {', '.join(c['targets'])} {c['reason']}" for c in reading["calls"]
    ]
    lines += [f"near: {one}" for one in reading.get("nearest", ())]
    lines += [f"would say: {reading['reply']}"] if reading.get("reply") else []
    lines += [f"would ask: {', '.join(reading['options'])}"] if reading.get("options") else []
    return "\n".join(line.rstrip() for line in lines)


def devices(args: argparse.Namespace) -> int:
    """claw devices"""
    rows = [line["device"] for line in _client(args).request("devices")]
    if args.json:
        return _print(args, rows, str)
    print("\n".join(show.rooms(rows)) or "no devices yet: `claw discover` shows what was found")
    return 0


def discover(args: argparse.Namespace) -> int:
    """claw discover"""
    rows = [line["service"] for line in _client(args).request("discover")]
    return _print(
        args, rows, lambda s: f"{s['state']:<11} {s['skill']:<9} {s['host']}:{s['port']} {s['name']} {s['problem']}".rstrip()
    )


def status(args: argparse.Namespace) -> int:
    """claw status"""
    return _print(args, [_client(args).one("status", "status")], lambda data: "\n".join(show.status(data)))


def log(args: argparse.Namespace) -> int:
    """claw log"""
    return _print(args, (line["event"] for line in _client(args).request("log", limit=args.limit)), show.event)


def memory(args: argparse.Namespace) -> int:
    """claw memory"""
    verb = "recall" if args.verb == "list" else args.verb
    slots = {"page": args.page, "version": args.version, "whole": True}
    record = _client(args).one("request", "record", request={"about": "memory", "verb": verb, "slots": slots})
    return _print(args, [record], lambda one: str(one["reply"]))


def pair(args: argparse.Namespace) -> int:
    """claw pair"""
    return _print(
        args, [{"asked": _client(args).one("pair", "asked")}], lambda one: f"{one['asked']} asked again; answer in `claw chat`"
    )


def routines(args: argparse.Namespace) -> int:
    """claw routines"""
    client = _client(args)
    rows = [line["routine"] for line in client.request("routines")]
    if args.verb == "list":
        return _print(args, rows, show.routine) if rows or args.json else _print(args, ["there are no routines yet"], str)
    if args.id not in [row["id"] for row in rows]:
        return _failed(f"there is no routine {args.id}" if args.id else f"which one? claw routines {args.verb} ID")
    wish = {"about": "routines", "verb": args.verb, "slots": {"id": args.id}}
    return _print(args, [client.one("request", "record", request=wish)], lambda record: str(record["reply"]))


def web(args: argparse.Namespace) -> int:
    """claw web"""
    from claw.web.card import card

    asked = {} if args.sign_out is None else {"sign_out": args.sign_out}
    (page,) = _client(args).request("page", **asked)
    if asked:
        return _print(args, [page], lambda one: f"signed out: {one['signed_out']}")
    if not page["address"]:
        return _failed("there is no page now: `claw status` says why, or it is switched off ([web] enabled)")
    phones = "\n".join(f"  {one['id']:>3} {one['name']}" for one in page["phones"])
    known = f"\nPhones that may use it (`claw web --sign-out ID`):\n{phones}" if phones else ""
    return _print(args, [page], lambda one: card(one["address"], here=one["here"]) + known)


def _phone(text: str) -> int | str:
    return text if text == "all" else int(text)


def _address(text: str) -> str:
    return text and str(ip_address(text))


_phone.__name__, _address.__name__ = "all or id", "address"  # argparse says "invalid ... value"


def skill_list(args: argparse.Namespace) -> int:
    """claw skill list"""
    from claw.hosting.loading import scan, shipped

    files, wrong = scan([shipped(), data_folder(args.data, _config(args)) / "skills"])
    rows = [
        {
            "name": f.name,
            "doc": f.doc,
            "looks_for": [f"{m.via} {m.what}".strip() for m in f.matchers],
            "problem": f.problem,
            "path": str(f.path),
        }
        for f in files.values()
    ]
    for reason in wrong:
        print(f"! {reason}", file=sys.stderr)
    _print(args, rows, lambda r: f"{r['name']:<10} {r['problem'] or ', '.join(r['looks_for'])}")
    return 1 if wrong or any(row["problem"] for row in rows) else 0


def skill_new(args: argparse.Namespace) -> int:
    """claw skill new"""
    from claw.authoring.new import steps, write

    live = data_folder(args.data, _config(args)) / "skills"
    skill, test = write(args.name, args.like, args.to or live)
    row = {"skill": str(skill), "test": str(test), "steps": steps(skill, live)}
    return _print(args, [row], lambda row: "\n".join([f"wrote {row['skill']}", f"wrote {row['test']}", *row["steps"]]))


def skill_check(args: argparse.Namespace) -> int:
    """claw skill check"""
    from claw.authoring.check import check

    found = check(args.file)
    rows = [{"file": str(args.file), **vars(one), "words": one.words(args.file)} for one in found]
    _print(args, rows, lambda row: str(row["words"]))
    wrong = any(one.level == "error" for one in found)
    if not wrong and not args.json:
        print(f"{args.file} is right")
    return int(wrong)


def skill_try(args: argparse.Namespace) -> int:
    """claw skill try"""
    import subprocess

    test = args.file.with_name(f"test_{args.file.name.removeprefix('test_')}")
    if not test.is_file():
        return _failed(f"there is no {test}: `claw skill new` writes one beside each skill")
    try:
        serve = ["serve"] if args.serve else []
        return int(subprocess.run([sys.executable, "-P", str(test), *serve], check=False).returncode != 0)
    except KeyboardInterrupt:
        return 0


def config_check(args: argparse.Namespace) -> int:
    """claw config check"""
    try:
        config = load(args.file or args.config)
        from claw.policy import raised

        raised(config.safety.confirm, config.safety.forbid)
    except ConfigError as error:
        mistakes = str(error).splitlines()
        _print(args, [{"mistake": one} for one in mistakes], lambda row: str(row["mistake"]))
        return EX_CONFIG
    return _print(args, [{"ok": True}], lambda _: "the configuration is right")


def eval_(args: argparse.Namespace) -> int:
    """claw eval"""
    from claw.evaluation.evaluate import evaluate

    return evaluate(args.files, failures=args.failures, as_json=args.json)


def doctor(args: argparse.Namespace) -> int:
    """claw doctor"""
    from claw.upkeep.doctor import Finding, examine, words

    config = _config(args)
    found = list(examine(config, data_folder(args.data, config)))
    _print(args, (one.plain() for one in found), lambda row: words(Finding(**row)))
    return 1 if any(one.state == "bad" for one in found) else 0


def backup(args: argparse.Namespace) -> int:
    """claw backup"""
    from claw.upkeep.backup import BackupError
    from claw.upkeep.backup import backup as save

    to = (args.file or Path(f"claw-backup-{date.today():%Y-%m-%d}.tar.gz")).absolute()
    try:
        manifest = save(data_folder(args.data, _config(args)), to, secrets=not args.without_secrets, config=args.config)
    except BackupError as error:
        return _failed(str(error))
    keys = "" if args.without_secrets else " It holds the keys of your devices: keep it like the key of the house."
    row = {"file": str(to), "files": len(manifest["files"]), "bytes": to.stat().st_size, "secrets": not args.without_secrets}
    return _print(args, [row], lambda one: f"saved {one['files']} files in {one['file']} ({one['bytes'] / 1024:.0f} kB).{keys}")


def restore(args: argparse.Namespace) -> int:
    """claw restore"""
    from claw.daemon import Busy
    from claw.upkeep.backup import BackupError
    from claw.upkeep.backup import restore as put_back

    data = data_folder(args.data, _config(args)).absolute()
    try:
        old = put_back(args.file, data)
    except (BackupError, Busy) as error:
        return _failed(str(error))
    skills = sorted(path.stem for path in (data / "skills").glob("*.py"))
    kept = f"; what was there is kept in {old}" if old else ""
    own = f"; skills of its own that will run: {', '.join(skills)}" if skills else ""
    row = {"data": str(data), "kept": old and str(old), "skills": skills}
    return _print(args, [row], lambda one: f"restored {one['data']}{kept}{own}")


def demo(args: argparse.Namespace) -> int:
    """claw demo"""
    try:
        from claw.demo.run import demo as play
    except ModuleNotFoundError as error:
        print(f"claw: the virtual house needs {error.name}: pip install 'claw-house[demo]'", file=sys.stderr)
        return 1
    return int(asyncio.run(play(args.say, as_json=args.json)))


if __name__ == "__main__":
    sys.exit(main())
