"""A bot on aiogram, for test_bot_api.py: ptb_bot.py is the same on python-telegram-bot.

stdout has one JSON a line: what came, what was refused, and `unknown`, the fields that the library's models do not have.
"""

import asyncio
import logging
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from aiogram import Bot, Dispatcher, F, types
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter
from pydantic import BaseModel

from tests.peers.bot_process import fork_bots, tell

dispatcher = Dispatcher()
YES_NO = types.InlineKeyboardMarkup(
    inline_keyboard=[[types.InlineKeyboardButton(text=text, callback_data=f"approve:{text}") for text in ("Yes", "No")]]
)


def unknown(value: Any) -> Iterator[str]:
    """Names of fields that the models do not know."""
    if isinstance(value, BaseModel):
        yield from (f"{type(value).__name__}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from unknown(getattr(value, name))
    elif isinstance(value, list):
        for one in value:
            yield from unknown(one)


class Strict(AiohttpSession):
    """Every response is read by the library's models, and looked at for what they do not know."""

    def check_response(self, bot: Bot, method: Any, status_code: int, content: str) -> Any:
        response = super().check_response(bot, method, status_code, content)
        if names := sorted(set(unknown(response.result))):
            tell(unknown=names)
        return response


async def patiently(what: Any) -> Any:
    """Send, and wait as long as the server says when it is too much."""
    while True:
        try:
            return await what
        except TelegramRetryAfter as flood:
            tell(retry_after=flood.retry_after)
            await asyncio.sleep(flood.retry_after)


async def refused(what: Any) -> None:
    try:
        tell(accepted=str(await what))
    except TelegramAPIError as error:
        tell(refused=type(error).__name__, text=error.message, migrate_to=getattr(error, "migrate_to_chat_id", None))


@dispatcher.message(F.text == "/start")
async def start(message: types.Message) -> None:
    assert message.from_user
    shown = await message.answer(f"<b>Hello</b> {message.from_user.first_name} &lt;3", parse_mode="HTML")
    tell(kinds=[one.type for one in shown.entities or []])
    await message.answer("Open the door?", reply_markup=YES_NO)


@dispatcher.callback_query()
async def pressed(query: types.CallbackQuery) -> None:
    tell(pressed=query.data, accessible=isinstance(query.message, types.Message))
    await query.answer("noted")
    if isinstance(query.message, types.Message):
        await query.message.edit_text(f"{query.data} by {query.from_user.first_name}")


@dispatcher.message(F.photo)
async def photo(message: types.Message, bot: Bot) -> None:
    assert message.photo
    data = await bot.download(message.photo[-1], BytesIO())
    assert data
    back = await message.answer_photo(
        types.BufferedInputFile(data.read(), "back.png"), caption=f"{len(message.photo)} sizes: {message.caption}"
    )
    assert back.photo
    await message.answer_photo(back.photo[-1].file_id, caption="again")


@dispatcher.message(F.voice)
async def voice(message: types.Message, bot: Bot) -> None:
    assert message.voice
    data = await bot.download(message.voice, BytesIO())
    assert data
    await message.answer(f"{message.voice.duration} s: {data.read().decode()}")


@dispatcher.message(F.text == "/all")
async def all_methods(message: types.Message, bot: Bot) -> None:
    """What no other line here asks for, right and wrong."""
    chat = message.chat.id
    tell(me=(await bot.get_me()).username, chat=(await bot.get_chat(chat)).first_name)
    await bot.send_chat_action(chat, "typing")
    await bot.set_my_commands([types.BotCommand(command="help", description="what I can do")])
    quiet = types.LinkPreviewOptions(is_disabled=True)
    shown = await message.reply("see https://example.org/x", link_preview_options=quiet, reply_markup=YES_NO)
    assert shown.reply_to_message
    await shown.edit_reply_markup()
    long = types.InlineKeyboardMarkup(inline_keyboard=[[types.InlineKeyboardButton(text="x", callback_data="é" * 33)]])
    await refused(bot.send_message(999, "who?"))
    await refused(shown.edit_text("see https://example.org/x"))
    await refused(message.answer("x" * 4097))
    await refused(message.answer(""))
    await refused(message.answer("a < b", parse_mode="HTML"))
    await refused(message.answer("x", reply_markup=long))
    await refused(bot.answer_callback_query("1"))
    await refused(bot.get_file("nonsense"))
    await refused(message.answer_photo(types.BufferedInputFile(b"no picture", "x.png")))


@dispatcher.message(F.text.startswith("/to "))
async def to(message: types.Message, bot: Bot) -> None:
    assert message.text
    await refused(bot.send_message(int(message.text[4:]), "hello"))


@dispatcher.message(F.text == "/leave")
async def leave(message: types.Message, bot: Bot) -> None:
    await refused(bot.leave_chat(message.chat.id))


@dispatcher.message(F.text)
async def heard(message: types.Message) -> None:
    origin = message.forward_origin
    if isinstance(origin, types.MessageOriginUser):
        tell(forwarded=origin.sender_user.first_name)
    elif isinstance(origin, types.MessageOriginHiddenUser):
        tell(forwarded=origin.sender_user_name)
    await patiently(message.answer(f"heard: {message.text}"))


@dispatcher.message()
async def service(message: types.Message) -> None:
    tell(migrate_to=message.migrate_to_chat_id, migrate_from=message.migrate_from_chat_id, joined=bool(message.new_chat_members))


@dispatcher.edited_message()
async def corrected(message: types.Message) -> None:
    await message.answer(f"corrected: {message.text}")


@dispatcher.my_chat_member()
async def membership(change: types.ChatMemberUpdated) -> None:
    tell(was=change.old_chat_member.status, now=change.new_chat_member.status)


async def main(base: str, token: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    bot = Bot(token, session=Strict(api=TelegramAPIServer.from_base(base)))
    await dispatcher.start_polling(bot, handle_as_tasks=False, polling_timeout=5)


fork_bots(main)
