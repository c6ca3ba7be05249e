"""Numbers, days and months as words, in lower case."""

from claw import moments

ONES = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
TEENS = ["thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENTHS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
NUMBERS = {word: n for n, word in enumerate([*ONES, *TEENS], 1)}
TENS = {word: n * 10 for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)}
ORDINALS = {word: n for n, word in enumerate(TENTHS, 1)}
DAYS = [day.casefold() for day in moments.DAYS]  # Monday is the first
MONTHS = [month.casefold() for month in moments.MONTHS]
