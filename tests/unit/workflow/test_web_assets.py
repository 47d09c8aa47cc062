from pathlib import Path

import pytest

from workflow.web import assets
from workflow.web.static_files import static_files

CSS = (
    '@charset "UTF-8";:root{--govuk-frontend-version:"6.3.0"}'
    '@font-face{font-family:GDS Transport;src:url(/assets/fonts/light.woff2) format("woff2")}'
    ".a{font-family:GDS Transport,arial,sans-serif;color:red}"
    ".b:before{content:'';background-image:url(/assets/images/govuk-crest.svg);padding:1px}"
    ".c{mask:url(/x.svg) no-repeat}/*# sourceMappingURL=x.css.map */"
)


def test_the_font_the_crest_and_every_address_are_taken_out_and_the_rest_stays() -> None:
    assert assets.without_foreign_parts(CSS) == (
        '@charset "UTF-8";:root{--govuk-frontend-version:"6.3.0"}'
        ".a{font-family:Arial,Helvetica,sans-serif;color:red}.b:before{content:'';padding:1px}.c{}\n"
    )


def _package(root: Path, css: str) -> None:
    compiled = root / assets.PACKAGE / "dist" / "govuk"
    compiled.mkdir(parents=True)
    (compiled / assets.STYLE).write_text(css)
    (compiled / assets.SCRIPT).write_text("export const a=1;//# sourceMappingURL=x.js.map\n")


def test_three_files_are_made_with_the_licence_among_them(tmp_path: Path) -> None:
    _package(tmp_path, CSS)
    assets.build(tmp_path, tmp_path / "vendor")
    made = {path.name: path.read_text() for path in (tmp_path / "vendor").iterdir()}
    assert set(made) == {assets.STYLE, assets.SCRIPT, assets.LICENCE}
    assert made[assets.SCRIPT] == "export const a=1;\n"
    assert made[assets.LICENCE].startswith("GOV.UK Frontend 6.3.0")
    assert "Copyright (C) 2017 Crown Copyright (Government Digital Service)" in made[assets.LICENCE]


def test_a_stylesheet_of_another_form_is_refused_rather_than_shipped(tmp_path: Path) -> None:
    _package(tmp_path, ".a{font-family:GDS Transport,Georgia}")
    with pytest.raises(SystemExit, match="GDS Transport"):
        assets.build(tmp_path, tmp_path / "vendor")


def test_what_is_shipped_names_no_address_and_no_foreign_font() -> None:
    for name, content in static_files().contents.items():
        text = content.decode()
        if name.endswith((".css", ".js")):
            assert "GDS Transport" not in text, name
            assert "url(" not in text, name
            assert "sourceMappingURL" not in text, name


def test_no_font_and_no_picture_but_our_own_is_shipped() -> None:
    assert {name for name in static_files().contents if not name.endswith((".css", ".js"))} == {
        "icon.svg",
        "vendor/govuk-frontend.LICENCE.txt",
    }
