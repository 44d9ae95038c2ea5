"""Thirty questions on six short texts written for this test, with the answers a reader gives.

Where readers would mark more or fewer words, the answers they may give stand side by side: `a|b`.
"""

CURIE = (
    "Marie Curie was born in Warsaw in 1867. In 1891 she moved to Paris, where she studied physics "
    "and mathematics at the Sorbonne. She married the physicist Pierre Curie in 1895. Together they "
    "discovered polonium, which she named after Poland, and radium. In 1903 she became the first "
    "woman to win a Nobel Prize, and in 1911 she received a second one, this time in chemistry. She "
    "died of aplastic anaemia on 4 July 1934."
)
ANDES = (
    "The Andes are the longest continental mountain range in the world. They stretch for about "
    "7,000 kilometres along the western edge of South America. Their highest mountain is Aconcagua "
    "in Argentina, which rises to 6,961 metres. The range was formed when the Nazca Plate slid "
    "beneath the South American Plate. Potatoes, which were first grown in the Andes, are now eaten "
    "all over the world."
)
PYTORCH = (
    "PyTorch is an open source library for machine learning. It was first released in September "
    "2016 by researchers at Facebook. Its predecessor, Torch, was written in the language Lua. Since "
    "2022 the project has been governed by the PyTorch Foundation, which belongs to the Linux "
    "Foundation. The library computes gradients with a technique called automatic differentiation, "
    "which records operations and replays them backward."
)
BEES = (
    "Honey bees live in colonies of up to 60,000 insects. A colony has a single queen, who can lay "
    "2,000 eggs a day in summer. Worker bees tell each other where flowers are by the waggle dance, "
    "which Karl von Frisch decoded in the 1940s. In winter the bees gather in a tight cluster to "
    "keep warm and feed on stored honey. The drones are driven out of the hive in autumn because "
    "they do no work."
)
BRIDGE = (
    "The Golden Gate Bridge links San Francisco with Marin County. Construction began on 5 January "
    "1933 and cost more than 35 million dollars. Joseph Strauss was the chief engineer, but most of "
    "the structural design was done by Charles Ellis. The bridge is painted in a colour called "
    "international orange so that ships can see it in fog. When it opened in 1937, it was the "
    "longest suspension bridge in the world."
)
TEA = (
    "I bought this kettle last winter after my old one began to leak. It boils a litre of water in "
    "three minutes, which is quicker than the one we have at work. The lid is a bit stiff, so my "
    "mother cannot open it without help. It cost 40 dollars, and the shop sent a free packet of "
    "green tea with it. I would have liked a longer cord."
)
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (CURIE, "Where was Marie Curie born?", "Warsaw"),
    (CURIE, "When did Marie Curie move to Paris?", "1891"),
    (CURIE, "Whom did Marie Curie marry?", "Pierre Curie|the physicist Pierre Curie"),
    (CURIE, "Which element was named after Poland?", "polonium"),
    (CURIE, "What did Marie Curie die of?", "aplastic anaemia"),
    (ANDES, "How long are the Andes?", "7,000 kilometres|about 7,000 kilometres"),
    (ANDES, "What is the highest mountain of the Andes?", "Aconcagua"),
    (ANDES, "How high is Aconcagua?", "6,961|6,961 metres"),
    (ANDES, "In which country is Aconcagua?", "Argentina"),
    (ANDES, "Which plate slid beneath the South American Plate?", "Nazca|Nazca Plate"),
    (PYTORCH, "When was PyTorch first released?", "September 2016"),
    (PYTORCH, "Who first released PyTorch?", "researchers at Facebook|Facebook"),
    (PYTORCH, "In which language was Torch written?", "Lua"),
    (PYTORCH, "Who has governed PyTorch since 2022?", "PyTorch Foundation"),
    (PYTORCH, "What is the technique that computes gradients called?", "automatic differentiation"),
    (BEES, "How many insects live in a colony?", "60,000|up to 60,000|up to 60,000 insects"),
    (BEES, "How many eggs can the queen lay in a day?", "2,000"),
    (BEES, "Who decoded the waggle dance?", "Karl von Frisch"),
    (BEES, "What do bees eat in winter?", "honey|stored honey"),
    (BEES, "Why are the drones driven out?", "they do no work|because they do no work"),
    (BRIDGE, "Which county does the bridge link with San Francisco?", "Marin|Marin County"),
    (BRIDGE, "Who was the chief engineer?", "Joseph Strauss"),
    (BRIDGE, "Who did most of the structural design?", "Charles Ellis"),
    (BRIDGE, "What is the colour of the bridge called?", "international orange"),
    (BRIDGE, "When did the bridge open?", "1937"),
    (TEA, "How long does the kettle take to boil a litre of water?", "three minutes"),
    (TEA, "How much did the kettle cost?", "40 dollars"),
    (TEA, "Who cannot open the lid?", "mother|my mother"),
    (TEA, "What came free with the kettle?", "green tea|packet of green tea|free packet of green tea"),
    (TEA, "What was wrong with the old kettle?", "leak|began to leak|it began to leak"),
)
