"""The under-one indicator: an authority brings its own return by page, program or command; only counts come out."""

import json
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from integration.test_pages_team import Visitor, words
from sqlalchemy import select
from typer.testing import CliRunner

from workflow.audit import ENTRIES
from workflow.cli import app
from workflow.errors import BadInput
from workflow.imports.published_shares import read_published
from workflow.under_one import compared

from doors import Doors, doors_to
from factories import Desk

HEAD = "CHILD,SEX,DOB,ETHNIC,UPN,MOTHER,MC_DOB"
EPISODE_HEAD = "CHILD,DECOM,RNE,LS,CIN,PLACE,PLACE_PROVIDER,DEC,REC,REASON_PLACE_CHANGE,HOME_POST,PL_POST,URN"
CHILDREN = ("A1,1,10/04/2022,WBRI,,,", "A2,2,01/01/2015,WBRI,,,", "A3,1,30/05/2021,WBRI,,,", "A4,2,31/05/2021,WBRI,,,",
            "A5,1,01/03/2023,WBRI,,,", "A6,1,01/01/2022,WBRI,,,")  # fmt: skip
SPELLS = (
    "A1,12/04/2022,S,C1,N1,U1,PR1,20/04/2022,X1,,,,",  # two days old
    "A1,20/04/2022,P,C1,N1,U5,PR1,01/06/2022,E4A,,,,",  # another placement is no start
    "A1,01/09/2022,S,C1,N1,U1,PR1,,,,,,",  # a second start in the same year is not counted again
    "A2,31/03/2023,S,V2,N1,U1,PR1,,,,,,",  # the last day of the year
    "A3,30/05/2022,S,C1,N1,U1,PR1,,,,,,",  # one year old that very day
    "A4,30/05/2022,S,C1,N1,U1,PR1,,,,,,",  # one day short of a year
    "A5,01/04/2023,S,C1,N1,U1,PR1,,,,,,",  # of the next year
    "A6,02/05/2022,S,V4,N1,U1,PR1,,,,,,",  # a series of short breaks
)


def text(head: str, *rows: str) -> str:
    return "\r\n".join((head, *rows)) + "\r\n"


HEADER, EPISODES = text(HEAD, *CHILDREN), text(EPISODE_HEAD, *SPELLS)


def national() -> str:
    """Figures of 152 authorities in which Durham stands where S-PAU says: all but Durham's are invented."""
    rows = []
    for year, share, rank in (("2020/21", 29, 5), ("2021/22", 24, 23), ("2022/23", 21, 50)):
        rows.append(f"County Durham,{year},400,{4 * share}")
        rows += [f"Authority {n},{year},1000,{10 * share + (5 if n < rank else -5)}" for n in range(1, 152)]
        rows.append(f"Too small,{year},c,c")
    return text("authority,year,starts,under_one", *rows)


@pytest.fixture
def doors(small_desk: Desk) -> Doors:
    return doors_to(small_desk)


def sent(doors: Doors, who: str, files: dict[str, Any], **data: str) -> Response:
    named = {name: (f"{name}.csv", content, "text/csv") for name, content in files.items()}
    headers = {"authorization": f"Bearer {doors.token(who)}"}
    return doors.client().post("/api/v1/reports/under-one", data=data, files=named, headers=headers)


def both(header: str = HEADER, episodes: str = EPISODES, **more: str) -> dict[str, str]:
    return {"header": header, "episodes": episodes, **more}


def test_first_starts_of_a_year_are_counted_by_month_and_quarter(doors: Doors) -> None:
    found = sent(doors, "baby.SM", both(), year="2022/23").json()
    assert {name: found[name] for name in ("year", "starts", "under_one", "share")} == {
        "year": "2022/23", "starts": 4, "under_one": 2, "share": 50,
    }  # fmt: skip
    by_month = {one["label"]: (one["starts"], one["under_one"]) for one in found["months"] if one["starts"]}
    assert by_month == {"April 2022": (1, 1), "May 2022": (2, 1), "March 2023": (1, 0)}
    assert len(found["months"]) == 12
    assert [(one["starts"], one["under_one"]) for one in found["quarters"]] == [(3, 2), (0, 0), (0, 0), (1, 0)]
    assert sent(doors, "baby.SM", both()).json()["year"] == "2023/24"  # that of the latest start
    assert found["kept_at"] is None
    assert doors.get("/reports/under-one", "baby.SM").json() == []


def test_what_durham_states_comes_out_of_the_figures_that_were_published(doors: Doors, tmp_path: Path) -> None:
    said = both(published=national())
    found = sent(doors, "baby.SM", said, authority="county durham").json()["published"]
    assert found == [
        {"year": "2020/21", "share": 29, "rank": 5, "of": 152},
        {"year": "2021/22", "share": 24, "rank": 23, "of": 152},
        {"year": "2022/23", "share": 21, "rank": 50, "of": 152},
    ]
    refused = sent(doors, "baby.SM", said, authority="Durham")
    assert refused.status_code == 422
    assert "the nearest are: County Durham" in refused.json()["detail"]
    shares = tmp_path / "shares.csv"
    shares.write_text("Authority;Year;Share\nOne;2020-21;30,5\n", encoding="utf-8")
    with pytest.raises(BadInput, match="line 2, column SHARE: must be a share in per cent"):
        read_published(shares)
    shares.write_text("Authority;Year;Share\nOne;2020-21;30.5%\nTwo;202021;30.5\nThree;2020/21;29\n", encoding="utf-8")
    assert compared(read_published(shares), "three") == [{"year": "2020/21", "share": 29, "rank": 3, "of": 3}]


BAD = {
    "a column that is missing": (HEAD.replace("DOB,", ""), None, "header.csv, line 1, column DOB: is missing"),
    "a day there is not": (None, SPELLS[0].replace("12/04/2022", "31/02/2023"), "column DECOM: must be a date"),
    "a day of two figures": (None, SPELLS[0].replace("12/04/2022", "12/04/22"), "write the year with four digits"),
    "a day to come": (None, SPELLS[0].replace("12/04/2022", "12/04/2032"), "column DECOM: lies in the future"),
    "the same child twice": (text(HEAD, *CHILDREN, CHILDREN[0]), None, "header.csv, line 8, column CHILD: the same"),
    "the same start twice": (None, SPELLS[0], "the same child has an episode from that day on line 2"),
    "a birth after the start": (None, "A1,01/04/2022,S,C1,N1,U1,PR1,,,,,,", "before the child's date of birth (line 2"),
    "a child nobody knows": (None, "B9,01/04/2022,S,C1,N1,U1,PR1,,,,,,", "line 10, column CHILD: this child"),
    "a reason there is not": (None, "A1,01/04/2023,Q,C1,N1,U1,PR1,,,,,,", "column RNE: must be one of S, L, P"),
    "an end before its start": (None, "A1,01/05/2023,L,C2,N1,U1,PR1,01/04/2023,X1,,,,", "column DEC: the episode ends"),
    "a row cut short": (None, "A1,01/05/2023", "line 10: has 2 cells where the header has 13"),
}  # fmt: skip


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_file_is_refused_as_a_whole_by_line_column_and_reason(doors: Doors, bad: str) -> None:
    header, row, says = BAD[bad]
    header = header if header is None or "\n" in header else text(header, *CHILDREN)
    files = both(header or HEADER, EPISODES if row is None else text(EPISODE_HEAD, *SPELLS, row))
    refused = sent(doors, "baby.SM", files, keep="true")
    assert refused.status_code == 422, refused.text
    assert "nothing was counted" in refused.text
    assert says in refused.text
    assert "B9" not in refused.text
    assert doors.get("/reports/under-one", "baby.SM").json() == []


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (HEADER.encode("utf-16"), "is encoded as UTF-16"),
        (HEADER.encode() + b"A9,1,\x81\x8d,WBRI,,,\r\n", "is neither UTF-8 nor Windows-1252 text from line 8 on"),
        (b"", "is empty"),
        (b"PK\x03\x04rest", "is a spreadsheet under the name of a CSV file"),
    ],
)
def test_a_file_in_another_encoding_is_refused(doors: Doors, content: bytes, says: str) -> None:
    refused = sent(doors, "baby.SM", {**both(), "header": content})
    assert (refused.status_code, says in refused.text) == (422, True), refused.text


def test_counts_are_kept_where_asked_and_small_ones_are_withheld_from_the_oversight_group(doors: Doors) -> None:
    assert sent(doors, "baby.SM", both(), year="2022/23", keep="true").json()["kept_at"]
    with doors.desk.database.read() as connection:
        said = [row.facts for row in connection.execute(select(ENTRIES).where(ENTRIES.c.trigger == "keep_under_one"))]
    assert said == [{"year": "2022/23", "starts": 4, "under_one": 2}]
    assert doors.get("/reports/under-one", "baby.SM").json()[0]["under_one"] == 2
    withheld = doors.get("/reports/under-one", "both.OVS").json()[0]
    assert withheld["months"] == []
    assert (withheld["starts"], withheld["under_one"], withheld["share"]) == (None, None, None)
    for who in ("both.OVS", "baby.CW", "both.AUD"):
        assert sent(doors, who, both()).status_code == 403


def test_on_the_page_files_go_in_and_a_drawing_with_its_table_comes_out(doors: Doors) -> None:
    visitor = Visitor(doors, "baby.SM")
    assert "No year's counts are kept yet" in visitor.get("/reports/under-one")
    files = {
        name: (f"{name}.csv", content.encode(), "text/csv") for name, content in both(published=national()).items()
    }
    asked = {"csrf": visitor.csrf, "year": "2022/23", "authority": "County Durham"}
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    answered = visitor.client.post("/reports/under-one", data=asked, files=files, headers=headers)
    said = words(answered.text)
    assert answered.status_code == 200
    assert "Under one year old then 2" in said
    assert "Quarter 1 3 2 67%" in said
    assert "2020/21 29% 5 152" in said
    assert "Nothing of these files is kept." in said
    assert 'role="img"' in answered.text
    assert "A4" not in answered.text
    refused = visitor.client.post("/reports/under-one", data={"csrf": visitor.csrf}, headers=headers)
    assert refused.status_code == 422
    assert "Choose both files of the return" in words(refused.text)
    assert "Work it out from the return" not in Visitor(doors, "both.OVS").get("/reports/under-one")


def test_the_command_reads_files_and_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYMARK_DATABASE_URL", "sqlite:////nowhere/at/all.db")
    files = {"header": HEADER, "episodes": EPISODES, "published": national()}
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
    asked = ["report", "under-one", *(str(tmp_path / f"{name}.csv") for name in ("header", "episodes"))]
    compared_to = ["--published", str(tmp_path / "published.csv"), "--authority", "County Durham"]
    ran = CliRunner().invoke(app, [*asked, *compared_to, "--year", "2022/23", "--json"])
    assert ran.exit_code == 0, ran.output
    found = json.loads(ran.stdout)
    assert (found["starts"], found["under_one"], found["published"][0]["rank"]) == (4, 2, 5)
    shown = CliRunner().invoke(app, [*asked, "--year", "2022/23"])
    assert "Quarter 1 3 2 67%" in " ".join(shown.stdout.split())
