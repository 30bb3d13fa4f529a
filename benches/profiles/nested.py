"""Orders: objects two deep, an array of strings, and one of objects that hold an array of objects."""

from functools import cached_property
from random import Random

from profiles.profile import BOOLEAN, INTEGER, NUMBER, STRING, TIMESTAMP, array_of, object_of
from profiles.texts import PAST_SECONDS, moment, money, names, quoted, sentences

CITIES = ["Berlin", "Paris", "São Paulo", "New York", "Tokyo", "Łódź", "Nairobi", "Oslo", "Lima", "Mumbai"]
CURRENCIES = ["USD", "EUR", "GBP", "JPY", "BRL"]
TAGS = ["vip", "gift", "repeat", "priority", "fragile", "b2b", "wholesale", "promo"]
TIERS = ["bronze", "silver", "gold", "platinum"]
ADJECTIVES = ["Small", "Large", "Ergonomic", "Rustic", "Intelligent", "Gorgeous", "Recycled", "Handmade"]
NOUNS = ["Chair", "Keyboard", "Lamp", "Table", "Shoes", "Gloves", "Bottle", "Backpack", "Monitor", "Cable"]


class Nested:
    stream = "orders"
    share = 0.5
    properties = {
        "id": INTEGER,
        "order_number": STRING,
        "currency": STRING,
        "total": NUMBER,
        "created_at": TIMESTAMP,
        "updated_at": TIMESTAMP,
        "note": STRING,
        "customer": object_of(
            id=INTEGER, name=STRING, email=STRING, phone=STRING, loyalty=object_of(tier=STRING, points=INTEGER)
        ),
        "shipping_address": object_of(
            line1=STRING, line2=STRING, city=STRING, zip=STRING, country=STRING, geo=object_of(lat=NUMBER, lon=NUMBER)
        ),
        "tags": array_of(STRING),
        "line_items": array_of(
            object_of(
                sku=STRING,
                name=STRING,
                quantity=INTEGER,
                unit_price=NUMBER,
                taxable=BOOLEAN,
                discounts=array_of(object_of(code=STRING, amount=NUMBER, kind=STRING)),
            )
        ),
    }

    @cached_property
    def names(self) -> list[tuple[str, str]]:
        return names()

    @cached_property
    def notes(self) -> list[str]:
        return sentences(Random("notes"), 2048, 6, 14)

    @cached_property
    def cities(self) -> list[str]:
        return [quoted(city) for city in CITIES]

    @cached_property
    def discounts(self) -> list[str]:
        random = Random("discounts")

        def discount() -> str:
            code, kind = random.choice(["SAVE", "VIP", "WELCOME"]), random.choice(["fixed", "percent"])
            amount = money(random.randrange(50, 2000))
            return f'{{"code":"{code}{random.randrange(100)}","amount":{amount},"kind":"{kind}"}}'

        counts = random.choices([0, 0, 0, 1, 1, 2], k=2048)
        return ["[" + ",".join(discount() for _ in range(count)) + "]" for count in counts]

    @cached_property
    def line_items(self) -> list[str]:
        """Line items up to their discounts."""
        random = Random("line items")

        def line_item() -> str:
            name = f"{random.choice(ADJECTIVES)} {random.choice(NOUNS)}"
            return (
                f'{{"sku":"SKU-{random.randrange(1_000_000):06}","name":"{name}","quantity":{random.randrange(1, 10)},'
                f'"unit_price":{money(random.randrange(99, 50_000))},"taxable":{random.choice(["true", "false"])},'
                '"discounts":'
            )

        return [line_item() for _ in range(8192)]

    @cached_property
    def tags(self) -> list[str]:
        random = Random("tags")
        samples = [random.sample(TAGS, random.randrange(5)) for _ in range(512)]
        return ["[" + ",".join(map(quoted, tags)) + "]" for tags in samples]

    def body(self, random: Random, number: int, key: int) -> str:
        a, b = int(random.random() * 1e12), int(random.random() * 1e12)
        name, address = self.names[a % 400]
        customer = a % 5_000_000
        phone = "null" if a & 1 else f'"+49 30 {b % 10_000_000}"'
        picks = [int(random.random() * (1 << 24)) for _ in range(1 + (b & 7))]
        line_items = ",".join(f"{self.line_items[pick & 8191]}{self.discounts[pick >> 13]}}}" for pick in picks)
        return (
            f'{{"id":{key},"order_number":"ORD-{key:010}","currency":"{CURRENCIES[a % 5]}","total":{money(a % 9_999_999)},'
            f'"created_at":{moment(-1 - a % PAST_SECONDS, a % 1_000_000)},"updated_at":{moment(number, b % 1_000_000)},'
            f'"note":{"null" if b % 3 else self.notes[(a >> 5) & 2047]},'
            f'"customer":{{"id":{customer},"name":{name},"email":"{address}{customer}@example.com","phone":{phone},'
            f'"loyalty":{{"tier":"{TIERS[b & 3]}","points":{b % 20_000}}}}},'
            f'"shipping_address":{{"line1":"{b % 999} Main Street","line2":null,"city":{self.cities[a % 10]},'
            f'"zip":"{b % 100_000:05}","country":"DE",'
            f'"geo":{{"lat":{(a % 180_000_000) / 1e6 - 90:.6f},"lon":{(b % 360_000_000) / 1e6 - 180:.6f}}}}},'
            f'"tags":{self.tags[(b >> 3) & 511]},"line_items":[{line_items}]}}'
        )
