"""Invented people: names nobody has, ages that fit, and the facts of a referral about them."""

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from scheduler.calendars import add_days, add_months

# Surnames are villages and trees, so that nobody is mistaken for a real person.
SURNAMES = (
    *("Alder", "Appleby", "Ashgrove", "Aspen", "Beechwood", "Birchover", "Blackthorn", "Bramblewick", "Cedarholme"),
    *("Cherrywood", "Cotherstone", "Craghead", "Crabtree", "Eastgate", "Eldermere", "Elmfield", "Eppleby", "Firbank"),
    *("Frosterley", "Gorsedale", "Hamsterley", "Hawthorn", "Hazelwell", "Heatherington", "Hollinside", "Hornbeam"),
    *("Ireshope", "Ivybridge", "Junipere", "Kirkmerrin", "Lanchester", "Larchfield", "Limewood", "Mapleton"),
    *("Medlar", "Muggleswick", "Oakenshaw", "Orchardleigh", "Pinehurst", "Plumtree", "Quebec", "Quincewood"),
    *("Rookhope", "Rowanside", "Satley", "Sloe", "Spindlewood", "Stanhope", "Sycamore", "Thornley", "Tudhoe"),
    *("Walnutley", "Westerton", "Whitebeam", "Willowbrook", "Witton", "Wolsingham", "Yewdale"),
)
WOMEN = (
    *("Abena", "Aisha", "Amber", "Beth", "Carys", "Chloe", "Daisy", "Demi", "Ebony", "Ellie", "Freya", "Gemma"),
    *("Hannah", "Imani", "Jade", "Kayleigh", "Keira", "Layla", "Leanne", "Maisie", "Megan", "Nadia", "Niamh"),
    *("Olivia", "Paige", "Priya", "Rhiannon", "Rosie", "Saffron", "Shanice", "Skye", "Tia", "Yasmin", "Zofia"),
)
MEN = (
    *("Aaron", "Bilal", "Callum", "Connor", "Dale", "Declan", "Ewan", "Finlay", "Harvey", "Ibrahim", "Jaydon"),
    *("Jordan", "Kieran", "Kwame", "Lewis", "Liam", "Marcus", "Mason", "Nathan", "Owen", "Reece", "Ryan", "Tomasz"),
)
BABIES = (
    *("Ada", "Albie", "Arlo", "Ayla", "Dylan", "Elsie", "Esme", "Eva", "Finn", "George", "Hope", "Isla", "Ivy"),
    *("Jude", "Leo", "Lily", "Mabel", "Milo", "Noah", "Nora", "Poppy", "Ravi", "Theo", "Violet", "Zara"),
)


@dataclass
class Names:
    """Hands out names, none twice until all were used."""

    rng: Random

    def __post_init__(self) -> None:
        self._left: dict[tuple[str, ...], list[str]] = {}

    def _next(self, names: tuple[str, ...]) -> str:
        left = self._left.setdefault(names, [])
        if not left:
            left.extend(self.rng.sample(names, len(names)))
        return left.pop()

    def woman(self) -> str:
        return f"{self._next(WOMEN)} {self._next(SURNAMES)}"

    def man(self) -> str:
        return f"{self._next(MEN)} {self._next(SURNAMES)}"

    def anyone(self) -> str:
        return self.woman() if self.rng.random() < 0.7 else self.man()

    def baby(self) -> str:
        return self._next(BABIES)


def born_at_age(rng: Random, age: int, on: date) -> date:
    """A date of birth that makes somebody exactly this old on that day, with no birthday near it."""
    return add_days(add_months(on, -12 * age), -rng.randint(30, 335))


def shares(rng: Random, total: int, among: int, *, least: int, most: int) -> list[int]:
    """`total` parted into so many whole numbers, each from `least` to `most`."""
    parts = [least] * among
    while sum(parts) < total:
        place = rng.randrange(among)
        parts[place] += parts[place] < most
    return parts


def parent(role: str, name: str, born: date, **known: Any) -> dict[str, Any]:
    """One parent of a referral, everything answered: what is not said is not so."""
    return {
        "role": role,
        "name": name,
        "date_of_birth": born.isoformat(),
        "parental_responsibility": role == "mother",
        "in_full_time_education": False,
        "learning_disability": "none",
        "care_status": "none",
        "permanently_resident": True,
        "plan": "none",
        "subject_of_current_proceedings": False,
        "own_social_worker": "none",
        "open_to": "none",
        "significant_needs": False,
        "previous_removals": [],
        "positive_change": False,
        "consent": "given",
        **known,
    }


def removal(
    years: int, before: date, rng: Random, *, through: str = "care_proceedings", by: str | None = None
) -> dict[str, Any]:
    """A child removed so many whole years (and some months) before that day."""
    day = add_days(add_months(before, -12 * years), -rng.randint(30, 330))
    return {"through": through, "removed_on": day.isoformat(), "authority": by or "an invented authority"}
