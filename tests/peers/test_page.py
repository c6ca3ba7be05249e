"""The page in a real browser, at the size of a phone: Debian's Chromium against the whole daemon and the virtual house.

`CLAW_PICTURE=docs/page.png python -m pytest -m peers tests/peers/test_page.py -k picture` takes the picture of the README anew.
"""

import contextlib
import json
import os
import re
import socket
import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from claw.bridges.arriving import NOTICE
from claw.demo.hue.lamp import Lamp
from claw.media import keep, kind
from claw.testing import eventually
from tests.peers import notices
from tests.process import CONFIG
from tests.process import running as process
from tests.said_mind import Waits, answer, text, thinking
from tests.whole_house import Home, whole_house

pytestmark = pytest.mark.peers
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]  # fmt: skip
LIVELY = (
    "set the bedside lamp to 35%", "set the bedroom ceiling to 60%", "turn on the living room lights", "set the floor lamp to 40%",
    "turn on the kitchen counter", "play something on the living room speaker", "play something on the bedroom speaker",
    "set the bedroom shade to 70%", "open the garage door",
)  # fmt: skip
PICTURE, SCALED = Path(__file__).parents[2] / "docs" / "page.png", [739, 1600]  # 780 x 1688
ROOMS = {"front door": "in the hall", "garage": "in the garage", "motion": "in the hall"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}


class Phone:
    """A phone with the page on it; `faults` is what the browser complained about and what it asked of other hosts."""

    def __init__(self, context: Any, page: Any, address: str) -> None:
        self.context, self.page, self.address = context, page, address
        self.faults: list[str] = []
        page.on("console", lambda message: message.type in ("error", "warning") and self.faults.append(message.text))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("request", lambda request: self._own(request.url))
        page.on("websocket", lambda ws: self._own(ws.url.replace("ws:", "http:", 1)))

    def _own(self, url: str) -> None:
        if not url.startswith(self.address.split("/#")[0] + "/"):
            self.faults.append(f"asked {url}")

    async def come_in(self) -> None:
        """Open the invitation and wait until the house is there."""
        await self.page.goto(self.address)
        await self.page.wait_for_selector(".page")

    async def go(self, tab: str) -> None:
        await self.page.get_by_role("link", name=tab).click()

    async def write(self, text: str) -> None:
        """Type into the chat and send."""
        await self.page.get_by_label("Message").fill(text)
        await self.page.get_by_role("button", name="Send").click()

    async def sees(self, text: str, *, within: str = "body") -> None:
        """Wait until this text is shown."""
        await self.page.locator(within).get_by_text(text).last.wait_for(timeout=10_000)

    def tile(self, name: str) -> Any:
        return self.page.locator(".tile", has=self.page.get_by_text(name, exact=True))

    async def fits(self) -> bool:
        """Whether nothing is wider than the screen."""
        wide = "[...document.querySelectorAll('body, body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 0.5).length"
        return await self.page.evaluate(f"document.scrollingElement.scrollWidth <= innerWidth && {wide} === 0")


@contextlib.asynccontextmanager
async def phone_at(address: str, scheme: str = "light") -> AsyncIterator[Phone]:
    """A fresh browser that has not been here before."""
    api = pytest.importorskip("playwright.async_api", reason="needs playwright: pip install 'claw-house[peers]'")
    if not Path(CHROMIUM).exists():
        pytest.skip("needs chromium: apt-get install chromium")
    async with api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            context = await browser.new_context(color_scheme=scheme, timezone_id="Europe/Berlin", **PHONE)
            yield Phone(context, await context.new_page(), address)
        finally:
            await browser.close()


@contextlib.asynccontextmanager
async def at_home(folder: Path, scheme: str = "light") -> AsyncIterator[tuple[Home, Phone]]:
    """The virtual house and a phone that is signed in; at the end the browser must have had nothing to complain about."""
    async with whole_house(folder) as home:
        await eventually(lambda: home.daemon.web.addresses)
        async with phone_at(home.daemon.web.invite(), scheme) as phone:
            await phone.come_in()
            yield home, phone
            assert await phone.fits()
            assert phone.faults == []


async def shot(phone: Phone, name: str) -> None:
    """Keep a picture of the page in the folder CLAW_SHOTS, for whoever wants to look."""
    if folder := os.environ.get("CLAW_SHOTS"):
        await phone.page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled")


async def furnish(home: Home) -> None:
    """Tell the claw the rooms that it asks for."""
    asks = home.daemon.agent.asks
    for _ in ROOMS:
        await eventually(asks.open, seconds=20)
        question = asks.open()[0]
        asks.answer(next(room for words, room in ROOMS.items() if words in question.text.lower()), question.id)
        await eventually(lambda id=question.id: all(one.id != id for one in asks.open()))


async def test_a_phone_comes_in_by_the_address_and_sees_the_rooms(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        assert phone.page.url == phone.address.split("#")[0]
        for area in ("Living Room", "Kitchen", "Bedroom"):
            await phone.sees(area, within=".room-name")
        assert await phone.page.locator(".tile").count() == len(home.daemon.house.devices)
        await phone.page.get_by_role("button", name="Kitchen", expanded=True).click()
        await phone.page.reload()
        await phone.page.get_by_role("button", name="Kitchen", expanded=False).wait_for()  # signed in, and as it was left


async def test_a_touch_switches_the_lamp_and_a_slider_dims_it(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        lamp = home.house.hue.lamps["Floor Lamp"]
        was = lamp.on
        await phone.tile("Floor Lamp").locator(".face").tap()
        await eventually(lambda: lamp.on is not was)
        await phone.tile("Floor Lamp").locator(f".face[aria-pressed={str(not was).lower()}]").wait_for()
        await phone.tile("Floor Lamp").get_by_role("slider").fill("30")
        await eventually(lambda: lamp.on and abs(lamp.brightness - 30) < 1.5)
        await phone.sees("On · 30 %", within=".tile")
        await phone.page.get_by_role("button", name="More of Floor Lamp").tap()
        await phone.page.get_by_role("button", name="Red", exact=True).tap()
        await eventually(lambda: home.device("Floor Lamp").state.get("color") == "red")


async def test_a_shade_moves_once_for_a_row_of_keys_and_for_a_drag(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        slider, shade = phone.page.get_by_label("Position of Bedroom Shade"), home.device("Bedroom Shade")
        await slider.fill("50")
        await eventually(lambda: round(shade.state["position"]) == 50)
        await slider.focus()
        for _ in range(8):
            await slider.press("ArrowUp")
        await eventually(lambda: round(shade.state["position"]) == 58)
        box = await slider.bounding_box()
        await phone.page.mouse.move(box["x"] + box["width"] * 0.58, box["y"] + box["height"] / 2)
        await phone.page.mouse.down()
        for share in (0.5, 0.4, 0.3, 0.2):
            await phone.page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        await phone.page.mouse.up()
        await eventually(lambda: shade.state["position"] < 30)
        moves = home.daemon.store.all("SELECT text FROM inbox WHERE kind = 'touch' ORDER BY id")
        assert len(moves) == 3


async def test_a_device_that_does_not_obey_is_told_in_words_and_shown_as_it_is(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        home.house.homekit.part["Front Door Lock"].by_hand(locked=False)
        await phone.sees("Unlocked", within=".tile")
        home.house.homekit.faults.lies = True
        await phone.tile("Front Door Lock").get_by_role("button", name="Lock Front Door Lock").tap()
        await phone.sees("Locking …", within=".tile")
        await phone.page.locator(".toast", has_text="still says unlocked").wait_for(timeout=20_000)
        await phone.sees("Unlocked", within=".tile")


async def test_a_message_is_answered_and_the_garage_opens_by_a_button(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        door = home.device("Garage Door")
        await phone.go("Chat")
        await phone.write("turn on the kitchen lights")
        await eventually(lambda: home.house.hue.lamps["Kitchen Ceiling"].on and home.house.hue.lamps["Kitchen Counter"].on)
        await phone.page.locator(".bubble.claw:not(.typing)").first.wait_for()
        await phone.write("open the garage door")
        await phone.page.locator(".bubble").get_by_role("button", name="Yes").wait_for()
        await phone.go("Home")
        assert not door.state["open"]
        await phone.page.get_by_label("Waiting for you").get_by_role("button", name="Yes").tap()
        await eventually(lambda: door.state["open"])
        await phone.page.locator(".question").wait_for(state="detached")
        await phone.go("Chat")
        await phone.sees("is open", within=".bubbles")
        mine = phone.page.locator(".bubble.you", has_text="open the garage door")
        assert await mine.count() == 1
        now = home.daemon.agent.clock.now()  # of the house; the phone is on a journey
        assert await mine.locator("time").inner_text() in {f"{now - timedelta(minutes=ago):%H:%M}" for ago in (0, 1)}


async def test_a_touch_that_needs_a_yes_is_answered_where_it_was_touched(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        await phone.tile("Garage Door").get_by_role("button", name="Open Garage Door").tap()
        await phone.page.locator(".toast").get_by_role("button", name="Yes").tap()
        await eventually(lambda: home.device("Garage Door").state["open"])
        await phone.page.locator(".toast").wait_for(state="detached")


async def test_the_log_takes_a_turn_back_and_does_it_again(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        lamp = home.house.hue.lamps["Bedside Lamp"]
        was = lamp.on
        said = f"turn {'off' if was else 'on'} the bedside lamp"
        await home.say(said)
        assert lamp.on is not was
        await phone.go("Activity")
        entries = phone.page.locator(".entry:has(.text)")
        await entries.first.get_by_role("button", name="Undo").tap()
        await eventually(lambda: lamp.on is was)
        await phone.page.locator(".toast").wait_for()
        await entries.first.get_by_text(f"Undo “{said}”").wait_for()
        await entries.nth(1).get_by_text("undone").wait_for()
        assert await entries.nth(1).get_by_text(said).count() == 1
        assert await entries.nth(1).get_by_role("button").count() == 0
        await phone.page.locator(".toast").get_by_label("Close").tap()
        await entries.first.get_by_role("button", name="Redo").tap()
        await eventually(lambda: lamp.on is not was)
        await entries.first.get_by_text(f"Redo “{said}”").wait_for()
        await entries.nth(1).get_by_text("undone").wait_for()
        await entries.nth(2).get_by_role("button", name="Undo").wait_for()


async def test_the_next_routines_come_first_and_unfold(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        for words in (
            "set a timer for 20 minutes",
            "in ten minutes turn off the kitchen ceiling",
            "remind me in 2 days to call mum",
        ):
            await home.say(words)
        await home.say("remind me every hour to drink")
        await phone.go("Activity")
        titles = phone.page.locator("summary .title")
        await phone.page.get_by_role("button", name="Show all 4").tap()
        assert [await titles.nth(place).inner_text() for place in (0, 1, 2, 3)] == [
            "Turn off the kitchen ceiling", "20-minute timer", "Drink", "Call mum"
        ]  # fmt: skip
        notes = await phone.page.locator("summary .note").all_inner_texts()
        assert [("next" in note) for note in notes] == [False, False, True, False]
        await titles.nth(2).tap()
        await phone.page.get_by_role("button", name="Pause").locator("visible=true").tap()
        await phone.sees("paused", within="summary")
        assert await titles.last.inner_text() == "Drink"
        await phone.page.get_by_role("button", name="Show fewer").tap()
        await titles.nth(3).wait_for(state="detached")
        assert await titles.last.inner_text() == "Call mum"


async def test_home_names_what_stands_open(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        await phone.sees("Doors closed", within=".hello")
        home.house.homekit.part["Front Door Lock"].by_hand(locked=False)
        await phone.sees("Front Door unlocked", within=".hello")


async def test_a_question_of_the_house_is_answered_in_the_chat_and_goes_from_home(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        card = phone.page.locator(".question", has_text="front door lock")
        await card.wait_for(timeout=20_000)
        await phone.go("Chat")
        await phone.page.locator(".bubble.claw", has_text="Which room is the front door lock in?").wait_for()
        await phone.write("in the hall")
        await eventually(lambda: home.daemon.house.area(home.device("Front Door Lock")) == "Hall")
        await phone.go("Home")
        await card.wait_for(state="detached")


async def test_names_of_strangers_are_text(tmp_path: Path) -> None:
    name = '<img src=x onerror="document.title=1"> {{7*7}} ${location} ' + "W" * 20
    async with at_home(tmp_path) as (home, phone):
        home.house.hue.add_lamp(Lamp(name, "Kitchen", "white"))
        await phone.page.locator(".tile", has_text="<img src=x onerror=").wait_for()
        await phone.go("Chat")
        await phone.write("<script>document.title=1</script> <b>bold</b>")
        await phone.sees("<script>document.title=1</script> <b>bold</b>", within=".bubble.you")
        assert await phone.page.title() == "claw"
        assert await phone.page.locator("main img, main script, main b").count() == 0
        await phone.go("Home")


async def test_a_lost_connection_comes_back_by_itself_with_what_was_missed(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        lamp = home.house.hue.lamps["Floor Lamp"]
        await phone.page.evaluate("document.querySelector('.page').dataset.same = 'yes'")
        for one in list(home.daemon.web.live.sockets):
            one.drop()
        await home.say(f"turn {'off' if lamp.on else 'on'} the floor lamp")
        await phone.tile("Floor Lamp").locator(f".face[aria-pressed={str(lamp.on).lower()}]").wait_for()
        await phone.page.locator(".bar:not(.down)").wait_for(state="attached")
        assert await phone.page.locator(".page[data-same=yes]").count() == 1


async def test_words_typed_while_the_claw_is_gone_arrive_exactly_once(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = CONFIG.replace("port = 0", f"port = {port}")
    with process(tmp_path, config) as claw:
        async with phone_at(claw.client.one("page", "address")) as phone:
            await phone.come_in()
            await phone.go("Chat")
            await phone.write("hello")
            await phone.page.locator(".bubble.claw:not(.typing)").wait_for()
            claw.end()
            await phone.sees("Not connected", within=".bar")
            await phone.write("what time is it?")
            await phone.write("who are you?")
            await phone.sees("waiting for the connection", within=".bubble.unsent")
            with process(tmp_path, config):
                await phone.page.reload()  # what was typed outlives it
                await phone.page.locator(".bubble.claw:not(.typing)").nth(2).wait_for(timeout=15_000)
                assert await phone.page.locator(".unsent").count() == 0
                await phone.page.reload()
                await phone.page.locator(".bubble.you").nth(2).wait_for()
                assert await phone.page.locator(".bubble.you").count() == 3
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "house.db")) as conn:
        rows = conn.execute("SELECT text FROM inbox WHERE kind = 'message' ORDER BY id").fetchall()
    assert [row[0] for row in rows] == ["hello", "what time is it?", "who are you?"]


async def test_what_was_typed_hours_before_the_connection_came_back_is_asked_about(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        lamp = home.house.hue.lamps["Floor Lamp"]
        was = lamp.on
        await phone.go("Chat")
        await phone.write("hello")
        await phone.page.locator(".bubble.claw:not(.typing)").wait_for()
        waiting = {"cid": "c1", "text": f"turn {'off' if was else 'on'} the floor lamp"}
        script = "one => localStorage.setItem('claw.typed', JSON.stringify([{...one, at: Date.now() / 1000 - 3 * 3600}]))"
        await phone.page.evaluate(script, waiting)
        await phone.page.reload()
        await phone.page.locator(".bubble.claw", has_text="You wrote this 3 hours ago").wait_for()
        said = await phone.page.locator(".bubble .text").all_inner_texts()
        assert said[:2] == [waiting["text"], "hello"]  # where it belongs in time
        assert lamp.on is was
        await phone.page.locator(".bubble").get_by_role("button", name="Yes").tap()
        await eventually(lambda: lamp.on is not was)


async def test_a_secret_is_shown_as_it_is_kept(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (_, phone):
        await phone.go("Chat")
        await phone.write("remember that the wifi password is hunter2")
        await phone.sees("I do not keep passwords", within=".bubble.claw")
        await phone.sees("(an answer)", within=".bubble.you")
        assert await phone.page.locator(".bubble.you").count() == 1
        assert "hunter2" not in await phone.page.evaluate("document.body.innerText + JSON.stringify({...localStorage})")


async def test_who_has_no_code_stays_outside_and_who_signs_out_is_outside_again(tmp_path: Path) -> None:
    with process(tmp_path, CONFIG) as claw:
        address, code = claw.client.one("page", "address").split("/#code=")
        async with phone_at(address + "/") as phone:
            await phone.page.goto(phone.address)
            await phone.page.get_by_label("Code").fill("WRONGONE")
            await phone.page.get_by_role("button", name="Come in").tap()
            await phone.page.get_by_role("alert").wait_for()
            assert await phone.fits()
            await phone.page.get_by_label("Code").fill(f"{code[:4].lower()} {code[4:]}")
            await phone.page.get_by_role("button", name="Come in").tap()
            await phone.page.wait_for_selector(".page")
            await phone.go("Activity")
            await phone.page.get_by_role("button", name="Sign out this phone").tap()
            await phone.page.get_by_role("button", name="Sign out", exact=True).tap()
            await phone.page.get_by_label("Code").wait_for()
            await phone.page.reload()
            await phone.page.get_by_label("Code").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_light_and_dark_are_drawn_and_the_picture_is_taken(scheme: str, tmp_path: Path) -> None:
    async with at_home(tmp_path, scheme) as (home, phone):
        await furnish(home)
        for words in LIVELY:
            await home.say(words)
        await phone.sees("Playing", within=".tile")
        await phone.sees("Open the garage door?", within=".question")
        ground = await phone.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        brightness = sum(int(part) for part in re.findall(r"\d+", ground)) / 3
        assert brightness > 200 if scheme == "light" else brightness < 60
        await phone.page.clock.set_fixed_time(home.clock.now().replace(hour=9, minute=0))  # the picture is of a morning
        for tab in ("Chat", "Activity", "Home"):
            await phone.go(tab)
            assert await phone.fits(), tab
        picture = os.environ.get("CLAW_PICTURE", "") if scheme == "light" else ""
        shot = Path(picture) if picture else tmp_path / "page.png"
        await phone.page.screenshot(path=shot)
        assert shot.stat().st_size > 20_000


async def test_a_phone_signs_up_for_notices_and_shows_what_is_pushed_to_it_once(tmp_path: Path) -> None:
    """The browser's own push service is on the internet, so what it would say is said by a phone of ours; the rest is real."""
    async with (
        notices.served() as service,
        whole_house(tmp_path, f'[push]\nenabled = true\nservices = ["{service.base}"]\n') as home,
    ):
        device = notices.Phone(service)
        await eventually(lambda: home.daemon.web.addresses)
        async with phone_at(home.daemon.web.invite()) as phone:
            await phone.context.grant_permissions(["notifications"])
            stub = f"PushManager.prototype.subscribe = async (how) => {{ window.how = how; return {json.dumps(device.subscription)}; }}"
            await phone.page.add_init_script(stub)
            cdp, seen = await phone.context.new_cdp_session(phone.page), list[dict[str, Any]]()
            cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: seen.extend(event["registrations"]))
            await cdp.send("ServiceWorker.enable")
            await phone.come_in()
            await phone.go("Activity")
            await phone.page.get_by_role("button", name="Notify this phone").click()
            await phone.sees("I notify you by push now on this phone.")
            await eventually(lambda: device.texts == [NOTICE])
            assert await phone.page.evaluate("window.how.userVisibleOnly")
            for _ in range(2):
                pushed = json.dumps(device.notices[0])
                where = {"origin": home.daemon.web.addresses[0], "registrationId": seen[0]["registrationId"]}
                await cdp.send("ServiceWorker.deliverPushMessage", {**where, "data": pushed})
            shown = (
                "navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((all) => all.map((one) => one.body))"
            )
            for _ in range(100):
                if await phone.page.evaluate(shown) == [NOTICE]:
                    break
            assert await phone.page.evaluate(shown) == [NOTICE]
            assert phone.faults == []


@pytest.mark.parametrize(("config", "secure"), [("", "true"), ("[push]\nenabled = true\n", "false")], ids=["off", "http"])
async def test_where_no_notice_can_come_no_button_offers_it(tmp_path: Path, config: str, secure: str) -> None:
    async with whole_house(tmp_path, config) as home:
        await eventually(lambda: home.daemon.web.addresses)
        async with phone_at(home.daemon.web.invite()) as phone:
            await phone.page.add_init_script(f"Object.defineProperty(window, 'isSecureContext', {{ value: {secure} }})")
            await phone.come_in()
            await phone.go("Activity")
            await phone.page.get_by_role("button", name="Sign out this phone").wait_for()
            assert await phone.page.get_by_role("button", name="Notify this phone").count() == 0


async def test_a_photo_is_chosen_sent_small_thought_about_and_enlarged(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        model = Waits(answer(text("Full sun, I think.")))
        thinking(home.daemon, model, media=home.daemon.data / "media")  # type: ignore[arg-type]
        await phone.go("Chat")
        await phone.page.locator("input[type=file]").set_input_files(PICTURE)
        await phone.page.get_by_label("Leave the photo out").click()
        assert await phone.page.get_by_role("button", name="Send", exact=True).is_disabled()
        await phone.page.locator("input[type=file]").set_input_files(PICTURE)
        await phone.page.get_by_alt_text("The photo to send").wait_for()
        await shot(phone, "chosen")
        assert await phone.fits()
        await phone.write("how much sun does basil want")
        await phone.sees("The claw is thinking …", within="[role=status][aria-live=polite]")
        mine = phone.page.locator(".bubble.you", has_text="how much sun does basil want")
        await mine.get_by_role("button", name="Enlarge your photo").wait_for()
        await shot(phone, "thinking")
        model.free.set()
        await phone.sees("Full sun, I think.", within=".bubble.claw")
        await phone.page.locator(".typing").wait_for(state="detached")
        (sent,) = (path.read_bytes() for path in (home.daemon.data / "media").iterdir())
        assert kind(sent) == "image/jpeg"
        await phone.page.reload()
        await mine.get_by_role("button", name="Enlarge your photo").tap()
        large = phone.page.locator("dialog.large img")
        assert await large.evaluate("one => one.decode().then(() => [one.naturalWidth, one.naturalHeight])") == SCALED
        await shot(phone, "large")
        assert await phone.fits()
        await phone.page.get_by_role("button", name="Close").tap()
        await large.wait_for(state="detached")


async def test_what_is_no_picture_is_told_and_not_sent(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        await phone.go("Chat")
        no = {"name": "no.jpg", "mimeType": "image/jpeg", "buffer": b"no picture"}
        await phone.page.locator("input[type=file]").set_input_files(no)
        await phone.sees("This browser cannot read that picture.", within=".toast")
        assert not (home.daemon.data / "media").exists()


async def test_a_picture_of_the_claw_is_shown_and_one_that_is_gone_is_told(tmp_path: Path) -> None:
    async with at_home(tmp_path) as (home, phone):
        kept = keep(home.daemon.data / "media", PICTURE.read_bytes())
        await phone.go("Chat")
        for name, path in (("One.", kept), ("Two.", kept.with_name("gone.jpg"))):
            home.daemon.agent.outbox.put(name, key=name, bridge="web", chat="web:owner", image=str(path))
        one, two = (phone.page.locator(".bubble.claw", has_text=words) for words in ("One.", "Two."))
        await two.get_by_text("This picture is not kept any more.").wait_for()
        assert await one.locator("img").evaluate("one => one.decode().then(() => one.naturalWidth)") == 780
        await shot(phone, "shown")
        assert [fault for fault in phone.faults if "404" not in fault] == []
        phone.faults.clear()  # the browser says itself that the other one was not there


async def test_a_photo_sent_while_the_claw_is_gone_arrives_before_the_words_after_it(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = CONFIG.replace("port = 0", f"port = {port}")
    with process(tmp_path, config) as claw:
        async with phone_at(claw.client.one("page", "address")) as phone:
            await phone.come_in()
            await phone.go("Chat")
            claw.end()
            await phone.sees("Not connected", within=".bar")
            await phone.page.locator("input[type=file]").set_input_files(PICTURE)
            await phone.page.get_by_alt_text("The photo to send").wait_for()
            await phone.write("hello")
            await phone.write("what time is it?")
            with process(tmp_path, config):
                await phone.page.reload()  # what was typed outlives it, and so does the photo
                await phone.page.locator(".bubble.claw:not(.typing)").nth(1).wait_for(timeout=15_000)
                assert await phone.page.locator(".unsent").count() == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "house.db")) as conn:
        rows = conn.execute("SELECT text, extra IS NOT NULL FROM inbox WHERE kind = 'message' ORDER BY id").fetchall()
    assert rows == [("hello", 1), ("what time is it?", 0)]
