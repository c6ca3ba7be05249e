"""Sentences about what was done: which are taken, and as what."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from claw.reflex.alias import plain
from claw.reflex.reading import Request
from claw.reflex.recounts import read

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 25, 20, 0, tzinfo=BERLIN)  # a Wednesday


def asked(text: str, now: datetime = NOW) -> Request | None:
    return read(plain(text), now)


def slots(text: str, verb: str, now: datetime = NOW) -> dict[str, Any]:
    request = asked(text, now)
    assert request is not None, f"not taken: {text}"
    assert (request.about, request.verb) == ("history", verb)
    return dict(request.slots)


def at(day: int, hour: int, minute: int = 0) -> float:
    return datetime(2026, 11, day, hour, minute, tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    "text",
    [
        "undo", "Undo!", "undo that", "undo it please", "can you undo that?", "take that back", "take it back", "put it back",
        "revert that", "ctrl-z", "revert", "change it back", "that was wrong, undo it", "undo the last one",
        "undo the last thing", "no, undo that", "oops undo", "roll that back", "put it back how it was", "reverse that",
        "undo what you just did", "Sorry, that was a mistake. Undo it", "undo my last command", "I didn't mean that, undo it",
    ],
)  # fmt: skip
def test_wishes_to_undo_are_taken(text: str) -> None:
    assert slots(text, "undo") == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("undo all of it", {"several": True}),
        ("Undo everything I did this evening", {"several": True}),
        ("undo my last 3 commands", {"several": True}),
        ("take back the last few things", {"several": True}),
        ("put everything back", {"several": True}),
        ("undo the hall lights please", {"thing": "the hall lights"}),
        ("sorry, i didn't mean the bedroom", {"how": True}),
        ("oops wrong room", {"how": True}),
        ("that's not what I asked for", {"how": True}),
    ],
)
def test_undo_of_several_of_a_thing_and_doubts(text: str, expected: dict[str, Any]) -> None:
    assert slots(text, "undo") == expected


@pytest.mark.parametrize("text", ["do that again", "Again!", "once more please", "one more time", "repeat that", "try it again"])
def test_the_last_deed_is_wanted_once_more(text: str) -> None:
    assert slots(text, "redo") == {"again": True}


@pytest.mark.parametrize("text", ["redo", "redo that", "undo the undo", "redo it please"])
def test_wishes_to_redo_are_taken(text: str) -> None:
    assert slots(text, "redo") == {}


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("what did you do last night?", at(24, 18), at(25, 8)),
        ("What have you done today?", at(25, 0), at(25, 20)),
        ("what did you do?", at(25, 0), at(25, 20)),
        ("what did you do yesterday", at(24, 0), at(25, 0)),
        ("what did you do yesterday evening", at(24, 18), at(25, 0)),
        ("what happened this morning?", at(25, 5), at(25, 12)),
        ("what have you been doing since 6?", at(25, 18), at(25, 20)),
        ("what did you do since 6 am", at(25, 6), at(25, 20)),
        ("what did you do since 18:30", at(25, 18, 30), at(25, 20)),
        ("what did you do in the last hour?", at(25, 19), at(25, 20)),
        ("what did you do in the past 30 minutes", at(25, 19, 30), at(25, 20)),
        ("what have you done over the last two days", at(23, 20), at(25, 20)),
        ("what did you do since yesterday", at(24, 0), at(25, 20)),
        ("what did you do on monday", at(23, 0), at(24, 0)),
        ("what did you do this week", at(23, 0), at(25, 20)),
        ("did you do anything last night?", at(24, 18), at(25, 8)),
        ("tell me what you did today", at(25, 0), at(25, 20)),
        ("did anything happen today?", at(25, 0), at(25, 20)),
    ],
)  # fmt: skip
def test_accounts_are_asked_for_with_their_span(text: str, since: float, until: float) -> None:
    said = slots(text, "did")
    assert (said["since"], said["until"]) == (since, until)
    assert "thing" not in said


def test_last_night_ends_now_while_it_is_still_night() -> None:
    small_hours = datetime(2026, 11, 25, 2, 0, tzinfo=BERLIN)
    said = slots("what did you do last night", "did", small_hours)
    assert (said["since"], said["until"]) == (at(24, 18), at(25, 2))


def test_last_night_is_wall_time_over_a_changeover() -> None:
    morning = datetime(2026, 10, 25, 9, 0, tzinfo=BERLIN)  # an hour came twice in this night
    said = slots("what did you do last night", "did", morning)
    assert said["until"] - said["since"] == 15 * 3600


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what did you do to the kitchen lamp?", {"thing": "the kitchen lamp"}),
        ("what did you do in the kitchen yesterday?", {"thing": "the kitchen", "since": at(24, 0)}),
        ("what did you do last night to the heating?", {"thing": "the heating", "since": at(24, 18)}),
        ("what happened while I was away?", {"away": True}),
        ("what did you do while we were out?", {"away": True}),
        ("what did you just do?", {"last": True}),
        ("what have you just done", {"last": True}),
        ("what was the last thing you did?", {"last": True}),
        ("wat did u just do", {"last": True}),
        ("what'd you do yesterday?", {"since": at(24, 0)}),
        ("did I miss anything?", {"away": True}),
        ("show me your activity log", {"since": at(25, 0)}),
    ],
)
def test_accounts_of_a_thing_an_absence_and_the_last_deed(text: str, expected: dict[str, Any]) -> None:
    assert expected.items() <= slots(text, "did").items()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("why is the lamp on?", {"thing": "the lamp", "state": "on"}),
        ("Why is the heating on", {"thing": "the heating", "state": "on"}),
        ("why are the kitchen lights off?", {"thing": "the kitchen lights", "state": "off"}),
        ("why is the light on in the kitchen?", {"thing": "the light in the kitchen", "state": "on"}),
        ("why is the front door still unlocked", {"thing": "the front door", "state": "unlocked"}),
        ("why isn't the lamp on?", {"thing": "the lamp", "state": "off"}),
        ("why is the shade not open", {"thing": "the shade", "state": "closed"}),
        ("why is the garage shut", {"thing": "the garage", "state": "closed"}),
        ("why is the lamp red?", {"thing": "the lamp", "state": "red"}),
        ("why is the heating set to 25 degrees?", {"thing": "the heating", "state": "25"}),
        ("why is the bedroom shade at 40 %?", {"thing": "the bedroom shade", "state": "40"}),
        ("why is the speaker so loud?", {"thing": "the speaker", "state": "volume"}),
        ("how come the tv is on?", {"thing": "the tv", "state": "on"}),
        ("why is there music in the kitchen?", {"thing": "music in the kitchen", "state": "playing"}),
        ("why is music playing", {"thing": "music", "state": "playing"}),
        ("since when is the lamp on?", {"thing": "the lamp", "state": "on", "asks": "long"}),
        ("how long has the oven been on?", {"thing": "the oven", "state": "on", "asks": "long"}),
        ("who left the garage open?", {"thing": "the garage", "state": "open", "asks": "who"}),
        ("who turned on the lamp?", {"thing": "the lamp", "state": "on", "event": True, "asks": "who"}),
        ("who switched the heating off?", {"thing": "the heating", "state": "off", "event": True, "asks": "who"}),
        ("who has opened the front door", {"thing": "the front door", "state": "open", "event": True, "asks": "who"}),
        ("who unlocked the door?", {"thing": "the door", "state": "unlocked", "event": True, "asks": "who"}),
        ("who changed the thermostat?", {"thing": "the thermostat", "state": "", "event": True, "asks": "who"}),
        ("why did the shade open?", {"thing": "the shade", "state": "open", "event": True}),
        ("why did the kitchen lamp go off?", {"thing": "the kitchen lamp", "state": "off", "event": True}),
        ("why did the music stop?", {"thing": "the music", "state": "stopped", "event": True}),
        ("why did you turn off the fan?", {"thing": "the fan", "state": "off", "event": True}),
        ("why did you turn the fan off?", {"thing": "the fan", "state": "off", "event": True}),
        ("why did you close the blinds?", {"thing": "the blinds", "state": "closed", "event": True}),
        ("why have you locked the door?", {"thing": "the door", "state": "locked", "event": True}),
        ("when did the lamp turn on?", {"thing": "the lamp", "state": "on", "event": True, "asks": "when"}),
        ("when was the garage opened?", {"thing": "the garage", "state": "open", "event": True, "asks": "when"}),
        ("why was the door unlocked by you?", {"thing": "the door", "state": "unlocked", "event": True}),
        (
            "who switched the fan off in the study",
            {"thing": "the fan in the study", "state": "off", "event": True, "asks": "who"},
        ),
        ("whos opened the blinds", {"thing": "the blinds", "state": "open", "event": True, "asks": "who"}),
        ("has anybody unlocked the gate today", {"thing": "the gate", "state": "unlocked", "event": True, "asks": "who"}),
        ("Why's the fan off", {"thing": "the fan", "state": "off"}),
        ("when was the gate last opened?", {"thing": "the gate", "state": "open", "event": True, "asks": "when"}),
        ("did u close the blinds already?", {"thing": "the blinds", "state": "closed", "event": True, "asks": "did"}),
        ("have you turned the heating off", {"thing": "the heating", "state": "off", "event": True, "asks": "did"}),
        ("did I shut the garage?", {"thing": "the garage", "state": "closed", "event": True, "asks": "now"}),
        ("I'm not sure if I locked the gate", {"thing": "the gate", "state": "locked", "event": True, "asks": "now"}),
        ("who did this?", {}),
        ("why?", {}),
        ("why did you do that?", {}),
        ("why did you turn it off?", {}),
    ],
)
def test_questions_for_the_cause_are_taken(text: str, expected: dict[str, Any]) -> None:
    assert slots(text, "why") == expected


@pytest.mark.parametrize(
    ("text", "state", "since"),
    [("was the gate unlocked last night?", "unlocked", at(24, 18)), ("has the oven been on since 6", "on", at(25, 18))],
)
def test_how_it_was_in_a_span(text: str, state: str, since: float) -> None:
    said = slots(text, "why")
    assert (said["asks"], said["state"], said["since"]) == ("was", state, since)


@pytest.mark.parametrize(
    "text",
    [
        "turn it back on", "put the lamp back on", "take the milk off the list", "go back",
        "set it back to 20", "put on some music", "that was wrong", "try again later", "say it again", "why not?", "what did you say?",
        "what did you mean", "what do you do?", "what can you do?", "what is happening", "what did I do yesterday",
        "why is it so dark?", "why is the sky blue?", "why do cats purr", "who are you?", "who is in the kitchen?",
        "when does the sun set", "when did you last see me", "is the lamp on?", "turn on the lamp", "what time is it",
        "which lights are on?", "what did you think of the film last night?", "bring it back to 40 percent", "who won yesterday",
        "did you sleep well?", "have you eaten", "did I win", "i forgot my keys", "was it cold last night", "wrong", "what happened", "back", "why is the lamp", "remind me why I did that",
    ],
)  # fmt: skip
def test_other_sentences_are_left_alone(text: str) -> None:
    assert asked(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("was it you who turned on the tv?", {"thing": "the tv", "state": "on", "event": True, "asks": "did"}),
        ("what made the fan turn on", {"thing": "the fan", "state": "on", "event": True, "asks": "who"}),
        ("who locked up?", {"thing": "the doors", "state": "locked", "event": True, "asks": "who"}),
        ("did the tv go on by itself", {"thing": "the tv", "state": "on", "event": True}),
        ("did the fan turn on on its own?", {"thing": "the fan", "state": "on", "event": True}),
        ("did anybody touch the thermostat", {"thing": "the thermostat", "state": "", "event": True, "asks": "who"}),
        ("how long has the garage been standing open", {"thing": "the garage", "state": "open", "asks": "long"}),
        ("why is it so warm in the bedroom?", {"thing": "heating in the bedroom", "state": "target"}),
        ("why is it so dark in the hall", {"thing": "lights in the hall", "state": "off"}),
    ],
)
def test_causes_are_asked_for_in_many_ways(text: str, expected: dict[str, Any]) -> None:
    assert slots(text, "why") == expected


@pytest.mark.parametrize(
    ("text", "since"),
    [
        ("give me a summary of yesterday", at(24, 0)),
        ("anything happen today?", at(25, 0)),
        ("did you do something last night", at(24, 18)),
    ],
)
def test_an_account_is_asked_for_in_many_ways(text: str, since: float) -> None:
    assert slots(text, "did")["since"] == since


@pytest.mark.parametrize("text", ["give me a summary of the book", "why is it so far to the moon", "did he do it on his own"])
def test_sentences_about_something_else_are_no_recounts(text: str) -> None:
    assert asked(text) is None
