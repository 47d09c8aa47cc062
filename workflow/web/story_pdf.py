"""Her story as a PDF that she may keep: headings a screen reader can jump to, its language, and no other content."""

from fpdf import FPDF, ViewerPreferences
from fpdf.enums import XPos, YPos
from fpdf.fonts import TextStyle

from workflow.errors import BadInput
from workflow.stories import Section, Story
from workflow.web.pages import capitalize_first, short_date

PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})
INK, BLUE = (11, 12, 12), (18, 66, 79)
LINE = 7  # millimetres
TITLE = "One woman's story"


def as_pdf(story: Story) -> bytes:
    """A4, with a title, language and outline. BadInput where a letter of hers is in no font of every PDF reader.

    The fonts are those every reader has, so that nothing has to be installed; they hold the letters of western Europe.
    """
    pdf = FPDF(format="A4")
    pdf.set_title(TITLE)
    pdf.set_lang("en-GB")
    pdf.set_creator("Waymark")
    pdf.set_display_mode(zoom="default", layout="continuous")
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    pdf.set_margin(22)
    pdf.set_auto_page_break(auto=True, margin=22)
    pdf.set_section_title_styles(
        TextStyle(font_family="helvetica", font_style="B", font_size_pt=22, color=BLUE, b_margin=4),
        TextStyle(font_family="helvetica", font_style="B", font_size_pt=16, color=BLUE, t_margin=5, b_margin=2),
        TextStyle(font_family="helvetica", font_style="B", font_size_pt=12, color=INK, t_margin=2, b_margin=0),
    )
    pdf.add_page()
    pdf.set_font("helvetica", size=12)
    pdf.start_section(_letters(f"{story.name}: {TITLE.lower()}" if story.name else TITLE))
    if story.opening:
        _say(pdf, story.opening)
    for section in story.sections:
        _write(pdf, section)
    pdf.ln(4)
    _say(pdf, f"She agreed to this on {short_date(story.agreed_on)}. She may take it back at any time.", size=10)
    return bytes(pdf.output())


def _write(pdf: FPDF, section: Section) -> None:
    pdf.start_section(_letters(section.heading), level=1)
    for line in section.lines:
        pdf.start_section(_letters(capitalize_first(line.area)), level=2)
        for words in (capitalize_first(line.score), f'"{line.words}"' if line.words else ""):
            if words:
                _say(pdf, words)
    if section.proud:
        pdf.start_section("What I am proud of", level=2)
        _say(pdf, section.proud)
    if not section.lines and not section.proud:
        _say(pdf, "Nothing is recorded here yet.")


def _say(pdf: FPDF, words: str, *, size: int = 12) -> None:
    pdf.set_font("helvetica", size=size)
    pdf.set_text_color(*INK)
    pdf.multi_cell(0, LINE, _letters(words), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")


def _letters(words: str) -> str:
    plain = words.translate(PLAIN)
    lost = sorted({one for one in plain if not one.encode("latin-1", "ignore")})
    if lost:
        says = f"the PDF cannot write {' '.join(lost)}: print the page of her story instead, which loses no letter"
        raise BadInput(says)
    return plain
