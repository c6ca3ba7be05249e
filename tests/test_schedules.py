"""Sentences with a time in them: what becomes a routine, a reminder or a timer, when it comes, and what must not become one."""

import time
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from claw.clock import ManualClock
from claw.evaluation.simulated import build
from claw.events import Events
from claw.house import House
from claw.moments import when_words
from claw.names import Names
from claw.reflex import schedules
from claw.reflex.reader import Reader
from claw.reflex.reading import Context, Reading, Request
from claw.store import Store
from claw.when import When

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 10, 0, tzinfo=ZONE)  # a Wednesday
WEEK, WEEKEND = (0, 1, 2, 3, 4), (5, 6)


def once(words: str) -> When:
    """Today, or on "11-20", or in another year."""
    day, _, time = words.rpartition(" ")
    year = "" if day.count("-") == 2 else "2026-"
    return When("once", at=datetime.fromisoformat(f"{year}{day or '11-18'} {time}").replace(tzinfo=ZONE).timestamp())


def daily(time: str, *days: int) -> When:
    return When("daily", time=time, days=days)


def sun(name: Any, minutes: int = 0, *days: int) -> When:
    return When("sun", sun=name, offset=minutes * 60, days=days)


def monthly(day: int, time: str) -> When:
    return When("monthly", day=day, time=time)


def every(minutes: int) -> When:
    return When("interval", at=NOW.timestamp() + minutes * 60, every=minutes * 60)


DEEDS: list[tuple[str, When, str]] = [
    # every day, on some days
    ("every weekday at 7 open the shades", daily("07:00", *WEEK), "open the shades"),
    ("open the shades every weekday at 7", daily("07:00", *WEEK), "open the shades"),
    ("Every weekday, at seven, open the shades.", daily("07:00", *WEEK), "open the shades"),
    ("every weekday open the shades at 7", daily("07:00", *WEEK), "open the shades"),
    ("every weekday at seven thirty open the shades", daily("07:30", *WEEK), "open the shades"),
    ("weekdays at 6:45 turn on the coffee machine", daily("06:45", *WEEK), "turn on the coffee machine"),
    ("open the shades from monday to friday at 7", daily("07:00", *WEEK), "open the shades"),
    ("mon-fri at 7 open the shades", daily("07:00", *WEEK), "open the shades"),
    ("Monday through Thursday at 7 open the shades", daily("07:00", 0, 1, 2, 3), "open the shades"),
    ("on saturdays and sundays at nine open the shades", daily("09:00", *WEEKEND), "open the shades"),
    ("on weekends at 10 open the shades", daily("10:00", *WEEKEND), "open the shades"),
    ("every weekend at 10am open the blinds", daily("10:00", *WEEKEND), "open the blinds"),
    ("every mon, wed and fri at 18h30 water the garden", daily("18:30", 0, 2, 4), "water the garden"),
    ("start the vacuum every monday and thursday at 10", daily("10:00", 0, 3), "start the vacuum"),
    ("mondays at 8 start the vacuum", daily("08:00", 0), "start the vacuum"),
    ("start the vacuum every tuesday afternoon", daily("15:00", 1), "start the vacuum"),
    ("every friday night at 11 lock the doors", daily("23:00", 4), "lock the doors"),
    ("every friday at midnight lock the doors", daily("00:00", 5), "lock the doors"),
    ("every day except sunday at 8 open the shades", daily("08:00", 0, 1, 2, 3, 4, 5), "open the shades"),
    ("daily at 18:00 close the blinds", daily("18:00"), "close the blinds"),
    ("close the blinds each day at 6 pm", daily("18:00"), "close the blinds"),
    ("every single day at 6 p.m. close the blinds", daily("18:00"), "close the blinds"),
    ("every morning open the shades", daily("08:00"), "open the shades"),
    ("every noon turn on the radio", daily("12:00"), "turn on the radio"),
    ("every evening turn on the porch light", daily("19:00"), "turn on the porch light"),
    ("water the garden each morning at 6", daily("06:00"), "water the garden"),
    ("at 7 every evening turn on the porch light", daily("19:00"), "turn on the porch light"),
    ("every night at 1 turn off everything", daily("01:00"), "turn off everything"),
    (
        "every night at 11 turn off all the lights and lock the doors",
        daily("23:00"),
        "turn off all the lights and lock the doors",
    ),
    ("turn off all the lights every night at half past eleven", daily("23:30"), "turn off all the lights"),
    ("every day at 22:30 sleepy time", daily("22:30"), "sleepy time"),
    ("set the thermostat to 21 degrees every morning at 6:30", daily("06:30"), "set the thermostat to 21 degrees"),
    ("every weeknight at 10 lock the doors", daily("22:00", *WEEK), "lock the doors"),
    ("in the evenings turn on the porch light", daily("19:00"), "turn on the porch light"),
    ("every wednesday at 7 turn the lights on", daily("07:00", 2), "turn the lights on"),
    ("every monday thursday and saturday at 6:15 start the pump", daily("06:15", 0, 3, 5), "start the pump"),
    ("on school days at 6:50 turn on the radio", daily("06:50", *WEEK), "turn on the radio"),
    ("every school night at 9 turn off the console", daily("21:00", 0, 1, 2, 3, 6), "turn off the console"),
    # several times a day
    ("every day at 6 am and 6 pm water the garden", daily("06:00 18:00"), "water the garden"),
    ("water the garden every tuesday at 7, 13 and 20:30", daily("07:00 13:00 20:30", 1), "water the garden"),
    ("on weekdays at 9 and again at 17 start the vacuum", daily("09:00 17:00", *WEEK), "start the vacuum"),
    # said in other words
    ("everyday at 9 pm lock the gate", daily("21:00"), "lock the gate"),
    ("create a routine to lock the gate every day at 21:00", daily("21:00"), "lock the gate"),
    (
        "set up an automation that starts the vacuum and closes the gate every monday at 10",
        daily("10:00", 0),
        "start the vacuum and close the gate",
    ),
    ("add a daily schedule: lock the gate at 10 pm", daily("22:00"), "lock the gate"),
    ("the garden lights should turn off at 23:15 every day", daily("23:15"), "turn off the garden lights"),
    ("every friday at 8 pm the heater must go on", daily("20:00", 4), "turn on the heater"),
    ("schedule the blinds to close at 9 pm", once("21:00"), "close the blinds"),
    ("schedule turn off the radio for 9 pm", once("21:00"), "turn off the radio"),
    ("could the gate be locked at 9 pm", once("21:00"), "lock the gate"),
    # by the sun
    ("at sunset turn on the porch light", sun("sunset"), "turn on the porch light"),
    ("turn the porch light on at dusk", sun("sunset"), "turn the porch light on"),
    ("turn on the porch light 20 minutes before sunset", sun("sunset", -20), "turn on the porch light"),
    ("half an hour after sunrise open the blinds", sun("sunrise", 30), "open the blinds"),
    ("an hour and a half before sunrise turn on the boiler", sun("sunrise", -90), "turn on the boiler"),
    ("turn on the porch light an hour before sunset on weekends", sun("sunset", -60, *WEEKEND), "turn on the porch light"),
    ("open the blinds at dawn on weekdays", sun("sunrise", 0, *WEEK), "open the blinds"),
    ("every evening at sunset turn on the porch light", sun("sunset"), "turn on the porch light"),
    ("close the shades at sunset every day except friday", sun("sunset", 0, 0, 1, 2, 3, 5, 6), "close the shades"),
    ("close the blinds when the sun sets", sun("sunset"), "close the blinds"),
    ("when it gets dark turn on the porch light", sun("sunset"), "turn on the porch light"),
    ("when the sun comes up, open the blinds", sun("sunrise"), "open the blinds"),
    # again and again
    ("every 2 hours water the plants", every(120), "water the plants"),
    ("every two hours water the plants", every(120), "water the plants"),
    ("every 15 minutes turn on the pump", every(15), "turn on the pump"),
    ("every half hour turn on the pump", every(30), "turn on the pump"),
    ("turn on the pump every hour", every(60), "turn on the pump"),
    ("hourly turn on the pump", every(60), "turn on the pump"),
    # of the month
    ("on the first of every month at 9 start the vacuum", monthly(1, "09:00"), "start the vacuum"),
    ("on the 15th of each month at noon run the dishwasher", monthly(15, "12:00"), "run the dishwasher"),
    ("every month on the 3rd at 8 run the dishwasher", monthly(3, "08:00"), "run the dishwasher"),
    ("on the last day of the month at 8 pm lock the gate", monthly(31, "20:00"), "lock the gate"),
    # in a while
    ("in ten minutes turn off the tv", once("10:10"), "turn off the tv"),
    ("In 10 min, turn off the TV", once("10:10"), "turn off the TV"),
    ("turn off the tv in half an hour", once("10:30"), "turn off the tv"),
    ("turn off the tv in an hour", once("11:00"), "turn off the tv"),
    ("turn off the tv in an hour and a half", once("11:30"), "turn off the tv"),
    ("turn off the tv in one and a half hours", once("11:30"), "turn off the tv"),
    ("turn off the tv in 1.5 hours", once("11:30"), "turn off the tv"),
    ("turn off the tv in 1h30", once("11:30"), "turn off the tv"),
    ("turn off the tv in 1 hour and 15 minutes", once("11:15"), "turn off the tv"),
    ("turn off the tv in a quarter of an hour", once("10:15"), "turn off the tv"),
    ("turn off the tv in three quarters of an hour", once("10:45"), "turn off the tv"),
    ("turn off the tv in twenty-five minutes", once("10:25"), "turn off the tv"),
    ("turn off the tv in a couple of hours", once("12:00"), "turn off the tv"),
    ("turn off the tv in about 20 minutes", once("10:20"), "turn off the tv"),
    ("turn off the tv 10 minutes from now", once("10:10"), "turn off the tv"),
    ("after 10 minutes turn off the tv", once("10:10"), "turn off the tv"),
    ("in 90 seconds turn on the tv", once("10:01:30"), "turn on the tv"),
    ("in 10 minutes' time turn on the tv", once("10:10"), "turn on the tv"),
    ("turn on the boiler in 2 days at 7", once("11-20 07:00"), "turn on the boiler"),
    ("turn on the boiler in 2 days", once("11-20 10:00"), "turn on the boiler"),
    ("in a week at 9am turn on the boiler", once("11-25 09:00"), "turn on the boiler"),
    ("dim the lights to 30% in 10 minutes", once("10:10"), "dim the lights to 30%"),
    ("wait for ten minutes and then turn off the tv", once("10:10"), "turn off the tv"),
    ("turn off the tv in like half an hour", once("10:30"), "turn off the tv"),
    ("turn off the tv in 15", once("10:15"), "turn off the tv"),
    ("two weeks from now at 8 open the shades", once("12-02 08:00"), "open the shades"),
    ("turn off the tv later, in 10 minutes", once("10:10"), "turn off the tv"),
    ("turn off the tv in ten minuets", once("10:10"), "turn off the tv"),
    # at a time
    ("turn on the lights in the kitchen at 7", once("19:00"), "turn on the lights in the kitchen"),
    ("turn the lights on at 7", once("19:00"), "turn the lights on"),
    ("at 11 turn the lights on in the kitchen", once("11:00"), "turn the lights on in the kitchen"),
    ("turn on the lights at 7 in the morning", once("11-19 07:00"), "turn on the lights"),
    ("turn on the lights at 7 in the evening", once("19:00"), "turn on the lights"),
    ("turn on the lights at 3 in the morning", once("11-19 03:00"), "turn on the lights"),
    ("turn on the lights at 07:00", once("11-19 07:00"), "turn on the lights"),
    ("turn on the lights at 7 pm", once("19:00"), "turn on the lights"),
    ("7pm turn on the lights", once("19:00"), "turn on the lights"),
    ("turn on the lights 7:30 p.m", once("19:30"), "turn on the lights"),
    ("at 19h turn on the lights", once("19:00"), "turn on the lights"),
    ("at 7ish turn on the lights", once("19:00"), "turn on the lights"),
    ("around 7 turn on the lights", once("19:00"), "turn on the lights"),
    ("7 o'clock turn on the lights", once("19:00"), "turn on the lights"),
    ("at seven o'clock sharp turn on the lights", once("19:00"), "turn on the lights"),
    ("at half past seven turn on the lights", once("19:30"), "turn on the lights"),
    ("at half seven turn on the lights", once("19:30"), "turn on the lights"),
    ("quarter to eight turn on the radio", once("19:45"), "turn on the radio"),
    ("at a quarter past eight turn on the radio", once("20:15"), "turn on the radio"),
    ("at five past six turn on the radio", once("18:05"), "turn on the radio"),
    ("at ten to one turn on the radio", once("12:50"), "turn on the radio"),
    ("at six forty five turn on the radio", once("18:45"), "turn on the radio"),
    ("at seven oh five turn on the radio", once("19:05"), "turn on the radio"),
    ("start the coffee machine at 0730", once("11-19 07:30"), "start the coffee machine"),
    ("start the coffee machine at 7.30", once("19:30"), "start the coffee machine"),
    ("at noon close the awning", once("12:00"), "close the awning"),
    ("at midnight turn off everything", once("11-19 00:00"), "turn off everything"),
    ("at 12 am turn off everything", once("11-19 00:00"), "turn off everything"),
    ("at 12:15 pm turn off everything", once("12:15"), "turn off everything"),
    ("at 11 do sleepy time", once("11:00"), "do sleepy time"),
    ("turn off every light at 10", once("22:00"), "turn off every light"),
    ("turn on the night light at 8 pm", once("20:00"), "turn on the night light"),
    ("set the thermostat to 21 at 7", once("19:00"), "set the thermostat to 21"),
    ("set the bedroom light to 20 percent at 9 pm", once("21:00"), "set the bedroom light to 20 percent"),
    ("turn off the tv and the lights at 11 pm", once("23:00"), "turn off the tv and the lights"),
    ("at 7 o clock turn on the lights", once("19:00"), "turn on the lights"),
    # on a day
    ("tmrw at 6:30 am start the coffee machine", once("11-19 06:30"), "start the coffee machine"),
    ("on 5.12. at 18:00 turn on the tree", once("12-05 18:00"), "turn on the tree"),
    ("tomorrow at 6:30 am start the coffee machine", once("11-19 06:30"), "start the coffee machine"),
    ("tomorrow start the coffee machine at 6:30", once("11-19 06:30"), "start the coffee machine"),
    ("tomorrow morning turn on the heating", once("11-19 08:00"), "turn on the heating"),
    ("turn on the heating tomorrow evening at 8", once("11-19 20:00"), "turn on the heating"),
    ("the day after tomorrow at 8 open the shades", once("11-20 08:00"), "open the shades"),
    ("at 10 tonight lock the doors", once("22:00"), "lock the doors"),
    ("lock the doors tonight at 12", once("11-19 00:00"), "lock the doors"),
    ("tonight at 1 lock the doors", once("11-19 01:00"), "lock the doors"),
    ("this evening at 8 turn on the porch light", once("20:00"), "turn on the porch light"),
    ("turn on the lamp in the evening", once("19:00"), "turn on the lamp"),
    ("today at 15:00 start the vacuum", once("15:00"), "start the vacuum"),
    ("on friday at 5pm turn on the heating", once("11-20 17:00"), "turn on the heating"),
    ("on fri at 5pm turn on the heating", once("11-20 17:00"), "turn on the heating"),
    ("next monday at 8 open the shades", once("11-23 08:00"), "open the shades"),
    ("on wednesday at 9 open the shades", once("11-25 09:00"), "open the shades"),
    ("on wednesday at 11 open the shades", once("11:00"), "open the shades"),
    ("next wednesday at 11 open the shades", once("11-25 11:00"), "open the shades"),
    ("start the vacuum monday at 8:15", once("11-23 08:15"), "start the vacuum"),
    ("on 24 december at 18:00 turn on the christmas lights", once("12-24 18:00"), "turn on the christmas lights"),
    ("on dec 24th at 6pm turn on the christmas lights", once("12-24 18:00"), "turn on the christmas lights"),
    ("on the 3rd of january at 7 turn on the heating", once("2027-01-03 07:00"), "turn on the heating"),
    ("on 2027-01-05 at 07:00 open the shades", once("2027-01-05 07:00"), "open the shades"),
    ("turn on the light on the 24th at 8 am", once("11-24 08:00"), "turn on the light"),
    ("turn on the light on the 3rd at 8 am", once("12-03 08:00"), "turn on the light"),
    ("set a timer to turn off the tv in ten minutes", once("10:10"), "turn off the tv"),
    ("turn on the sprinklers at 5 am every tuesday and friday", daily("05:00", 1, 4), "turn on the sprinklers"),
    ("lights off at 23:00", once("23:00"), "lights off"),
    ("5.30 pm turn on the radio", once("17:30"), "turn on the radio"),
    ("five pm turn on the radio", once("17:00"), "turn on the radio"),
    ("at 5 p.m., turn on the radio", once("17:00"), "turn on the radio"),
    ("play bbc radio 4 at 7", once("19:00"), "play bbc radio 4"),
]
REMINDERS: list[tuple[str, When, str]] = [
    ("remind me at six to feed the cat", once("18:00"), "feed the cat"),
    ("at six remind me to feed the cat", once("18:00"), "feed the cat"),
    ("remind me to feed the cat at six", once("18:00"), "feed the cat"),
    ("please remind me to feed the cat at six", once("18:00"), "feed the cat"),
    ("remind me to call mum tomorrow at 5", once("11-19 17:00"), "call mum"),
    ("remind me tomorrow to call mum at 5", once("11-19 17:00"), "call mum"),
    ("remind me tomorrow to call mum", once("11-19 08:00"), "call mum"),
    ("tomorrow remind me to buy milk", once("11-19 08:00"), "buy milk"),
    ("remind me in 20 minutes that the oven is on", once("10:20"), "the oven is on"),
    ("remind me that the oven is on in 20 minutes", once("10:20"), "the oven is on"),
    ("remind me every monday evening to put the bins out", daily("19:00", 0), "put the bins out"),
    ("every monday at 9 remind me to water the plants", daily("09:00", 0), "water the plants"),
    ("remind me to take my pills every day at 9", daily("09:00"), "take my pills"),
    ("remind me every day at 6 to walk the dog", daily("18:00"), "walk the dog"),
    ("remind me to stretch every 2 hours", every(120), "stretch"),
    ("remind me to take the pizza out in 12 minutes", once("10:12"), "take the pizza out"),
    ("remind me on friday at 10 about the dentist", once("11-20 10:00"), "the dentist"),
    ("remind me about the laundry in 50 minutes", once("10:50"), "the laundry"),
    ("remind me at 5 to pick up Anna at 6", once("17:00"), "pick up Anna at 6"),
    ("remind me to check if the door is locked at 11 pm", once("23:00"), "check if the door is locked"),
    ("remind me at 9 pm to turn the heating on", once("21:00"), "turn the heating on"),
    ("remind me to call Dr. Smith at 3 tomorrow", once("11-19 15:00"), "call Dr. Smith"),
    ("remind me next tuesday at noon to renew the passport", once("11-24 12:00"), "renew the passport"),
    ("remind me of mum's birthday on march 3", once("2027-03-03 08:00"), "mum's birthday"),
    ("remind me at sunset to close the shutters", sun("sunset"), "close the shutters"),
    ("remind me on the 1st of every month to pay the rent", monthly(1, "08:00"), "pay the rent"),
    ("set a reminder for 6 pm to feed the cat", once("18:00"), "feed the cat"),
    ("set a reminder for 6 to feed the cat", once("18:00"), "feed the cat"),
    ("set a reminder for tomorrow at 9 to call the dentist", once("11-19 09:00"), "call the dentist"),
    ("create a reminder for friday at noon: pay the rent", once("11-20 12:00"), "pay the rent"),
    ("reminder: dentist on friday at 9", once("11-20 09:00"), "dentist"),
    ("remind me to take the cake out of the oven in twenty five minutes", once("10:25"), "take the cake out of the oven"),
    ("remind me in an hour or two to stretch", once("11:00"), "stretch"),
    ("remind me not to forget the keys at 8", once("20:00"), "not to forget the keys"),
    ("don't let me forget to call mum at 5", once("17:00"), "call mum"),
    ("remind me to pay the rent on the first", once("12-01 08:00"), "pay the rent"),
    ("remind me Friday to take out the trash", once("11-20 08:00"), "take out the trash"),
    ("remind me 10 minutes before sunset to close the shutters", sun("sunset", -10), "close the shutters"),
    ("set reminder 5pm call mum", once("17:00"), "call mum"),
    ("remind me please at 9 pm that the bins go out", once("21:00"), "the bins go out"),
    ("pls remind me in 5 to stir the soup", once("10:05"), "stir the soup"),
    ("tell me in half an hour to check the tyres", once("10:30"), "check the tyres"),
    ("let me know at 4 that the shop closes", once("16:00"), "the shop closes"),
    ("let me know when it's half past 4", once("16:30"), "it is time"),
    ("nudge me on friday at noon about the invoice", once("11-20 12:00"), "the invoice"),
    ("I have to be reminded to water the ferns at 6", once("18:00"), "water the ferns"),
    ("remember to close the attic window at 8 pm", once("20:00"), "close the attic window"),
    ("don't forget to ring the vet tomorrow at 9", once("11-19 09:00"), "ring the vet"),
    ("dont let me forget the parcel in 40 minutes", once("10:40"), "the parcel"),
    ("remind me in a fortnight to pay the vet", once("12-02 10:00"), "pay the vet"),
    ("remind me to take the drops every day at 7 and 19", daily("07:00 19:00"), "take the drops"),
    ("remind me at 6 pm to stay until 8 pm", once("18:00"), "stay until 8 pm"),
    ("remind me to get the 8:15 bus at 7:45", once("19:45"), "get the 8:15 bus"),
    ("set alarm 6", once("11-19 06:00"), "wake up"),
    ("wake me at 7", once("11-19 07:00"), "wake up"),
    ("wake me up tomorrow at half past seven", once("11-19 07:30"), "wake up"),
    ("wake me at 7 on weekdays", daily("07:00", *WEEK), "wake up"),
    ("wake me in 20 minutes", once("10:20"), "wake up"),
    ("set an alarm for 6:30 am", once("11-19 06:30"), "wake up"),
    ("set an alarm for tomorrow at 6:45", once("11-19 06:45"), "wake up"),
    ("set my alarm for half past six", once("11-19 06:30"), "wake up"),
]
TIMERS: list[tuple[str, str, str]] = [
    ("set a timer for 10 minutes", "10:10", ""),
    ("start a timer for 25", "10:25", ""),
    ("set a timer till 6 pm", "18:00", ""),
    ("set a ten minute timer", "10:10", ""),
    ("10 minute pizza timer", "10:10", "pizza"),
    ("timer 5 min", "10:05", ""),
    ("timer for half an hour", "10:30", ""),
    ("timer 1h30", "11:30", ""),
    ("start a 90 second timer", "10:01:30", ""),
    ("set a timer for 1 hour and 30 minutes", "11:30", ""),
    ("set a timer for 3 minutes and 30 seconds", "10:03:30", ""),
    ("set the oven timer to 10 minutes", "10:10", "oven"),
    ("pizza timer 12 minutes", "10:12", "pizza"),
    ("set a timer for 12 minutes for the pizza", "10:12", "pizza"),
    ("set a timer for the pizza for 12 minutes", "10:12", "pizza"),
    ("set a timer called eggs for 7 minutes", "10:07", "eggs"),
    ("set another timer for 5 min", "10:05", ""),
    ("start a countdown of 3 minutes", "10:03", ""),
]


def made(text: str, now: datetime = NOW) -> Request:
    """The likeliest reading."""
    request = next(iter(schedules.read(text, now)), None)
    assert request is not None, text
    assert request.verb == "make", request
    return request


@pytest.mark.parametrize(("text", "when", "do"), DEEDS)
def test_a_wish_with_a_time_becomes_a_routine(text: str, when: When, do: str) -> None:
    slots = made(text).slots
    assert (slots["kind"], When.of(slots["when"]), slots["do"]) == ("deed", when, do)
    assert slots["say"] == text.rstrip(".")


@pytest.mark.parametrize(("text", "when", "do"), REMINDERS)
def test_a_reminder_comes_when_it_was_said(text: str, when: When, do: str) -> None:
    slots = made(text).slots
    assert (slots["kind"], When.of(slots["when"]), slots["do"]) == ("reminder", when, do)


@pytest.mark.parametrize(("text", "at", "name"), TIMERS)
def test_a_timer_runs_so_long(text: str, at: str, name: str) -> None:
    slots = made(text).slots
    assert (slots["kind"], When.of(slots["when"]), slots.get("name", "")) == ("timer", once(at), name)


@pytest.mark.parametrize(
    ("text", "hour", "when"),
    [
        ("open the shades at 7", 3, once("07:00")),
        ("open the shades at 7", 7, once("19:00")),
        ("open the shades at 7", 20, once("11-19 07:00")),
        ("open the shades at 7:30", 20, once("11-19 07:30")),
        ("open the shades at 12", 11, once("12:00")),
        ("open the shades at 12", 13, once("11-19 00:00")),
        ("open the shades at 19:00", 20, once("11-19 19:00")),
        ("open the shades in the evening", 20, once("11-19 19:00")),
        ("wake me at 7", 15, once("11-19 07:00")),
        ("remind me at six to go", 5, once("06:00")),
    ],
)
def test_a_bare_hour_is_the_next_one(text: str, hour: int, when: When) -> None:
    assert When.of(made(text, NOW.replace(hour=hour)).slots["when"]) == when


@pytest.mark.parametrize("text", [text for text, *_ in [*DEEDS, *REMINDERS, *TIMERS]])
def test_the_words_for_a_time_read_back_give_the_same_time(text: str) -> None:
    when = When.of(made(text).slots["when"])
    when = replace(when, at=when.at // 60 * 60) if when.at - NOW.timestamp() >= 120 else when  # its words leave the seconds out
    again = made(f"{when_words(when, NOW)} turn on the light").slots
    assert (When.of(again["when"]), again["do"]) == (when, "turn on the light")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("every other day at 7 water the garden", "every other day"),
        ("every 3 days at 7 water the garden", "every 3 days"),
        ("every first monday of the month at 9 start the vacuum", "every first monday of the month"),
        ("twice a day feed the fish", "twice a day"),
        ("every year on 24 december at 6 turn on the tree", "every year"),
        ("every 5 seconds turn on the light", "Once a minute"),
        ("on 5 march 2020 at 9 open the shades", "past"),
        ("today at 09:00 start the vacuum", "past"),
        ("on february 30 at 9 open the shades", "There is no february 30"),
        ("turn on the light tomorrow", "time of day"),
        ("every day open the shades", "time of day"),
        ("tomorrow at sunset turn on the porch light", "By the sun"),
        ("every hour turn on the fan for 10 minutes", "for a while"),
        ("set the heating to 22 for 10 minutes", "for a while"),
        ("turn on the light at 7 and 9", "one time"),
        ("turn off the tv now and lock the gate at 11", "one time"),
        ("lock the gate and remind me to feed the cat at 6", "one time"),
        ("remind me to feed the cat at 8 am and 8 pm", "one time"),
        ("remind me to ring Tom at 4 or 5", "between two times"),
        ("remind me every day at 8 except monday to feed the cat", "all of the time"),
        ("remind me to rest every hour until 5 pm", "all of the time"),
        ("remind me to rest every hour between 9 and 17", "all of the time"),
        ("remind me at 7 and when I am home to rest", "all of the time"),
        ("remind me yesterday at 8 to rest", "Yesterday"),
        ("remind me at 6 pm again", "Of what"),
        ("remind me again in 20 minutes", "Of what"),
        ("remind me on 4/5 to rest", "the month as a word"),
        ("remind me next week to rest", "I need the day"),
        ("remind me at dinner to rest", "when dinner is"),
        ("remind Tom to rest at 7", "whoever writes here"),
        ("snooze", "Say it again"),
        ("timer 4:30", "may be minutes"),
        ("start two timers, 3 and 4 minutes", "one time"),
        ("turn off the tv soon", "When?"),
        ("later on turn off the tv", "When?"),
        ("in 0 minutes turn off the tv", "That is now"),
        ("at 27:10 turn off the tv", "There is no 27:10"),
        ("at bedtime turn off the tv", "when bedtime is"),
        ("turn on the light from 5 pm to 7 pm every day", "from 5 pm to 7 pm"),
        ("run the night routine now", "by hand"),
        ("pause the night routine until sunday", "until a day"),
        ("every day at 7 water the garden for ten minutes", "for a while"),
        ("turn on the light at 7 and off at 9", "one time"),
        ("turn on the light at 7 pm and turn it off at 9 pm", "one time"),
        ("turn off the tv and in ten minutes turn off the light", "one time"),
        ("turn the heating to 21 every weekday from 6 to 9", "one time"),
        ("every hour from 9 to 17 turn on the fan", "one time"),
        ("remind me to call mum", "When shall I remind you?"),
        ("remind me in 10 minutes", "Of what shall I remind you?"),
        ("set a timer", "For how long?"),
        ("set an alarm", "At what time?"),
        ("set a 10 min timer for pasta and a 5 min timer for eggs", "one time"),
        ("set a timer for 99999999999 hours", "too far away"),
        ("turn on the light in 99999999999 hours", "too far away"),
        ("every 99999999999 hours turn on the light", "too far away"),
    ],
)
def test_what_cannot_be_is_said(text: str, words: str) -> None:
    request = next(iter(schedules.read(text, NOW)))
    assert request.verb == "sorry"
    assert words in request.slots["text"]


NONE = [
    "turn on the light", "turn on the night light", "turn on the morning lamp", "activate the sunset scene", "sunset scene",
    "play evening jazz", "play sunday morning", "play midnight train to georgia", "play today's hits", "play the tonight show",
    "play saturday night fever", "play seven nation army", "play 5 past six by jane", "play ruby tuesday on the radio",
    "set the lamp at 50 percent", "set the lamp at 30", "set the lamp at 20%", "set the lamp to 7", "set the heating at 20 degrees",
    "turn the volume up", "volume 7", "volume to seven", "dim the light to 10 %", "turn on two lights",
    "set the thermostat to 21", "change the thermostat from 19 to 21", "turn on lamp 7", "turn on the light in the morning room",
    "turn on every light", "turn off every lamp in the house", "open each blind", "play something on the second speaker",
    "what time is it", "what is the temperature at 7", "is the light on", "is the light on tonight", "was the door open at 7",
    "did you lock the door at 10", "which lights were on in the evening", "will it rain tomorrow", "I left the lamp on at 7",
    "he said open the gate at 7", "if it rains close the window", "when I come home turn on the light", "open the blinds at 7 if it is warm",
    "play the radio until 10", "unless it rains open the window at 7", "whenever the door opens turn on the light",
    "close the blinds before 7pm", "turn on the light once", "stop", "cancel", "wait", "yes", "the second", "hello", "good morning",
    "good evening", "good night", "stop playing", "stop the music", "pause the music", "turn off the alarm", "set the alarm to away",
    "arm the alarm", "add milk to the shopping list", "add milk for sunday to the shopping list", "delete milk from the shopping list",
    "undo that", "turn on the second light", "turn on the first floor lights",
    "turn on the light on the 2nd floor", "turn on the sun lamp", "set the lamp to daylight", "don't wake the baby", "never mind",
    "did you remind Tom", "tell me a story", "let me know if it rains",
    "make it warmer", "make it 20 degrees", "change the lamp to blue", "play jazz instead", "play the next song", "how do I set a timer",
    "I set a timer already", "should I close the blinds at night", "what is on tv tonight at 8", "turn on the light at the door",
    "remind me when I get home to call mum", "at home", "at 7", "every morning", "play around midnight", "dim the light by 10", "turn the volume up by 10", "turn on about 5 lights", "raise the heating by 2 degrees", "look at one of the lights", "turn on the may lamp",
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_what_has_no_time_is_no_schedule(text: str) -> None:
    assert not list(schedules.read(text, NOW))


@pytest.mark.parametrize(
    ("text", "verb", "slots"),
    [
        ("what routines are there", "list", {"kind": "deed"}),
        ("list my reminders", "list", {"kind": "reminder"}),
        ("show timers", "list", {"kind": "timer"}),
        ("which alarms are set?", "list", {"kind": "reminder"}),
        ("do I have any reminders", "list", {"kind": "reminder"}),
        ("are there any timers running", "list", {"kind": "timer"}),
        ("what's planned for tomorrow", "list", {"kind": ""}),
        ("when is the cat reminder", "list", {"kind": "reminder", "words": "cat"}),
        ("my routines", "list", {"kind": "deed"}),
        ("pause the shades routine", "pause", {"kind": "deed", "words": "shades"}),
        ("disable the routine for the shades", "pause", {"kind": "deed", "words": "shades"}),
        ("pause all routines", "pause", {"kind": "deed", "all": True}),
        ("stop opening the shades every morning", "pause", {"kind": "deed", "words": "open the shades"}),
        ("stop turning on the porch light at sunset", "pause", {"kind": "deed", "words": "turn on the porch light"}),
        ("don't open the shades at 7 every morning anymore", "pause", {"kind": "deed"}),
        ("resume the shades routine", "resume", {"kind": "deed", "words": "shades"}),
        ("turn on routine 3", "resume", {"kind": "", "words": "3"}),
        ("delete routine 2", "delete", {"kind": "", "words": "2"}),
        ("delete all timers", "delete", {"kind": "timer", "all": True}),
        ("clear the timers", "delete", {"kind": "timer", "all": True}),
        ("cancel the timer", "delete", {"kind": "timer", "words": ""}),
        ("stop the pizza timer", "delete", {"kind": "timer", "words": "pizza"}),
        ("pause the timer", "pause", {"kind": "timer"}),
        ("cancel my 6 o'clock reminder", "delete", {"kind": "reminder", "words": "", "times": ["06:00", "18:00"]}),
        ("cancel the 7 am alarm", "delete", {"kind": "reminder", "words": "alarm", "times": ["07:00"]}),
        ("cancel the reminder at 18:00", "delete", {"kind": "reminder", "words": "", "times": ["18:00"]}),
        ("remove the reminder about the cat", "delete", {"kind": "reminder", "words": "cat"}),
        ("delete the reminder to feed the cat", "delete", {"kind": "reminder", "words": "feed the cat"}),
        ("don't remind me about the cat", "delete", {"kind": "reminder", "words": "cat"}),
        ("stop reminding me to feed the cat", "delete", {"kind": "reminder", "words": "feed the cat"}),
        ("don't wake me", "delete", {"kind": "reminder", "words": "alarm"}),
        ("how long is left on the timer?", "left", {"kind": "timer", "words": ""}),
        ("how much time is left on the pizza timer", "left", {"kind": "timer", "words": "pizza"}),
        ("how long until the timer goes off", "left", {"kind": "timer", "words": ""}),
        ("when does the timer go off", "left", {"kind": "timer", "words": ""}),
        ("turn the timer off", "delete", {"kind": "timer", "words": ""}),
        ("what's my next alarm", "list", {"kind": "reminder", "words": ""}),
        ("what's coming up today", "list", {"kind": ""}),
        ("what will you do tonight", "list", {"kind": ""}),
        ("i don't need the blinds routine any more", "delete", {"kind": "deed", "words": "blinds"}),
        ("turn off the shades routine", "pause", {"kind": "deed", "words": "shades"}),
        ("how long left", "left", {"kind": "timer", "words": ""}),
    ],
)
def test_talk_about_routines(text: str, verb: str, slots: dict[str, Any]) -> None:
    request = next(iter(schedules.read(text, NOW)))
    assert (request.about, request.verb) == ("routines", verb)
    assert {name: request.slots[name] for name in slots} == slots
    assert request.slots["all"] == slots.get("all", False)


@pytest.mark.parametrize(
    ("text", "verb", "slots"),
    [
        ("remove it", "delete", {"last": True}),
        ("get rid of that one", "delete", {"last": True}),
        ("unpause it", "resume", {"last": True}),
        ("delete the third one", "delete", {"number": 3}),
        ("cancel the dentist one", "delete", {"words": "dentist"}),
        ("make it 9", "change", {"last": True, "when": once("21:00").plain(), "clock": "09:00"}),
        ("no wait, make that 9:30 am", "change", {"last": True, "when": once("11-19 09:30").plain()}),
        ("in half an hour instead", "change", {"last": True, "when": once("10:30").plain(), "span": True}),
        ("move the dentist reminder to tomorrow at 3", "change", {"words": "dentist", "when": once("11-19 15:00").plain()}),
        ("change the timer to 20 minutes", "change", {"kind": "timer", "when": once("10:20").plain()}),
    ],
)
def test_a_plan_is_meant_by_its_place_in_the_talk(text: str, verb: str, slots: dict[str, Any]) -> None:
    request = next(iter(schedules.read(text, NOW)))
    assert (request.verb, {name: request.slots.get(name) for name in slots}) == (verb, slots)


@pytest.mark.parametrize(
    ("text", "when", "now", "end"),
    [
        ("turn on the fan for a quarter of an hour", once("10:15"), "turn on the fan", "turn off the fan"),
        ("radio off for 2 hours", once("12:00"), "radio off", "radio on"),
        ("turn on the fan until 6 pm", once("18:00"), "turn on the fan", "turn off the fan"),
        ("keep the fan on till midnight", once("11-19 00:00"), "turn on the fan", "turn off the fan"),
        ("turn on the fan and turn it off in 5 minutes", once("10:05"), "turn on the fan", "turn off the fan"),
        ("turn on the fan, after 5 minutes switch it off again", once("10:05"), "turn on the fan", "turn off the fan"),
    ],
)
def test_what_is_wanted_for_a_while_ends_by_itself(text: str, when: When, now: str, end: str) -> None:
    slots = made(text).slots
    assert (When.of(slots["when"]), slots["now"], slots["do"]) == (when, now, end)


@pytest.mark.parametrize(
    ("text", "once"), [("at sunset", True), ("20 minutes before sunrise", True), ("every day at sunset", False)]
)
def test_somebody_is_told_at_the_next_sunset_unless_it_is_every_day(text: str, once: bool) -> None:
    assert made(f"remind me {text} to look up").slots.get("once", False) is once


@pytest.mark.parametrize(
    "word", ["on off in on at ", "every ", "at 7 ", "1 hour ", "remind me ", "monday and ", "timer ", "9", "to ", "a "]
)
def test_a_hostile_text_is_read_in_a_blink(word: str) -> None:
    start = time.process_time()
    list(schedules.read(word * 400, NOW))
    assert time.process_time() - start < 2


# through the whole reader

HOUSE: dict[str, Any] = {
    "areas": [{"name": "Library"}, {"name": "Pantry"}],
    "devices": [
        {"id": "desk", "name": "Desk Lamp", "area": "Library", "kind": "light", "state": {"on": False, "brightness": 0}},
        {"id": "shelf", "name": "Shelf Lamp", "area": "Library", "kind": "light", "state": {"on": True, "brightness": 80}},
        {"id": "night", "name": "Night Light", "area": "Pantry", "kind": "light", "state": {"on": True, "brightness": 80}},
        {"id": "radio", "name": "Radio", "area": "Pantry", "kind": "player", "state": {"playback": "stopped", "volume": 30,
            "muted": False}},
        {"id": "lock", "name": "Back Door Lock", "kind": "lock", "state": {"locked": True}},
    ],
}  # fmt: skip
SCENES = {"sleepy time": ["turn off all the lights", "lock the back door"]}


@pytest.fixture(scope="module")
def reader() -> Reader:
    clock = ManualClock(NOW.timestamp(), "Europe/Berlin")
    house = House(Store(None), Events(), clock)
    build(HOUSE, house)
    return Reader(house, Names(house), clock)


def read(reader: Reader, text: str) -> Reading:
    reading = reader.read(text, Context(scenes=SCENES))
    assert reading is not None, text
    return reading


@pytest.mark.parametrize(
    ("text", "when", "do"),
    [
        ("Please turn on the desk lamp at 7, thanks", once("19:00"), "turn on the desk lamp"),
        ("can you turn on the desk lamp in ten minutes?", once("10:10"), "turn on the desk lamp"),
        ("every day at 22:30 sleepy time", daily("22:30"), "sleepy time"),
        ("at 11 do sleepy time", once("11:00"), "sleepy time"),
        (
            "every night at 11 turn off all the lights and lock the back door",
            daily("23:00"),
            "turn off all the lights and lock the back door",
        ),
        ("turn the night light on every night", daily("22:00"), "turn the night light on"),
        ("turn the night light on friday at 8", once("11-20 08:00"), "turn the night light on"),
        ("turn off the night light on every monday at 8", daily("08:00", 0), "turn off the night light"),
        ("set the desk lamp at 20 at 7", once("19:00"), "set the desk lamp at 20"),
    ],
)
def test_a_readable_wish_is_kept_for_its_time(reader: Reader, text: str, when: When, do: str) -> None:
    request = read(reader, text).request
    assert request is not None
    assert (When.of(request.slots["when"]), request.slots["do"]) == (when, do)


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("turn off the tv in ten minutes", "tv"),
        ("turn off the tv every other day", "tv"),
        ("turn on the desk lamp every other day at 7", "every other day"),
        ("turn on the desk lamp on christmas eve at 6", "on christmas eve"),
        ("turn on the desk lamp at 7 and 9", "one time"),
        ("at 7 turn on the sofa lamp", "sofa"),
        ("turn on the library lamp at 7", "Do you mean Desk Lamp or Shelf Lamp?"),
        ("turn on the desk lamp tomorrow", "I did nothing"),
        ("turn on the desk lamp at 7 and off at 9", "one time"),
        ("unlock the back door for ten minutes", "for a while"),
        ("set the desk lamp to 20 percent for ten minutes", "for a while"),
        ("turn on the sofa lamp for ten minutes", "sofa"),
        ("turn on the library lamp for ten minutes", "Do you mean Desk Lamp or Shelf Lamp?"),
        ("yesterday at 7 turn on the library lamp", "Yesterday"),
        ("if it rains turn on the desk lamp", "I cannot know whether it rains, so I did nothing."),
        ("when I come home turn on the desk lamp at 7", "I cannot know when you come home, so I did nothing."),
        ("play the radio until 10 pm", "until"),
        ("remind me when I get home to call mum", "I cannot know when you get home, so I did nothing."),
        ("turn on the desk lamp before 7 pm", "I did not get the time"),
        ("turn on the desk lamp later", "When?"),
        ("dim the desk lamp at 7", "The desk lamp is off."),
        ("don't turn on the desk lamp at 7", "I leave it as it is"),
        ("turn on the desk lamp between 7 and 9 pm", "between"),
        ("set a timer", "For how long?"),
        ("remind me to feed the fish twice a day", "twice a day"),
        ("remind me to feed the fish", "When shall I remind you?"),
        ("wake me every other day at 7", "every other day"),
    ],
)
def test_nothing_is_kept_or_done_that_was_not_understood(reader: Reader, text: str, reply: str) -> None:
    reading = read(reader, text)
    assert reply in reading.reply
    assert (reading.calls, reading.options, reading.request) == ((), (), None)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("turn on the night light", "turn_on"),
        ("volume at 7", "set_volume"),
        ("set the desk lamp at 20", "set_brightness"),
        ("set the desk lamp at 20 and the shelf lamp at 10", "set_brightness"),
        ("set the desk lamp at 50 percent", "set_brightness"),
        ("play evening jazz on the radio", "play_media"),
    ],
)
def test_a_wish_for_now_is_done_now(reader: Reader, text: str, command: str) -> None:
    assert {call.command for call in read(reader, text).calls} == {command}


def test_what_is_wanted_for_a_while_is_done_now_and_ended_later(reader: Reader) -> None:
    reading = read(reader, "turn on the desk lamp for ten minutes")
    assert [call.command for call in reading.calls] == ["turn_on"]
    assert reading.request is not None
    assert (When.of(reading.request.slots["when"]), reading.request.slots["do"]) == (once("10:10"), "turn off the desk lamp")


@pytest.mark.parametrize("text", ["we have guests on friday", "the plumber has to come on monday"])
def test_news_about_a_day_is_no_wish(reader: Reader, text: str) -> None:
    reading = reader.read(text, Context())
    assert reading is None or "time" not in reading.reply
