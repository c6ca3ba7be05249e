"""Sentences about what the claw knows, and the many that are about something else."""

from typing import Any

import pytest

from claw.reflex.alias import plain
from claw.reflex.memories import read

TAKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "Remember that the spare key is in the drawer.": ("remember", {"fact": "the spare key is in the drawer"}),
    "remember: the bins go out on Tuesday": ("remember", {"fact": "the bins go out on Tuesday"}),
    "please remember the spare key is in the drawer": ("remember", {"fact": "the spare key is in the drawer"}),
    "don't forget that Anna is allergic to nuts": ("remember", {"fact": "Anna is allergic to nuts"}),
    "Don’t forget that Anna is allergic to nuts!": ("remember", {"fact": "Anna is allergic to nuts"}),
    "note that the boiler was serviced in May": ("remember", {"fact": "the boiler was serviced in May"}),
    "make a note: paint of the hall is Farrow 229": ("remember", {"fact": "paint of the hall is Farrow 229"}),
    "keep in mind that we have a cat": ("remember", {"fact": "we have a cat"}),
    "write down that the filter is size 4": ("remember", {"fact": "the filter is size 4"}),
    "can you remember that I parked on level 3?": ("remember", {"fact": "I parked on level 3"}),
    "remember I parked on level 3": ("remember", {"fact": "I parked on level 3"}),
    "my name is Anna": ("remember", {"fact": "my name is Anna"}),
    "call me Anna": ("remember", {"fact": "I am called Anna"}),
    "the ladder is behind the shed, remember that": ("remember", {"fact": "the ladder is behind the shed"}),
    "Anna comes on Friday - please remember that": ("remember", {"fact": "Anna comes on Friday"}),
    "my favourite soup is tomato": ("remember", {"fact": "my favourite soup is tomato"}),
    "my sister's birthday is on 4 June": ("remember", {"fact": "my sister's birthday is on 4 June"}),
    "my cat is called Minka": ("remember", {"fact": "my cat is called Minka"}),
    "my brother's name is Piet": ("remember", {"fact": "my brother's name is Piet"}),
    "call me Mrs. Bell please": ("remember", {"fact": "I am called Mrs. Bell"}),
    "note that": ("remember", {"fact": ""}),
    "remember the bins": ("reminder", {"of": "the bins"}),
    "don't forget my tea": ("reminder", {"of": "my tea"}),
    "no, she lives in Ghent": ("correct", {"rest": "lives in Ghent"}),
    "sorry, it's behind the door": ("correct", {"rest": "is behind the door"}),
    "that's not true": ("correct", {}),
    "move the big lamp to the hall": ("place", {"thing": "the big lamp", "area": "the hall"}),
    "the big lamp is in the hall now": (
        "place",
        {"thing": "the big lamp", "area": "the hall", "told": "the big lamp is in the hall"},
    ),
    "what is the hall called": ("recall", {"words": "the hall"}),
    "we call the hall the tunnel": ("call", {"said": "the hall the tunnel", "told": "yes"}),
    "the tunnel means the hall": ("call", {"thing": "the hall", "name": "the tunnel", "also": "yes"}),
    "from now on the big lamp is the old moon": ("call", {"thing": "the big lamp", "name": "the old moon"}),
    "call it Hall again": ("call", {"thing": "it", "name": "Hall"}),
    "rename the hall": ("call", {"said": "the hall"}),
    "forget the party": ("forget", {"words": "the party"}),
    "what did I tell you": ("recall", {"words": ""}),
    "remember to feed the cat": ("reminder", {"do": "feed the cat"}),
    "don't let me forget to call mum": ("reminder", {"do": "call mum"}),
    "what do you know about the study?": ("recall", {"words": "the study"}),
    "What do you remember about Anna": ("recall", {"words": "Anna"}),
    "where is the spare key?": ("recall", {"words": "the spare key"}),
    "where's my passport": ("recall", {"words": "my passport"}),
    "where did I put the drill?": ("recall", {"words": "the drill"}),
    "where do we keep the bin bags": ("recall", {"words": "the bin bags"}),
    "do you remember where the spare key is?": ("recall", {"words": "the spare key"}),
    "do you know where I parked the car": ("recall", {"words": "the car"}),
    "what did I tell you about the boiler": ("recall", {"words": "the boiler"}),
    "who is Anna?": ("recall", {"words": "Anna"}),
    "when is Anna's birthday?": ("recall", {"words": "Anna's birthday"}),
    "when is the pharmacy open?": ("recall", {"words": "the pharmacy open"}),
    "tell me everything you know about the study": ("recall", {"words": "the study"}),
    "what do you know?": ("recall", {"words": ""}),
    "show me your notes": ("recall", {"words": ""}),
    "forget that": ("forget", {"words": ""}),
    "forget what I just said": ("forget", {"words": ""}),
    "forget what I said about the key": ("forget", {"words": "the key"}),
    "forget that the spare key is in the drawer": ("forget", {"words": "the spare key is in the drawer"}),
    "forget everything about Anna": ("forget", {"words": "Anna"}),
    "forget everything you know about the study": ("forget", {"words": "the study"}),
    "call the study the blue room": ("call", {"said": "the study the blue room"}),
    "you can call the floor lamp Sunny": ("call", {"said": "the floor lamp Sunny"}),
    "the study is also called the blue room": ("call", {"thing": "the study", "name": "the blue room", "also": "yes"}),
    "the lounge is called the den": ("call", {"thing": "the lounge", "name": "the den", "told": "yes"}),
    "rename the hall lamp to Entry lamp": ("call", {"thing": "the hall lamp", "name": "Entry lamp"}),
    'from now on the big lamp is "Bruno"': ("call", {"thing": "the big lamp", "name": "Bruno"}),
    "from now on the big lamp is Bruno": ("call", {"thing": "the big lamp", "name": "Bruno"}),
    'call lamp 2 "Bruno"': ("call", {"thing": "lamp 2", "name": "Bruno"}),
    "give the big lamp the name Bruno": ("call", {"thing": "the big lamp", "name": "Bruno"}),
    "when I say the den, I mean the living room": ("call", {"thing": "the living room", "name": "the den", "also": "yes"}),
    "call Sunny Floor Lamp": ("call", {"said": "Sunny Floor Lamp"}),
    "forget the name Bruno": ("uncall", {"said": "Bruno"}),
    "what is my name?": ("recall", {"words": "me"}),
    "don't call the study the blue room anymore": ("uncall", {"said": "the study the blue room"}),
    "show me the page about the study": ("show", {"page": "study"}),
    "what does the page house say": ("show", {"page": "house"}),
    "show the study page": ("show", {"page": "study"}),
    "what did the page house say before?": ("before", {"page": "house"}),
    "show the older versions of the page study": ("versions", {"page": "study"}),
    "restore the page study": ("restore", {"page": "study"}),
    "restore the page study to version 12": ("restore", {"page": "study", "version": "12"}),
}


@pytest.mark.parametrize("text", TAKEN)
def test_it_is_taken(text: str) -> None:
    request = read(plain(text))
    assert request is not None
    assert (request.about, request.verb, dict(request.slots)) == ("memory", *TAKEN[text])


NOT_TAKEN = """
remember me?
do you remember me
remember when we went to Rome
remember that time we went to Rome
remember to feed the cat at six
remember to take the bins out tomorrow
don't forget to call mum tonight
remember this as movie night
remind me to feed the cat at six
note
call mum
call off the party
call me later
call me a taxi
call me when the washing is done
call the plumber back
call the whole thing off
name three rivers
forget it
forget about it
forget about that
forget the cat reminder
forget the second timer
forget the shades routine
my son is asleep
my bedroom is cold
my tea is ready
my name is not Ben
my name is at the top
move the music to the bathroom
move on
the heating is on
no, it's fine
no it is too cold
it means the lamp is broken
what does this mean
we call it a night
call it a draw
call it quits
remember the day we met
remember the time we got lost
i can't remember that
where is everybody
where are you
where is it
who is home
who is there
who is at the door
who is singing
who was that
who are you
when is sunset
when is the next reminder
when does the heating turn on
when was the garage door opened
why is the lamp on
what is playing
what do you do
what can you do
what time is it
show me the kitchen
show the next page
turn on the page lamp
restore the lights
is the study lamp called Bruno
tell me about yourself
tell me a joke
the study is cold
the lamp is on
undo that
what did you do last night
"""


@pytest.mark.parametrize("text", NOT_TAKEN.strip().splitlines())
def test_it_is_left_to_others(text: str) -> None:
    assert read(plain(text)) is None


def test_a_long_message_is_read_quickly() -> None:
    import time

    began = time.perf_counter()
    for text in ("the " * 1000, "remember " + "a " * 2000, "call the " + "x " * 1900, "from now on " + "is " * 1300):
        read(plain(text))
    assert time.perf_counter() - began < 2
