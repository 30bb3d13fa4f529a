"""What streams look like: a schema each, and how to make a record of it.

Profiles:
    flat    12 scalar columns, some 370 bytes: what most API and database streams look like
    nested  orders with objects two deep, tags, and line items that hold discounts, some 1.2 kB
    wide    200 columns, 60 % of them null or absent, some 3 kB: exports of CRM objects
"""

from profiles.flat import Flat
from profiles.nested import Nested
from profiles.profile import Profile
from profiles.wide import Wide

PROFILES: dict[str, Profile] = {"flat": Flat(), "nested": Nested(), "wide": Wide()}
