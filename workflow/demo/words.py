"""What demo entries say: short invented notes, in the words a caseworker would use of people who may read them."""

VISITS = (
    "Talked about what is going well and what worries the parents; looked at the plan for the next weeks together.",
    "Mother is proud of keeping every midwife appointment. Worked on safe sleep with the real care baby.",
    "Home was warm and ready. Grandmother joined in and offered to help in the first weeks.",
    "Talked about sleep, feeding and who to ring when it gets hard. Parents asked good questions.",
    "A difficult week; agreed one small step each, and a call on Friday.",
    "Looked at the hope box together, and wrote the next page of it.",
    "Father came from work to be there. Talked about how the two of them settle disagreements.",
)
VISITS_WITH_BABY = (
    "Baby settled and gaining weight. Mother reads the baby's cues well and says when she needs a break.",
    "Saw a feed and a nappy change; calm and warm. Talked about the visit plan.",
    "Baby alert and smiling. Parents have kept to the plan agreed and are pleased with the progress.",
    "Health visitor was there too. Agreed who does what until the next visit.",
)
CLINICS = (
    ("green", "Plan on track; midwife and health visitor know what is expected of them."),
    ("green", "Good progress. Parents' lawyer has the plan. Housing letter sent."),
    ("amber", "Appointment with the drug and alcohol service was moved; new date agreed."),
    ("green", "Family network meeting went well; an aunt can help overnight."),
)
CHAIR = "team manager"
AGENCIES = "midwifery, health visiting, social care, the parents' advocate"
CORE_GROUPS = (
    "Agreed the steps until the next meeting; parents took part and said what helps.",
    "Progress on housing and appointments; one step added about safe contact.",
)
CONTACTS = (
    "Walk and a coffee. She talked about her plans for the week.",
    "Went with her to the housing appointment; she spoke for herself.",
    "Call about the letter from the court; wrote an answer together.",
    "Art group. She stayed to the end and made tea for the others.",
    "She wrote a card for her children, to go with the letterbox contact.",
    "Talked about sleep and worries; she rang her GP while we were there.",
    "Practised what to say at the job centre; she laughed a lot.",
)
NEEDS = (
    "mental health and past domestic abuse",
    "drugs and alcohol, and a fresh start in housing",
    "learning needs and money worries",
    "homelessness and contact with her children",
)
