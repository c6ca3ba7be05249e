"""A bot on python-telegram-bot, for test_bot_api.py: aiogram_bot.py is the same on aiogram.

stdout has one JSON a line: what came, what was refused, and `unknown`, the fields that the library's models do not have.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from typing import Any

import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, Update
from telegram.error import ChatMigrated, RetryAfter, TelegramError
from telegram.ext import ApplicationBuilder, CallbackQueryHandler, ChatMemberHandler, ExtBot, MessageHandler, TypeHandler, filters

from tests.peers.bot_process import fork_bots, tell

Context = Any
YES_NO = InlineKeyboardMarkup([[InlineKeyboardButton(text, callback_data=f"approve:{text}") for text in ("Yes", "No")]])


def unknown(value: Any) -> Iterator[str]:
    """Names of fields that the models do not know."""
    if isinstance(value, telegram.TelegramObject):
        yield from (f"{type(value).__name__}.{name}" for name in value.api_kwargs)
        for name in value.to_dict():
            yield from unknown(getattr(value, "from_user" if name == "from" else name, None))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from unknown(one)


class Strict(ExtBot[None]):
    """Every message sent is looked at for what the library's models do not know."""

    async def _send_message(self, *args: Any, **more: Any) -> Any:
        return seen(await super()._send_message(*args, **more))


def seen(value: Any) -> Any:
    if names := sorted(set(unknown(value))):
        tell(unknown=names)
    return value


async def refused(what: Awaitable[Any]) -> None:
    try:
        tell(accepted=str(await what))
    except TelegramError as error:
        tell(
            refused=type(error).__name__,
            text=error.message,
            migrate_to=error.new_chat_id if isinstance(error, ChatMigrated) else None,
        )


async def start(update: Update, context: Context) -> None:
    message = update.message
    assert message
    assert message.from_user
    shown = await message.reply_text(f"<b>Hello</b> {message.from_user.first_name} &lt;3", parse_mode="HTML")
    tell(kinds=[str(one.type) for one in shown.entities])
    await message.reply_text("Open the door?", reply_markup=YES_NO)


async def pressed(update: Update, context: Context) -> None:
    query = update.callback_query
    assert query
    tell(pressed=query.data, accessible=bool(query.message and query.message.is_accessible))
    await query.answer("noted")
    if query.message and query.message.is_accessible:
        await query.edit_message_text(f"{query.data} by {query.from_user.first_name}")


async def photo(update: Update, context: Context) -> None:
    message = update.message
    assert message
    data = bytes(await seen(await message.photo[-1].get_file()).download_as_bytearray())
    back = await message.reply_photo(data, caption=f"{len(message.photo)} sizes: {message.caption}")
    await message.reply_photo(back.photo[-1].file_id, caption="again")


async def voice(update: Update, context: Context) -> None:
    message = update.message
    assert message
    assert message.voice
    data = bytes(await (await message.voice.get_file()).download_as_bytearray())
    length = message.voice.duration
    await message.reply_text(f"{length if isinstance(length, int) else round(length.total_seconds())} s: {data.decode()}")


async def all_methods(update: Update, context: Context) -> None:
    """What no other line here asks for, right and wrong."""
    message, bot = update.message, context.bot
    assert message
    chat = message.chat.id
    tell(me=seen(await bot.get_me()).username, chat=seen(await bot.get_chat(chat)).first_name)
    await bot.send_chat_action(chat, "typing")
    await bot.set_my_commands([telegram.BotCommand("help", "what I can do")])
    quiet = LinkPreviewOptions(is_disabled=True)
    shown = await message.reply_text("see https://example.org/x", link_preview_options=quiet, reply_markup=YES_NO, do_quote=True)
    assert shown.reply_to_message
    await shown.edit_reply_markup()
    long = InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="é" * 33)]])
    await refused(bot.send_message(999, "who?"))
    await refused(shown.edit_text("see https://example.org/x"))
    await refused(message.reply_text("x" * 4097))
    await refused(message.reply_text(""))
    await refused(message.reply_text("a < b", parse_mode="HTML"))
    await refused(message.reply_text("x", reply_markup=long))
    await refused(bot.answer_callback_query("1"))
    await refused(bot.get_file("nonsense"))
    await refused(message.reply_photo(b"no picture"))


async def to(update: Update, context: Context) -> None:
    assert update.message
    await refused(context.bot.send_message(int((update.message.text or "")[4:]), "hello"))


async def leave(update: Update, context: Context) -> None:
    assert update.message
    await refused(context.bot.leave_chat(update.message.chat.id))


async def heard(update: Update, context: Context) -> None:
    message = update.message
    assert message
    origin = message.forward_origin
    if isinstance(origin, telegram.MessageOriginUser):
        tell(forwarded=origin.sender_user.first_name)
    elif isinstance(origin, telegram.MessageOriginHiddenUser):
        tell(forwarded=origin.sender_user_name)
    while True:
        try:
            await message.reply_text(f"heard: {message.text}")
            return
        except RetryAfter as flood:
            wait = flood.retry_after if isinstance(flood.retry_after, int) else round(flood.retry_after.total_seconds())
            tell(retry_after=wait)
            await asyncio.sleep(wait)


async def service(update: Update, context: Context) -> None:
    message = update.message
    assert message
    tell(migrate_to=message.migrate_to_chat_id, migrate_from=message.migrate_from_chat_id, joined=bool(message.new_chat_members))


async def corrected(update: Update, context: Context) -> None:
    assert update.edited_message
    await update.edited_message.reply_text(f"corrected: {update.edited_message.text}")


async def membership(update: Update, context: Context) -> None:
    assert update.my_chat_member
    tell(was=str(update.my_chat_member.old_chat_member.status), now=str(update.my_chat_member.new_chat_member.status))


async def look(update: object, context: Context) -> None:
    seen(update)


async def main(base: str, token: str) -> None:
    logging.basicConfig(level=logging.WARNING)
    app = ApplicationBuilder().bot(Strict(token, base_url=f"{base}/bot", base_file_url=f"{base}/file/bot")).build()
    app.add_handler(TypeHandler(object, look), group=-1)
    new = filters.UpdateType.MESSAGE
    for only, then in (
        (filters.Regex("^/start$"), start), (filters.Regex("^/all$"), all_methods), (filters.Regex("^/to "), to), (filters.Regex("^/leave$"), leave),
        (filters.PHOTO, photo), (filters.VOICE, voice), (filters.TEXT, heard), (filters.ALL, service),
    ):  # fmt: skip
        app.add_handler(MessageHandler(only & new, then))
    app.add_handler(MessageHandler(filters.UpdateType.EDITED_MESSAGE, corrected))
    app.add_handler(CallbackQueryHandler(pressed))
    app.add_handler(ChatMemberHandler(membership))
    assert app.updater
    async with app:
        await app.updater.start_polling(timeout=5)
        await app.start()
        await asyncio.Event().wait()


fork_bots(main)
