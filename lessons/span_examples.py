"""Questions and texts to start from, written for this project; what the model makes of each is computed when it is shown."""

from explorable.lesson import Example

PIANO = (
    "Bartolomeo Cristofori built the first piano in Florence around 1700. A harpsichord plucks its "
    "strings, so it cannot play softly or loudly; Cristofori's hammers strike them and fall back at "
    "once. Gottfried Silbermann copied the design in Germany, but Johann Sebastian Bach criticised "
    "his early instruments. By 1850 the iron frame, patented by Alpheus Babcock in Boston in 1825, "
    "allowed much greater tension. A modern concert grand has 88 keys and about 230 strings."
)
MARATHON = (
    "Kathrine Switzer ran the Boston Marathon in 1967 although women were not admitted. She had "
    "registered as K. V. Switzer. An official, Jock Semple, tried to pull her off the course, but her "
    "boyfriend Tom Miller pushed him aside. Bobbi Gibb, who ran without a number, finished about an "
    "hour before her, as she had done in 1966. Women were officially admitted in 1972, when Nina "
    "Kuscsik won."
)
APOLLO = (
    "Apollo 11 landed on the Moon on 20 July 1969. Neil Armstrong stepped onto the surface first; "
    "Buzz Aldrin followed him about twenty minutes later. Michael Collins stayed in orbit in the "
    "command module Columbia. Together the two men collected 21.5 kilograms of rock and left a plaque "
    "signed by the three astronauts and President Nixon. They returned to Earth on 24 July and spent "
    "three weeks in quarantine."
)
COFFEE = (
    "Coffee came from Ethiopia to Yemen in the fifteenth century, and Sufi monks drank it to stay "
    "awake at night. From the port of Mocha it reached Cairo, Damascus and Istanbul. Venetian "
    "merchants brought it to Italy around 1600. The Dutch planted it on Java in 1696, the French on "
    "Martinique in 1723 and the Portuguese in Brazil in 1727. Today Brazil grows about a third of the "
    "coffee of the world, followed by Vietnam and Colombia."
)
PENGUIN = (
    "Emperor penguins breed in the Antarctic winter. The female lays a single egg in May or June and "
    "then walks back to the sea to feed. The male keeps the egg on his feet for about 65 days and "
    "eats nothing in that time. When the chick hatches in July or August, the mother returns and "
    "takes over. Leopard seals and orcas hunt the adults, while giant petrels take many of the "
    "chicks."
)
VOLCANO = (
    "Krakatoa erupted on 27 August 1883. The sound was heard on Rodrigues, nearly 4,800 kilometres "
    "away. Waves of up to 40 metres struck the coasts of Java and Sumatra and killed more than 36,000 "
    "people. In 1927 a new volcano rose from the sea in the same place; it was named Anak Krakatoa, "
    "the child of Krakatoa. In December 2018 one of its slopes slid into the water and caused another "
    "deadly wave."
)
LIBRARY = (
    "The library opens at nine and closes at eight, on Saturdays at five; on Sundays it is closed. "
    "Children may borrow ten books, adults twenty. Books may be kept for four weeks, films for one. "
    "Whoever returns a book late pays 20 cents a day, but never more than five euros. The reading "
    "room on the second floor is silent; on the first floor you may talk. Anna Berg runs the library, "
    "and Tom Lind looks after the children's books."
)
BREAD = (
    "My sister gave me a bread machine for my birthday and my brother the book that goes with it. The "
    "first loaf came out flat because I forgot the yeast. The second was better, but the crust was "
    "too dark for my taste, so I now use the light setting. A loaf takes three hours, or one hour on "
    "the quick programme, which I never use. My neighbour bought the same machine for 80 dollars; "
    "mine cost 95."
)
DNA = (
    "In 1953 James Watson and Francis Crick described the double helix of DNA. They used an X-ray "
    "photograph that Raymond Gosling had taken in the group of Rosalind Franklin at King's College "
    "London; Maurice Wilkins had shown it to Watson without her knowledge. Watson, Crick and Wilkins "
    "received the Nobel Prize in 1962. Franklin had died of cancer in 1958, and the prize is not "
    "given after death."
)
HEBREW = (
    "ירושלים היא בירת ישראל. The city of Haifa lies on the slopes of Mount Carmel 🏔️. "
    "חיפה היא עיר נמל. Its port was opened in 1933 🚢, and the ☃ of winter never comes."
)
HOURS = "The library in Haifa opens at nine and closes at eight. Anna Berg runs it."
LONG = " ".join((COFFEE, PENGUIN, VOLCANO, LIBRARY))  # short enough for a link


def _asked(name: str, question: str, context: str, **settings: object) -> Example:
    return Example(name, {"question": question, "context": context, **settings})


SOFTLY = {"question": "Why can a harpsichord not play softly?", "context": PIANO}
MONA_LISA = {"question": "Who painted the Mona Lisa?", "context": HOURS}
CROSSED = {"question": "What can a piano do that a harpsichord cannot?", "context": PIANO}
FEMALE = {"question": "What does the female do after laying?", "context": PENGUIN}
COLUMBIA = {"question": "Where did Collins stay?", "context": APOLLO}
EXAMPLES = (
    _asked("Not in the text", "What is the capital of Peru?", HOURS),
    _asked("In the text, with two candidates", "When does the library open?", HOURS),
    Example("The argmaxes cross: an empty answer", CROSSED),
    Example("The argmaxes are too far apart", FEMALE),
    Example("The same, spans of 30 tokens allowed", {**FEMALE, "max_answer_tokens": 30}),
    Example("An argmax on [CLS]", COLUMBIA),
    _asked("The argmaxes agree", "Who tried to pull Switzer off the course?", MARATHON),
    _asked("Crossed, and the best pair is wrong too", "Who patented the iron frame and when?", PIANO),
    _asked("Four windows that share 32 tokens", "What does Anak Krakatoa mean?", LONG, max_length=128, stride=32),
    _asked("Six that share none: a wrong answer", "What does Anak Krakatoa mean?", LONG, max_length=80, stride=0),
    _asked("Temperature 4: the same order, flatter", "Who runs the library?", LIBRARY, temperature=4.0),
    _asked("The text does not say", "Who painted the Mona Lisa?", BREAD),
    _asked("Two candidates", "Who received the Nobel Prize?", DNA, n_best=8),
    _asked("Hebrew and emoji", "When was the port opened?", HEBREW),
)
