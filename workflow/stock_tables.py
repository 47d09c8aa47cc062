"""The table of things that are lent to families. Who has one is said by the clock of the loan, and not twice."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from workflow.columns import Instant
from workflow.models import one_of, strict


class Condition(StrEnum):
    """How a thing is; only one in good order can be lent."""

    GOOD = "good"
    REPAIR = "repair"
    LOST = "lost"
    RETIRED = "retired"


class StockItem(SQLModel, table=True):
    """One thing that is lent, such as a Real Care baby (an infant simulator)."""

    __tablename__ = "stock_items"
    __table_args__ = strict(one_of("condition", Condition))
    code: str = Field(primary_key=True, sa_type=Text)
    authority: str = Field(sa_type=Text)
    label: str = Field(sa_type=Text)
    condition: str = Field(default=Condition.GOOD, sa_type=Text)
    added_at: datetime = Field(sa_type=Instant)
    fetched_at: datetime | None = Field(default=None, sa_type=Instant)  # back from a family whose case had ended
