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
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from claw import __version__
from claw.config import Config, ConfigError, data_folder, load
from claw.console import show
from claw.console.client import Client, Down

EX_CONFIG = 78  # sysexits.h: systemd does not restart on it
Args = argparse.Namespace
Run = Callable[[Args], int]
Option = tuple[tuple[str, ...], dict[str, Any]]  # what add_argument takes

COMMANDS: dict[str, tuple[str, Run, tuple[Option, ...]]] = {}  # name -> help, what it runs, options
GROUPS = {
    "skill": "Skills.",
    "config": "The configuration.",
    "audit": "The ledger.",
    "mind": "The language model.",
}  # first words of commands of two
ROLES = ("owner", "adult", "child", "guest")
LOOKS = {  # name, which is also the daemon's operation -> help, the key of its answers, and these in words
    "devices": ("The house room by room.", "device", show.rooms),
    "discover": ("What was found on the network and what became of it.", "service", show.services),
    "status": ("How the daemon fares.", "status", show.status),
    "log": ("What was wanted and what came of it.", "event", show.events),
    "costs": ("What the language model cost, and how many messages needed none.", "day", show.costs),
}


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
    commands: Any = top.add_subparsers(required=True, metavar="COMMAND")
    under = {"": commands}
    for group, help in GROUPS.items():
        under[group] = commands.add_parser(group, help=help).add_subparsers(required=True, metavar="COMMAND")
    for name, (help, run, options) in COMMANDS.items():
        group, _, last = name.rpartition(" ")
        made = under[group].add_parser(last, help=help, description=help)
        made.add_argument("--config", type=Path, help="config.toml (default: all defaults)")
        made.add_argument("--data", default="", help="data folder (default: $XDG_DATA_HOME/claw)")
        made.add_argument("--json", action="store_true", help="one JSON object a line")
        for names, how in options:
            made.add_argument(*names, **how)
        made.set_defaults(run=run)
    return top


def option(*names: str, **how: Any) -> Option:
    """An option of a command, as add_argument takes it."""
    return names, how


def command(name: str, *options: Option) -> Callable[[Run], Run]:
    """Make a function the command of this name; its docstring is the help."""

    def mark(run: Run) -> Run:
        COMMANDS[name] = run.__doc__ or "", run, options
        return run

    return mark


def _look(name: str, args: Args) -> int:
    """A command that only shows what the daemon answers."""
    _, key, words = LOOKS[name]
    fields = {"limit": args.limit} if "limit" in args else {}
    rows = [line[key] for line in _client(args).request(name, **fields)]
    return _print(args, rows, str) if args.json else _print(args, words(rows), str)


for _name, (_help, *_) in LOOKS.items():
    COMMANDS[_name] = _help, partial(_look, _name), (option("--limit", type=int, default=50),) * (_name == "log")


def _config(args: Args) -> Config:
    return load(args.config)


def _data(args: Args) -> Path:
    return data_folder(args.data, _config(args))


def _client(args: Args) -> Client:
    return Client(_data(args))


def _print(args: Args, rows: Iterable[Any], words: Callable[[Any], str]) -> int:
    for row in rows:
        print(json.dumps(row, ensure_ascii=False) if args.json else words(row))
    return 0


def _failed(text: str) -> int:
    print(f"claw: {text}", file=sys.stderr)
    return 1


def _phone(text: str) -> int | str:
    return text if text == "all" else int(text)


def _address(text: str) -> str:
    return text and str(ip_address(text))


_phone.__name__, _address.__name__ = "all or id", "address"  # argparse says "invalid ... value"

# -- the daemon


@command("run", option("--listen", default="", metavar="ADDRESS", type=_address,
                       help="put the page on this address and print a QR code"))  # fmt: skip
def run(args: Args) -> int:
    """Run the daemon on this network."""
    config = _config(args)
    from claw.daemon import serve
    from claw.hosting.secrets import Redacting
    from claw.store import advice

    os.dup2(2, 1)  # a skill's print is for the log
    data = data_folder(args.data, config)
    log = logging.StreamHandler()
    log.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=config.run.log.upper(), handlers=[log])
    try:
        asyncio.run(serve(config, data, listen=args.listen))
    except sqlite3.DatabaseError as error:
        return _failed(advice(data / "house.db", error))
    except OSError as error:
        return _failed(f"the data folder {data} cannot be used ({error.strerror or error}): choose another with --data")
    return 0


@command("demo", option("--say", action="append", metavar="TEXT", help="say this and end (may be repeated)"))
def demo(args: Args) -> int:
    """A virtual house, a daemon that finds it, and a chat."""
    try:
        from claw.demo.run import demo as play
    except ModuleNotFoundError as error:
        return _failed(f"the virtual house needs {error.name}: pip install 'claw-house[demo]'")
    return int(asyncio.run(play(args.say, as_json=args.json)))


# -- talking with it


@command("chat")
def chat(args: Args) -> int:
    """Talk with the running claw."""
    from claw.console.chat import Chat

    client = _client(args)
    client.one("status", "status")
    Chat(client, as_json=args.json).run()
    return 0


@command("say", option("text"), option("--explain", action="store_true", help="show how it is read; does nothing"),
         option("--dry-run", action="store_true", help="show what would be done; does nothing"))  # fmt: skip
def say(args: Args) -> int:
    """Say one thing and read the answer."""
    if args.explain or args.dry_run:
        reading = _client(args).one("read", "reading", text=args.text)
        return _print(args, [reading], partial(show.reading, trace=args.explain))
    for line in _client(args).request("say", text=args.text):
        if "message" in line:
            print(_reply({"reply": line["message"]["text"]}, line["message"].get("picture", "")), file=sys.stderr)
        else:
            _print(args, [line["record"]], partial(_reply, picture=line["picture"]))
    return 0


def _reply(record: dict[str, Any], picture: str = "") -> str:
    from claw.console.chat import with_picture

    return with_picture(str(record["reply"]), picture)


@command("memory", option("verb", choices=("list", "show", "versions", "restore"), nargs="?", default="list"),
         option("page", nargs="?", default=""),
         option("version", nargs="?", default="", help="a number of `claw memory versions PAGE`; default: the last"))  # fmt: skip
def memory(args: Args) -> int:
    """What the claw remembers: its pages, their versions, and back to an older one."""
    verb = "recall" if args.verb == "list" else args.verb
    slots = {"page": args.page, "version": args.version, "whole": True}
    wish = {"about": "memory", "verb": verb, "slots": slots}
    return _print(args, [_client(args).one("request", "record", request=wish)], _reply)


@command("train")
def train(args: Args) -> int:
    """Learn from the examples of this house: a small layer, kept only if nothing gets worse."""
    result = _client(args).one("train", "training")
    _print(args, [result], show.training)
    return 0


@command("routines", option("verb", nargs="?", default="list", choices=["list", "pause", "resume", "delete"]),
         option("id", nargs="?", type=int, metavar="ID", help="the number that the list shows"))  # fmt: skip
def routines(args: Args) -> int:
    """Routines, reminders and timers: list, pause, resume or delete them."""
    client = _client(args)
    rows = [line["routine"] for line in client.request("routines")]
    if args.verb == "list":
        return _print(args, rows, show.routine) if rows or args.json else _print(args, ["there are no routines yet"], str)
    if args.id not in [row["id"] for row in rows]:
        return _failed(f"there is no routine {args.id}" if args.id else f"which one? claw routines {args.verb} ID")
    wish = {"about": "routines", "verb": args.verb, "slots": {"id": args.id}}
    return _print(args, [client.one("request", "record", request=wish)], _reply)


@command("pair", option("code", nargs="?", default="", help="the code that a stranger was shown: lets them in"),
         option("--name", default="", help="what they are called here; somebody known gets one more address"),
         option("--role", choices=ROLES, default="", help="default: guest"),
         option("--phone", default="", metavar="NUMBER", help="of `pair whatsapp`: a code to type there"))  # fmt: skip
def pair(args: Args) -> int:
    """Let a stranger in by CODE; `pair whatsapp` links an account; else ask what is not paired, and show the first code."""
    if args.code == "whatsapp":
        return _link(args)
    if args.code:
        return _people(args, "pair", code=args.code, name=args.name, role=args.role)
    (row,) = _client(args).request("pair")
    first = "\nNobody reaches me by {}: send this code there within 10 minutes, and you are the owner: {}"
    more = first.format(" or ".join(row["bridges"]), row["code"]) if "code" in row else ""
    return _print(args, [row], lambda one: f"{one['asked']} asked again; answer in `claw chat`{more}")


def _link(args: Args) -> int:
    """Show what to scan, or to type on the phone, until the account is linked."""
    from claw.web.card import drawn

    def words(one: dict[str, str]) -> str:
        where = "On the phone: WhatsApp, Linked devices, Link a device"
        scan = one["scan"] and not args.phone and f"{drawn(one['scan'])}\n{where}, and scan this."
        code = one["code"] and f"{where}, with phone number, and type {one['code']}."
        return (one["linked"] and f"linked as {one['linked']}") or one["trouble"] or code or scan or "one moment ..."

    last: dict[str, str] = {}
    for line in _client(args).request("link", bridge=args.code, phone=args.phone):
        last = line["link"]
        _print(args, [last], words)
    return int(not last.get("linked"))


@command("people",
         option("verb", nargs="?", default="list",
                choices=["list", "add", "invite", "remove", "role", "limit", "quiet", "notify"]),
         option("name", nargs="?", default="", metavar="NAME"),
         option("role", nargs="?", choices=ROLES, metavar="ROLE", help="owner, adult, child or guest"),
         option("--until", default="", metavar="TIME", help='of a guest: "Friday", "this weekend", "for 3 days"'),
         option("--use", default="", metavar="WHAT", help='rooms and things: "the kitchen and the lights", or everything'),
         option("--sees", choices=["camera", "memory", "ledger"], action="append", help="grant a look beyond the role"),
         option("--hours", default="", metavar="22:00-07:00", help="of quiet; without it there are none"),
         option("--by", choices=["ntfy", "email", "push"], default="", help="how to notify them"),
         option("--to", default="", metavar="ADDRESS", help="of e-mail"),
         option("--off", action="store_true", help="notify them no more that way"))  # fmt: skip
def people(args: Args) -> int:
    """Who may use the house: list, add, invite, remove, role, limit, quiet, notify."""
    if args.verb == "list":
        rows = [line["person"] for line in _client(args).request("people")]
        nobody = "only you, at this console: `claw people invite NAME ROLE` or a stranger's code lets others in"
        return _print(args, rows, lambda row: str(row["words"])) if rows or args.json else _print(args, [nobody], str)
    if not args.name or (args.verb == "role" and not args.role):
        return _failed(f"who? claw people {args.verb} NAME{' ROLE' * (args.verb == 'role')}")
    if args.verb == "notify" and not args.by:
        return _failed("how? claw people notify NAME --by ntfy, or --by email --to ADDRESS")
    said = {"name": args.name, "role": args.role, "when": args.until, "what": args.use, "sees": args.sees, "quiet": args.hours,
            "by": args.by, "to": args.to, "off": args.off}  # fmt: skip
    return _people(args, args.verb, **said)


def _people(args: Args, verb: str, **slots: Any) -> int:
    """A change, typed at the console: that is its yes."""
    wish = {"about": "people", "verb": verb, "slots": {name: value for name, value in slots.items() if value}}
    return _print(args, [_client(args).one("request", "record", request=wish)], _reply)


@command("web", option("--sign-out", metavar="all|ID", type=_phone, help="sign this phone out, or all"))
def web(args: Args) -> int:
    """Print an address with a one-time code for a phone, or sign phones out."""
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


# -- skills


@command("skill list")
def skill_list(args: Args) -> int:
    """The skills and whether they can be used."""
    from claw.hosting.loading import scan, shipped

    files, wrong = scan([shipped(), _data(args) / "skills"])
    for reason in wrong:
        print(f"! {reason}", file=sys.stderr)
    _print(args, (file.plain() for file in files.values()),
           lambda row: f"{row['name']:<10} {row['problem'] or ', '.join(row['looks_for'])}")  # fmt: skip
    return 1 if wrong or any(file.problem for file in files.values()) else 0


@command("skill new", option("name", help="such as desk_lamp"),
         option("--like", default="light", metavar="KIND", help="light, switch, shade, lock ... (default: light)"),
         option("--to", type=Path, metavar="FOLDER", help="default: the skills folder of the data folder"))  # fmt: skip
def skill_new(args: Args) -> int:
    """Write a skill that works at once, with a virtual device and a test beside it."""
    from claw.authoring.new import steps, write

    live = _data(args) / "skills"
    skill, test = write(args.name, args.like, args.to or live)
    row = {"skill": str(skill), "test": str(test), "steps": steps(skill, live)}
    return _print(args, [row], lambda row: "\n".join([f"wrote {row['skill']}", f"wrote {row['test']}", *row["steps"]]))


@command("skill check", option("file", type=Path))
def skill_check(args: Args) -> int:
    """Whether a skill is right; imports the file, and runs nothing else of it."""
    from claw.authoring.check import check

    found = check(args.file)
    rows = [{"file": str(args.file), **vars(one), "words": one.words(args.file)} for one in found]
    _print(args, rows, lambda row: str(row["words"]))
    wrong = any(one.level == "error" for one in found)
    if not wrong and not args.json:
        print(f"{args.file} is right")
    return int(wrong)


@command("skill try", option("file", type=Path),
         option("--serve", action="store_true", help="only be the virtual device, for a claw that runs"))  # fmt: skip
def skill_try(args: Args) -> int:
    """Run the test beside a skill (test_NAME.py) against its virtual device."""
    import subprocess

    test = args.file.with_name(f"test_{args.file.name.removeprefix('test_')}")
    if not test.is_file():
        return _failed(f"there is no {test}: `claw skill new` writes one beside each skill")
    try:
        return int(subprocess.run([sys.executable, "-P", str(test), *["serve"] * args.serve], check=False).returncode != 0)
    except KeyboardInterrupt:
        return 0


# -- upkeep


@command("config check", option("file", type=Path, nargs="?"))
def config_check(args: Args) -> int:
    """Whether a config file is right."""
    from claw.hosting.secrets import FileSecrets
    from claw.mind.adapters.models import models
    from claw.policy import raised

    try:
        config = load(args.file or args.config)
        raised(config.safety.confirm, config.safety.forbid)
        for role in config.roles.values():
            raised(role.confirm, role.forbid)
    except ConfigError as error:
        _print(args, [{"mistake": one} for one in str(error).splitlines()], lambda row: str(row["mistake"]))
        return EX_CONFIG
    found = models(config, FileSecrets(data_folder(args.data, config), "secrets"))
    rows = [{"ok": True}, *({"note": trouble} for model in found if (trouble := model.trouble()))]
    return _print(args, rows, lambda row: str(row.get("note", "the configuration is right")))


@command("mind check", option("name", nargs="?", default="", help="of a [models.NAME]; default: all of [mind] models"))
def mind_check(args: Args) -> int:
    """Ask the configured language models what they can do; costs a few small requests."""
    from claw.hosting.secrets import FileSecrets
    from claw.mind.adapters.models import model
    from claw.mind.check import ask_all, words

    config, secrets = _config(args), FileSecrets(_data(args), "secrets")
    names = [args.name] if args.name else list(config.mind.models)
    if not names or names[0] not in config.models:
        there = ", ".join(config.models) or "none: add a table [models.NAME] to the config"
        return _failed(f"no model is named{f' {args.name}' * bool(args.name)}; there is {there}")
    asked = [model(name, config.models[name], secrets) for name in names]
    return int(not asyncio.run(ask_all(asked, lambda found: _print(args, [vars(found)], lambda _: words(found)))))


@command("mind show-last")
def mind_show_last(args: Args) -> int:
    """Show the last request to a language model, as it left the house."""
    rows = [row["thought"] for row in _client(args).request("thought")]
    return _print(args, rows, lambda row: "\n".join(show.thought([row])))


@command("prompt-size", option("--house", type=Path, help="an evaluation file whose house is measured instead"))
def prompt_size(args: Args) -> int:
    """Tell how large a request to a language model is, for houses of all sizes; the first model of the config counts, too."""
    from claw.evaluation.prompt_size import sizes
    from claw.hosting.secrets import FileSecrets
    from claw.mind.adapters.models import model

    config = _config(args)
    first = next(iter(config.mind.models), "")
    counts = model(first, config.models[first], FileSecrets(_data(args), "secrets")) if first else None

    async def count(ask: Any) -> int | None:
        assert counts is not None
        try:
            return await counts.count(ask)
        finally:
            await counts.close()

    return _print(args, sizes(args.house, count if counts else None), show.size)


@command("eval", option("files", type=Path, nargs="+"),
         option("--failures", action="store_true", help="show the cases that are not ok"),
         option("--category", default="", metavar="NAME", help="only the cases of this category"),
         option("--mind", action="store_true", help="with the language models of the config; that costs"))  # fmt: skip
def eval_(args: Args) -> int:
    """Say the sentences of evaluation files to simulated houses."""
    from claw.evaluation.evaluate import evaluate

    mind = _minded(args) if args.mind else None
    return evaluate(args.files, failures=args.failures, category=args.category, as_json=args.json, prepare=mind)


def _minded(args: Args) -> Callable[[Any], None]:
    """Gives an agent the language models of the config."""
    from claw.hosting.secrets import FileSecrets
    from claw.mind.adapters.models import models
    from claw.mind.costs import Budget
    from claw.mind.fallback import Fallback

    config, secrets = _config(args), FileSecrets(_data(args), "secrets")
    return lambda agent: agent.think_with(Fallback(models(config, secrets), agent.clock), Budget(), {})


@command("doctor")
def doctor(args: Args) -> int:
    """What this machine and this house lack, each with its remedy."""
    from claw.upkeep.doctor import Finding, examine, words

    rows = [vars(one) for one in examine(_config(args), _data(args))]
    _print(args, rows, lambda row: words(Finding(**row)))
    return int(any(row["state"] == "bad" for row in rows))


@command("audit verify", option("--head", default="", metavar="HASH", help="one that was shown before: is it still in there?"))
def audit_verify(args: Args) -> int:
    """Whether the ledger is as it was written; shows the hash of its last row."""
    from claw.upkeep.audit import verify

    found = verify(_data(args), args.head)
    whole = f"the ledger is whole: {found.rows} rows\nhead {found.head or '(none yet)'}\n"
    note = f"{whole}Write the head down: `claw audit verify --head HASH` tells later whether rows after it were cut off."
    _print(args, [vars(found)], lambda _: f"the ledger is broken: {found.wrong}" if found.wrong else note)
    return int(bool(found.wrong))


@command("backup", option("file", type=Path, nargs="?", help="default: claw-backup-DATE.tar.gz here"),
         option("--without-secrets", action="store_true",
                help="leave out the keys; all devices are paired anew then"))  # fmt: skip
def backup(args: Args) -> int:
    """Save the whole house in one file, also while it runs."""
    from claw.upkeep.backup import backup as save

    to = (args.file or Path(f"claw-backup-{date.today():%Y-%m-%d}.tar.gz")).absolute()
    manifest = save(_data(args), to, secrets=not args.without_secrets, config=args.config)
    keys = "" if args.without_secrets else " It holds the keys of your devices: keep it like the key of the house."
    row = {"file": str(to), "files": len(manifest["files"]), "bytes": to.stat().st_size, "secrets": not args.without_secrets}
    return _print(args, [row], lambda one: f"saved {one['files']} files in {one['file']} ({one['bytes'] / 1024:.0f} kB).{keys}")


@command("restore", option("file", type=Path))
def restore(args: Args) -> int:
    """Put a backup in the place of the data folder, which is kept beside it."""
    from claw.upkeep.backup import restore as put_back

    data = _data(args).absolute()
    old = put_back(args.file, data)
    skills = sorted(path.stem for path in (data / "skills").glob("*.py"))
    kept = f"; what was there is kept in {old}" if old else ""
    own = f"; skills of its own that will run: {', '.join(skills)}" if skills else ""
    row = {"data": str(data), "kept": old and str(old), "skills": skills}
    return _print(args, [row], lambda one: f"restored {one['data']}{kept}{own}")


if __name__ == "__main__":
    sys.exit(main())
