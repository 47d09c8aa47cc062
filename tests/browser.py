"""What a browser without scripts makes of a page: its forms as they would be sent, and its addresses and ids."""

from html.parser import HTMLParser

from starlette.datastructures import FormData

VOID = {"input", "meta", "link", "br", "hr", "img"}


class Page(HTMLParser):
    """A page as read: `sent` is every form on it, sent with the button `press` (the first that has no name)."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pairs: list[tuple[str, str]] = []
        self.buttons: list[tuple[str, str]] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.ids: list[str] = []
        self.open_tags: list[str] = []
        self._textarea: str | None = None
        self._select: tuple[str, list[tuple[str, bool]]] | None = None
        self._text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        if "id" in found:
            self.ids.append(found["id"])
        if tag not in VOID:
            self.open_tags.append(tag)
        match tag:
            case "input" if found.get("name"):
                self._input(found)
            case "textarea":
                self._textarea, self._text = found["name"], ""
            case "select":
                self._select = (found["name"], [])
            case "option" if self._select:
                self._select[1].append((found.get("value", ""), "selected" in found))
            case "button" if found.get("name"):
                self.buttons.append((found["name"], found.get("value", "")))

    def _input(self, found: dict[str, str]) -> None:
        if found["type"] in ("radio", "checkbox"):
            if "checked" in found:
                self.pairs.append((found["name"], found.get("value", "on")))
        else:
            one_line = found.get("value", "").replace("\r", "").replace("\n", "")
            self.pairs.append((found["name"], one_line))

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        while self.open_tags and self.open_tags.pop() != tag:
            pass
        if tag == "textarea" and self._textarea is not None:
            text = self._text.replace("\r\n", "\n")
            text = text.removeprefix("\n").replace("\n", "\r\n")  # as the HTML standard has it
            self.pairs.append((self._textarea, text))
            self._textarea = None
        if tag == "select" and self._select is not None:
            name, options = self._select
            chosen = [value for value, selected in options if selected] or [value for value, _ in options[:1]]
            self.pairs += [(name, value) for value in chosen]
            self._select = None

    def sent(self, press: str = "") -> FormData:
        return FormData([*self.pairs, *([("change", press)] if press else [])])
