"""What the keys of sources are called on pages: each key stands in docs/sources.md with where it was found."""

import re

SOURCES = {
    "2012": "Re CA [2012] EWHC 2190 (Fam)",
    "ACA-S52": "Adoption and Children Act 2002, section 52",
    "BCT-ADOPT": "Birmingham's procedures on adoption",
    "BECKET": "Becket Chambers on interim care orders",
    "BEDFORD-LPM": "Bedford's procedures on legal planning meetings",
    "BRADFORD-PB": "Bradford's procedures on pre-birth assessment",
    "CALDERDALE-ROLES": "Calderdale's procedures on roles",
    "CBEDS": "Central Bedfordshire's procedures on visits",
    "CFA-S14": "Children and Families Act 2014, section 14",
    "CLAS": "Child Law Advice on emergency protection",
    "CNC": "CNC Coventry on Pause",
    "CPPCR-28": "Care Planning, Placement and Case Review Regulations 2010, regulation 28",
    "CPPCR-33": "Care Planning, Placement and Case Review Regulations 2010, regulation 33",
    "CSPR-KCSC": "a published paper on protecting vulnerable babies",
    "CWS-S1": "Children's Wellbeing and Schools Act 2026",
    "DEVON-LPM": "Devon's procedures on legal planning meetings",
    "DOCSBAY-CP": "a published account of child protection conferences",
    "DORSET": "Dorset's equality impact assessment of Pause",
    "DUR-2019SLIDES": "Durham's slides of 2019",
    "DUR-2020MIN": "minutes of Durham County Council of 2020",
    "DUR-PAUSE-MIN": "minutes of Durham County Council on Pause",
    "FERRET": "The Ferret on Pause in Dundee",
    "GOLAB": "the Government Outcomes Lab on Pause in Plymouth",
    "JOHNSON-26": "Johnson Astills on the 26 weeks",
    "JUD-2026": "the Judiciary on short notice applications",
    "KIRKLEES": "Kirklees's procedures on pre-birth assessment",
    "LACV-PKG": "the published checks of the looked-after return",
    "LINCS-PB": "Lincolnshire's pre-birth protocol",
    "LIVERPOOL-ICPC": "Liverpool's procedures on initial conferences",
    "LIVERPOOL-VISITS": "Liverpool's procedures on visits under a plan",
    "MILLBROOK": "a published account of a local authority's role",
    "NECHO": "The Northern Echo on Pause",
    "NEWCASTLE-CG": "Newcastle's procedures on core groups",
    "NEWCASTLE-VISIT": "Newcastle's procedures on visits",
    "NOTTM-DEKA": "Nottingham City Council v LW [2016] EWHC 11 (Fam)",
    "PAUSE-EVAL20": "the Department for Education's evaluation of Pause",
    "PAUSE-LEARN": "Pause on what it has learnt",
    "PAUSE-MODEL": "Pause on its model",
    "PAUSE-NEXT": "Pause on Next Steps",
    "RE-CA": "Re CA [2012] EWHC 2190 (Fam)",
    "S-BCT": "Birmingham Children's Trust's pre-birth criteria",
    "S-DUR": "Durham's document on pre-birth and Pause",
    "S-PAU": "Pause Durham's document",
    "SANDWELL-2008": "Sandwell v GC [2008] EWHC 2555",
    "SEFTON-EP": "Sefton's procedures on early permanence",
    "SPEAKCASE": "SpeakCase on assessment timescales",
    "SSD": "the standard safeguarding data set",
    "STEPHENSONS": "Stephensons on the 26 weeks",
    "SUSSEX-PB": "Sussex's procedures on pre-birth conferences",
    "SUSSEX-RCPC": "Sussex's procedures on review conferences",
    "SUSSEX-REF": "Sussex's procedures on referrals",
    "TRIX-CMH": "tri.x on case management hearings",
    "TRIX-RCPC": "tri.x on review conferences",
    "WALTHAM-ADOPT": "Waltham Forest's procedures on adoption",
    "WILLIAMS": "Williams v Hackney [2018] UKSC 37",
    "WIRRAL-CONSENT": "Wirral's procedures on consent",
}
_KEYS = "|".join(sorted((re.escape(key) for key in SOURCES if key != "2012"), key=len, reverse=True))
_KEY = re.compile(rf"(?<![\w-])({_KEYS})(?![\w-])")
_SECTION = re.compile(r"\bdomain(?:\.md)? (?=\d)")


def source_words(source: str) -> str:
    """Where a rule comes from, in words: CFA-S14 as the section of the act, domain 3.3 as domain reference 3.3."""
    named = _KEY.sub(lambda found: SOURCES[found[1]], source)
    return _SECTION.sub("domain reference ", named).replace("not law, proposal: ", "not law: ")
