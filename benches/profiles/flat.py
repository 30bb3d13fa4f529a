"""Accounts: 12 scalar columns."""

from functools import cached_property
from random import Random

from profiles.profile import BOOLEAN, DATE, INTEGER, NUMBER, STRING, TIMESTAMP
from profiles.texts import PAST_SECONDS, moment, money, names, sentences

STATUS = ["active", "pending", "suspended", "closed", "trial"]


class Flat:
    stream = "accounts"
    share = 1.0
    properties = {
        "id": INTEGER,
        "account_id": INTEGER,
        "name": STRING,
        "email": STRING,
        "status": STRING,
        "amount": NUMBER,
        "score": NUMBER,
        "is_active": BOOLEAN,
        "description": STRING,
        "created_at": TIMESTAMP,
        "updated_at": TIMESTAMP,
        "birth_date": DATE,
    }

    @cached_property
    def names(self) -> list[tuple[str, str]]:
        return names()

    @cached_property
    def descriptions(self) -> list[str]:
        return sentences(Random("flat"), 4096, 9, 17)

    @cached_property
    def dates(self) -> list[str]:
        return ["null"] * 410 + [f'"{1940 + i % 70}-{1 + i % 12:02}-{1 + i % 28:02}"' for i in range(3686)]

    def body(self, random: Random, number: int, key: int) -> str:
        a, b = int(random.random() * 1e12), int(random.random() * 1e9)
        name, address = self.names[a % 400]
        score = "null" if b % 10 == 0 else f"{b * 1e-9:.6f}"
        is_active = "null" if b % 50 == 7 else ("true" if b & 1 else "false")
        description = "null" if b % 7 == 3 else self.descriptions[(b >> 3) & 4095]
        return (
            f'{{"id":{key},"account_id":{a},"name":{name},"email":"{address}{key}@example.com",'
            f'"status":"{STATUS[b % 5]}","amount":{money(int(random.random() * 1e7) - 500_000)},"score":{score},'
            f'"is_active":{is_active},"description":{description},'
            f'"created_at":{moment(-1 - a % PAST_SECONDS, a % 1_000_000)},'
            f'"updated_at":{moment(number, b % 1_000_000)},"birth_date":{self.dates[b % 4096]}}}'
        )
